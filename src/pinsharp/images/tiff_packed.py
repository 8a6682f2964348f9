"""Strips and tiles of TIFFs of 9 to 15 packed bits a sample, each row from a byte on, high bits first.

tifffile packs wrongly what is to be big-endian (`findings/tifffile_packed_big_endian.sh`), so it is given packed bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray


def segments(pixels: NDArray[Any], bits: int, tile: tuple[int, int] | None, rows: int) -> Iterator[bytes]:
    """Pack an image strip by strip, or tile by tile, row by row; tiles are filled up with zeros.

    Args:
        pixels: (H, W) or (H, W, samples), uint16, no value beyond the bits.
        bits: Of a value.
        tile: Height and width of a tile, or None for strips.
        rows: Of a strip.
    """
    height, width = tile or (rows, pixels.shape[1])
    for top in range(0, len(pixels), height):
        for left in range(0, pixels.shape[1], width):
            segment = pixels[top : top + height, left : left + width]
            if tile:
                missing = (height - segment.shape[0], width - segment.shape[1])
                segment = np.pad(segment, [(0, missing[0]), (0, missing[1]), (0, 0)][: segment.ndim])
            yield packed_rows(segment, bits)


def packed_rows(segment: NDArray[Any], bits: int) -> bytes:
    """Pack rows (h, w) or (h, w, samples), each from a byte on."""
    values = np.ascontiguousarray(segment).ravel()
    return bytes(imagecodecs.packints_encode(values, bits, runlen=values.size // len(segment)))
