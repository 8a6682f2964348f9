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

Key = tuple[str, str, str, str]
"""Row, name and SHA-256 of the image, name of the kernel: what a measurement is one of."""


@dataclass(frozen=True)
class Measurement(Result):
    """Figures of one restored image, or the reason why there is none.

    Args:
        row: Name of the row in tables: the method, and whether a blind one was given the kernel.
        image: File name of the sharp image.
        kernel: Name of the true kernel.
        sigma: Effective width of the true kernel in pixels.
        mse: Mean squared error, full scale 1; like all figures NaN if the restoration failed.
        psnr: In dB; infinite if restored without any error.
        ssim: Structural similarity.
        estimated_sigma: Effective width of the kernel that the method measured, in pixels; None if it measured none.
        relative_sigma_error: |estimated - true| / true width; None too where nothing was blurred.
        kernel_l1: Sum of the absolute differences between measured and true kernel.
        seconds: Wall time of the restoration, without reading and judging, the device's queue emptied before and
            after. It starts from memory that was handed back to the system, and other processes of the same run may
            compute meanwhile; not a benchmark of speed.
        image_sha256: Hash of the sharp image's file.
        megapixels: Millions of pixels of the blurred image, whatever its channels.
        peak_memory_mib: What the restoration added at its peak to the memory of its process or GPU (see
            `pinsharp.bench.engine.cost`), in MiB; None where the system does not say.
        status: `done` or `failed`.
        reason: Why it failed, on one line; None if it did not.
    """

    row: str
    image: str
    kernel: str
    sigma: float
    mse: float = math.nan
    psnr: float = math.nan
    ssim: float = math.nan
    estimated_sigma: float | None = None
    relative_sigma_error: float | None = None
    kernel_l1: float | None = None
    seconds: float = math.nan
    image_sha256: str = ""
    megapixels: float | None = None
    peak_memory_mib: float | None = None
    status: Literal["done", "failed"] = "done"
    reason: str | None = None

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

RunRecords = Records[Measurement]
"""All that was measured on one set of images under one protocol."""


def load_records(folder: str | Path) -> list[RunRecords]:
    """Read the runs of a benchmark's folder, in the order of their first measuring; it may be running meanwhile.

    Raises:
        ConfigError: If there are no records, or a line is none.
    """
    if not (Path(folder) / RECORDS).is_file():
        raise ConfigError(f"{folder}: expected a folder with {RECORDS}, got none; `pinsharp bench run -o` writes one")
    return [lines.records(run) for run, lines in read_lines(folder, KIND).items()]
