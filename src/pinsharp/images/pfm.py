"""PFM, 32-bit floats from the bottom row up, mono and RGB, in both byte orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pinsharp.images.codec import Tags
from pinsharp.images.netpbm import numbers
from pinsharp.images.refusals import check_size, damaged


@dataclass(frozen=True)
class PfmLayout:
    """How a file was written.

    Attributes:
        scale: As it stands in the header; below 0 says that the low byte comes first. What else it says (candela, or
            nothing) is left alone, as other readers do.
    """

    scale: bytes = b"-1.0"


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode a PFM file: (H, W) or (H, W, 3), float32.

    Raises:
        ImageError: If the file is truncated, damaged or too large.
    """
    data = file.read()
    words, end = numbers(data, 2, 3, "PFM")
    try:
        width, height, scale = int(words[0]), int(words[1]), float(words[2])
    except ValueError as error:
        raise damaged("PFM", error) from error
    if scale == 0 or not np.isfinite(scale):
        raise damaged("PFM", f"a scale of {scale}, which says no byte order")
    check_size(width, height)
    shape = (height, width, 3) if data[:2] == b"PF" else (height, width)
    size = 4 * int(np.prod(shape))
    if len(data) != end + 1 + size:
        raise damaged("PFM", f"it has {len(data)} bytes, not {end + 1 + size}")
    pixels = np.frombuffer(data, "<f4" if scale < 0 else ">f4", offset=end + 1).reshape(shape)
    return pixels[::-1].astype(np.float32), Tags(native=PfmLayout(words[2]))


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode (H, W) or (H, W, 3), float32; the low byte first, unless it came otherwise."""
    layout = tags.native if isinstance(tags.native, PfmLayout) else PfmLayout()
    stored = "<f4" if float(layout.scale) < 0 else ">f4"
    magic = b"PF" if pixels.ndim == 3 else b"Pf"
    header = b"%s\n%d %d\n%s\n" % (magic, pixels.shape[1], pixels.shape[0], layout.scale)
    return header + pixels[::-1].astype(stored).tobytes()
