"""JPEG, WebP and BMP, the formats of 8 bits a channel, through pillow.

pillow's reader classes are used directly: `Image.open` guesses the format again and has a pixel limit of its own, which
only a global setting of another library could change. JPEG is written at quality 95 without chroma subsampling (4:4:4),
WebP lossless, so that writing takes nothing away that restoring brought back; the files are larger for it.
"""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pinsharp.errors import ImageError
from pinsharp.images.codec import Tags, plausible_dpi, strip_exif_prefix
from pinsharp.images.refusals import animated, check_size, damaged, unsupported_colours, unsupported_depth
from pinsharp.images.statements import stated_light

JPEG_QUALITY = 95
# A JPEG segment holds 65,533 bytes; longer EXIF or XMP blocks (from a PNG or TIFF) are left out of a JPEG.
_SEGMENT_BYTES = 65_533
_XMP_HEADER_BYTES = 29
_DENSITY_LIMIT = 65_535

_READABLE_MODES = {"L", "RGB", "RGBA"}
_MODE_NAMES = {"P": "a palette", "PA": "a palette", "YCbCr": "YCbCr"}
# What pillow raises for files that are not what they promise (SyntaxError: a header that it does not understand).
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, struct.error)


def decode_jpeg(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a JPEG file: (H, W) or (H, W, 3), uint8; of a multi-picture file the first picture.

    Raises:
        ImageError: If the file is truncated, damaged, too large, or CMYK.
    """
    image, pixels = _decode(JpegImageFile, "JPEG", file)
    info = image.info
    # pillow invents 72 dpi where only EXIF could say, so the density is trusted only where JFIF states it.
    stated = info.get("jfif_unit") in (1, 2)
    icc, exif = info.get("icc_profile"), strip_exif_prefix(info.get("exif"))
    return pixels, Tags(
        dpi=plausible_dpi(*info["dpi"]) if stated else None,
        icc=icc,
        exif=exif,
        xmp=info.get("xmp"),
        comment=info.get("comment"),
        light=stated_light(icc=icc, exif_block=exif, is_jpeg=True),
    )


def decode_webp(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a WebP file: (H, W, 3) or (H, W, 4), uint8.

    Raises:
        ImageError: If the file is truncated, damaged, too large, or animated.
    """
    image, pixels = _decode(WebPImageFile, "WebP", file)
    info = image.info
    icc, exif = info.get("icc_profile"), strip_exif_prefix(info.get("exif"))
    return pixels, Tags(icc=icc, exif=exif, xmp=info.get("xmp"), light=stated_light(icc=icc, exif_block=exif))


def decode_bmp(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a BMP file: (H, W), (H, W, 3) or (H, W, 4), uint8.

    Raises:
        ImageError: If the file is truncated, damaged, too large, of a palette or 1-bit.
    """
    image, pixels = _decode(BmpImageFile, "BMP", file)
    return pixels, Tags(dpi=plausible_dpi(*image.info.get("dpi", (0, 0))))


def encode_jpeg(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode (H, W) or (H, W, 3), uint8, as JPEG of quality 95, 4:4:4."""
    exif = b"Exif\0\0" + tags.exif if tags.exif else b""
    xmp = tags.xmp or b""
    options: dict[str, Any] = {
        "quality": JPEG_QUALITY,
        "subsampling": "4:4:4",
        "dpi": tags.dpi if tags.dpi and max(tags.dpi) < _DENSITY_LIMIT else (0, 0),
        "icc_profile": tags.icc,
        "exif": exif if len(exif) <= _SEGMENT_BYTES else b"",
        "xmp": xmp if len(xmp) <= _SEGMENT_BYTES - _XMP_HEADER_BYTES else b"",
        "comment": tags.comment,
    }
    return _save(pixels, "JPEG", options)


def encode_webp(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode uint8 pixels as lossless WebP. WebP has no mono: it becomes three equal channels."""
    options: dict[str, Any] = {
        "lossless": True,
        "quality": 20,  # effort, where nothing is lost: five times as fast as the default 80 for the same size
        "method": 1,
        "exact": True,  # colours under full transparency are kept too
        "icc_profile": tags.icc if pixels.shape[2:] in ((3,), (4,)) else None,  # one of mono fits no colours
        "exif": tags.exif or b"",
        "xmp": tags.xmp or b"",
    }
    return _save(_repeat_mono(pixels), "WEBP", options)


def encode_bmp(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode uint8 pixels as BMP. BMP has no mono with alpha: it becomes RGBA."""
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        return _encode_bmp_alpha(_repeat_mono(pixels), tags)
    return _save(pixels, "BMP", {"dpi": tags.dpi or (0, 0)})


def _decode(reader: type[ImageFile], name: str, file: BinaryIO) -> tuple[ImageFile, NDArray[Any]]:
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limit is `check_size`
            warnings.simplefilter("ignore", UserWarning)  # damaged EXIF: only copied, and no reason to refuse pixels
            image = reader(file)
        _check(image)
        return image, np.array(image.convert("L") if image.mode == "P" else image)
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"expected an image that {name} readers accept, got a larger one; export it as TIFF"
        ) from error
    except _DAMAGED as error:
        raise damaged(name, error) from error


def _check(image: ImageFile) -> None:
    check_size(*image.size)
    if (frames := getattr(image, "n_frames", 1)) > 1:
        raise animated(frames, "an animation")
    if image.mode == "1":
        raise unsupported_depth(1)
    if image.mode not in _READABLE_MODES and not _is_grey_palette(image):
        raise unsupported_colours(_MODE_NAMES.get(image.mode, image.mode), is_palette=image.mode in ("P", "PA"))


def _is_grey_palette(image: Image.Image) -> bool:
    palette = (image.getpalette() or ()) if image.mode == "P" else ()
    return bool(palette) and palette[::3] == palette[1::3] == palette[2::3]


def _save(pixels: NDArray[Any], name: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, name, **options)
    return buffer.getvalue()


def _repeat_mono(pixels: NDArray[Any]) -> NDArray[Any]:
    """Mono as three equal channels, its alpha behind them; colour as it is."""
    if pixels.ndim == 2:
        return np.stack([pixels] * 3, axis=-1)
    return pixels[..., [0, 0, 0, 1]] if pixels.shape[2] == 2 else pixels


def _encode_bmp_alpha(pixels: NDArray[Any], tags: Tags) -> bytes:
    """BMP with a V4 header: pillow writes alpha without saying so, and then nobody reads it back."""
    height, width = pixels.shape[:2]
    across, down = (round(value / 0.0254) for value in tags.dpi or (0, 0))
    offset = 14 + 108
    file_header = struct.pack("<2sIII", b"BM", offset + pixels.size, 0, offset)
    info = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, pixels.size, across, down, 0, 0)
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    colour_space = b"BGRs" + bytes(48)  # "sRGB", little-endian, and an empty calibration
    rows = np.ascontiguousarray(pixels[::-1, :, [2, 1, 0, 3]])  # bottom row first, BGRA
    return file_header + info + masks + colour_space + rows.tobytes()
