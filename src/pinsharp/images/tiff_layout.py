"""How a TIFF is laid out and tagged, read so that it can be written so again; and which TIFFs we do not read.

Every tag that does not describe how the pixels are laid out is kept byte for byte: resolution, description (ImageJ's
and OME's too), software, profile, GeoTIFF. So are byte order, compression (none, deflate, LZW, zstd and PackBits; any
other becomes deflate), tiles and the meaning of white.
"""

from __future__ import annotations

import io
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
from pinsharp.images.codec import animated, damaged, unsupported_colours

# What tifffile and its codecs raise for files that are not what they promise.
DAMAGED = (
    ValueError,
    RuntimeError,
    OSError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    struct.error,
    tifffile.TiffFileError,
)

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
_RAW_TAGS = (33421, 33422, 50706)  # size and colours of a filter array, DNG version: whatever the first page shows
_READABLE_SAMPLES = {(8, 1), (16, 1), (32, 3)}  # (bits, sample format): unsigned 8 and 16 bit, float32
_SAMPLE_FORMATS = {1: "unsigned integer", 2: "signed integer", 3: "float"}
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
        alpha: What the extra sample means (1 premultiplied, 2 not, 0 unsaid).
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
    alpha: int = 2
    resolution: tuple[tuple[int, int], tuple[int, int]] | None = None
    resolution_unit: int = 1
    raw: tuple[exif.RawTag, ...] = ()

    def negates(self, samples: int) -> bool:
        """Whether pixels of so many samples are stored with 0 = white."""
        return self.is_white_zero and samples < 3

    def has_predictor(self) -> bool:
        """Whether pixels are to be written as differences; not every compression takes them."""
        return self.predictor and self.compression in _PREDICTED_COMPRESSIONS

    def options(self, samples: int) -> dict[str, Any]:
        """What `tifffile.TiffWriter.write` is asked for, extra tags and strips apart.

        Args:
            samples: Of a pixel, alpha included: 1 to 4.
        """
        mono = PHOTOMETRIC.MINISWHITE if self.is_white_zero else PHOTOMETRIC.MINISBLACK
        return {
            "photometric": PHOTOMETRIC.RGB if samples >= 3 else mono,
            "planarconfig": "contig" if samples > 1 else None,
            "extrasamples": [self.alpha] if samples in (2, 4) else None,
            "compression": None if self.compression == "none" else self.compression,
            "predictor": self.has_predictor(),
            "tile": self.tile,
            "resolution": self.resolution,
            "resolutionunit": self.resolution_unit,
            "software": False,
            "metadata": None,
        }


def only_page(tiff: tifffile.TiffFile) -> TiffPage:
    """The page of a TIFF of one page.

    Raises:
        ImageError: If it has several.
    """
    stacked = (tiff.imagej_metadata or {}).get("images", 1)  # ImageJ may hide a stack behind a single page
    pages = max(len(tiff.pages), stacked)
    if pages > 1:
        raise animated(pages, "a TIFF")
    page = tiff.pages[0]
    assert isinstance(page, TiffPage)  # the first page is never an abridged one
    return page


def check_pixels(page: TiffPage) -> None:
    """Refuse, from the tags alone, pixels of a kind that cannot be restored.

    Raises:
        ImageError: If they are CMYK, palette, CFA, of another depth or number of channels, or a volume.
    """
    allowed = {PHOTOMETRIC.MINISWHITE: (1, 2), PHOTOMETRIC.MINISBLACK: (1, 2), PHOTOMETRIC.RGB: (3, 4)}
    photometric = PHOTOMETRIC(page.photometric)
    if photometric == PHOTOMETRIC.CFA or any(code in page.tags for code in _RAW_TAGS):
        raise ImageError(
            "expected mono or RGB pixels, got raw Bayer (CFA) pixels, of which neighbours see different colours; "
            "demosaic the file first, with the camera's software or, for example, `dcraw -T -4 INPUT`"
        )
    if photometric not in allowed:
        raise unsupported_colours(_COLOUR_NAMES.get(photometric, f"{photometric.name} pixels"))
    if (page.bitspersample, page.sampleformat) not in _READABLE_SAMPLES:
        kind = _SAMPLE_FORMATS.get(page.sampleformat, "other")
        raise unsupported_colours(f"{page.bitspersample}-bit {kind} pixels")
    if page.samplesperpixel not in allowed[photometric]:
        raise unsupported_colours(f"{page.samplesperpixel} channels a pixel")
    if page.imagedepth > 1:
        raise animated(page.imagedepth, "a volume")


def check_complete(page: TiffPage, file: BinaryIO) -> None:
    """Refuse a file that ends before its pixels: tifffile would fill in zeros for some strips that are not there.

    Raises:
        ImageError: If a strip or tile is missing or lies beyond the end.
    """
    length = file.seek(0, io.SEEK_END)
    strips = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if not strips or any(start <= 0 or count <= 0 or start + count > length for start, count in strips):
        raise damaged("TIFF", f"it has {length} bytes and its pixels go beyond")


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
        alpha=int(page.extrasamples[0]) if page.extrasamples else 2,
        resolution=_resolution(page),
        resolution_unit=unit if (unit := page.tags.valueof(296, default=2)) in (1, 2, 3) else 1,
        raw=_raw_tags(page, file),
    )


def swap_black_and_white(pixels: NDArray[Any]) -> NDArray[Any]:
    """Negative of mono pixels, alpha as it is. Exact for integers, to rounding for floats."""
    negative = pixels.copy()
    mono = negative if pixels.ndim == 2 else negative[..., 0]
    np.subtract(pixels.dtype.type(FULL_SCALE[pixels.dtype]), mono, out=mono)
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
