"""How many bytes the strips of a TIFF have, where the file says it wrongly, and whether all of them are there."""

import io
import math
from bisect import bisect_right
from typing import BinaryIO

from tifffile import COMPRESSION, TiffPage

from pinsharp.errors import ImageError
from pinsharp.images.refusals import damaged

# Their streams know their own end, and whether they are whole.
_SELF_CHECKED = {COMPRESSION.ADOBE_DEFLATE, COMPRESSION.DEFLATE, COMPRESSION.ZSTD, COMPRESSION.ZSTD_DEPRECATED}
_SELF_ENDING = {*_SELF_CHECKED, COMPRESSION.LZW}


def check_complete(page: TiffPage, file: BinaryIO) -> None:
    """Refuse a file that ends before its pixels: tifffile would fill in zeros for some strips that are not there.

    Lengths of strips and tiles that the file says wrongly are put right in `page`: uncompressed ones are as long as
    their pixels, and one of deflate, zstd or LZW ends where the next one begins.

    Raises:
        ImageError: If a strip or tile is missing or lies beyond the end.
    """
    length = file.seek(0, io.SEEK_END)
    whole, is_checked = whole_counts(page, file), page.compression in _SELF_CHECKED
    if page.is_tiled:  # a tile without bytes is one that is not there
        whole = tuple(right if count else 0 for right, count in zip(whole, page.databytecounts, strict=True))
    places = list(zip(page.dataoffsets, page.databytecounts, whole, strict=True))
    if page.compression == COMPRESSION.NONE:
        page.databytecounts = whole
    else:
        beyond = is_checked and any(start + count > length for start, count, _ in places)
        page.databytecounts = tuple(
            right if not count or (is_checked and start + count > length) else count for start, count, right in places
        )
        if beyond:
            _check_last(page, file, length)
    strips = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if not strips or any(start <= 0 or count <= 0 or start + count > length for start, count in strips):
        raise _cut_off(length)


def whole_counts(page: TiffPage, file: BinaryIO) -> tuple[int, ...]:
    """Bytes of each strip or tile, whatever the file says about them; as it says where nothing else tells."""
    if page.compression == COMPRESSION.NONE and page.dataoffsets:
        return _uncompressed(page)
    if page.compression not in _SELF_ENDING or not page.dataoffsets:
        return tuple(page.databytecounts)
    ends = sorted({*page.dataoffsets, file.seek(0, io.SEEK_END)})
    nexts = [bisect_right(ends, start) for start in page.dataoffsets]
    return tuple(
        ends[place] - start if place < len(ends) else 0 for start, place in zip(page.dataoffsets, nexts, strict=True)
    )


def _check_last(page: TiffPage, file: BinaryIO, length: int) -> None:
    """Refuse a file whose last strip is cut off; its length does not tell."""
    last = max(range(len(page.dataoffsets)), key=lambda number: page.dataoffsets[number])
    file.seek(page.dataoffsets[last])
    try:
        page.decode(file.read(page.databytecounts[last]), last)
    except (ValueError, RuntimeError) as error:  # imagecodecs raises these
        raise _cut_off(length) from error


def _cut_off(length: int) -> ImageError:
    return damaged("TIFF", f"it has {length} bytes and its pixels go beyond")


def _uncompressed(page: TiffPage) -> tuple[int, ...]:
    planes = page.samplesperpixel if page.planarconfig != 1 else 1
    width = page.tilewidth if page.is_tiled else page.imagewidth
    row_bytes = math.ceil(width * page.samplesperpixel // planes * page.bitspersample / 8)
    if page.is_tiled:
        return (page.tilelength * row_bytes,) * len(page.dataoffsets)
    rows = min(page.rowsperstrip, page.imagelength) or page.imagelength
    plane = [min(rows, page.imagelength - top) * row_bytes for top in range(0, page.imagelength, rows)]
    counts = tuple(plane * planes)
    return counts if len(counts) == len(page.dataoffsets) else tuple(page.databytecounts)
