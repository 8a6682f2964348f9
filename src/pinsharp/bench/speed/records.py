"""Figures of speed: what one row takes at one size of the image and number of threads."""

from dataclasses import dataclass
from typing import Literal, get_args

from pinsharp.bench.engine.records import Kind, Result

Image = Literal["colour", "mono"]
IMAGES: tuple[Image, ...] = get_args(Image)
"""Kinds of images that are timed."""


@dataclass(frozen=True)
class Timing(Result):
    """Speed of a row at one size and number of threads.

    Args:
        row: Name of the row.
        threads: Threads that PyTorch was given; what runs on a GPU does not depend on it.
        device: Where it computed.
        height: Of the image in pixels.
        width: Of the image in pixels.
        megapixels: Millions of pixels.
        repeats: How many calls the median is of.
        seconds: Median wall time of a call, the device's queue emptied before and after; None if it failed.
        megapixels_per_second: From the median.
        peak_memory_mib: What a call adds at its peak to what its process (or the GPU) holds; None where unknown.
        parameters: Of a network.
        reason: Why it failed, on one line; None if it did not.
        image: Kind of the image, `colour` or `mono`.
        first_seconds: Wall time of the first call, in which much is made for the first time.
        runtime: What computed the convolutions, where several were compared.
        precision: Of the convolutions.
        status: `done` or `failed`.
    """

    row: str
    threads: int
    device: str
    height: int
    width: int
    megapixels: float
    repeats: int
    seconds: float | None = None
    megapixels_per_second: float | None = None
    peak_memory_mib: float | None = None
    parameters: int | None = None
    reason: str | None = None
    image: str = "colour"
    first_seconds: float | None = None
    runtime: str | None = None
    precision: str | None = None
    status: Literal["done", "failed"] = "done"

    @property
    def key(self) -> tuple[str, str, float, int]:
        """Row, kind and size of the image, and threads."""
        return self.row, self.image, self.megapixels, self.threads

    @property
    def place(self) -> str:
        """Size of the image."""
        return f"{self.megapixels:.2f} MP"


KIND = Kind("speed.jsonl", "speed", "timing", "speed", Timing)
"""How they would be kept; they are measured anew each time, because the machine is part of the figure."""
