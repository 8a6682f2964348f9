"""TIFF, 8 and 16 bit and float32, mono and RGB, with and without alpha, through tifffile.

Every tag of the input that does not describe how the pixels are laid out is written again byte for byte: resolution,
description (ImageJ's and OME's too), software, profile, GeoTIFF. So are byte order, compression (none, deflate, LZW,
zstd and PackBits; any other becomes deflate), tiles and the meaning of white. Planes that were stored apart are
stored together.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC, TiffPage

from pinsharp.images import exif
from pinsharp.images.arrays import FULL_SCALE
from pinsharp.images.codec import Tags, animated, check_size, damaged, plausible_dpi, unsupported_colours

_KEPT_COMPRESSIONS = {
    COMPRESSION.NONE: "none",
    COMPRESSION.LZW: "lzw",
    COMPRESSION.PACKBITS: "packbits",
    COMPRESSION.ZSTD: "zstd",
}
# Tags that describe the layout of the pixels, their statistics, other images, or places in the file.
_LAYOUT_TAGS = tifffile.TIFF.TAG_FILTERED | {
    *(254, 255, 280, 281, 282, 283, 288, 289, 292, 293, 296),  # subfile, extremes, resolution (apart), fax
    *(320, 340, 341, 347, *range(512, 522), *range(529, 533)),  # palette, extremes, JPEG, YCbCr
    *(37724, 50674),  # Photoshop's layers, LERC
}
_COLOUR_NAMES = {
    PHOTOMETRIC.SEPARATED: "CMYK pixels",
    PHOTOMETRIC.CFA: "raw Bayer (CFA) pixels",
    PHOTOMETRIC.PALETTE: "a palette",
}
_READABLE_SAMPLES = {(8, 1), (16, 1), (32, 3)}  # (bits, sample format): unsigned 8 and 16 bit, float32
_SAMPLE_FORMATS = {1: "unsigned integer", 2: "signed integer", 3: "float"}
_RATIONALS = {5: "I", 10: "i"}  # unsigned and signed, two integers each
_POINTER_TYPES = {13, 18}  # IFD offsets: they would point into the input
_TIFF_LIMIT_BYTES = 2**32 - 2**25  # beyond it, BigTIFF

# What tifffile and its codecs raise for files that are not what they promise.
_DAMAGED = (
    ValueError,
    RuntimeError,
    OSError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    struct.error,
)


@dataclass(frozen=True)
class TiffLayout:
    """How a TIFF was written, so that it can be written so again.

    Attributes:
        byteorder: "<" or ">"; the raw tags are in it.
        is_big: BigTIFF, with 64-bit offsets.
        compression: tifffile's name of it.
        predictor: Whether values were stored as differences.
        tile: (height, width) of the tiles, or None for strips.
        is_white_zero: Photometric interpretation "MinIsWhite"; the pixels that we hand out are 0 = black.
        alpha: What the extra sample means (1 premultiplied, 2 not, 0 unsaid).
        resolution: The two rationals, in `resolution_unit` (1 none, 2 inch, 3 centimetre).
        raw: All other tags, as stored.
    """

    byteorder: exif.ByteOrder = "<"
    is_big: bool = False
    compression: str = "zlib"
    predictor: bool = True
    tile: tuple[int, int] | None = None
    is_white_zero: bool = False
    alpha: int = 2
    resolution: tuple[tuple[int, int], tuple[int, int]] | None = None
    resolution_unit: int = 1
    raw: tuple[exif.RawTag, ...] = ()


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a TIFF file of one page.

    Returns:
        Pixels (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8, uint16 or float32, 0 = black, and the tags.

    Raises:
        ImageError: If the file is truncated, damaged, too large, of several pages, or of another kind of pixel.
    """
    file.seek(0)
    try:
        with tifffile.TiffFile(file) as tiff:
            page = _only_page(tiff)
            _check(page)
            _check_complete(page, file)
            pixels = _pixels(page)
            layout = _layout(tiff, page, file)
            block = exif.read_from_tiff(file, page.offset, layout.byteorder, is_big=layout.is_big)
    except _DAMAGED as error:
        raise damaged("TIFF", error) from error
    raw = {code: value for code, _, _, value, _ in layout.raw if isinstance(value, bytes)}
    return pixels, Tags(dpi=_dpi(layout), icc=raw.get(34675), exif=block, xmp=raw.get(700), native=layout)


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode as TIFF, laid out and tagged as the tags ask for; by default deflate with predictor.

    Args:
        pixels: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8, uint16 or float32, 0 = black.
        tags: If read from a TIFF, its layout and all its tags are written as they were.
    """
    layout = tags.native if isinstance(tags.native, TiffLayout) else _portable_layout(tags)
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    photometric = PHOTOMETRIC.RGB if samples >= 3 else PHOTOMETRIC.MINISBLACK
    if layout.is_white_zero and samples < 3:
        photometric, pixels = PHOTOMETRIC.MINISWHITE, _swap_black_and_white(pixels)
    is_big = layout.is_big or pixels.nbytes > _TIFF_LIMIT_BYTES
    directories = exif.directories(tags.exif, layout.byteorder, is_big=is_big)
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, bigtiff=is_big, byteorder=layout.byteorder) as writer:
        writer.write(
            pixels,
            photometric=photometric,
            planarconfig="contig" if samples > 1 else None,
            extrasamples=[layout.alpha] if samples in (2, 4) else None,
            compression=None if layout.compression == "none" else layout.compression,
            predictor=layout.predictor and layout.compression in ("zlib", "lzw", "zstd"),
            tile=layout.tile,
            resolution=layout.resolution,
            resolutionunit=layout.resolution_unit,
            software=False,
            metadata=None,
            extratags=[*layout.raw, *exif.pointer_tags(directories, is_big=is_big)],
        )
    if directories:
        exif.append_directories(buffer, directories, layout.byteorder, is_big=is_big)
    return buffer.getvalue()


def _only_page(tiff: tifffile.TiffFile) -> TiffPage:
    stacked = (tiff.imagej_metadata or {}).get("images", 1)  # ImageJ may hide a stack behind a single page
    pages = max(len(tiff.pages), stacked)
    if pages > 1:
        raise animated(pages, "a TIFF")
    page = tiff.pages[0]
    assert isinstance(page, TiffPage)  # the first page is never an abridged one
    return page


def _check(page: TiffPage) -> None:
    check_size(page.imagewidth, page.imagelength)
    allowed = {PHOTOMETRIC.MINISWHITE: (1, 2), PHOTOMETRIC.MINISBLACK: (1, 2), PHOTOMETRIC.RGB: (3, 4)}
    photometric = PHOTOMETRIC(page.photometric)
    if photometric not in allowed:
        raise unsupported_colours(_COLOUR_NAMES.get(photometric, f"{photometric.name} pixels"))
    if (page.bitspersample, page.sampleformat) not in _READABLE_SAMPLES:
        kind = _SAMPLE_FORMATS.get(page.sampleformat, "other")
        raise unsupported_colours(f"{page.bitspersample}-bit {kind} pixels")
    if page.samplesperpixel not in allowed[photometric]:
        raise unsupported_colours(f"{page.samplesperpixel} channels a pixel")
    if page.imagedepth > 1:
        raise animated(page.imagedepth, "a volume")


def _check_complete(page: TiffPage, file: BinaryIO) -> None:
    """Every strip lies within the file: tifffile would fill in zeros for some that do not."""
    length = file.seek(0, io.SEEK_END)
    strips = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if not strips or any(start <= 0 or count <= 0 or start + count > length for start, count in strips):
        raise damaged("TIFF", f"it has {length} bytes and its pixels go beyond")


def _pixels(page: TiffPage) -> NDArray[Any]:
    pixels = np.asarray(page.asarray())
    pixels = np.moveaxis(pixels, 0, -1) if page.axes == "SYX" else pixels
    expected = (page.imagelength, page.imagewidth) + ((page.samplesperpixel,) if page.samplesperpixel > 1 else ())
    if pixels.shape != expected:
        raise damaged("TIFF", f"{pixels.shape} pixels where {expected} were announced")
    pixels = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    return _swap_black_and_white(pixels) if page.photometric == PHOTOMETRIC.MINISWHITE else pixels


def _swap_black_and_white(pixels: NDArray[Any]) -> NDArray[Any]:
    """Negative of mono pixels, alpha as it is. Exact for integers, to rounding for floats."""
    negative = pixels.copy()
    mono = negative if pixels.ndim == 2 else negative[..., 0]
    np.subtract(pixels.dtype.type(FULL_SCALE[pixels.dtype]), mono, out=mono)
    return negative


def _layout(tiff: tifffile.TiffFile, page: TiffPage, file: BinaryIO) -> TiffLayout:
    tile = (page.tilelength, page.tilewidth) if page.is_tiled else None
    return TiffLayout(
        byteorder=">" if tiff.byteorder == ">" else "<",
        is_big=tiff.is_bigtiff,
        compression=_KEPT_COMPRESSIONS.get(COMPRESSION(page.compression), "zlib"),
        predictor=page.predictor > 1,
        tile=tile if tile and not any(side % 16 for side in tile) else None,
        is_white_zero=page.photometric == PHOTOMETRIC.MINISWHITE,
        alpha=int(page.extrasamples[0]) if page.extrasamples else 2,
        resolution=_resolution(page),
        resolution_unit=unit if (unit := page.tags.valueof(296, default=2)) in (1, 2, 3) else 1,
        raw=_raw_tags(page, file),
    )


def _resolution(page: TiffPage) -> tuple[tuple[int, int], tuple[int, int]] | None:
    across, down = page.tags.valueof(282), page.tags.valueof(283)
    return (across, down) if _is_rational(across) and _is_rational(down) else None


def _is_rational(value: object) -> bool:
    if not isinstance(value, tuple) or len(value) != 2:
        return False
    return all(isinstance(part, int) and 0 <= part < 2**32 for part in value) and value[1] > 0


def _dpi(layout: TiffLayout) -> tuple[float, float] | None:
    per_inch = {2: 1.0, 3: 2.54}.get(layout.resolution_unit)
    if layout.resolution is None or per_inch is None:
        return None
    across, down = (top / bottom * per_inch for top, bottom in layout.resolution)
    return plausible_dpi(across, down)


def _raw_tags(page: TiffPage, file: BinaryIO) -> tuple[exif.RawTag, ...]:
    raw: dict[int, exif.RawTag] = {}
    for tag in page.tags:
        if tag.code in _LAYOUT_TAGS or tag.dtype in _POINTER_TYPES or tag.code in raw:
            continue
        file.seek(tag.valueoffset)
        stored = file.read(tag.valuebytecount)
        value: bytes | tuple[int, ...] = stored
        if tag.dtype in _RATIONALS:  # tifffile counts the bytes of a rational twice
            value = struct.unpack(f"{page.parent.byteorder}{2 * tag.count}{_RATIONALS[tag.dtype]}", stored)
        raw[tag.code] = (tag.code, int(tag.dtype), tag.count, value, True)
    return tuple(raw.values())


def _portable_layout(tags: Tags) -> TiffLayout:
    """The default layout, with what an image of another format says about itself."""
    raw = exif.main_tags(tags.exif)
    if tags.icc:
        raw.append((34675, 7, len(tags.icc), tags.icc, True))
    if tags.xmp:
        raw.append((700, 1, len(tags.xmp), tags.xmp, True))
    if tags.dpi is None:
        return TiffLayout(raw=tuple(raw))
    across, down = (Fraction(value).limit_denominator(400).as_integer_ratio() for value in tags.dpi)
    return TiffLayout(raw=tuple(raw), resolution=(across, down), resolution_unit=2)
