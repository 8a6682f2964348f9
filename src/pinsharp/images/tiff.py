"""TIFF, 8 to 16 bits and float32, mono and RGB, with and without alpha, through tifffile.

Layout and tags are written as they were read (see `tiff_layout`); planes that were stored apart are stored together.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import PHOTOMETRIC, TiffPage

from pinsharp.errors import ImageError
from pinsharp.images import exif, tiff_packed
from pinsharp.images.codec import Tags, plausible_dpi
from pinsharp.images.refusals import check_size, damaged
from pinsharp.images.statements import stated_light
from pinsharp.images.tiff_counts import check_complete, whole_counts
from pinsharp.images.tiff_layout import (
    PACKED_BITS,
    TiffLayout,
    bayer_pattern,
    check_pixels,
    grey_levels,
    mosaic_tags,
    mosaic_white,
    read_layout,
    swap_black_and_white,
)
from pinsharp.images.tiff_pages import DAMAGED, further_pages, only_page

_LARGEST_SIGNED = 2**15 - 1
TIFF_LIMIT_BYTES = 2**32 - 2**25
"""Bytes of pixels beyond which a TIFF has to be a BigTIFF."""


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode the image of a TIFF file; of further pages only thumbnails, overviews and masks are passed over.

    Returns:
        Pixels (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8, uint16 or float32, 0 = black, and the tags.

    Raises:
        ImageError: If the file is truncated, damaged, too large, of several pages, or of another kind of pixel.
    """
    file.seek(0)
    try:
        with tifffile.TiffFile(file) as tiff:
            page = only_page(tiff)
            check_size(page.imagewidth, page.imagelength)
            check_pixels(page, takes_mosaics=True)
            check_complete(page, file)
            return read_pixels(page, file), read_tags(tiff, page, file)
    except DAMAGED as error:
        raise damaged("TIFF", error) from error


