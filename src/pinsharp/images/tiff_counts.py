"""How many bytes the strips of a TIFF have, where the file says it wrongly, and whether all of them are there."""

import io
import math
from bisect import bisect_right
from typing import BinaryIO

from tifffile import COMPRESSION, TiffPage

from pinsharp.images.codec import damaged

# Their streams know their own end, so that one which is cut off is noticed.
_SELF_ENDING = {COMPRESSION.ADOBE_DEFLATE, COMPRESSION.DEFLATE, COMPRESSION.ZSTD, COMPRESSION.ZSTD_DEPRECATED}


def check_complete(page: TiffPage, file: BinaryIO) -> None:
    """Refuse a file that ends before its pixels: tifffile would fill in zeros for some strips that are not there.

    Lengths of strips that the file says wrongly are put right in `page`: uncompressed strips are as long as their
    pixels, and one of deflate or zstd without a length ends where the next one begins.

    Raises:
        ImageError: If a strip or tile is missing or lies beyond the end.
    """
    if not page.is_tiled and (page.compression == COMPRESSION.NONE or not all(page.databytecounts)):
        page.databytecounts = whole_counts(page, file)
    length = file.seek(0, io.SEEK_END)
    strips = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if not strips or any(start <= 0 or count <= 0 or start + count > length for start, count in strips):
        raise damaged("TIFF", f"it has {length} bytes and its pixels go beyond")


def whole_counts(page: TiffPage, file: BinaryIO) -> tuple[int, ...]:
    """Bytes of each strip, whatever the file says about them; as it says where nothing else tells."""
    if page.is_tiled or not page.dataoffsets:
        return tuple(page.databytecounts)
    if page.compression == COMPRESSION.NONE:
        return _uncompressed(page)
    if page.compression not in _SELF_ENDING:
        return tuple(page.databytecounts)
    ends = sorted({*page.dataoffsets, file.seek(0, io.SEEK_END)})
    nexts = [bisect_right(ends, start) for start in page.dataoffsets]
    return tuple(
        ends[place] - start if place < len(ends) else 0 for start, place in zip(page.dataoffsets, nexts, strict=True)
    )


def _uncompressed(page: TiffPage) -> tuple[int, ...]:
    planes = page.samplesperpixel if page.planarconfig != 1 else 1
    row_bytes = math.ceil(page.imagewidth * page.samplesperpixel // planes * page.bitspersample / 8)
    rows = min(page.rowsperstrip, page.imagelength) or page.imagelength
    plane = [min(rows, page.imagelength - top) * row_bytes for top in range(0, page.imagelength, rows)]
    counts = tuple(plane * planes)
    return counts if len(counts) == len(page.dataoffsets) else tuple(page.databytecounts)
