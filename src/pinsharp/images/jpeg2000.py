"""JPEG 2000, mono and RGB, with and without alpha, 8 to 16 bits, through imagecodecs; written without loss.

The values are those of the codestream: 12 bits stay 0 to 4095. Profile, resolution, XMP and other UUID and XML boxes
are carried over.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.boxes import Box, boxes, joined
from pinsharp.images.codec import Tags, bits_for, plausible_dpi
from pinsharp.images.refusals import check_size, damaged, unsupported_colours, unsupported_depth
from pinsharp.images.statements import stated_light

_NAME = "JPEG 2000"
_START, _END = b"\xff\x4f\xff\x51", b"\xff\xd9"
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_ICC, _ENUMERATED = 2, 1
_READ_SPACES = {16: "sRGB", 17: "grey"}
_METRE = 0.0254  # of an inch
_MOST = 65534


@dataclass(frozen=True)
class Jpeg2000Layout:
    """How a file was written.

    Attributes:
        bits: Of a value.
        is_bare: Whether it was a codestream without boxes (.j2k).
        header: Boxes of its header that are kept: colour and resolution.
        others: Boxes beside the pixels that are kept: XML and UUID.
    """

    bits: int
    is_bare: bool = False
    header: tuple[Box, ...] = ()
    others: tuple[Box, ...] = ()


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a JPEG 2000 file, in boxes or bare: (H, W), or (H, W, C) with 2 to 4 channels; uint8 or uint16.

    Raises:
        ImageError: If the file is truncated, damaged, too large, signed, or of other colours or another depth.
    """
    data = file.read()
    is_bare = data.startswith(_START)
    outer = [] if is_bare else list(boxes(data, _NAME))
    found = dict(reversed(outer))  # of several the first
    stream = data if is_bare else found.get(b"jp2c", b"")
    inner = [] if is_bare else list(boxes(found.get(b"jp2h", b""), _NAME))
    bits = _check(stream, dict(reversed(inner)))
    try:
        pixels: NDArray[Any] = np.asarray(imagecodecs.jpeg2k_decode(data))
    except (imagecodecs.Jpeg2kError, ValueError, RuntimeError) as error:
        raise damaged(_NAME, error) from error
    header = tuple(box for box in inner if box[0] in (b"colr", b"res "))
    layout = Jpeg2000Layout(bits, is_bare, header, tuple(box for box in outer if box[0] in (b"uuid", b"xml ")))
    return np.ascontiguousarray(pixels), _tags(layout)


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode (H, W) or (H, W, C), uint8 or uint16, without loss, in the bits that it had or its white level needs."""
    native = tags.native
    layout = native if isinstance(native, Jpeg2000Layout) else _portable(tags, pixels.dtype)
    bits = layout.bits if int(pixels.max()) < 2**layout.bits else 8 * pixels.dtype.itemsize
    options: dict[str, Any] = {"level": 0, "reversible": True, "bitspersample": bits}
    data = bytes(imagecodecs.jpeg2k_encode(pixels, codecformat="j2k" if layout.is_bare else "jp2", **options))
    if layout.is_bare:
        return data
    written = []
    for kind, body in boxes(data, _NAME):
        written.append((kind, _header(body, layout.header) if kind == b"jp2h" else body))
    return joined([*written, *layout.others])


def _portable(tags: Tags, dtype: np.dtype[Any]) -> Jpeg2000Layout:
    """The header that says what another format has said."""
    header: list[Box] = []
    if tags.icc:
        header.append((b"colr", bytes((_ICC, 0, 0)) + tags.icc))
    if tags.dpi:
        across, down = (_fraction(value / _METRE) for value in tags.dpi)
        body = struct.pack(">4H2b", *down[:2], *across[:2], down[2], across[2])
        header.append((b"res ", joined([(b"resc", body)])))
    others = ((b"uuid", _XMP + tags.xmp),) if tags.xmp else ()
    return Jpeg2000Layout(bits_for(dtype, tags.white_level), header=tuple(header), others=others)


def _fraction(value: float) -> tuple[int, int, int]:
    """A number as a fraction of whole ones of 16 bits and a power of ten, which is not below 0.

    Pillow takes powers below 0 for large ones (`findings/pillow_jpeg2000_resolution.sh`).
    """
    power = max(0, math.ceil(math.log10(value / _MOST)))
    below = max(1, int(_MOST / max(value / 10**power, 1)))
    return round(value / 10**power * below), below, power


def _header(body: bytes, kept: tuple[Box, ...]) -> bytes:
    """The header of an encoded file with boxes of another in the place of its own."""
    names = {kind for kind, _ in kept}
    own = [box for box in boxes(body, _NAME) if box[0] not in names]
    colours, rest = [b for b in kept if b[0] == b"colr"], [b for b in kept if b[0] != b"colr"]
    return joined([own[0], *colours, *own[1:], *rest])


def _check(stream: bytes, header: dict[bytes, bytes]) -> int:
    """Refuse, from the header alone, what cannot be restored; returns the bits of a value."""
    if len(stream) < 44 or not stream.startswith(_START) or not stream.rstrip(b"\0").endswith(_END):
        raise damaged(_NAME, "its codestream has no beginning or no end")
    right, bottom, left, top = struct.unpack_from(">4I", stream, 8)
    (count,) = struct.unpack_from(">H", stream, 40)
    check_size(right - left, bottom - top)
    components = [tuple(stream[42 + 3 * number : 45 + 3 * number]) for number in range(count)]
    colour = header.get(b"colr", b"\0")
    space = int.from_bytes(colour[3:7]) if colour[0] == _ENUMERATED else 16
    if b"pclr" in header:
        raise unsupported_colours("a palette", is_palette=True)
    if space not in _READ_SPACES or not 1 <= count <= 4 or any(one[1:] != (1, 1) for one in components):
        raise unsupported_colours(f"{count} channels of the colour space {space}, or channels of less resolution")
    depths = {one[0] for one in components}
    bits = (max(depths) & 0x7F) + 1
    if len(depths) > 1 or max(depths) > 0x7F or not 8 <= bits <= 16:
        raise unsupported_depth(bits, "signed integer" if max(depths) > 0x7F else "")
    return bits


def _tags(layout: Jpeg2000Layout) -> Tags:
    header = dict(reversed(layout.header))
    colour = header.get(b"colr", b"\0")
    icc = colour[3:] if colour[0] == _ICC else None
    xmp = [body[16:] for kind, body in layout.others if kind == b"uuid" and body.startswith(_XMP)]
    return Tags(
        dpi=_dpi(header.get(b"res ", b"")),
        icc=icc,
        xmp=xmp[0] if xmp else None,
        native=layout,
        light=stated_light(icc=icc),
        white_level=None if layout.bits in (8, 16) else 2**layout.bits - 1,
    )


def _dpi(resolution: bytes) -> tuple[float, float] | None:
    found = dict(boxes(resolution, _NAME))
    body = found.get(b"resc") or found.get(b"resd")
    if body is None or len(body) != 10:
        return None
    down, down_per, across, across_per, down_power, across_power = struct.unpack(">4H2b", body)
    if not (down_per and across_per):
        return None
    return plausible_dpi(across / across_per * 10.0**across_power * _METRE, down / down_per * 10.0**down_power * _METRE)
