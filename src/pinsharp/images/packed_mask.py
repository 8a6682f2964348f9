"""Masks of images of any size: a byte a pixel in memory, or a bit where anything is hidden and nothing elsewhere."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

SLAB = 64
"""Rows that are kept together."""


class MaskStore(Protocol):
    """Which pixels are hidden, whatever the storage."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""

    def read(self, rows: slice, columns: slice) -> Mask:
        """Give a part (h, w); both slices have bounds."""

    def add(self, rows: slice, columns: slice, part: Mask) -> None:
        """Hide more pixels of a part."""

    def count(self) -> int:
        """How many pixels are hidden."""

    def clear(self) -> None:
        """Hide none."""


class PlainMask:
    """A mask as an array.

    Args:
        mask: (H, W), changed by `add`.
    """

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self.shape: tuple[int, int] = (mask.shape[0], mask.shape[1])

    def read(self, rows: slice, columns: slice) -> Mask:
        """Give a part, which shares its memory."""
        return self.mask[rows, columns]

    def add(self, rows: slice, columns: slice, part: Mask) -> None:
        """Hide more pixels of a part."""
        self.mask[rows, columns] |= part

    def count(self) -> int:
        """How many pixels are hidden."""
        return int(np.count_nonzero(self.mask))

    def clear(self) -> None:
        """Hide none."""
        self.mask[:] = False


class PackedMask:
    """A mask of which slabs of rows that hide anything are kept, a bit a pixel.

    `numpy.asarray(mask)` unpacks it, a byte a pixel.

    Args:
        shape: Height and width.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self._slabs: dict[int, NDArray[np.uint8]] = {}

    def __array__(self, dtype: object = None, copy: bool | None = None) -> Mask:
        whole = self.read(slice(0, self.shape[0]), slice(0, self.shape[1]))
        return whole if dtype is None else whole.astype(dtype)  # type: ignore[call-overload]

    def read(self, rows: slice, columns: slice) -> Mask:
        """Give a part (h, w), the caller's own."""
        found = np.zeros((max(rows.stop - rows.start, 0), max(columns.stop - columns.start, 0)), bool)
        if not found.size:
            return found
        begin = columns.start // 8
        for number, here, there in _slabs(rows):
            if number in self._slabs:
                bits = np.unpackbits(self._slabs[number][here, begin : -(-columns.stop // 8)], axis=1)
                found[there] = bits[:, columns.start - 8 * begin : columns.stop - 8 * begin]
        return found

    def add(self, rows: slice, columns: slice, part: Mask) -> None:
        """Hide more pixels of a part."""
        begin, end = columns.start // 8, -(-columns.stop // 8)
        for number, here, there in _slabs(rows):
            if not part[there].any():
                continue
            if number not in self._slabs:
                self._slabs[number] = np.zeros((SLAB, -(-self.shape[1] // 8)), np.uint8)
            bits = np.zeros((here.stop - here.start, 8 * (end - begin)), bool)
            bits[:, columns.start - 8 * begin : columns.stop - 8 * begin] = part[there]
            self._slabs[number][here, begin:end] |= np.packbits(bits, axis=1)

    def count(self) -> int:
        """How many pixels are hidden."""
        return sum(int(np.unpackbits(slab).sum(dtype=np.int64)) for slab in self._slabs.values())

    def bands(self, rows: int) -> Iterator[Mask]:
        """Give all of it from top to bottom, so many rows at a time."""
        for top in range(0, self.shape[0], rows):
            yield self.read(slice(top, min(top + rows, self.shape[0])), slice(0, self.shape[1]))

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is hidden."""
        return not self._slabs

    def clear(self) -> None:
        """Hide none."""
        self._slabs.clear()


def _slabs(rows: slice) -> list[tuple[int, slice, slice]]:
    """The slabs that some rows lie in: number, rows within, rows of the part."""
    found = []
    for number in range(rows.start // SLAB, -(-rows.stop // SLAB)):
        first, last = max(rows.start, number * SLAB), min(rows.stop, (number + 1) * SLAB)
        within = slice(first - number * SLAB, last - number * SLAB)
        found.append((number, within, slice(first - rows.start, last - rows.start)))
    return found
