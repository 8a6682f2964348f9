"""TIFF and BigTIFF that are larger than memory: read by windows, written by bands.

Strips and tiles, 8 and 16 bit, packed 9 to 15 bit and float32, mono and RGB, with and without alpha, uncompressed,
deflate, LZW and zstd, with and without predictor, in both byte orders. Channels have to be stored together. What the
file says besides its pixels is kept as `tiff` keeps it, and strips or tiles stay as large as they were.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION, TiffPage

from pinsharp.errors import ImageError
from pinsharp.images.arrays import FULL_SCALE
from pinsharp.images.codec import Tags
from pinsharp.images.refusals import check_size, damaged
from pinsharp.images.segments import CACHE_BYTES, MAX_SEGMENT_BYTES, Segmented
from pinsharp.images.tiff import read_tags
from pinsharp.images.tiff_counts import check_complete, whole_counts
from pinsharp.images.tiff_layout import PACKED_BITS, TiffLayout, check_pixels, grey_levels, swap_black_and_white
from pinsharp.images.tiff_pages import DAMAGED, only_page
from pinsharp.words import said_by

_COMPRESSIONS = {
    COMPRESSION.NONE,
    COMPRESSION.LZW,
    COMPRESSION.ADOBE_DEFLATE,
    COMPRESSION.DEFLATE,
    COMPRESSION.ZSTD,
    COMPRESSION.ZSTD_DEPRECATED,
}


class LargeTiff(Segmented):
    """A TIFF open for reading by windows; `open_large` makes one.

    An uncompressed image may be a single strip: it is read row by row.

    Args:
        path: Where it lies, for sentences.
        file: The open file.
        page: Its only page, checked.
        tags: What it says besides its pixels.
        cache_bytes: Decoded strips or tiles that are kept.

    Attributes:
        shape: (H, W), (H, W, 2: mono and alpha), (H, W, 3) or (H, W, 4: RGB and alpha).
        dtype: uint8, uint16 or float32, in native byte order.
        segment_shape: Height and width of its strips or tiles.
    """

    def __init__(self, path: Path, file: BinaryIO, page: TiffPage, tags: Tags, cache_bytes: int) -> None:
        assert page.dtype is not None  # `check_pixels` has seen to it
        samples, size = int(page.samplesperpixel), (int(page.imagelength), int(page.imagewidth))
        shape = size + ((samples,) if samples > 1 else ())
        super().__init__(shape, np.dtype(page.dtype).newbyteorder("="), _segment_shape(page), cache_bytes)
        self.path, self.tags = path, tags
        self._file, self._page = file, page

    @property
    def layout(self) -> TiffLayout:
        """How it is laid out."""
        assert isinstance(self.tags.native, TiffLayout)
        return self.tags.native

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Read a window, decoding only the strips or tiles that it touches and that are not in the cache.

        Args:
            rows: From and to which row, without a step.
            columns: From and to which column, without a step.

        Returns:
            Pixels of `dtype`, as many dimensions as `shape`, 0 = black; the caller's own.

        Raises:
            ImageError: If a strip or tile is damaged, or the file cannot be read (any more).
        """
        window, top, left = self.window(rows, columns)
        if window.size and self._page.is_final:
            self._copy_rows(window, top, left)
        elif window.size and _has_packed_rows(self._page):
            self._unpack_rows(window, top, left)
        elif window.size:
            self.fill(window, top, left)
        pixels = window if self.samples > 1 else window[..., 0]
        return swap_black_and_white(pixels, self.layout.white_level) if self.layout.negates(self.samples) else pixels

    def _unpack_rows(self, window: NDArray[Any], top: int, left: int) -> None:
        """Fill a window (rows, columns, samples) from strips of packed rows, of which each begins with a byte."""
        bits, values = int(self._page.bitspersample), self.width * self.samples
        row_bytes, height, bottom = -(-values * bits // 8), self.segment_shape[0], top + len(window)
        for above in range(top - top % height, bottom, height):
            begin, end = max(top, above), min(bottom, above + height)
            start = self._page.dataoffsets[above // height] + (begin - above) * row_bytes
            data = self._bytes(start, (end - begin) * row_bytes, f"rows {begin} to {end}")
            found = np.asarray(imagecodecs.packints_decode(data, np.uint16, bits, runlen=values))
            rows = found.reshape(end - begin, self.width, self.samples)
            window[begin - top : end - top] = rows[:, left : left + window.shape[1]]

    def _copy_rows(self, window: NDArray[Any], top: int, left: int) -> None:
        """Fill a window (rows, columns, samples) from an image that lies in the file uncompressed and in one piece."""
        pixel_bytes = self.samples * self.dtype.itemsize
        start = self._page.dataoffsets[0] + (top * self.width + left) * pixel_bytes
        rows, columns = window.shape[:2]
        where = f"rows {top} to {top + rows}"
        stored = self.dtype.newbyteorder(self.layout.byteorder)
        if columns == self.width:
            data = self._bytes(start, rows * columns * pixel_bytes, where)
            window[:] = np.frombuffer(data, stored).reshape(window.shape)
            return
        for row in range(rows):
            data = self._bytes(start + row * self.width * pixel_bytes, columns * pixel_bytes, where)
            window[row] = np.frombuffer(data, stored).reshape(window.shape[1:])

    def decode(self, row: int, column: int) -> NDArray[Any]:
        """A decoded strip or tile, (rows, columns, samples), at the end of the image perhaps with padding."""
        index = row * -(-self.width // self.segment_shape[1]) + column
        above = row * self.segment_shape[0]
        where = f"rows {above} to {min(above + self.segment_shape[0], self.height)}"
        data = self._bytes(self._page.dataoffsets[index], self._page.databytecounts[index], where)
        try:
            decoded: NDArray[Any] = np.asarray(self._page.decode(data, index)[0])[0]
        except DAMAGED as error:
            counts = whole_counts(self._page, self._file)
            if counts == self._page.databytecounts:
                raise self._damaged(where, error) from error
            self._page.databytecounts = counts  # the file says wrongly how long its strips are
            return self.decode(row, column)
        return decoded

    def _bytes(self, start: int, count: int, where: str) -> bytes:
        try:
            self._file.seek(start)
            data = self._file.read(count)
        except OSError as error:
            raise self._damaged(where, error) from error
        if len(data) != count:
            raise self._damaged(where, f"expected {count} bytes, got {len(data)}: the file has become shorter")
        return data

    def _damaged(self, where: str, error: Exception | str) -> ImageError:
        return ImageError(f"{self.path}: {damaged('TIFF', f'{where}: {said_by(error)}')}")


@contextlib.contextmanager
def open_large(path: str | Path, *, cache_bytes: int = CACHE_BYTES) -> Iterator[LargeTiff]:
    """Open a TIFF for reading by windows. Nothing is decoded yet, and no image is too large.

    Args:
        path: A TIFF or BigTIFF of one image.
        cache_bytes: Decoded strips or tiles that are kept in memory.

    Yields:
        The open file, see `LargeTiff`.

    Raises:
        ImageError: If there is no such file, it is no TIFF or not a whole one, or is of a kind that is not read by
            windows (several pages, planes stored apart, another compression or depth, strips that are too high).
    """
    path = Path(path)
    with contextlib.ExitStack() as stack:
        try:
            large = _open(path, stack, cache_bytes)
        except ImageError as error:
            raise ImageError(f"{path}: {error}") from error
        yield large


def _open(path: Path, stack: contextlib.ExitStack, cache_bytes: int) -> LargeTiff:
    try:
        file = stack.enter_context(path.open("rb"))
    except OSError as error:
        raise ImageError(f"expected a readable file, got {error.strerror}; check its name and rights") from error
    try:
        tiff = stack.enter_context(tifffile.TiffFile(file))
        page = only_page(tiff)
        check_size(page.imagewidth, page.imagelength, is_windowed=True)
        check_pixels(page)
        _check_windowed(page)
        check_complete(page, file)
        return LargeTiff(path, file, page, read_tags(tiff, page, file), cache_bytes)
    except DAMAGED as error:
        raise damaged("TIFF", error) from error


def _check_windowed(page: TiffPage) -> None:
    """Refuse what can be decoded as a whole only."""
    advice = "write it again, for example with `tiffcp -p contig -c zip -r 256 INPUT OUTPUT`"
    is_whole = page.bitspersample % 8 == 0 and page.dtype in FULL_SCALE
    if not (is_whole or page.bitspersample in PACKED_BITS) or grey_levels(page) is not None:
        raise ImageError(f"expected a large image of unsigned 8 to 16 bits or float32, without a palette; {advice}")
    if page.planarconfig != 1 and page.samplesperpixel > 1:
        raise ImageError(f"expected a large image with its channels stored together, got separate planes; {advice}")
    if page.compression not in _COMPRESSIONS:
        name = COMPRESSION(page.compression).name
        raise ImageError(f"expected a large image uncompressed, or in deflate, LZW or zstd, got {name}; {advice}")
    assert page.dtype is not None
    size = int(np.prod(_segment_shape(page))) * page.samplesperpixel * page.dtype.itemsize
    if size > MAX_SEGMENT_BYTES and not page.is_final and not _has_packed_rows(page):
        most = MAX_SEGMENT_BYTES // 2**20
        raise ImageError(f"expected strips or tiles of at most {most} MiB, got {size / 2**20:.0f} MiB; {advice}")


def _has_packed_rows(page: TiffPage) -> bool:
    """Whether rows of packed samples can be read one by one."""
    is_plain = page.compression == COMPRESSION.NONE and page.fillorder == 1 and not page.is_tiled
    return is_plain and page.bitspersample in PACKED_BITS


def _segment_shape(page: TiffPage) -> tuple[int, int]:
    """Height and width of the strips or tiles."""
    if page.is_tiled:
        return page.tilelength, page.tilewidth
    return min(page.rowsperstrip, page.imagelength), page.imagewidth
