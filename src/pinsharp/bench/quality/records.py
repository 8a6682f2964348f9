"""Records of methods on a test set: `records.jsonl` in the folder of a benchmark.

A line is a run (which images under which protocol, which methods, by what) or a measurement (one restored image).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pinsharp.bench.engine.record_file import RECORDS
from pinsharp.bench.engine.records import Kind, Records, Result, read_lines
from pinsharp.errors import ConfigError

Key = tuple[str, str, str, str]  # row, name and SHA-256 of the image, name of the kernel: what a measurement is one of


@dataclass(frozen=True)
class Measurement(Result):
    """Figures of one restored image, or the reason why there is none."""

    row: str  # name of the row in tables: the method, and whether a blind one was given the kernel
    image: str
    kernel: str
    sigma: float  # effective width of the true kernel in pixels
    mse: float = math.nan  # mean squared error, full scale 1; like all figures NaN if the restoration failed
    psnr: float = math.nan  # in dB; infinite if restored without any error
    ssim: float = math.nan
    estimated_sigma: float | None = None  # effective width that the method measured, in pixels
    relative_sigma_error: float | None = None  # |estimated - true| / true width; None too where nothing was blurred
    kernel_l1: float | None = None  # sum of the absolute differences between measured and true kernel
    # Wall time of the restoration alone, from memory that was handed back to the system; other processes of the run may
    # compute meanwhile, so that it is no benchmark of speed.
    seconds: float = math.nan
    image_sha256: str = ""  # hash of the sharp image's file
    megapixels: float | None = None  # millions of pixels of the blurred image, whatever its channels
    peak_memory_mib: float | None = None  # what the restoration added; see `pinsharp.bench.engine.cost`
    status: Literal["done", "failed"] = "done"
    reason: str | None = None  # why it failed, on one line; None if it did not

    @property
    def key(self) -> Key:
        """What it is a measurement of."""
        return self.row, self.image, self.image_sha256, self.kernel

    @property
    def place(self) -> str:
        """Image and kernel."""
        return f"{self.image}, {self.kernel}"


KIND = Kind(RECORDS, "run", "measurement", "a benchmark", Measurement, ("set", "protocol", "methods"))
"""How they are kept."""

RunRecords = Records[Measurement]  # all that was measured on one set of images under one protocol


def load_records(folder: str | Path) -> list[RunRecords]:
    """Read the runs of a benchmark's folder, in the order of their first measuring; it may be running meanwhile.

    Raises:
        ConfigError: If there are no records, or a line is not one.
    """
    if not (Path(folder) / RECORDS).is_file():
        raise ConfigError(f"{folder}: expected a folder with {RECORDS}, got none; `pinsharp bench run -o` writes one")
    return [lines.records(run) for run, lines in read_lines(folder, KIND).items()]
