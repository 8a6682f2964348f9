"""What is shown of an image: the whole of it, or the middle of one that stays on disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.images.codec import AS_IT_SAYS, Reading
from pinsharp.images.files import read_image
from pinsharp.images.large import open_large
from pinsharp.images.light import SAYS_NOTHING, Light
from pinsharp.images.places import PlaneOf, is_container
from pinsharp.images.stack import is_stack, read_stack
from pinsharp.images.video_names import is_numbered, is_video, numbered
from pinsharp.restoration.sources import is_large

VIEW_SIDE = 2048
"""Side in pixels of the middle of an image that stands for one which stays on disk."""


@dataclass(frozen=True, eq=False)
class View:
    """What is shown of an image.

    Attributes:
        pixels: The image, or the middle of one that stays on disk.
        note: Which part it is, in words; empty for the whole image.
        light: The light that the file states.
    """

    pixels: NDArray[Any]
    note: str = ""
    light: Light = SAYS_NOTHING


def read_view(path: str | Path, side: int | None = None, *, reading: Reading = AS_IT_SAYS) -> View:
    """Read an image to be looked at: whole, or the middle of one that stays on disk.

    Args:
        path: The file.
        side: Read at most so many pixels a side from the middle, whatever the size. Of a video the first frame is read.
        reading: What a user says of the file.

    Raises:
        ImageError: If the file cannot be read.
    """
    if is_video(path):
        from pinsharp.images.video import first_frame

        return View(_cut(first_frame(path), side), "the first frame")
    if is_numbered(path):
        path = numbered(Path(path), 1)
    shown = PlaneOf(Path(path), 0) if reading.planes and is_container(path) else path
    if is_large(shown, reading):
        with open_large(shown, reading) as image:
            pixels = image.read(*(_middle(length, side or VIEW_SIDE) for length in image.shape[:2]))
            (height, width), part = image.shape[:2], pixels.shape
        return View(pixels, f"the middle {part[1]} x {part[0]} pixels of {width} x {height}", image.tags.light)
    is_paged = reading.planes and not is_container(path) and is_stack(path)
    file = read_stack(path, reading).planes[0] if is_paged else read_image(shown, reading)
    return View(_cut(file.pixels, side), light=file.tags.light)


def _cut(pixels: NDArray[Any], side: int | None) -> NDArray[Any]:
    """The middle of an image, of at most so many pixels a side."""
    if side is None:
        return pixels
    rows, columns = (_middle(length, side) for length in pixels.shape[:2])
    return np.ascontiguousarray(pixels[rows, columns])


def _middle(length: int, side: int) -> slice:
    begin = max(0, (length - side) // 2)
    return slice(begin, begin + min(side, length))
