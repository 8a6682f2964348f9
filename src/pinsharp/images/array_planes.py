"""An array in a container (HDF5, OME-Zarr), and how the planes of an image lie in it; read by windows.

The last axes of an array are rows and columns, of HDF5 perhaps with channels behind them. Each place of the axes before
is a plane: an image by itself.
"""

from __future__ import annotations

import lzma
import math
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images.codec import Tags
from pinsharp.images.refusals import BROKEN, animated, check_size, damaged
from pinsharp.images.segments import CACHE_BYTES, MAX_SEGMENT_BYTES, Segmented
from pinsharp.images.stored import enter, entered_as
from pinsharp.words import said_by

Kind = Literal["hdf5", "zarr"]
NAMES: dict[Kind, str] = {"hdf5": "HDF5", "zarr": "OME-Zarr"}

DAMAGED = (*BROKEN, zlib.error, lzma.LZMAError)
"""What the libraries and their codecs raise for files that are not what they promise."""

_LEAST_SIDE = 512
"""Rows and columns that are decoded together at least: small chunks one by one would take longer than restoring."""

_MOST_DIMENSIONS = 5


@dataclass(frozen=True, eq=False)
class ArrayImage:
    """An array that is an image, or several planes of one.

    Attributes:
        path: As a user names it.
        kind: Of the container.
        array: A `zarr.Array` or `h5py.Dataset`, open.
        axes: A letter for each axis: any, then y and x, then s if there are channels.
        chunks: Of the array; None if it lies in one piece.
        dropped: What else the container holds and is not written back, in words.
    """

    path: Path
    kind: Kind
    array: Any
    axes: str
    chunks: tuple[int, ...] | None
    dropped: str = ""

    def __post_init__(self) -> None:
        dtype = np.dtype(self.array.dtype)
        if dtype.kind not in "uif" or dtype.itemsize > 8:
            raise ImageError(f"expected an array of whole numbers or floats, got {dtype}; convert it with astype")
        check_size(self.size[1], self.size[0], is_windowed=True)
        if not self.count:
            raise ImageError(f"expected at least one plane, got an array of {self.array.shape}; export it again")

    @cached_property
    def leading(self) -> tuple[int, ...]:
        """Lengths of the axes before rows and columns."""
        return tuple(int(side) for side in self.array.shape[: self.axes.index("y")])

    @property
    def count(self) -> int:
        """How many planes there are."""
        return math.prod(self.leading)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        first = self.axes.index("y")
        return int(self.array.shape[first]), int(self.array.shape[first + 1])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a plane: (H, W), or (H, W, C)."""
        samples = int(self.array.shape[-1]) if self.axes.endswith("s") else 1
        return (*self.size, samples) if samples > 1 else self.size

    @property
    def channels(self) -> tuple[int, ...]:
        """The channel of each plane; all 0 where no axis is one of channels."""
        if "c" not in self.axes:
            return (0,) * self.count
        numbers = np.unravel_index(np.arange(self.count), self.leading)[self.axes.index("c")]
        return tuple(int(number) for number in numbers)

    def index(self, number: int) -> tuple[int, ...]:
        """Where a plane is on the axes before rows and columns."""
        return tuple(int(place) for place in np.unravel_index(number, self.leading)) if self.leading else ()

    def read(self, number: int, rows: slice, columns: slice) -> NDArray[Any]:
        """Read a window of a plane as it is stored, (h, w, samples), in native byte order.

        Raises:
            ImageError: If a chunk is damaged.
        """
        place: tuple[int | slice, ...] = (*self.index(number), rows, columns)
        try:
            found = np.asarray(self.fetch(place))
        except DAMAGED as error:
            where = f"rows {rows.start} to {rows.stop}: {said_by(error)}"
            raise ImageError(f"{self.path}: {damaged(NAMES[self.kind], where)}") from error
        found = found.astype(found.dtype.newbyteorder("="), copy=False)
        return found.reshape(*found.shape[:2], -1)

    def fetch(self, place: tuple[int | slice, ...]) -> Any:
        """Let the library decode what lies at a place."""
        return self.array[place]


def axes_of(shape: tuple[int, ...]) -> str:
    """The axes of an array without names: as of .npy, a last one of up to four is that of channels.

    Raises:
        ImageError: If `shape` has too few or too many axes.
    """
    is_last = len(shape) > 2 and shape[-1] <= 4
    leading = len(shape) - (3 if is_last else 2)
    if leading < 0 or len(shape) > _MOST_DIMENSIONS:
        raise ImageError(
            f"expected an array (H, W), (H, W, channels) or (planes, H, W) of at most {_MOST_DIMENSIONS} dimensions, "
            f"got {shape}; save one such"
        )
    return "p" * leading + "yx" + ("s" if is_last else "")


def only_plane(image: ArrayImage) -> int:
    """The number of the only plane.

    Raises:
        ImageError: If the array has several planes.
    """
    if image.count > 1:
        what = f"planes {image.array.shape} ({', '.join(image.axes)})"
        raise animated(image.count, what, ", or restore all with --planes one, each or channel")
    return 0


class ArrayPlane(Segmented):
    """A plane of an array, read by windows.

    Args:
        image: The array, open.
        number: Of the plane.
        white_level: What a user says is white.
        cache_bytes: Decoded pixels that are kept.

    Attributes:
        path: As a user names the array.
        tags: What is said of it besides its pixels.
        number: Of the plane.
    """

    def __init__(
        self, image: ArrayImage, number: int, white_level: int | None = None, *, cache_bytes: int = CACHE_BYTES
    ) -> None:
        stored_as = np.dtype(image.array.dtype).newbyteorder("=")
        dtype, stored = entered_as(stored_as, white_level)
        super().__init__(image.shape, dtype, _segment(image), cache_bytes)
        self.image, self.number, self.path = image, number, image.path
        self.tags = Tags(stored=stored, dropped=image.dropped)
        self._white_level = white_level

    @property
    def is_by_windows(self) -> bool:
        """Whether its chunks are small enough to be read by windows."""
        chunks = self.image.chunks
        return chunks is None or math.prod(chunks) * self.image.array.dtype.itemsize <= MAX_SEGMENT_BYTES

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Read a window as `LargeTiff.read` does.

        Raises:
            ImageError: If a chunk is damaged, or a value is not valid for an image.
        """
        window, top, left = self.window(rows, columns)
        if window.size:
            self.fill(window, top, left)
        return window if self.samples > 1 else window[..., 0]

    def decode(self, row: int, column: int) -> NDArray[Any]:
        """Decode the chunks of a segment."""
        height, width = self.segment_shape
        rows = slice(row * height, min((row + 1) * height, self.height))
        columns = slice(column * width, min((column + 1) * width, self.width))
        found = self.image.read(self.number, rows, columns)
        try:
            return enter(found, self._white_level)[0]
        except ImageError as error:
            raise ImageError(f"{self.path}: in rows {rows.start} to {rows.stop}: {error}") from error


def _segment(image: ArrayImage) -> tuple[int, int]:
    """Height and width of what is decoded together: whole chunks, not too small."""
    height, width = image.size
    if image.chunks is None:
        row_bytes = width * image.array.dtype.itemsize * math.prod(image.shape[2:])
        return min(height, max(1, 2**20 // row_bytes)), width
    first = image.axes.index("y")
    sides = (-(-_LEAST_SIDE // chunk) * chunk for chunk in image.chunks[first : first + 2])
    rows, columns = (min(side, length) for side, length in zip(sides, (height, width), strict=True))
    return rows, columns
