"""Images that are stored in segments (strips, tiles, chunks): windows put together of them, bands cut into them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

CACHE_BYTES = 64 * 2**20
"""Decoded segments that are kept: those that two bands of a wide image share with their halos."""

MAX_SEGMENT_BYTES = 64 * 2**20
"""Largest segment, decoded, of an image that is read by windows."""


class Segmented:
    """An image that is read by windows.

    Args:
        shape: (H, W), or (H, W, C).
        dtype: Of its pixels.
        segment_shape: Height and width of its segments.
        cache_bytes: Decoded segments that are kept.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], segment_shape: tuple[int, int], cache_bytes: int
    ) -> None:
        self.shape, self.dtype, self.segment_shape = shape, dtype, segment_shape
        self.height, self.width = shape[:2]
        self.samples = shape[2] if len(shape) > 2 else 1
        self._cache = _Cache(cache_bytes)

    def keep(self, cache_bytes: int) -> None:
        """Keep up to so many bytes of decoded segments from now on."""
        self._cache.most_bytes = cache_bytes

    def window(self, rows: slice, columns: slice) -> tuple[NDArray[Any], int, int]:
        """An empty window (rows, columns, samples) for two slices without a step, and where it begins."""
        (top, bottom, step), (left, right, across) = rows.indices(self.height), columns.indices(self.width)
        if (step, across) != (1, 1):
            raise ValueError(f"expected slices without a step, got {rows} and {columns}")
        return np.empty((max(bottom - top, 0), max(right - left, 0), self.samples), self.dtype), top, left

    def fill(self, window: NDArray[Any], top: int, left: int) -> None:
        """Put all segments together that a window (rows, columns, samples) touches."""
        height, width = self.segment_shape
        bottom, right = top + window.shape[0], left + window.shape[1]
        for row in range(top // height, (bottom - 1) // height + 1):
            for column in range(left // width, (right - 1) // width + 1):
                segment = self._kept(row, column)
                above, before = row * height, column * width
                rows = slice(max(top, above), min(bottom, above + height))
                columns = slice(max(left, before), min(right, before + width))
                window[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = segment[
                    rows.start - above : rows.stop - above, columns.start - before : columns.stop - before
                ]

    def decode(self, row: int, column: int) -> NDArray[Any]:
        """Decode a segment, (rows, columns, samples), at the end of the image perhaps with padding."""
        raise NotImplementedError

    def _kept(self, row: int, column: int) -> NDArray[Any]:
        index = row * -(-self.width // self.segment_shape[1]) + column
        found = self._cache.get(index)
        if found is None:
            found = self.decode(row, column)
            self._cache.put(index, found)
        return found


class _Cache:
    """What was decoded last, up to a number of bytes; the newest always stays."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self._bytes = most_bytes, 0
        self._kept: OrderedDict[int, NDArray[Any]] = OrderedDict()

    def get(self, index: int) -> NDArray[Any] | None:
        """The segment of a number, if it is still kept."""
        if index in self._kept:
            self._kept.move_to_end(index)
        return self._kept.get(index)

    def put(self, index: int, segment: NDArray[Any]) -> None:
        """Keep a segment, and forget those that were not asked for longest until all fit."""
        self._kept[index] = segment
        self._bytes += segment.nbytes
        while self._bytes > self.most_bytes and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].nbytes


def blocks(bands: Iterable[NDArray[Any]], rows: int, height: int) -> Iterator[NDArray[Any]]:
    """The same rows in blocks of equal height, the last one of what is left.

    Raises:
        ValueError: If the bands have not `height` rows in all.
    """
    done, filled = 0, 0
    block: NDArray[Any] | None = None
    for band in bands:
        done += len(band)
        if done > height:
            break
        while len(band):
            if block is None:  # made at once: one that grows would leave holes in the memory
                block, filled = np.empty((rows, *band.shape[1:]), band.dtype), 0
            part = band[: rows - filled]
            block[filled : filled + len(part)] = part
            band, filled = band[len(part) :], filled + len(part)
            if filled == rows:
                yield block
                block = None
    if done != height:
        raise ValueError(f"expected bands of {height} rows in all, got {done}")
    if block is not None:
        yield block[:filled]
