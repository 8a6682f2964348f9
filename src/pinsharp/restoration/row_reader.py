"""Pixels of a TIFF that is larger than memory, from top to bottom, so that every row is read and decoded only once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.images.bigtiff import LargeTiff


class RowReader:
    """Reads an open TIFF downwards, and keeps the rows that were read until they are dropped.

    Args:
        image: The file. It is told to keep one row of strips or tiles: of what it decodes, a part may be asked for
            later.
    """

    def __init__(self, image: LargeTiff) -> None:
        self._image = image
        self._top = 0
        self._pixels = self._whole_rows(0, 0)
        height, width = image.segment_shape
        image.keep(height * -(-image.width // width) * width * image.samples * image.dtype.itemsize)

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Give pixels as `LargeTiff.read` does, but not the caller's own; both slices have bounds.

        Raises:
            ImageError: If the file cannot be read (any more).
            ValueError: If one of the rows was dropped.
        """
        if rows.start < self._top:
            raise ValueError(f"expected rows from {self._top} on, got {rows.start}: those above were dropped")
        bottom = self._top + len(self._pixels)
        if rows.stop > bottom:
            self._pixels = np.concatenate([self._pixels, self._whole_rows(bottom, rows.stop)])
        return self._pixels[rows.start - self._top : rows.stop - self._top, columns]

    def drop(self, above: int) -> None:
        """Let go of the rows above one."""
        count = min(max(above - self._top, 0), len(self._pixels))
        self._pixels = self._pixels[count:]
        self._top += count

    def _whole_rows(self, start: int, stop: int) -> NDArray[Any]:
        return self._image.read(slice(start, stop), slice(0, self._image.width))
