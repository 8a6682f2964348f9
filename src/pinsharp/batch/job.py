"""One image to restore, and what became of it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pinsharp.errors import PinsharpError
from pinsharp.images.places import shown_name

Figures = dict[str, object]
"""What was measured of an image, as JSON prints it: sigma, family, seconds, megapixels, ..."""


@dataclass(frozen=True)
class Job:
    """One image to restore: where it is, where the result goes, and what else is wanted of it.

    That is a picture before and after, the mask, and the evidence map. `below` is the folder of the result, from the
    folder for all results.
    """

    input: Path
    output: Path
    picture: Path | None = None
    mask: Path | None = None
    evidence: Path | None = None
    below: Path = Path()

    @property
    def name(self) -> str:
        """What the result is called in the folder for all results: its path from there."""
        return (self.below / self.output.name).as_posix()

    @property
    def title(self) -> str:
        """What people know the input by: its name, behind the folders that tell it from others."""
        return (self.below / shown_name(self.input)).as_posix()

    @property
    def results(self) -> list[Path]:
        """All files that the job writes."""
        return [path for path in (self.output, self.picture, self.mask, self.evidence) if path]

    def moved(self, folder: Path) -> "Job":
        """The same job with results of the same names in folders of another folder."""
        output, picture, mask, evidence = (
            folder / kind / self.below / path.name if path else None
            for kind, path in (
                ("result", self.output),
                ("result", self.picture),
                ("mask", self.mask),
                ("evidence", self.evidence),
            )
        )
        assert output is not None
        return replace(self, output=output, picture=picture, mask=mask, evidence=evidence)

    def given(self, figures: Figures) -> "Job":
        """The same job with the results that it has, as its figures say: an image left as it is has no evidence map."""
        return self if figures.get("restored", True) else replace(self, evidence=None)


Work = Callable[[Job], Figures]
"""Carries out a job: reads the input, writes the results, returns the figures.

Raises:
    PinsharpError: If the job fails.
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
