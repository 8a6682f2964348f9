"""What the formats of Netpbm share: the words of a header, binary values, and the maxval, which stands for white."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.images.refusals import animated, damaged

_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*([^\s#]+)")
_NEXT_IMAGE = re.compile(rb"\s*P[1-7]\s")
_MOST = 65535


def unusual(maxval: int) -> int | None:
    """The white level that a maxval states; None if it is the largest value of its type."""
    return None if maxval in (255, _MOST) else maxval


def maxval_for(pixels: NDArray[Any], white_level: int | None) -> int:
    """The maxval of pixels that came from another format: the white level, if that is of their type."""
    largest = int(np.iinfo(pixels.dtype).max)
    stated = white_level or largest
    is_of_type = (stated > 255) == (pixels.dtype != np.uint8)
    return stated if is_of_type and stated >= int(pixels.max()) else largest


def raster(data: bytes, start: int, shape: tuple[int, ...], maxval: int, name: str) -> NDArray[Any]:
    """Read the binary values, of one byte or two (high byte first), that begin somewhere in a file.

    Raises:
        ImageError: If values are missing or above the maxval, or another image follows.
    """
    stored = dtype_for(maxval, name).newbyteorder(">")
    end = start + int(np.prod(shape)) * stored.itemsize
    if len(data) < end:
        raise damaged(name, f"it has {len(data)} bytes of {end}")
    if _NEXT_IMAGE.match(data, end):
        raise animated(max(2, len(data) // end), f"a {name} file")
    pixels = np.frombuffer(data[start:end], stored).reshape(shape)
    return checked(pixels.astype(stored.newbyteorder("=")), maxval, name)


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


def dtype_for(maxval: int, name: str) -> np.dtype[Any]:
    """The type of the values below a maxval, uint8 or uint16.

    Raises:
        ImageError: If the maxval is not from 1 to 65535.
    """
    if not 1 <= maxval <= _MOST:
        raise damaged(name, f"a maxval of {maxval}, not in 1 to {_MOST}")
    return np.dtype(np.uint8 if maxval < 256 else np.uint16)


def checked(values: NDArray[Any], maxval: int, name: str) -> NDArray[Any]:
    """Values that lie between 0 and the maxval.

    Raises:
        ImageError: If a value lies outside them.
    """
    if int(values.min()) < 0 or int(values.max()) > maxval:
        raise damaged(name, f"values from {values.min()} to {values.max()} under a maxval of {maxval}")
    return values
