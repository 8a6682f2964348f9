"""Records of focus series, `real.jsonl` in the folder of the results, and the details beside them.

A line is a series (which images, which methods, by what) or one image, as it was taken or as it was restored.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pinsharp.bench.engine.methods import BLURRED
from pinsharp.bench.engine.records import Kind, Records, Result
from pinsharp.bench.real.registration import Registration

DETAILS = "details"  # folder in that of the results with what the picture shows: the same place at every level
SHARP = "sharp"  # what the file of the registered sharp level is called among the details
Key = tuple[str, int, str]  # row, passes, and SHA-256 of the image


@dataclass(frozen=True)
class LevelFigures(Result):
    """Figures of one image of a focus series, as it was taken or restored, or the reason why there are none."""

    row: str  # `blurred` for the image as it was taken, or the method
    passes: int  # how many times it was to be restored; 0 for `blurred`
    level: float
    image: str
    image_sha256: str
    sigma: float | None = None  # effective width in pixels that the estimator measures in this image: taken or restored
    sigma_relative_std: float | None = None  # as the estimator says it
    mse: float = math.nan  # mean squared difference from the registered sharp level, border cut, in luma, full scale 1
    psnr: float = math.nan  # the same in dB; infinite for the sharp level itself, and NaN if the restoration failed
    sharpness: float = math.nan  # Vollath's measure, see `pinsharp.bench.real.sharpness`
    reference_sharpness: float = math.nan  # the same of the registered sharp level, over the same pixels
    registration: Registration = field(default_factory=Registration)  # that of all rows of a level
    # By how many pixels the sharp level has to be blurred to match the image where it takes least; see `local_sigmas`.
    matching_least: float | None = None
    matching_most: float | None = None  # the same where it takes most
    passes_made: int = 0  # how many times it was restored: fewer than asked where nothing was left to remove
    seconds: float | None = None  # wall time of the restoration
    megapixels: float | None = None  # millions of pixels that were restored
    status: Literal["done", "failed"] = "done"
    reason: str | None = None  # why it failed, on one line

    @property
    def key(self) -> Key:
        """What these are figures of."""
        return self.row, self.passes, self.image_sha256

    @property
    def place(self) -> str:
        """File name of the level."""
        return self.image


KIND = Kind("real.jsonl", "series", "level", "a focus series", LevelFigures)  # how they are kept
SeriesRecords = Records[LevelFigures]
"""All that was measured on one series: the latest figures of each row, passes and image."""


def attempts_in(records: SeriesRecords) -> list[tuple[str, int]]:
    """Rows and passes of what was restored, in order."""
    return list(dict.fromkeys((each.row, each.passes) for each in records.figures if each.row != BLURRED))


def by_level(records: SeriesRecords, row: str, passes: int) -> dict[float, LevelFigures]:
    """Figures of one row by level, the sharpest first."""
    chosen = [each for each in records.figures if (each.row, each.passes) == (row, passes)]
    return {each.level: each for each in sorted(chosen, key=lambda each: (abs(each.level), -each.level))}


def light_of(about: Mapping[str, Any]) -> str:
    """The light of a series that was measured, or of an older record, which knew but two."""
    return str(about.get("light", "srgb" if about.get("gamma") else "linear"))


def detail_path(folder: Path, run: str, level: float, row: str, passes: int) -> Path:
    """Where the detail of a level is kept, as it was taken, restored, or sharp."""
    name = re.sub(r"[^\w.-]+", "-", row)
    return folder / DETAILS / f"{run}_{level:g}_{name}_{passes}.png"
