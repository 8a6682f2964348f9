"""Figures of speed: what one row takes at one size of the image and number of threads."""

from dataclasses import dataclass
from typing import Literal, get_args

from pinsharp.bench.engine.records import Kind, Result

Image = Literal["colour", "mono"]
IMAGES: tuple[Image, ...] = get_args(Image)  # kinds of images that are timed


@dataclass(frozen=True)
class Timing(Result):
    """Speed of a row at one size and number of threads."""

    row: str
    threads: int  # threads that PyTorch was given; what runs on a GPU does not depend on it
    device: str
    height: int  # of the image in pixels
    width: int  # of the image in pixels
    megapixels: float
    repeats: int  # how many calls the median is of
    seconds: float | None = None  # median wall time of a call, the device's queue emptied before and after
    megapixels_per_second: float | None = None  # from the median
    peak_memory_mib: float | None = None  # what a call adds at its peak; None where unknown
    parameters: int | None = None  # of a network
    reason: str | None = None  # why it failed, on one line; None if it did not
    image: str = "colour"  # kind of the image, `colour` or `mono`
    first_seconds: float | None = None  # wall time of the first call, in which much is made for the first time
    runtime: str | None = None  # what computed the convolutions, where several were compared
    precision: str | None = None  # of the convolutions
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
"""How they would be kept; they are measured again each time, because the machine is part of the figure."""
