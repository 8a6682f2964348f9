"""What is read of an image to find its faults: bounded samples, and one pass over all rows, whatever its size.

Nothing that is kept grows with the number of pixels: blocks and thinned pixels all over the image, some hundred rows
and columns, and means over bands of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

ROWS = 256
"""Rows that are read together."""

MARGIN = 4
"""Rows more at each side that they are shown with."""

LOOKED_AT = 1024
"""Longest side in pixels of the thinned image in which areas are looked for."""

_BLOCK, _BLOCKS = 128, 8  # side and number along an axis of the blocks that stand for an image
_LINES = 512  # rows, and columns, that stand for all
_LINE_BYTES = 2**25  # most that they take
_FEW = 2**17  # values that a quantile is taken of
_CURVATURE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


class Pixels(Protocol):
    """An image, be it in memory or on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W), or (H, W, C) with C up to 4: alpha comes last."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8, uint16 or float32."""

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Give a part; both slices have bounds. Nobody changes it."""


@dataclass(frozen=True, eq=False)
class InMemory:
    """An image in memory."""

    pixels: NDArray[Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.pixels.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its type."""
        return self.pixels.dtype

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Give a part, which shares its memory."""
        return self.pixels[rows, columns]


class Scene:
    """An image as it is looked at: without alpha, NaN and infinity.

    Args:
        pixels: The image.

    Attributes:
        height: Rows.
        width: Columns.
        colours: Channels without alpha, 1 or 3.
        blocks: (N, h, w), or (N, h, w, 3) of colour, all over the image; the image itself if it is small.
        places: Where they lie.
        unit: One grey level of 256 of what the image uses of its range.
        noise: Standard deviation of white noise; texture makes it larger.
    """

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self.height, self.width = pixels.shape[:2]
        self.colours = 3 if len(pixels.shape) == 3 and pixels.shape[2] >= 3 else 1
        self._typical = 0.0
        self.places = _places((self.height, self.width))
        blocks = np.stack([self._colour(*place) for place in self.places])
        if blocks.dtype.kind == "f" and not (is_number := np.isfinite(blocks)).all():
            self._typical = float(np.median(blocks[is_number])) if is_number.any() else 0.0
            blocks = np.where(is_number, blocks, np.float32(self._typical))
        self.blocks: NDArray[Any] = blocks
        low, high = np.quantile(_few(self.grey_blocks), [0.005, 0.995])
        self.unit = float(high - low) / 255
        self.noise = self._noise()

    @property
    def grey_blocks(self) -> NDArray[Any]:
        """Blocks (N, h, w) of the brightest channel's stand-in, green or grey."""
        return self.blocks[..., 1] if self.blocks.ndim == 4 else self.blocks

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Give a part, (h, w), or (h, w, 3) of colour."""
        colour = self._colour(rows, columns)
        if colour.dtype.kind != "f" or np.isfinite(colour.min(initial=0) + colour.max(initial=0)):
            return colour
        return np.where(np.isfinite(colour), colour, np.float32(self._typical))

    def bands(self) -> Iterator[tuple[slice, slice]]:
        """Rows from top to bottom, and those that they are shown with."""
        for top in range(0, self.height, ROWS):
            bottom = min(top + ROWS, self.height)
            yield slice(top, bottom), slice(max(0, top - MARGIN), min(self.height, bottom + MARGIN))

    def usual(self) -> float:
        """What 99.5 % of pixels differ by at most from the median around them, in the channel that differs most."""
        blocks = self.blocks[::3] if len(self.blocks) > 8 else self.blocks
        found = 0.0
        for channel in range(self.colours):
            plane = np.ascontiguousarray(blocks[..., channel] if blocks.ndim == 4 else blocks)
            stacked = plane.reshape(-1, plane.shape[2])
            apart = cv2.absdiff(stacked, cv2.medianBlur(stacked, 3)).reshape(plane.shape)[:, 1:-1, 1:-1]
            found = max(found, float(np.quantile(_few(apart), 0.995))) if apart.size else found
        return found

    def _colour(self, rows: slice, columns: slice) -> NDArray[Any]:
        colour = self.pixels.read(rows, columns)
        colour = colour[..., :-1] if colour.ndim == 3 and colour.shape[2] in (2, 4) else colour
        return colour[..., 0] if colour.ndim == 3 and colour.shape[2] == 1 else colour

    def _noise(self) -> float:
        """The median of second differences across, as white noise has it."""
        blocks = self.grey_blocks[::3] if len(self.blocks) > 8 else self.grey_blocks
        plane = blocks.astype(np.float32)
        second = cv2.filter2D(plane.reshape(-1, plane.shape[2]), cv2.CV_32F, _CURVATURE).reshape(plane.shape)
        inner = _few(second[:, 1:-1, 1:-1])
        # White noise of standard deviation 1 has a median size of 0.6745; the differences make 6 of it, their norm.
        return float(np.median(np.abs(inner)) / 0.6745 / 6) if inner.size else 0.0


class Overview:
    """Pixels all over an image, gathered band by band.

    Args:
        scene: The image.

    Attributes:
        step: Distance of the thinned pixels.
        thin: Every `step`-th pixel of every `step`-th row, (h, w) or (h, w, 3).
        flat: (h, w), whether a thinned pixel equals those to its right and below.
        across: Rows all over the image, (R, W) or (R, W, 3).
        down: Columns all over the image, (H, C) or (H, C, 3).
    """

    def __init__(self, scene: Scene) -> None:
        height, width = scene.height, scene.width
        more, dtype = scene.blocks.shape[3:], scene.blocks.dtype
        pixel = dtype.itemsize * scene.colours
        self.step = -(-max(height, width) // LOOKED_AT)
        self.rows = np.arange(0, height, _distance(height, width * pixel))
        self.columns = np.arange(0, width, _distance(width, height * pixel))
        self._thin_rows = np.arange(0, height, self.step)
        self.thin: NDArray[Any] = np.zeros((len(self._thin_rows), -(-width // self.step), *more), dtype)
        self.flat: Mask = np.zeros(self.thin.shape[:2], bool)
        self.across: NDArray[Any] = np.zeros((len(self.rows), width, *more), dtype)
        self.down: NDArray[Any] = np.zeros((height, len(self.columns), *more), dtype)

    def add(self, image: NDArray[Any], rows: slice, shown: slice) -> None:
        """Take in rows of the image, shown with more at each side."""
        pixels = _as_pixels(image)
        core = pixels[rows.start - shown.start : rows.stop - shown.start]
        _as_pixels(self.down)[rows] = core[:, :: _step_of(self.columns)]
        number = _within(self.rows, rows)
        if number.start < number.stop:
            first = int(self.rows[number.start]) - rows.start
            _as_pixels(self.across)[number] = core[first :: _step_of(self.rows)]
        number = _within(self._thin_rows, rows)
        if number.start == number.stop:
            return
        first = int(self._thin_rows[number.start]) - shown.start
        last = rows.stop - shown.start
        here, beside, below = (
            np.ascontiguousarray(pixels[first + down : last + down : self.step, right :: self.step])
            for down, right in ((0, 0), (0, 1), (1, 0))
        )
        _as_pixels(self.thin)[number] = here
        high, wide = len(below), beside.shape[1]
        values, right, under = (_as_values(part, image) for part in (here, beside, below))
        differs = (values[:high, :wide] != under[:, :wide]) | (values[:high, :wide] != right[:high])
        if differs.ndim == 3:
            differs = differs[..., 0] | differs[..., 1] | differs[..., 2]
        self.flat[number.start : number.start + high, :wide] = ~differs


def _as_pixels(image: NDArray[Any]) -> NDArray[Any]:
    """One element (h, w) a pixel: these are copied four times as fast as channels. Channels side by side stay there."""
    if image.ndim < 3:
        return image
    close = image if image.strides[2] == image.itemsize else np.ascontiguousarray(image)
    return close.view(f"V{3 * image.itemsize}")[..., 0]


def _as_values(pixels: NDArray[Any], like: NDArray[Any]) -> NDArray[Any]:
    """Pixels (h, w) as values of an image, (h, w) or (h, w, 3)."""
    return pixels.view(like.dtype).reshape(*pixels.shape, 3) if like.ndim == 3 else pixels


def _within(places: NDArray[np.intp], rows: slice) -> slice:
    """Which of some places, in order, lie in some rows."""
    first, last = np.searchsorted(places, [rows.start, rows.stop])
    return slice(int(first), int(last))


def _distance(length: int, line_bytes: int) -> int:
    """Distance of lines all over a side, each of so many bytes."""
    return -(-length // min(_LINES, max(64, _LINE_BYTES // line_bytes)))


def _step_of(places: NDArray[np.intp]) -> int:
    return int(places[1]) if len(places) > 1 else 1


def _places(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    if max(shape) <= _BLOCK * _BLOCKS:
        return [(slice(0, shape[0]), slice(0, shape[1]))]
    high, wide = (min(_BLOCK, length) for length in shape)
    tops, lefts = (
        np.linspace(0, length - side, _BLOCKS if length > side else 1).astype(int).tolist()
        for length, side in zip(shape, (high, wide), strict=True)
    )
    return [(slice(top, top + high), slice(left, left + wide)) for top in tops for left in lefts]


def _few(blocks: NDArray[Any]) -> NDArray[Any]:
    """Enough values of blocks (N, h, w) to take a quantile of."""
    step = max(1, int(np.sqrt(blocks.size / _FEW)))
    return blocks[:, ::step, ::step]
