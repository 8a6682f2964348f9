"""Records of focus series: `real.jsonl` in the folder of the results, which is only ever appended to.

A line is a series (which images, which methods, by what) or one image, as it was taken or as it was restored.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from pinsharp.bench.contenders import BLURRED
from pinsharp.bench.records import is_same_model, plain
from pinsharp.bench.registration import Registration
from pinsharp.errors import ConfigError

REAL_RECORDS = "real.jsonl"
"""Name of the file in the folder of the results."""

Key = tuple[str, int, str]
"""Row, passes, and SHA-256 of the image."""


@dataclass(frozen=True)
class LevelFigures:
    """Figures of one image of a focus series, as it was taken or restored, or the reason why there are none.

    Args:
        row: `blurred` for the image as it was taken, or the method.
        passes: How many times it was to be restored; 0 for `blurred`.
        level: Number of the focus level.
        image: File name.
        image_sha256: Hash of the file.
        sigma: Effective width in pixels that the estimator measures in this image: taken or restored.
        sigma_relative_std: Standard deviation of `sigma` as a share of it, by the estimator's own judgement.
        mse: Mean squared difference from the registered sharp level, border cut, in luma, full scale 1.
        psnr: The same in dB; infinite for the sharp level itself, and NaN if the restoration failed.
        sharpness: Vollath's measure, see `pinsharp.bench.sharpness`.
        reference_sharpness: The same of the registered sharp level, over the same pixels.
        registration: How the sharp level was brought to the image; that of all rows of a level.
        matching_least: By how much the sharp level has to be blurred to match the image where it takes least, pixels;
            None where that was not measured. See `local_sigmas`.
        matching_most: The same where it takes most.
        passes_made: How many times it was restored: fewer than asked where nothing was left to remove.
        seconds: Wall time of the restoration.
        megapixels: Millions of pixels that were restored.
        status: `done` or `failed`.
        reason: Why it failed, on one line.
    """

    row: str
    passes: int
    level: float
    image: str
    image_sha256: str
    sigma: float | None = None
    sigma_relative_std: float | None = None
    mse: float = math.nan
    psnr: float = math.nan
    sharpness: float = math.nan
    reference_sharpness: float = math.nan
    registration: Registration = field(default_factory=Registration)
    matching_least: float | None = None
    matching_most: float | None = None
    passes_made: int = 0
    seconds: float | None = None
    megapixels: float | None = None
    status: Literal["done", "failed"] = "done"
    reason: str | None = None

    @property
    def key(self) -> Key:
        """What these are figures of."""
        return self.row, self.passes, self.image_sha256

    @property
    def is_done(self) -> bool:
        """Whether there are figures."""
        return self.status == "done"


@dataclass(frozen=True)
class SeriesRecords:
    """All that was measured on one series.

    Args:
        about: Its latest header.
        methods: By row, what was measured.
        figures: The latest of each row, passes and image; of other weights than the latest of their row are left out.
    """

    about: dict[str, Any]
    methods: dict[str, dict[str, Any]]
    figures: list[LevelFigures]

    @property
    def attempts(self) -> list[tuple[str, int]]:
        """Rows and passes of what was restored, in order."""
        return list(dict.fromkeys((each.row, each.passes) for each in self.figures if each.row != BLURRED))

    def of(self, row: str, passes: int) -> dict[float, LevelFigures]:
        """Figures of one row by level, the sharpest first."""
        chosen = [each for each in self.figures if (each.row, each.passes) == (row, passes)]
        return {each.level: each for each in sorted(chosen, key=lambda each: (abs(each.level), -each.level))}


def load_series(folder: Path, run: str) -> SeriesRecords:
    """Read what a folder holds of a series; nothing is an empty one.

    Raises:
        ConfigError: If a line of the file is no record.
    """
    path = folder / REAL_RECORDS
    gathered = SeriesRecords({}, {}, [])
    models: list[dict[str, Any]] = []
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")[:-1] if path.is_file() else []
    for number, line in enumerate(lines, start=1):
        try:
            _gather(gathered, models, json.loads(line), run)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigError(
                f"{path}: expected a record of a focus series in line {number}, got {line[:40]!r}; delete that line"
            ) from None
    latest = {
        each.key: each
        for each, model in zip(gathered.figures, models, strict=True)
        if is_same_model(model, gathered.methods[each.row])
    }
    return SeriesRecords(gathered.about, gathered.methods, list(latest.values()))


def done_keys(records: SeriesRecords, methods: Mapping[str, Mapping[str, Any]]) -> set[Key]:
    """List what was measured already by methods of these descriptions, by row."""
    return {
        each.key
        for each in records.figures
        if each.is_done and each.row in methods and is_same_model(records.methods[each.row], methods[each.row])
    }


def as_record(figures: LevelFigures, run: str) -> dict[str, Any]:
    """The line of one image."""
    return {"record": "level", "run": run, **plain(figures)}


def _gather(found: SeriesRecords, models: list[dict[str, Any]], record: dict[str, Any], run: str) -> None:
    kind = record.pop("record")
    if kind not in ("series", "level"):
        raise ValueError(kind)
    if record.pop("run") != run:
        return
    if kind == "series":
        found.about.clear()
        found.about.update(record)
        found.methods.update(record["methods"])
        return
    figures = _figures(record)
    models.append(found.methods[figures.row])
    found.figures.append(figures)


def _figures(record: dict[str, Any]) -> LevelFigures:
    values = {name: value for name, value in record.items() if name in {each.name for each in fields(LevelFigures)}}
    for name in ("mse", "psnr", "sharpness", "reference_sharpness"):
        if values[name] is None:  # JSON knows neither infinity nor NaN
            values[name] = math.inf if name == "psnr" and values["mse"] == 0 else math.nan
    return LevelFigures(**values | {"registration": Registration(**values["registration"])})
