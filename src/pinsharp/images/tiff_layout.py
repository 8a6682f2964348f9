"""How a TIFF is laid out and tagged, read so that it can be written so again; and which TIFFs we do not read.

Every tag that does not describe how the pixels are laid out is kept byte for byte: resolution, description (ImageJ's
and OME's too), software, profile, GeoTIFF. So are byte order, compression (none, deflate, LZW, zstd and PackBits; any
other becomes deflate), tiles and the meaning of white.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC, TiffPage

from pinsharp.errors import ImageError
from pinsharp.images import exif
from pinsharp.images.arrays import FULL_SCALE
from pinsharp.images.bayer import PATTERNS
from pinsharp.images.refusals import animated, unsupported_colours, unsupported_depth

_KEPT_COMPRESSIONS = {
    COMPRESSION.NONE: "none",
    COMPRESSION.LZW: "lzw",
    COMPRESSION.PACKBITS: "packbits",
    COMPRESSION.ZSTD: "zstd",
}
_PREDICTED_COMPRESSIONS = ("zlib", "lzw", "zstd")
# Tags that describe the layout of the pixels, their statistics, other images, or places in the file.
_LAYOUT_TAGS = tifffile.TIFF.TAG_FILTERED | {
    *(254, 255, 280, 281, 282, 283, 288, 289, 292, 293, 296),  # subfile, extremes, resolution (apart), fax
    *(320, 340, 341, 347, *range(512, 522), *range(529, 533)),  # palette, extremes, JPEG, YCbCr
    *(37724, 50674),  # Photoshop's layers, LERC
}
_COLOUR_NAMES = {
    PHOTOMETRIC.SEPARATED: "CMYK pixels",
    PHOTOMETRIC.PALETTE: "a palette",
}
_PATTERN_SIZE, _PATTERN, _DNG_VERSION, _WHITE_LEVEL = 33421, 33422, 50706, 50717
_RAW_TAGS = (_PATTERN_SIZE, _PATTERN, _DNG_VERSION)  # whatever the first page shows
PACKED_BITS = range(9, 16)
"""Bits of unsigned samples that are packed without gaps."""

_UNSIGNED = [(bits, 1) for bits in (8, *PACKED_BITS, 16)]
_READABLE_SAMPLES = {*_UNSIGNED, (32, 3), (16, 2)}  # (bits, sample format): the others are float32 and signed 16
_CONVERTED_SAMPLES = {(32, 1), (32, 2), (16, 3), (64, 3)}  # by `stored`: whole numbers of 32 bits, and other floats
_SIGNED = 2
_SAMPLE_FORMATS = {1: "unsigned integer", 2: "signed integer", 3: "float", 5: "complex", 6: "complex"}
_RATIONALS = {5: "I", 10: "i"}  # unsigned and signed, two integers each
_POINTER_TYPES = {13, 18}  # IFD offsets: they would point into the input


@dataclass(frozen=True)
class TiffLayout:
    """How a TIFF was written, so that it can be written so again.

    Attributes:
        byteorder: "<" or ">"; the raw tags are in it.
        is_big: BigTIFF, with 64-bit offsets.
        compression: tifffile's name of it.
        predictor: Whether values were stored as differences.
        tile: (height, width) of the tiles, or None for strips.
        rows_per_strip: Height of the strips, or None for tiles; kept only where a file is written by bands.
        is_white_zero: Photometric interpretation "MinIsWhite"; the pixels that we hand out are 0 = black.
        is_unnamed_colour: Three or four samples whose photometric interpretation is "MinIsBlack".
        is_signed: 16-bit pixels that are stored as signed integers, none of them negative.
        bits: Of a packed sample, 9 to 15; None for samples of whole bytes.
        is_mosaic: Whether each pixel saw one colour; the raw tags say which, and what is white.
        extras: What each sample beyond those of the photometric interpretation means: alpha, premultiplied (1) or not
            (2), or unsaid (0).
        resolution: The two rationals, in `resolution_unit` (1 none, 2 inch, 3 centimetre).
        raw: All other tags, as stored.
    """

    byteorder: exif.ByteOrder = "<"
    is_big: bool = False
    compression: str = "zlib"
    predictor: bool = True
    tile: tuple[int, int] | None = None
    rows_per_strip: int | None = None
    is_white_zero: bool = False
    is_unnamed_colour: bool = False
    is_signed: bool = False
    bits: int | None = None
    is_mosaic: bool = False
    extras: tuple[int, ...] = ()
    resolution: tuple[tuple[int, int], tuple[int, int]] | None = None
    resolution_unit: int = 1
    raw: tuple[exif.RawTag, ...] = ()

    def negates(self, samples: int) -> bool:
        """Whether pixels of so many samples are stored with 0 = white."""
        return self.is_white_zero and samples < 3

    @property
    def white_level(self) -> int | None:
        """The largest value of packed samples, which stands for white; None of others."""
        return 2**self.bits - 1 if self.bits else None

    def has_predictor(self) -> bool:
        """Whether pixels are to be written as differences; not every compression takes them."""
        return self.predictor and self.compression in _PREDICTED_COMPRESSIONS

    def options(self, samples: int) -> dict[str, Any]:
        """What `tifffile.TiffWriter.write` is asked for, extra tags and strips apart.

        Args:
            samples: Of a pixel, alpha included: 1 to 4.
        """
        is_rgb = samples >= 3 and not self.is_unnamed_colour
        mono = PHOTOMETRIC.MINISWHITE if self.is_white_zero else PHOTOMETRIC.MINISBLACK
        mono = PHOTOMETRIC.CFA if self.is_mosaic else mono
        extras = samples - (3 if is_rgb else 1)
        compression = None if self.compression == "none" or self.bits else self.compression  # nobody packs and squeezes
        return {
            "photometric": PHOTOMETRIC.RGB if is_rgb else mono,
            "planarconfig": "contig" if samples > 1 else None,
            "extrasamples": (*self.extras, 2, 2, 2)[:extras] or None,
            "compression": compression,
            "predictor": compression is not None and self.has_predictor(),
            "tile": self.tile,
            "resolution": self.resolution,
            "resolutionunit": self.resolution_unit,
            "software": False,
            "metadata": None,
        }


def bayer_pattern(page: TiffPage) -> str:
    """The pattern of a page that is a Bayer mosaic of red, green and blue, such as "RGGB"; empty of others."""
    size, colours = page.tags.valueof(_PATTERN_SIZE), page.tags.valueof(_PATTERN)
    is_one = page.photometric == PHOTOMETRIC.CFA and page.samplesperpixel == 1 and tuple(size or ()) == (2, 2)
    if not is_one or _DNG_VERSION in page.tags or colours is None or len(bytes(colours)) != 4 or max(colours) > 2:
        return ""
    pattern = "".join("RGB"[number] for number in bytes(colours))
    return pattern if pattern in PATTERNS else ""


def mosaic_white(page: TiffPage) -> int | None:
    """What a mosaic says is white."""
    white = page.tags.valueof(_WHITE_LEVEL)
    return int(white) if isinstance(white, int) and 0 < white < 2**page.bitspersample - 1 else None


def mosaic_tags(pattern: str, white_level: int | None) -> list[exif.RawTag]:
    """Tags of a little-endian TIFF that say which colours the pixels of a mosaic saw, and what is white."""
    colours = bytes("RGB".index(letter) for letter in pattern)
    tags: list[exif.RawTag] = [
        (_PATTERN_SIZE, 3, 2, struct.pack("<2H", 2, 2), True),
        (_PATTERN, 1, 4, colours, True),
    ]
    return [*tags, (_WHITE_LEVEL, 4, 1, struct.pack("<I", white_level), True)] if white_level else tags


def check_pixels(page: TiffPage, *, takes_mosaics: bool = False) -> None:
    """Refuse, from the tags alone, pixels of a kind that cannot be restored.

    Args:
        page: A page.
        takes_mosaics: Whether Bayer mosaics are no reason.

    Raises:
        ImageError: If the pixels are CMYK, a palette, CFA, of another depth or number of channels, or a volume.
    """
    allowed = {PHOTOMETRIC.MINISWHITE: (1, 2), PHOTOMETRIC.MINISBLACK: (1, 2, 3, 4), PHOTOMETRIC.RGB: (3, 4)}
    photometric = PHOTOMETRIC(page.photometric)
    if page.compression == COMPRESSION.JPEG:
        allowed[PHOTOMETRIC.YCBCR] = (3,)  # decoded to RGB
    if takes_mosaics and bayer_pattern(page):
        allowed[PHOTOMETRIC.CFA] = (1,)
    elif photometric == PHOTOMETRIC.CFA or any(code in page.tags for code in _RAW_TAGS):
        raise ImageError(
            "expected mono or RGB pixels, got raw Bayer (CFA) pixels, of which neighbours see different colours; "
            "name a raw file as its camera does, such as .dng or .nef, or demosaic it first, for example with "
            "`dcraw -T -4 INPUT`"
        )
    if page.imagedepth > 1:
        raise animated(page.imagedepth, "a volume")
    if grey_levels(page) is not None:
        return
    if photometric not in allowed:
        raise unsupported_colours(
            _COLOUR_NAMES.get(photometric, f"{photometric.name} pixels"),
            is_palette=photometric == PHOTOMETRIC.PALETTE,
        )
    readable = _READABLE_SAMPLES if photometric == PHOTOMETRIC.MINISWHITE else _READABLE_SAMPLES | _CONVERTED_SAMPLES
    if (page.bitspersample, page.sampleformat) not in readable:
        kind = _SAMPLE_FORMATS.get(page.sampleformat, "other")
        raise unsupported_depth(page.bitspersample, kind)
    if page.samplesperpixel not in allowed[photometric]:
        raise _unsupported_channels(page.samplesperpixel, photometric.name)


def _unsupported_channels(samples: int, photometric: str) -> ImageError:
    """The error for a number of channels that makes neither mono nor RGB."""
    return ImageError(
        f"expected 1 or 3 channels, perhaps with alpha, got {samples} channels a pixel with the photometric tag "
        f"{photometric}; write those to restore as files of their own, in their depth, for example with "
        "`gdal_translate -b 1 INPUT OUTPUT.tif`"
    )


def grey_levels(page: TiffPage) -> NDArray[Any] | None:
    """The grey level, uint8 or uint16, of each index of a palette that holds no colours; None for other pixels."""
    palette = page.tags.valueof(320)
    if page.photometric != PHOTOMETRIC.PALETTE or page.samplesperpixel != 1 or palette is None:
        return None
    red, green, blue = np.asarray(palette, np.uint16).reshape(3, -1)
    if page.bitspersample > 16 or (red != green).any() or (red != blue).any():
        return None
    is_eight_bit = any((red % step == 0).all() for step in (256, 257))
    return (red >> 8).astype(np.uint8) if is_eight_bit else red


def read_layout(tiff: tifffile.TiffFile, page: TiffPage, file: BinaryIO) -> TiffLayout:
    """Read how the page of a TIFF is laid out, with all its other tags."""
    tile = (page.tilelength, page.tilewidth) if page.is_tiled else None
    return TiffLayout(
        byteorder=">" if tiff.byteorder == ">" else "<",
        is_big=tiff.is_bigtiff,
        compression=_KEPT_COMPRESSIONS.get(COMPRESSION(page.compression), "zlib"),
        predictor=page.predictor > 1,
        tile=tile if tile and not any(side % 16 for side in tile) else None,
        rows_per_strip=None if tile else page.rowsperstrip,
        is_white_zero=page.photometric == PHOTOMETRIC.MINISWHITE,
        is_unnamed_colour=page.photometric == PHOTOMETRIC.MINISBLACK and page.samplesperpixel > 2,
        is_signed=page.sampleformat == _SIGNED,
        bits=page.bitspersample if page.bitspersample in PACKED_BITS else None,
        is_mosaic=bool(bayer_pattern(page)),
        extras=tuple(int(extra) for extra in page.extrasamples or ()),
        resolution=_resolution(page),
        resolution_unit=unit if (unit := page.tags.valueof(296, default=2)) in (1, 2, 3) else 1,
        raw=_raw_tags(page, file),
    )


def swap_black_and_white(pixels: NDArray[Any], white: int | None = None) -> NDArray[Any]:
    """Negative of mono pixels, alpha as it is. Exact for integers, to rounding for floats.

    Args:
        pixels: (H, W) or (H, W, 2).
        white: What stands for white; None for the largest value of the type.
    """
    negative = pixels.copy()
    mono = negative if pixels.ndim == 2 else negative[..., 0]
    np.subtract(pixels.dtype.type(white or FULL_SCALE[pixels.dtype]), mono, out=mono)
    return negative


def _resolution(page: TiffPage) -> tuple[tuple[int, int], tuple[int, int]] | None:
    across, down = page.tags.valueof(282), page.tags.valueof(283)
    return (across, down) if _is_rational(across) and _is_rational(down) else None


def _is_rational(value: object) -> bool:
    if not isinstance(value, tuple) or len(value) != 2:
        return False
    return all(isinstance(part, int) and 0 <= part < 2**32 for part in value) and value[1] > 0


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
