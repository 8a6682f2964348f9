"""JPEG-LS, mono and RGB, 8 to 16 bits, through imagecodecs; written without loss, of 8 or 16 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.codec import Tags
from pinsharp.images.refusals import check_size, damaged, unsupported_colours, unsupported_depth

_NAME = "JPEG-LS"
_FRAME, _SCAN, _END = 0xF7, 0xDA, b"\xff\xd9"


@dataclass(frozen=True)
class JpegLsFrame:
    """What the header of a file says.

    Attributes:
        bits: Of a value.
        height: In pixels.
        width: In pixels.
        channels: Of a pixel.
    """

    bits: int
    height: int
    width: int
    channels: int


def is_jpegls(data: bytes) -> bool:
    """Whether what begins as a JPEG is JPEG-LS."""
    return _frame(data) is not None


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a JPEG-LS file: (H, W), (H, W, 3) or (H, W, 4), uint8 or uint16.

    Raises:
        ImageError: If the file is truncated, damaged, too large, or of another depth or other channels.
    """
    data = file.read()
    frame = _frame(data)
    if frame is None or not data.rstrip(b"\0").endswith(_END):
        raise damaged(_NAME, "it has no header or no end")
    check_size(frame.width, frame.height)
    if frame.channels not in (1, 3, 4):
        raise unsupported_colours(f"{frame.channels} channels")
    if not 8 <= frame.bits <= 16:
        raise unsupported_depth(frame.bits)
    try:
        pixels: NDArray[Any] = np.asarray(imagecodecs.jpegls_decode(data))
    except (imagecodecs.JpeglsError, ValueError, RuntimeError) as error:
        raise damaged(_NAME, error) from error
    white = None if frame.bits in (8, 16) else 2**frame.bits - 1
    return np.ascontiguousarray(pixels), Tags(native=frame, white_level=white)


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode (H, W), (H, W, 3) or (H, W, 4), uint8 or uint16, without loss."""
    return bytes(imagecodecs.jpegls_encode(pixels, level=0))


def _frame(data: bytes) -> JpegLsFrame | None:
    """Read the header that makes a file JPEG-LS, behind whatever segments come before it."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF and data[place + 1] != _SCAN:
        length = int.from_bytes(data[place + 2 : place + 4])
        if data[place + 1] == _FRAME and place + 10 <= len(data):
            height, width = (int.from_bytes(data[at : at + 2]) for at in (place + 5, place + 7))
            return JpegLsFrame(data[place + 4], height, width, data[place + 9])
        place += 2 + length
    return None
