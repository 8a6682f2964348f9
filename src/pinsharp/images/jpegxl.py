"""JPEG XL, mono and RGB, with and without alpha, 8 to 16 bits, through imagecodecs; written without loss.

Its colour profile is inside the compressed stream, which imagecodecs does not show: images are written as sRGB or grey,
the values as they are. EXIF and XMP are carried over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.boxes import boxes, joined
from pinsharp.images.codec import Tags, bits_for
from pinsharp.images.refusals import animated, check_size, damaged, unsupported_depth
from pinsharp.images.statements import stated_light

_NAME = "JPEG XL"
_BARE = b"\xff\x0a"
_CONTAINER = [(b"JXL ", b"\r\n\x87\n"), (b"ftyp", b"jxl \0\0\0\0jxl ")]
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}


@dataclass(frozen=True)
class JpegXlLayout:
    """How a file was written: bits of a value."""

    bits: int


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a JPEG XL file, in boxes or bare: (H, W), or (H, W, C) with 2 to 4 channels; uint8 or uint16.

    Raises:
        ImageError: If the file is truncated, damaged, too large, animated, or of another depth.
    """
    data = file.read()
    found = {} if data.startswith(_BARE) else dict(reversed(list(boxes(data, _NAME))))
    bits = _check(found.get(b"jxlc") or found.get(b"jxlp", b"")[4:] or data)
    try:
        pixels: NDArray[Any] = np.asarray(imagecodecs.jpegxl_decode(data))
    except (imagecodecs.JpegxlError, ValueError, RuntimeError) as error:
        raise damaged(_NAME, error) from error
    if pixels.ndim > 3:
        raise animated(len(pixels), "an animation")
    exif = _exif(found.get(b"Exif", b""))
    tags = Tags(
        exif=exif,
        xmp=found.get(b"xml ") or None,
        native=JpegXlLayout(bits),
        light=stated_light(exif_block=exif),
        white_level=None if bits in (8, 16) else 2**bits - 1,
    )
    return np.ascontiguousarray(pixels), tags


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode (H, W) or (H, W, C), uint8 or uint16, without loss, in the bits that it had or its white level needs."""
    native = tags.native
    bits = native.bits if isinstance(native, JpegXlLayout) else bits_for(pixels.dtype, tags.white_level)
    bits = bits if int(pixels.max()) < 2**bits else 8 * pixels.dtype.itemsize
    data = bytes(imagecodecs.jpegxl_encode(pixels, lossless=True, bitspersample=bits))
    more = [(b"Exif", bytes(4) + tags.exif)] if tags.exif else []
    more += [(b"xml ", tags.xmp)] if tags.xmp else []
    if not more:
        return data
    return joined([*_CONTAINER, (b"jxlc", data), *more]) if data.startswith(_BARE) else data + joined(more)


def _exif(body: bytes) -> bytes | None:
    """The block behind the four bytes that say where it begins, which some writers leave out."""
    block = body if body[:4] in (b"II*\0", b"MM\0*") else body[4:]
    return block or None


def _check(stream: bytes) -> int:
    """Refuse, from the header alone, what cannot be restored; returns the bits of a value."""
    if not stream.startswith(_BARE):
        raise damaged(_NAME, "its codestream has no beginning")
    read = _Bits(stream[2:66].ljust(64, b"\0"))
    check_size(*_size(read))
    if read(1):  # all as usual
        return 8
    if read(1):
        read(3)  # orientation: the decoder turns the pixels
        if read(1):
            _size(read)
        if read(2):
            raise animated(2, "an animation or a preview")
    if read(1):
        raise unsupported_depth(32, "float")
    bits = (8, 10, 12)[choice] if (choice := read(2)) < 3 else 1 + read(6)
    if not 8 <= bits <= 16:
        raise unsupported_depth(bits)
    return bits


def _size(read: _Bits) -> tuple[int, int]:
    """Width and height."""
    is_small = read(1)
    height = _side(read, is_small)
    ratio = read(3)
    if ratio:
        return height * _RATIOS[ratio][0] // _RATIOS[ratio][1], height
    return _side(read, is_small), height


def _side(read: _Bits, is_small: int) -> int:
    return 8 * (1 + read(5)) if is_small else 1 + read((9, 13, 18, 30)[read(2)])


class _Bits:
    """Reads bits, the lowest of a byte first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")

    def __call__(self, count: int) -> int:
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        return value