def read_tags(tiff: tifffile.TiffFile, page: TiffPage, file: BinaryIO) -> Tags:
    """Read what the page of a TIFF says besides its pixels; `native` is its `TiffLayout`."""
    layout = read_layout(tiff, page, file)
    raw = {code: value for code, _, _, value, _ in layout.raw if isinstance(value, bytes)}
    block = exif.read_from_tiff(file, page.offset, layout.byteorder, is_big=layout.is_big)
    icc, xmp = raw.get(34675), raw.get(700)
    light = stated_light(icc=icc, exif_block=block)
    return Tags(
        _dpi(layout),
        icc=icc,
        exif=block,
        xmp=xmp,
        native=layout,
        dropped=further_pages(tiff),
        light=light,
        white_level=layout.white_level or (mosaic_white(page) if layout.is_mosaic else None),
        mosaic=bayer_pattern(page),
    )


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode as TIFF, laid out and tagged as the tags ask for; by default deflate with predictor.

    Args:
        pixels: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8, uint16 or float32, 0 = black.
        tags: If read from a TIFF, its layout and all its tags are written as they were.
    """
    layout = tags.native if isinstance(tags.native, TiffLayout) else _portable_layout(tags)
    is_big = layout.is_big or pixels.nbytes > TIFF_LIMIT_BYTES
    directories = exif.directories(tags.exif, layout.byteorder, is_big=is_big)
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, bigtiff=is_big, byteorder=layout.byteorder) as writer:
        write_page(writer, pixels, replace(tags, native=layout), exif.pointer_tags(directories, is_big=is_big))
    if directories:
        exif.append_directories(buffer, directories, layout.byteorder, is_big=is_big)
    return buffer.getvalue()


def write_page(
    writer: tifffile.TiffWriter,
    pixels: NDArray[Any],
    tags: Tags,
    pointers: Sequence[exif.ExtraTag] = (),
    *,
    is_stack: bool = False,
) -> None:
    """Write a page, laid out and tagged as its tags ask for.

    Args:
        writer: Of the layout's byte order.
        pixels: As for `encode`, or of another type that was read.
        tags: Read from a TIFF.
        pointers: Further tags.
        is_stack: The first axis of `pixels` is that of pages, whose pixels are to lie one behind the other.
    """
    layout = tags.native
    assert isinstance(layout, TiffLayout)
    samples = 1 if pixels.ndim == 2 + is_stack else pixels.shape[-1]
    if layout.white_level and (pixels.dtype != np.uint16 or int(pixels.max()) > layout.white_level):
        layout = replace(layout, bits=None)  # other pixels than were read
    stored = swap_black_and_white(pixels, layout.white_level) if layout.negates(samples) else pixels
    if layout.is_signed and stored.dtype == np.uint16:
        stored = np.minimum(stored, _LARGEST_SIGNED).astype(np.int16)
    extra: list[exif.ExtraTag] = [*layout.raw, *pointers]
    if not layout.bits:
        writer.write(stored, extratags=extra, **layout.options(samples))
        return
    rows = min(layout.rows_per_strip or len(stored), len(stored))
    writer.write(
        tiff_packed.segments(stored, layout.bits, layout.tile, rows),
        shape=stored.shape,
        dtype=stored.dtype,
        bitspersample=layout.bits,
        rowsperstrip=None if layout.tile else rows,
        extratags=extra,
        **layout.options(samples),
    )


def read_pixels(page: TiffPage, file: BinaryIO) -> NDArray[Any]:
    """Decode a page that `check_pixels` has let pass; 0 is black."""
    pixels = _decoded(page, file)
    pixels = np.moveaxis(pixels, 0, -1) if page.axes == "SYX" else pixels
    expected = (page.imagelength, page.imagewidth) + ((page.samplesperpixel,) if page.samplesperpixel > 1 else ())
    if pixels.shape != expected:
        raise damaged("TIFF", f"{pixels.shape} pixels where {expected} were announced")
    pixels = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    if (levels := grey_levels(page)) is not None:
        return np.asarray(levels[pixels])
    pixels = _unsigned(pixels) if pixels.dtype == np.int16 else pixels
    if page.photometric != PHOTOMETRIC.MINISWHITE:
        return pixels
    return swap_black_and_white(pixels, 2**page.bitspersample - 1 if page.bitspersample in PACKED_BITS else None)


def _decoded(page: TiffPage, file: BinaryIO) -> NDArray[Any]:
    """The pixels; if the file says wrongly how long its strips are, by where they begin."""
    try:
        return np.asarray(page.asarray())
    except DAMAGED:
        if (counts := whole_counts(page, file)) == page.databytecounts:
            raise
        page.databytecounts = counts
        return np.asarray(page.asarray())


def _unsigned(pixels: NDArray[Any]) -> NDArray[Any]:
    if (lowest := int(pixels.min())) < 0:
        raise ImageError(
            f"expected pixels of 0 or more, got 16-bit signed integer pixels down to {lowest}; add {-lowest} and store "
            f"them as uint16, which keeps every level: (image.astype('int32') + {-lowest}).astype('uint16')"
        )
    return pixels.view(np.uint16)


def _dpi(layout: TiffLayout) -> tuple[float, float] | None:
    per_inch = {2: 1.0, 3: 2.54}.get(layout.resolution_unit)
    if layout.resolution is None or per_inch is None:
        return None
    across, down = (top / bottom * per_inch for top, bottom in layout.resolution)
    return plausible_dpi(across, down)


def _portable_layout(tags: Tags) -> TiffLayout:
    """The default layout, with what an image of another format says about itself."""
    raw = exif.main_tags(tags.exif) + (mosaic_tags(tags.mosaic, tags.white_level) if tags.mosaic else [])
    if tags.icc:
        raw.append((34675, 7, len(tags.icc), tags.icc, True))
    if tags.xmp:
        raw.append((700, 1, len(tags.xmp), tags.xmp, True))
    is_mosaic = bool(tags.mosaic)
    if tags.dpi is None:
        return TiffLayout(raw=tuple(raw), is_mosaic=is_mosaic)
    across, down = (Fraction(value).limit_denominator(400).as_integer_ratio() for value in tags.dpi)
    return TiffLayout(raw=tuple(raw), is_mosaic=is_mosaic, resolution=(across, down), resolution_unit=2)
