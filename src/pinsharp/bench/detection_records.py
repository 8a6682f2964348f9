"""Records of the detection benchmark: `detection.jsonl` in the folder of the results, which is only ever appended to.

A line is a study (which settings, which methods, by what) or one inspected image: sharp, blurred or restored.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from pinsharp.bench.records import is_same_model, plain
from pinsharp.errors import ConfigError

DETECTION_RECORDS = "detection.jsonl"
"""Name of the file in the folder of the results."""

SHARP = "sharp"
"""Row of the image in focus, which every other row is compared with."""

IN_FOCUS = ""
"""Name of no kernel, which `SHARP` has."""

Key = tuple[str, int, int, str, str]
"""Row, passes, seed, and name and hash of the kernel."""


@dataclass(frozen=True)
class InspectionFigures:
    """Figures of one inspected image, or the reason why there are none.

    Args:
        row: `sharp`, `blurred`, `linear-limit`, or the method.
        passes: How many times the image was to be restored; 0 for rows that no method makes.
        seed: Of panel and noise.
        kernel: Name of the blur; empty in focus.
        kernel_sha256: Hash of the kernel's values; empty in focus.
        sigma: Effective width of the blur in pixels; 0 in focus.
        f1: Harmonic mean of precision and recall; like all figures NaN if the restoration failed.
        precision: Share of the detections that are particles.
        recall: Share of the particles that were detected.
        average_precision: Over falling strength.
        localisation_rms: Root mean square distance of detections from their particles in pixels; None without any.
        pairs: Detections that are particles.
        false_alarms: Detections that are none.
        missed: Particles that were not detected.
        wrong_pins: Pins judged wrongly.
        pins: True pins.
        pins_found: Pins that the detector found.
        megapixels: Millions of pixels of the image.
        estimated_sigma: Width of the blur that the method measured in the blurred image; None if it measured none.
        passes_made: How many times it was restored: fewer than asked where nothing was left to remove.
        seconds: Wall time of the restoration; None where there was none.
        status: `done` or `failed`.
        reason: Why it failed, on one line.
    """

    row: str
    passes: int
    seed: int
    kernel: str
    kernel_sha256: str
    sigma: float
    f1: float = math.nan
    precision: float = math.nan
    recall: float = math.nan
    average_precision: float = math.nan
    localisation_rms: float | None = None
    pairs: int = 0
    false_alarms: int = 0
    missed: int = 0
    wrong_pins: int = 0
    pins: int = 0
    pins_found: int = 0
    megapixels: float = math.nan
    estimated_sigma: float | None = None
    passes_made: int = 0
    seconds: float | None = None
    status: Literal["done", "failed"] = "done"
    reason: str | None = None

    @property
    def key(self) -> Key:
        """What these are figures of."""
        return self.row, self.passes, self.seed, self.kernel, self.kernel_sha256

    @property
    def is_done(self) -> bool:
        """Whether there are figures."""
        return self.status == "done"


@dataclass(frozen=True)
class StudyRecords:
    """All that a folder holds of one study.

    Args:
        about: Its latest header.
        methods: By row, what was measured.
        figures: The latest of each row, passes, seed and kernel; those of other weights than the latest of their row
            are left out.
    """

    about: dict[str, Any]
    methods: dict[str, dict[str, Any]]
    figures: list[InspectionFigures]

    def done_keys(self, methods: Mapping[str, Mapping[str, Any]]) -> set[Key]:
        """List what was measured already by methods of these descriptions, by row."""
        return {
            each.key
            for each in self.figures
            if each.is_done and each.row in methods and is_same_model(self.methods[each.row], methods[each.row])
        }


def load_study(folder: Path, run: str) -> StudyRecords:
    """Read what a folder holds of a study; nothing is an empty one.

    Raises:
        ConfigError: If a line of the file is no record.
    """
    path = folder / DETECTION_RECORDS
    gathered = StudyRecords({}, {}, [])
    models: list[dict[str, Any]] = []
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")[:-1] if path.is_file() else []
    for number, line in enumerate(lines, start=1):
        try:
            _gather(gathered, models, json.loads(line), run)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigError(
                f"{path}: expected a record of the detection benchmark in line {number}, got {line[:40]!r}; "
                "delete that line"
            ) from None
    latest = {
        each.key: each
        for each, model in zip(gathered.figures, models, strict=True)
        if is_same_model(model, gathered.methods[each.row])
    }
    return StudyRecords(gathered.about, gathered.methods, list(latest.values()))


def as_record(figures: InspectionFigures, run: str) -> dict[str, Any]:
    """The line of one image."""
    return {"record": "inspection", "run": run, **plain(figures)}


def _gather(found: StudyRecords, models: list[dict[str, Any]], record: dict[str, Any], run: str) -> None:
    kind = record.pop("record")
    if kind not in ("study", "inspection"):
        raise ValueError(kind)
    if record["run"] != run:
        return
    if kind == "study":
        found.about.clear()
        found.about.update(record)
        found.methods.update(record["methods"])
        return
    figures = _figures(record)
    models.append(found.methods[figures.row])
    found.figures.append(figures)


def _figures(record: dict[str, Any]) -> InspectionFigures:
    known = {each.name: record[each.name] for each in fields(InspectionFigures) if each.name in record}
    for name in ("f1", "precision", "recall", "average_precision", "megapixels"):
        known[name] = math.nan if known[name] is None else known[name]  # JSON knows no NaN
    return InspectionFigures(**known)
