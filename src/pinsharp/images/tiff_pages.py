"""Which pages of a TIFF are images, and which are thumbnails, overviews and masks of others."""

from __future__ import annotations

import struct

import tifffile
from tifffile import TiffPage

from pinsharp.images.refusals import BROKEN, animated, damaged

DAMAGED = (*BROKEN, tifffile.TiffFileError)
"""What tifffile and its codecs raise for files that are not what they promise."""


def only_page(tiff: tifffile.TiffFile) -> TiffPage:
    """The page of a TIFF that holds its image: the only one that is neither a reduced copy nor a mask of another.

    Raises:
        ImageError: If several pages are.
    """
    stacked = (tiff.imagej_metadata or {}).get("images", 1)  # ImageJ may hide a stack behind a single page
    full = full_pages(tiff)
    if max(len(full), stacked) > 1:
        raise animated(max(len(full), stacked), "a TIFF", ", or restore all with --planes one, each or channel")
    return full[0]


def full_pages(tiff: tifffile.TiffFile) -> list[TiffPage]:
    """The pages of a TIFF that are neither a reduced copy nor a mask of another; all if there is none.

    Raises:
        ImageError: If the file ends before the last page, which tifffile only logs.
    """
    _check_chain(tiff)
    pages = [page for page in tiff.pages if isinstance(page, TiffPage)]
    full = [page for page in pages if _is_full(page)]
    if not full:  # the first page is a thumbnail of the image in its SubIFD
        full = [page for first in pages for page in first.pages or () if isinstance(page, TiffPage) and _is_full(page)]
    return full or pages


def further_pages(tiff: tifffile.TiffFile) -> str:
    """What a TIFF holds besides its image, or its planes, in words; empty if nothing."""
    pages = [page for page in tiff.pages if isinstance(page, TiffPage)]
    nested = sum(len(page.pages or ()) for page in pages)
    count = len(pages) + nested - len(full_pages(tiff))
    return f"{count} further {'page' if count == 1 else 'pages'} (thumbnails, overviews, masks)" if count else ""


def _check_chain(tiff: tifffile.TiffFile) -> None:
    """Refuse a file whose last page points to one that tifffile has not read.

    Raises:
        ImageError: If a page is missing.
    """
    last, file = tiff.pages[len(tiff.pages) - 1], tiff.filehandle
    count, entry, pointer = ("Q", 20, "Q") if tiff.is_bigtiff else ("H", 12, "I")
    file.seek(last.offset)
    (entries,) = struct.unpack(tiff.byteorder + count, file.read(struct.calcsize(count)))
    file.seek(last.offset + struct.calcsize(count) + entries * entry)
    following = file.read(struct.calcsize(pointer))
    if len(following) < struct.calcsize(pointer) or any(following):
        raise damaged("TIFF", f"it has {file.size} bytes and a further page is not whole")


def _is_full(page: TiffPage) -> bool:
    return not (page.is_reduced or page.is_mask)
