"""Frames without a header that are larger than memory: read by windows, written by bands, packed as they were.

Rows of packed frames need not begin with a byte; groups of eight pixels do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import check_free, whole_or_nothing
from pinsharp.errors import ImageError, OutputError
from pinsharp.images.codec import SUFFIXES, Tags
from pinsharp.images.raw import check_counts, check_length, layout_of, packed, tags_of, unpacked

_GROUP = 8
"""Pixels that begin with a byte, however they are packed."""


class LargeRaw:
    """A frame open for reading by windows; `open_large_raw` makes one.

    Args:
        path: Where it lies, for sentences.
        file: The open file.
        words: `WxH:FORMAT`.

    Attributes:
        shape: (H, W).
        dtype: uint8 or uint16.
        segment_shape: Height and width of what is decoded at once: a row.
        tags: What was said of it.
    """

    samples = 1

    def __init__(self, path: Path, file: BinaryIO, words: str) -> None:
        self.path, self._file, self.layout = path, file, layout_of(words)
        self.height, self.width = self.layout.height, self.layout.width
        self.shape: tuple[int, ...] = (self.height, self.width)
        self.dtype: np.dtype[Any] = np.dtype(np.uint8 if self.layout.bits == 8 else np.uint16)
        self.segment_shape = (1, self.width)
        self.tags: Tags = tags_of(self.layout)

    def keep(self, cache_bytes: int) -> None:
        """Nothing is worth to be kept."""

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Read a window of `dtype`, (h, w), the caller's own; whole rows are decoded.

        Raises:
            ImageError: If a value does not belong to the format, or the file cannot be read (any more).
        """
        (top, bottom, step), (left, right, across) = rows.indices(self.height), columns.indices(self.width)
        if (step, across) != (1, 1):
            raise ValueError(f"expected slices without a step, got {rows} and {columns}")
        if bottom <= top:
            return np.empty((0, max(right - left, 0)), self.dtype)
        first, end = top * self.width, bottom * self.width
        begin = first - first % _GROUP
        start, stop = self.layout.bytes_of(begin), self.layout.bytes_of(end)
        try:
            self._file.seek(start)
            data = self._file.read(stop - start)
            if len(data) != stop - start:
                raise ImageError(f"expected {self.layout.size} bytes, got fewer: the file has become shorter")
            values = unpacked(data, self.layout)[first - begin : end - begin]
            check_counts(values, self.layout)
        except ImageError as error:
            raise ImageError(f"{self.path}: rows {top} to {bottom}: {error}") from error
        except OSError as error:
            raise ImageError(f"{self.path}: expected a readable file, got {error.strerror}; copy it again") from error
        return np.ascontiguousarray(values.reshape(-1, self.width)[:, left:right])


@contextlib.contextmanager
def open_large_raw(path: str | Path, words: str | None) -> Iterator[LargeRaw]:
    """Open a frame for reading by windows.

    Args:
        path: The file.
        words: `WxH:FORMAT`.

    Raises:
        ImageError: If the file cannot be opened, has another size, is a mosaic, or its format is not given.
    """
    path = Path(path)
    if words is None or layout_of(words).mosaic:
        raise ImageError(f"{path}: expected a mono frame with its size and format, got {words}; say --raw WxH:FORMAT")
    try:
        with path.open("rb") as file:
            check_length(file.seek(0, 2), layout_of(words))
            yield LargeRaw(path, file, words)
    except ImageError as error:
        raise ImageError(str(error) if str(path) in str(error) else f"{path}: {error}") from error
    except OSError as error:
        raise ImageError(
            f"{path}: expected a readable file, got {error.strerror}; check its name and rights"
        ) from error


def check_raw_output(path: Path, *, overwrite: bool) -> None:
    """Find out before the work whether its result could be written by bands.

    Raises:
        OutputError: If the name is not that of a frame, or the file exists and may not be replaced.
    """
    if SUFFIXES.get(path.suffix.lower()) != "raw":
        raise OutputError(
            f"{path}: expected a name that ends in .raw for a frame of this size, got '{path.suffix}'; rename it"
        )
    check_free(path, overwrite=overwrite)


def write_raw(path: Path, bands: Iterable[NDArray[Any]], *, like: LargeRaw, overwrite: bool = False) -> None:
    """Write a frame by bands (rows, W), completely or not at all, packed as the one that it came from.

    Raises:
        OutputError: If `check_raw_output` refuses the path, or it cannot be written.
        ValueError: If the bands do not make up the frame.
    """
    check_raw_output(path, overwrite=overwrite)
    rest, done = np.empty(0, like.dtype), 0
    with whole_or_nothing(path, like.layout.size) as file:
        for band in bands:
            if band.dtype != like.dtype or band.shape[1:] != like.shape[1:]:
                raise ValueError(f"expected bands {like.dtype} (rows, {like.width}), got {band.dtype} {band.shape}")
            values = np.concatenate([rest, band.ravel()])
            done += len(band)
            whole = values.size - values.size % _GROUP
            file.write(packed(values[:whole], like.layout))
            rest = values[whole:]
        if done != like.height:
            raise ValueError(f"expected bands of {like.height} rows in all, got {done}")
        file.write(packed(rest, like.layout))
