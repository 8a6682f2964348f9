"""One image to restore, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pinsharp.errors import PinsharpError

Figures = dict[str, object]
"""What was measured of an image, as JSON prints it: sigma, family, seconds, megapixels, ..."""


@dataclass(frozen=True)
class Job:
    """One image to restore: where it is, where the result goes, and the picture of both, if it is wanted."""

    input: Path
    output: Path
    picture: Path | None = None

    @property
    def results(self) -> list[Path]:
        """All files that the job writes."""
        return [self.output, self.picture] if self.picture else [self.output]

    def moved(self, folder: Path) -> "Job":
        """The same job with results of the same names in another folder."""
        picture = folder / self.picture.name if self.picture else None
        return replace(self, output=folder / self.output.name, picture=picture)


Work = Callable[[Job], Figures]
"""Carries out a job: reads the input, writes the results, returns the figures.

Raises:
    PinsharpError: If it cannot.
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a job."""

    job: Job
    state: Literal["done", "failed", "skipped"]  # `done`, `failed`, or `skipped` where an earlier run had done it
    figures: Figures  # what was measured; empty for failures
    error: PinsharpError | None = None  # why it failed; None if it did not


def named(error: PinsharpError, name: str) -> PinsharpError:
    """The same error, its sentence on one line and beginning with the image's name if it does not say it."""
    sentence = " ".join(str(error).split())
    return type(error)(sentence if name in sentence else f"{name}: {sentence}")
