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

from pinsharp.images.codec import Tags, animated, check_size, damaged, unsupported_depth

_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*([^\s#]+)")
_COMMENT = re.compile(rb"#([^\r\n]*)")
_NEXT_IMAGE = re.compile(rb"\s*P[1-7]\s")
_BITMAPS, _PLAIN, _COLOUR = (b"P1", b"P4"), (b"P2", b"P3"), (b"P3", b"P6")
_PER_LINE = 11  # values of five digits in the 70 characters that a line of plain text may have
_MOST = 65535


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
    layout = native if isinstance(native, PnmLayout) else PnmLayout(False, maxval_for(pixels, tags), ())
    magic = {(False, 2): b"P5", (False, 3): b"P6", (True, 2): b"P2", (True, 3): b"P3"}[layout.is_plain, pixels.ndim]
    comments = b"".join(b"#" + comment + b"\n" for comment in layout.comments)
    header = magic + b"\n" + comments + b"%d %d\n%d\n" % (pixels.shape[1], pixels.shape[0], layout.maxval)
    return header + (_as_text(pixels) if layout.is_plain else raster_bytes(pixels))


def unusual(maxval: int) -> int | None:
    """The white level that a maxval states; None if it is the largest value of its type."""
    return None if maxval in (255, _MOST) else maxval


def maxval_for(pixels: NDArray[Any], tags: Tags) -> int:
    """The maxval of pixels that came from another format: the white level, if that is of their type."""
    largest = int(np.iinfo(pixels.dtype).max)
    stated = tags.white_level or largest
    is_of_type = (stated > 255) == (pixels.dtype != np.uint8)
    return stated if is_of_type and stated >= int(pixels.max()) else largest


def raster(data: bytes, start: int, shape: tuple[int, ...], maxval: int, name: str) -> NDArray[Any]:
    """Read the binary values, of one byte or two (high byte first), that begin somewhere in a file.

    Raises:
        ImageError: If values are missing or above the maxval, or another image follows.
    """
    stored = np.dtype(np.uint8 if _is_small(maxval, name) else ">u2")
    end = start + int(np.prod(shape)) * stored.itemsize
    if len(data) < end:
        raise damaged(name, f"it has {len(data)} bytes of {end}")
    if _NEXT_IMAGE.match(data, end):
        raise animated(max(2, len(data) // end), f"a {name} file")
    pixels = np.frombuffer(data[start:end], stored).reshape(shape)
    return _below(pixels.astype(stored.newbyteorder("=")), maxval, name)


def raster_bytes(pixels: NDArray[Any]) -> bytes:
    """Values as `raster` reads them."""
    return pixels.astype(pixels.dtype.newbyteorder(">")).tobytes()


def numbers(data: bytes, start: int, count: int, name: str) -> tuple[list[bytes], int]:
    """Words of a header from a place on, and where they end.

    Raises:
        ImageError: If the header holds fewer than `count` words.
    """
    words: list[bytes] = []
    for _ in range(count):
        if (found := _TOKEN.match(data, start)) is None or found.end() == len(data):
            raise damaged(name, "it ends within its header")
        words.append(found[1])
        start = found.end()
    return words, start


def _header(data: bytes) -> tuple[list[int], int]:
    words, end = numbers(data, 2, 3, "PNM")
    try:
        return [int(word) for word in words], end
    except ValueError as error:
        raise damaged("PNM", error) from error


def _plain_values(text: bytes, shape: tuple[int, ...], maxval: int) -> NDArray[Any]:
    dtype = np.uint8 if _is_small(maxval, "PNM") else np.uint16
    words, count = text.split(), int(np.prod(shape))
    if len(words) < count or not text[-1:].isspace():  # a last number may have lost a digit
        raise damaged("PNM", f"it has {len(words)} values of {count}, or no end of the last line")
    if len(words) > count:
        raise animated(max(2, len(words) // count), "a PNM file")
    try:
        values = np.array(words).astype(np.int64).reshape(shape)
    except (ValueError, OverflowError) as error:
        raise damaged("PNM", error) from error
    return _below(values, maxval, "PNM").astype(dtype)


def _as_text(pixels: NDArray[Any]) -> bytes:
    words = [b"%d" % value for value in pixels.ravel().tolist()]
    return b"".join(b" ".join(words[at : at + _PER_LINE]) + b"\n" for at in range(0, len(words), _PER_LINE))


def _is_small(maxval: int, name: str) -> bool:
    if not 1 <= maxval <= _MOST:
        raise damaged(name, f"a maxval of {maxval}, not in 1 to {_MOST}")
    return maxval < 256


def _below(values: NDArray[Any], maxval: int, name: str) -> NDArray[Any]:
    if int(values.min()) < 0 or int(values.max()) > maxval:
        raise damaged(name, f"values from {values.min()} to {values.max()} under a maxval of {maxval}")
    return values
