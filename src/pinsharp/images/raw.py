"""Frames of cameras without any header, in the pixel formats of GenICam (PFNC) that are mono or Bayer mosaics.

Nothing in such a file says what it is: size and format have to be given. It is written back in the same format; a
mosaic only as one, not where colours were made of it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.codec import Tags
from pinsharp.images.refusals import check_size

# How imagecodecs calls the order of packed bits: low ones first, without gaps; or two pixels in three bytes, high bits
# in the outer ones (GigE Vision). None stands for whole bytes, the low one first.
_Packing = Literal["<", ">"] | None
_LOW_FIRST: _Packing = "<"
_PAIRS: _Packing = ">"
_STORED: dict[str, tuple[int, _Packing]] = {
    **{f"{bits}": (bits, None) for bits in (8, 10, 12, 14, 16)},
    **{f"{bits}p": (bits, _LOW_FIRST) for bits in (10, 12, 14)},
    **{f"{bits}Packed": (bits, _PAIRS) for bits in (10, 12)},
}
_BAYER = {"BayerRG": "RGGB", "BayerGR": "GRBG", "BayerGB": "GBRG", "BayerBG": "BGGR"}
FORMATS = {f"{colours}{name}": stored for colours in ("Mono", *_BAYER) for name, stored in _STORED.items()}
"""Bits of a value and how they are packed, by the name of the format."""

_WORDS = re.compile(r"(\d+)x(\d+):(\w+)")


@dataclass(frozen=True)
class RawLayout:
    """What a frame is.

    Attributes:
        width: In pixels.
        height: In pixels.
        format: A key of `FORMATS`.
    """

    width: int
    height: int
    format: str

    @property
    def mosaic(self) -> str:
        """The Bayer pattern; empty of mono frames."""
        return _BAYER.get(self.format[:7], "")

    @property
    def bits(self) -> int:
        """Of a value."""
        return FORMATS[self.format][0]

    @property
    def size(self) -> int:
        """Bytes of a frame."""
        return self.bytes_of(self.width * self.height)

    def bytes_of(self, count: int) -> int:
        """Bytes of so many pixels from the beginning."""
        bits, packing = FORMATS[self.format]
        if packing == _PAIRS:
            return 3 * math.ceil(count / 2)
        return math.ceil(count * bits / 8) if packing else count * math.ceil(bits / 8)


def layout_of(words: str) -> RawLayout:
    """Read `WxH:FORMAT`.

    Raises:
        ConfigError: If the text has another form, or names another format.
    """
    found = _WORDS.fullmatch(words)
    if found is None or found[3] not in FORMATS or not int(found[1]) * int(found[2]):
        raise ConfigError(
            f"--raw must be WxH:FORMAT with a FORMAT of {', '.join(f'Mono{name}' for name in _STORED)}, or with "
            f"{', '.join(_BAYER)} in the place of Mono, got {words!r}; try 2448x2048:Mono12p"
        )
    return RawLayout(int(found[1]), int(found[2]), found[3])


def decode(file: BinaryIO, words: str | None) -> tuple[NDArray[Any], Tags]:
    """Decode a frame: (H, W), uint8 or uint16, with the camera's counts; of a mosaic the tags say its pattern.

    Args:
        file: Holds a frame and nothing else.
        words: `WxH:FORMAT`.

    Raises:
        ConfigError: If the words are something else.
        ImageError: If the file has another size, or its format is not given.
    """
    if words is None:
        raise ImageError(
            "expected a raw frame with its size and format, got a .raw file alone; say --raw WxH:FORMAT, such as "
            "--raw 2448x2048:Mono12p"
        )
    layout = layout_of(words)
    check_size(layout.width, layout.height)
    data = file.read()
    check_length(len(data), layout)
    values = unpacked(data, layout)[: layout.width * layout.height]
    check_counts(values, layout)
    return values.reshape(layout.height, layout.width), tags_of(layout)


def check_length(length: int, layout: RawLayout) -> None:
    """Refuse a file of another size than its frame has."""
    if length != layout.size:
        raise _other_size(layout, length)


def check_counts(values: NDArray[Any], layout: RawLayout) -> None:
    """Refuse values that have more bits than their format.

    Raises:
        ImageError: If a side has an odd number of pixels.
    """
    if (largest := int(values.max())) >= 2**layout.bits:
        raise ImageError(
            f"expected values below {2**layout.bits} in {layout.format}, got {largest}; if the camera moves its bits "
            f"up, they are {layout.format.rstrip('0123456789')}16"
        )


def tags_of(layout: RawLayout) -> Tags:
    """What is known of a frame."""
    white = None if layout.bits in (8, 16) else 2**layout.bits - 1
    return Tags(native=layout, white_level=white, mosaic=layout.mosaic)


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode a mono image or mosaic (H, W) as the frame that it was.

    Raises:
        ValueError: If the pixels did not come from a raw frame, or have other values.
    """
    layout = tags.native
    if not isinstance(layout, RawLayout) or pixels.shape != (layout.height, layout.width):
        raise ValueError("no frame of a camera that it came from, which would say its format")
    return packed(pixels.ravel(), layout)


def packed(values: NDArray[Any], layout: RawLayout) -> bytes:
    """Pack values (N,), uint8 or uint16, as their format does."""
    packing = FORMATS[layout.format][1]
    if packing is None or not values.size:
        return values.astype(values.dtype.newbyteorder("<")).tobytes()
    padded = np.pad(values, (0, values.size % 2 if packing == _PAIRS else 0))
    return bytes(imagecodecs.packints_encode(padded, layout.bits, bitorder=packing))


def unpacked(data: bytes, layout: RawLayout) -> NDArray[Any]:
    """The values (N,), uint8 or uint16, in the bytes of a format; there may be one more than there are pixels."""
    bits, packing = FORMATS[layout.format]
    if packing is None:
        stored = np.dtype("u1" if bits == 8 else "<u2")
        return np.frombuffer(data, stored).astype(stored.newbyteorder("="))
    return np.asarray(imagecodecs.packints_decode(data, np.uint16, bits, bitorder=packing))


def _other_size(layout: RawLayout, length: int) -> ImageError:
    kind = layout.format.rstrip("0123456789pPacked") or "Mono"
    names = [f"{kind}{name}" for name in _STORED]
    fitting = [name for name in names if RawLayout(layout.width, layout.height, name).size == length]
    advice = (
        f"it would fit {' or '.join(fitting)}" if fitting else "check width, height and format, and cut headers off"
    )
    return ImageError(
        f"expected {layout.size} bytes for {layout.width} x {layout.height} pixels of {layout.format}, got {length}; "
        f"{advice}"
    )
