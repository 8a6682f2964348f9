"""AVIF, mono and RGB, with and without alpha, 8 to 12 bits, through imagecodecs; read only."""

from __future__ import annotations

from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.boxes import boxes
from pinsharp.images.codec import Tags
from pinsharp.images.refusals import animated, check_size, damaged, unsupported_depth
from pinsharp.images.statements import stated_light

_NAME = "AVIF"
_FULL_BOX = 4  # bytes of version and flags


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode an AVIF file: (H, W, 3), with alpha (H, W, 4), or (H, W); uint8, or of 10 and 12 bits the counts, uint16.

    Raises:
        ImageError: If the file is truncated, damaged, too large or animated.
    """
    data = file.read()
    found = dict(reversed(_properties(data)))
    size, bits = found.get(b"ispe", b""), found.get(b"pixi", b"\0\0\0\0\1\x08")[_FULL_BOX + 1]
    check_size(int.from_bytes(size[4:8]), int.from_bytes(size[8:12]))
    if not 8 <= bits <= 12:
        raise unsupported_depth(bits)
    try:
        pixels: NDArray[Any] = np.asarray(imagecodecs.avif_decode(data))
    except (imagecodecs.AvifError, ValueError, RuntimeError) as error:
        raise damaged(_NAME, error) from error
    if pixels.ndim > 3:
        raise animated(len(pixels), "an animation")
    colour = found.get(b"colr", b"")
    icc = colour[4:] if colour[:4] in (b"prof", b"rICC") else None
    tags = Tags(icc=icc, light=stated_light(icc=icc), white_level=None if bits == 8 else 2**bits - 1)
    return np.ascontiguousarray(pixels), tags


def _properties(data: bytes) -> list[tuple[bytes, bytes]]:
    """What the file says of its items."""
    meta = dict(boxes(data, _NAME)).get(b"meta", b"")[_FULL_BOX:]
    shared = dict(boxes(meta, _NAME)).get(b"iprp", b"")
    found = list(boxes(dict(boxes(shared, _NAME)).get(b"ipco", b""), _NAME))
    if b"ispe" not in dict(found):
        raise damaged(_NAME, "it says no size")
    return found
