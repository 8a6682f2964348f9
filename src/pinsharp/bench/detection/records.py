"""Records of the detection benchmark, `detection.jsonl` in the folder of the results, and the pictures beside them.

A line is a study (which settings, which methods, by what) or one inspected image: sharp, blurred or restored.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pinsharp.bench.engine.records import Kind, Records, Result

SHARP = "sharp"  # row of the image in focus, which every other row is compared with
IN_FOCUS = ""  # name of no kernel, which `SHARP` has
Key = tuple[str, int, int, str, str]  # row, passes, seed, and name and hash of the kernel


@dataclass(frozen=True)
class InspectionFigures(Result):
    """Figures of one inspected image, or the reason why there are none."""

    row: str  # `sharp`, `blurred`, `linear-limit`, or the method
    passes: int  # how many times the image was to be restored; 0 for rows that no method makes
    seed: int  # of panel and noise
    kernel: str  # name of the blur; empty in focus
    kernel_sha256: str  # hash of the kernel's values; empty in focus
    sigma: float  # effective width of the blur in pixels; 0 in focus
    f1: float = math.nan  # harmonic mean of precision and recall; like all figures NaN if the restoration failed
    precision: float = math.nan  # share of the detections that are particles
    recall: float = math.nan  # share of the particles that were detected
    average_precision: float = math.nan  # over falling strength
    localisation_rms: float | None = None  # root mean square distance from the true centres, pixels
    pairs: int = 0  # detections that are particles
    false_alarms: int = 0  # detections that are not particles
    missed: int = 0
    wrong_pins: int = 0
    pins: int = 0
    pins_found: int = 0
    megapixels: float = math.nan  # millions of pixels of the image
    estimated_sigma: float | None = None  # what the method measured in the blurred image, pixels
    passes_made: int = 0  # how many times it was restored: fewer than asked where nothing was left to remove
    seconds: float | None = None  # wall time of the restoration; None where there was none
    status: Literal["done", "failed"] = "done"
    reason: str | None = None  # why it failed, on one line

    @property
    def key(self) -> Key:
        """What these are figures of."""
        return self.row, self.passes, self.seed, self.kernel, self.kernel_sha256

    @property
    def place(self) -> str:
        """Blur and seed."""
        return f"{self.kernel or 'in focus'}, seed {self.seed}"


KIND = Kind("detection.jsonl", "study", "inspection", "the detection benchmark", InspectionFigures)  # how they are kept
StudyRecords = Records[InspectionFigures]
"""All that a folder holds of one study: the latest figures of each row, passes, seed and kernel."""


def kept_files(keep: Path, kernel: str, row: str, passes: int) -> tuple[Path, Path]:
    """Where the image of a row and its particles are kept; `keep` is how their names start."""
    name = re.sub(r"[^\w.-]+", "-", f"{kernel or 'in-focus'}_{row}_{passes}")
    return keep.with_name(f"{keep.name}_{name}.png"), keep.with_name(f"{keep.name}_{name}.csv")
