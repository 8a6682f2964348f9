"""PAM of Netpbm (P7): mono or RGB, with or without alpha, 8 and 16 bits; any maxval is the white level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from numpy.typing import NDArray

from pinsharp.images.codec import Tags
from pinsharp.images.netpbm import maxval_for, raster, raster_bytes, unusual
from pinsharp.images.refusals import check_size, damaged, unsupported_colours, unsupported_depth

_TYPES = {1: b"GRAYSCALE", 2: b"GRAYSCALE_ALPHA", 3: b"RGB", 4: b"RGB_ALPHA"}
_END = b"ENDHDR\n"


@dataclass(frozen=True)
class PamLayout:
    """What a file says besides its size.

    Attributes:
        maxval: The value that stands for white, and for opaque.
        comments: Whole lines of its header that are comments.
    """

    maxval: int
    comments: tuple[bytes, ...] = ()


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a PAM file: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4), uint8 up to a maxval of 255, else uint16.

    Raises:
        ImageError: If the file is truncated, damaged, too large, of several images, or of other channels.
    """
    data = file.read()
    head, found, _ = data.partition(b"\n" + _END)
    if not found:
        raise damaged("PAM", "its header has no end")
    lines = [line.strip() for line in head.splitlines()[1:]]
    fields = dict(line.split(None, 1) for line in lines if line and not line.startswith(b"#") and b" " in line)
    try:
        width, height, depth, maxval = (int(fields[name]) for name in (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL"))
    except (KeyError, ValueError) as error:
        raise damaged("PAM", f"no {error.args[0].decode()}" if isinstance(error, KeyError) else error) from error
    check_size(width, height)
    _check_type(fields.get(b"TUPLTYPE", _TYPES.get(depth, b"")), depth)
    shape = (height, width) if depth == 1 else (height, width, depth)
    pixels = raster(data, len(head) + 1 + len(_END), shape, maxval, "PAM")
    comments = tuple(line for line in lines if line.startswith(b"#"))
    return pixels, Tags(native=PamLayout(maxval, comments), white_level=unusual(maxval))


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode pixels, uint8 or uint16, with one to four channels."""
    layout = tags.native if isinstance(tags.native, PamLayout) else PamLayout(maxval_for(pixels, tags.white_level))
    depth = 1 if pixels.ndim == 2 else pixels.shape[2]
    lines = [b"P7", *layout.comments, b"WIDTH %d" % pixels.shape[1], b"HEIGHT %d" % pixels.shape[0]]
    lines += [b"DEPTH %d" % depth, b"MAXVAL %d" % layout.maxval, b"TUPLTYPE " + _TYPES[depth], _END]
    return b"\n".join(lines) + raster_bytes(pixels)


def _check_type(said: bytes, depth: int) -> None:
    if said.startswith(b"BLACKANDWHITE"):
        raise unsupported_depth(1)
    if said != _TYPES.get(depth):
        raise unsupported_colours(f"{depth} channels of the type {said.decode('latin-1') or 'unsaid'}")
