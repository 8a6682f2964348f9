"""Writing a TIFF or BigTIFF that is larger than memory by bands, laid out and tagged as the one that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION

from pinsharp.atomic import check_free, whole_or_nothing
from pinsharp.errors import OutputError
from pinsharp.images import exif
from pinsharp.images.bigtiff import LargeTiff
from pinsharp.images.codec import SUFFIXES
from pinsharp.images.segments import MAX_SEGMENT_BYTES, blocks
from pinsharp.images.tiff_layout import TiffLayout, swap_black_and_white
from pinsharp.images.tiff_packed import packed_rows

STRIP_BYTES = 2**20
"""Strips of images that came as one huge strip."""

# Beyond it BigTIFF: compressed pixels may come out larger than they were, by LZW up to one and a half times.
_PLAIN_LIMIT_BYTES = 2**32 - 2**25
_COMPRESSED_LIMIT_BYTES = 2**31

_CODES = {"zlib": COMPRESSION.ADOBE_DEFLATE, "lzw": COMPRESSION.LZW, "zstd": COMPRESSION.ZSTD}
_INTEGER_PREDICTOR, _FLOAT_PREDICTOR = 2, 3


def check_large_output(path: str | Path, *, overwrite: bool = False) -> None:
    """Find out before the work whether its result could be written by bands.

    Raises:
        OutputError: If the name is not that of a TIFF, or the file exists and may not be replaced.
    """
    path = Path(path)
    if SUFFIXES.get(path.suffix.lower()) != "tiff":
        raise OutputError(
            f"{path}: expected a name that ends in .tif or .tiff for an image of this size, got '{path.suffix}'; "
            "rename it: only TIFF is written by bands"
        )
    check_free(path, overwrite=overwrite)


def write_large(path: str | Path, bands: Iterable[NDArray[Any]], *, like: LargeTiff, overwrite: bool = False) -> None:
    """Write a TIFF by bands, completely or not at all.

    Strips or tiles, compression, predictor, byte order and all tags are those of the file that it came from; a single
    huge strip becomes many. BigTIFF is written if that was one, or if 4 GiB might not do.

    Args:
        path: Ends in .tif or .tiff. The folder has to exist.
        bands: The image from top to bottom, in pieces (any number of rows, W) or (rows, W, channels), 0 = black, of the
            shape and dtype of `like`. Pulled one by one; what they raise ends the writing and leaves no file.
        like: The file that it came from, open.
        overwrite: Replace an existing file. Whether it is an input is the caller's to check, with `same_file`.

    Raises:
        OutputError: If `check_large_output` refuses the path, or it cannot be written.
        ValueError: If the bands do not make up the image.
    """
    path = Path(path)
    check_large_output(path, overwrite=overwrite)
    size = int(np.prod(like.shape)) * like.dtype.itemsize
    is_big = _needs_bigtiff(like.layout, size)
    directories = exif.directories(like.tags.exif, like.layout.byteorder, is_big=is_big)
    left = iter(bands)
    with whole_or_nothing(path, size) as file:
        with tifffile.TiffWriter(file, bigtiff=is_big, byteorder=like.layout.byteorder) as writer:
            writer.write(
                _segments(left, like),
                shape=like.shape,
                dtype=like.dtype,
                rowsperstrip=None if like.layout.tile else _strip_rows(like),
                bitspersample=like.layout.bits,
                extratags=[*like.layout.raw, *exif.pointer_tags(directories, is_big=is_big)],
                **like.layout.options(like.samples),
            )
        if (extra := next(left, None)) is not None:  # tifffile pulls no further than it has to
            raise ValueError(f"expected bands of {like.height} rows in all, got {like.height + len(extra)}")
        if directories:
            exif.append_directories(file, directories, like.layout.byteorder, is_big=is_big)


def _needs_bigtiff(layout: TiffLayout, size: int) -> bool:
    limit = _PLAIN_LIMIT_BYTES if layout.compression == "none" else _COMPRESSED_LIMIT_BYTES
    return layout.is_big or size > limit


def _strip_rows(like: LargeTiff) -> int:
    """Rows of a strip: the input's, unless it is too high to be read, or was a tile of a size that nobody writes."""
    row_bytes = like.width * like.samples * like.dtype.itemsize
    rows = like.layout.rows_per_strip or like.height
    fitting = rows if rows * row_bytes <= MAX_SEGMENT_BYTES else max(1, STRIP_BYTES // row_bytes)
    return min(fitting, like.height)


def _segments(bands: Iterable[NDArray[Any]], like: LargeTiff) -> Iterator[bytes]:
    """Encoded strips or tiles, row by row."""
    encode = _encoder(like.layout, like.dtype)
    tile = like.layout.tile
    height, width = tile or (_strip_rows(like), like.width)
    for block in blocks(_stored(bands, like), height, like.height):
        for left in range(0, like.width, width):
            segment = block[:, left : left + width]
            missing = [(0, height - segment.shape[0]), (0, width - segment.shape[1]), (0, 0)]
            yield encode(np.pad(segment, missing) if tile and segment.shape[:2] != tile else segment)


def _stored(bands: Iterable[NDArray[Any]], like: LargeTiff) -> Iterator[NDArray[Any]]:
    """Bands (rows, W, samples), checked, and with 0 = white where the file has it so."""
    for band in bands:
        if band.dtype != like.dtype or band.shape[1:] != like.shape[1:]:
            expected = f"{like.dtype} (rows, {', '.join(map(str, like.shape[1:]))})"
            raise ValueError(f"expected bands {expected}, got {band.dtype} {band.shape}")
        stored = swap_black_and_white(band, like.layout.white_level) if like.layout.negates(like.samples) else band
        yield stored.reshape(len(band), like.width, like.samples)


def _encoder(layout: TiffLayout, dtype: np.dtype[Any]) -> Callable[[NDArray[Any]], bytes]:
    """What turns a strip or tile (rows, columns, samples) into its bytes in the file."""
    stored = dtype.newbyteorder(layout.byteorder)
    if layout.bits:
        return partial(packed_rows, bits=layout.bits)
    if layout.compression == "none":
        return lambda segment: np.ascontiguousarray(segment, stored).tobytes()
    compress = tifffile.TIFF.COMPRESSORS[_CODES[layout.compression]]
    if not layout.has_predictor():
        return lambda segment: bytes(compress(np.ascontiguousarray(segment, stored)))
    predict = tifffile.TIFF.PREDICTORS[_FLOAT_PREDICTOR if dtype.kind == "f" else _INTEGER_PREDICTOR]
    return lambda segment: bytes(compress(predict(np.ascontiguousarray(segment, stored), axis=-2)))
