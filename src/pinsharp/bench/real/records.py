"""Records of focus series, `real.jsonl` in the folder of the results, and the details beside them.

A line is a run (which series, which methods, by what) or one image, as it was taken or as it was restored. Records of
earlier code are of one series each, and lack what is said to be unknown here.
"""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pinsharp.bench.engine.methods import BLURRED, FITTED_KERNEL
from pinsharp.bench.engine.records import Kind, Records, Result
from pinsharp.bench.real.detail import Agreement, as_agreement
from pinsharp.images.registration import Registration

DETAILS = "details"  # folder in that of the results with what the picture shows: the same place at every level
SHARP = "sharp"  # what the file of the registered sharp level is called among the details
RICHARDSON_LUCY = "richardson-lucy:15"
"""The row that others are measured by: no learning, fifteen iterations."""

Key = tuple[str, int, str, float, str, str, str]  # row, passes, series, level, SHA-256 of image and sharp level, light


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
    series: str = ""  # name of the series; empty in records of one series
    reference_sha256: str = ""  # of the sharp level
    light: str = ""  # of the series: `linear`, `srgb` or an exponent; empty in records of one series
    is_registered: bool = True  # whether the sharp level could be brought to the image; if not, nothing is judged by it
    fitted_sigma: float | None = None  # width of the disc that best turns the sharp level into the image
    fitted_shape: str | None = None  # `disk` or `gaussian`, whichever explains more
    fitted_disk: float | None = None  # the width of that disc, in records of old where a Gaussian could be fitted
    fitted_gaussian: float | None = None  # the width if it has to be a Gaussian
    fitted_residual: float | None = None  # what the fitted kernel leaves unexplained, root mean square, full scale 1
    used_sigma: float | None = None  # width that the row restored with, measured or fitted; of its first pass
    used_relative_std: float | None = None  # as who measured it says
    ssim: float | None = None  # against the registered sharp level
    richardson_lucy_psnr: float | None = None  # PSNR of fifteen iterations with the very kernel that the row used
    octaves: list[Agreement] = field(default_factory=list)  # one of each of `detail.OCTAVES`
    region: Agreement | None = None  # of the region that was asked for

    def __post_init__(self) -> None:
        # A record holds plain values.
        object.__setattr__(self, "octaves", [as_agreement(each) for each in self.octaves])
        object.__setattr__(self, "region", None if self.region is None else as_agreement(self.region))

    @property
    def key(self) -> Key:
        """What these are figures of."""
        return self.row, self.passes, self.series, self.level, self.image_sha256, self.reference_sha256, self.light

    @property
    def place(self) -> str:
        """The series, if there is a name, and the file of the level."""
        return f"{self.series}/{self.image}" if self.series else self.image

    @property
    def is_blind(self) -> bool:
        """Whether the row measured the blur."""
        return not self.row.endswith(FITTED_KERNEL)


KIND = Kind("real.jsonl", "series", "level", "a focus series", LevelFigures)  # how they are kept
SeriesRecords = Records[LevelFigures]
"""All that was measured on one series: the latest figures of each row, passes and image."""


def attempts_in(records: SeriesRecords) -> list[tuple[str, int]]:
    """Rows and passes of what was restored, in order."""
    return list(dict.fromkeys((each.row, each.passes) for each in records.figures if each.row != BLURRED))


def series_in(records: SeriesRecords) -> list[str]:
    """Names of the series, in order; an empty one where records name none."""
    return list(dict.fromkeys(each.series for each in records.figures))


def name_of(records: SeriesRecords, series: str) -> str:
    """What a series is called."""
    return series or str(records.about["set"])


def light_of(records: SeriesRecords, series: str) -> str:
    """The light of a series; records of earlier code say it once, and the oldest knew but two."""
    about = records.about
    said = about.get("series", {}).get(series, about)
    return str(said.get("light", "srgb" if about.get("gamma") else "linear"))


def lights(records: SeriesRecords) -> str:
    """Say in which light the series were restored."""
    found: dict[str, list[str]] = {}
    for series in series_in(records) or [""]:
        found.setdefault(light_of(records, series), []).append(name_of(records, series))
    parts = []
    for light, names in found.items():
        words = "linear, values as they are" if light == "linear" else f"{light}, decoded and encoded again"
        parts.append(words if len(found) == 1 else f"{words} ({', '.join(names)})")
    return f"Light: {'; '.join(parts)}."


def name_in_light(records: SeriesRecords, series: str) -> str:
    """What a series is called in pictures: with its light, if that is not linear."""
    light, name = light_of(records, series), name_of(records, series)
    return name if light == "linear" else f"{name}, light {light}"


def by_level(records: SeriesRecords, row: str, passes: int, series: str | None = None) -> dict[float, LevelFigures]:
    """Figures of one row of a series, or of the only one, by level, the sharpest first."""
    chosen = [each for each in records.figures if (each.row, each.passes) == (row, passes)]
    chosen = [each for each in chosen if series is None or each.series == series]
    return {each.level: each for each in sorted(chosen, key=lambda each: (abs(each.level), -each.level))}


def pairs_in(records: SeriesRecords, row: str, passes: int) -> list[tuple[LevelFigures, LevelFigures]]:
    """Every level as it was taken, and as a row restored it, series by series."""
    pairs = []
    for series in series_in(records):
        before = by_level(records, BLURRED, 0, series)
        after = by_level(records, row, passes, series)
        pairs += [(before[level], each) for level, each in after.items() if level in before]
    return pairs


def gain(before: LevelFigures, after: LevelFigures) -> float | None:
    """What restoring adds to PSNR in dB; None where there is none, as at the sharp level itself."""
    difference = after.psnr - before.psnr
    return difference if math.isfinite(difference) else None


def detail_path(folder: Path, run: str, series: str, level: float, row: str, passes: int) -> Path:
    """Where the detail of a level is kept, as it was taken, restored, or sharp."""
    names = (re.sub(r"[^\w.-]+", "-", name) for name in (series, f"{level:g}", row))
    return folder / DETAILS / f"{'_'.join([run, *names])}_{passes}.png"
