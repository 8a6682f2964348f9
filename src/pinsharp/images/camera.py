"""Raw files of cameras (DNG, CR2, CR3, NEF, ARW, RW2, ORF, RAF, ...) through rawpy, which is LibRaw; read only.

The values are linear light: those of the sensor less its black level, stretched so that 65535 is the white level that
the file states. No white balance, no colour matrix, no lens correction: channels are those of the sensor. Pixels are
not rotated. X-Trans mosaics are interpolated by LibRaw (Markesteijn); of a float DNG LibRaw makes whole numbers whose
scale depends on the brightest pixel (`findings/libraw_float_scale.sh`), so these are refused.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray

from pinsharp.errors import ImageError, MissingExtra
from pinsharp.images import exif
from pinsharp.images.bayer import PATTERNS
from pinsharp.images.codec import Tags
from pinsharp.images.light import SAYS_NOTHING
from pinsharp.images.refusals import check_size, damaged, unsupported_depth
from pinsharp.images.tiff_pages import DAMAGED

_NAME = "camera raw"
_FULL = 65535
_CLASSIC_TIFF: dict[bytes, exif.ByteOrder] = {
    b"II*\0": "<",
    b"MM\0*": ">",
    b"IIRO": "<",
    b"IIU\0": "<",
}  # those of Olympus and Panasonic too
_FLOAT = 3
_LINEAR = {
    "gamma": (1, 1),
    "no_auto_bright": True,
    "adjust_maximum_thr": 0,  # else the brightest pixel of a picture decides the scale of all others
    "output_bps": 16,
    "user_wb": [1, 1, 1, 1],
    "user_flip": 0,
}


def decode(file: BinaryIO, *, as_mosaic: bool) -> tuple[NDArray[Any], Tags]:
    """Decode a raw file.

    Args:
        file: Open, at its beginning.
        as_mosaic: Whether counts above black are wanted, whose white level is then that of the tags.

    Returns:
        The mosaic (H, W), uint16, its pattern in the tags; or (H, W, 3) where the file has no Bayer mosaic.

    Raises:
        ImageError: If the file is damaged, too large, of floats, of other colours, or has no such mosaic.
        MissingExtra: If rawpy is not installed.
    """
    try:
        import rawpy
    except ImportError as error:
        raise MissingExtra(
            "reading raw files of cameras needs rawpy, which is not installed; run: pip install 'pinsharp[raw]'"
        ) from error
    tags = Tags(exif=_exif(file), light=replace(SAYS_NOTHING, why="camera raw"))
    _check_no_floats(file)
    file.seek(0)
    try:
        with rawpy.imread(file) as raw:
            check_size(raw.sizes.width, raw.sizes.height)
            return _read(rawpy, raw, tags, as_mosaic=as_mosaic)
    except (rawpy.LibRawError, ValueError, OSError) as error:
        raise damaged(_NAME, _words(error)) from error


def _read(rawpy: Any, raw: Any, tags: Tags, *, as_mosaic: bool) -> tuple[NDArray[Any], Tags]:
    if raw.raw_type == rawpy.RawType.Stack:  # a linear DNG: demosaiced already
        _refuse_mosaic("no mosaic", as_mosaic=as_mosaic)
        black = np.array(raw.black_level_per_channel[:3])
        return _stretched(raw.raw_image_visible[..., :3], black, raw.white_level), tags
    pattern = _pattern(raw)
    if pattern is None:
        _refuse_mosaic("a mosaic of another kind", as_mosaic=as_mosaic)
        return np.asarray(raw.postprocess(output_color=rawpy.ColorSpace.raw, **_LINEAR)), tags
    black = np.array(raw.black_level_per_channel)[raw.raw_colors_visible]
    counts, white = raw.raw_image_visible, _white(raw, black)
    if not as_mosaic:
        return _stretched(counts, black, raw.white_level), replace(tags, mosaic=pattern)
    above = np.clip(counts.astype(np.int32) - black, 0, white).astype(np.uint16)
    return above, replace(tags, mosaic=pattern, white_level=white)


def _stretched(counts: NDArray[Any], black: NDArray[Any], white: int) -> NDArray[Any]:
    """Counts as uint16 in which 0 is black and 65535 white."""
    light = (counts.astype(np.float32) - black) * (_FULL / (white - black)).astype(np.float32)
    stretched: NDArray[Any] = np.clip(np.rint(light), 0, _FULL).astype(np.uint16)
    return stretched


def _white(raw: Any, black: NDArray[Any]) -> int:
    """White above the highest black level.

    Raises:
        ImageError: If the white level is not above the black level.
    """
    if (white := int(raw.white_level) - int(black.max())) < 1:
        raise damaged(_NAME, f"white at {raw.white_level} and black at {black.max()}")
    return white


def _pattern(raw: Any) -> str | None:
    """The Bayer pattern of what is visible; None if it has other colours than red, green and blue."""
    numbers = raw.raw_colors_visible[:2, :2].ravel()
    letters = raw.color_desc.decode()
    pattern = "".join(letters[number] for number in numbers)
    is_square = raw.raw_pattern is not None and raw.raw_pattern.shape == (2, 2)
    if is_square and pattern not in PATTERNS:
        raise ImageError(
            f"expected a mosaic of red, green and blue, got {pattern}; convert it with the camera's software"
        )
    return pattern if is_square else None


def _refuse_mosaic(what: str, *, as_mosaic: bool) -> None:
    if as_mosaic:
        raise ImageError(f"expected a Bayer mosaic to restore by planes, got {what}; leave --demosaic out")


def _check_no_floats(file: BinaryIO) -> None:
    file.seek(0)
    try:
        with tifffile.TiffFile(file) as tiff:
            page = tiff.pages[0]
            pages = [page, *(getattr(page, "pages", None) or ())]
            is_float = any(getattr(one, "sampleformat", None) == _FLOAT for one in pages)
    except DAMAGED:  # no TIFF, as CR3 and RAF
        return
    if is_float:
        raise unsupported_depth(32, "float")


def _exif(file: BinaryIO) -> bytes | None:
    """The EXIF of files that are built like a TIFF; not that of CR3 and RAF."""
    file.seek(0)
    head = file.read(8)
    byteorder = _CLASSIC_TIFF.get(head[:4])
    if byteorder is None:
        return None
    (start,) = struct.unpack(f"{byteorder}I", head[4:])
    return exif.without_srgb(exif.read_from_tiff(file, start, byteorder, is_big=False))


def _words(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
