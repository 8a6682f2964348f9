"""PGM, PPM and PNM of Netpbm, binary and in plain text, 8 and 16 bits; any maxval is the white level.

What was plain text stays so, comments and maxval are kept. By Netpbm's definition values follow the curve of BT.709;
cameras that write these files store them as they are, so nothing counts as stated.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pinsharp.images.codec import Tags
from pinsharp.images.netpbm import checked, dtype_for, maxval_for, numbers, raster, raster_bytes, unusual
from pinsharp.images.refusals import animated, check_size, damaged, unsupported_depth

_COMMENT = re.compile(rb"#([^\r\n]*)")
_BITMAPS, _PLAIN, _COLOUR = (b"P1", b"P4"), (b"P2", b"P3"), (b"P3", b"P6")
_PER_LINE = 11  # values of five digits in the 70 characters that a line of plain text may have


@dataclass(frozen=True)
class PnmLayout:
    """How a file was written.

    Attributes:
        is_plain: Whether its values are decimal text.
        maxval: The value that stands for white.
        comments: Of its header, each without its `#`.
    """

    is_plain: bool
    maxval: int
    comments: tuple[bytes, ...]


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a PGM, PPM or PNM file: (H, W) or (H, W, 3), uint8 up to a maxval of 255, else uint16.

    Raises:
        ImageError: If the file is truncated, damaged, too large, of several images, or of one bit a pixel.
    """
    data = file.read()
    if (magic := data[:2]) in _BITMAPS:
        raise unsupported_depth(1)
    (width, height, maxval), end = _header(data)
    check_size(width, height)
    shape = (height, width, 3) if magic in _COLOUR else (height, width)
    if magic in _PLAIN:
        pixels = _plain_values(data[end:], shape, maxval)
    else:
        pixels = raster(data, end + 1, shape, maxval, "PNM")
    layout = PnmLayout(magic in _PLAIN, maxval, tuple(_COMMENT.findall(data[2:end])))
    return pixels, Tags(native=layout, white_level=unusual(maxval))


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode (H, W) or (H, W, 3), uint8 or uint16, as binary PGM or PPM, or in plain text where it came so."""
    native = tags.native
    layout = native if isinstance(native, PnmLayout) else PnmLayout(False, maxval_for(pixels, tags.white_level), ())
    magic = {(False, 2): b"P5", (False, 3): b"P6", (True, 2): b"P2", (True, 3): b"P3"}[layout.is_plain, pixels.ndim]
    comments = b"".join(b"#" + comment + b"\n" for comment in layout.comments)
    header = magic + b"\n" + comments + b"%d %d\n%d\n" % (pixels.shape[1], pixels.shape[0], layout.maxval)
    return header + (_as_text(pixels) if layout.is_plain else raster_bytes(pixels))


def _header(data: bytes) -> tuple[list[int], int]:
    words, end = numbers(data, 2, 3, "PNM")
    try:
        return [int(word) for word in words], end
    except ValueError as error:
        raise damaged("PNM", error) from error


def _plain_values(text: bytes, shape: tuple[int, ...], maxval: int) -> NDArray[Any]:
    dtype = dtype_for(maxval, "PNM")
    words, count = text.split(), int(np.prod(shape))
    if len(words) < count or not text[-1:].isspace():  # a last number may have lost a digit
        raise damaged("PNM", f"it has {len(words)} values of {count}, or no end of the last line")
    if len(words) > count:
        raise animated(max(2, len(words) // count), "a PNM file")
    try:
        values = np.array(words).astype(np.int64).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise damaged("PNM", error) from error
    return checked(values, maxval, "PNM").astype(dtype)


def _as_text(pixels: NDArray[Any]) -> bytes:
    words = [b"%d" % value for value in pixels.ravel().tolist()]
    return b"".join(b" ".join(words[at : at + _PER_LINE]) + b"\n" for at in range(0, len(words), _PER_LINE))
