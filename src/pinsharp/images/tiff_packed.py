"""Writing TIFFs whose samples of 9 to 15 bits are packed without gaps, each row from a byte on, high bits first.

tifffile packs wrongly what is to be big-endian (`findings/tifffile_packed_big_endian.sh`), so it is given packed bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import NDArray

from pinsharp.images.exif import ExtraTag
from pinsharp.images.tiff_layout import TiffLayout


def write(writer: tifffile.TiffWriter, pixels: NDArray[Any], layout: TiffLayout, extra: Sequence[ExtraTag]) -> None:
    """Write an image as packed strips or tiles, as high as they were, uncompressed.

    Args:
        writer: Of the layout's byte order.
        pixels: (H, W) or (H, W, samples), uint16, no value beyond the bits of the layout.
        layout: With bits.
        extra: Further tags.
    """
    assert layout.bits is not None
    samples = 1 if pixels.ndim == 2 else pixels.shape[2]
    rows = min(layout.rows_per_strip or len(pixels), len(pixels))
    writer.write(
        _segments(pixels, layout.bits, layout.tile, rows),
        shape=pixels.shape,
        dtype=pixels.dtype,
        bitspersample=layout.bits,
        rowsperstrip=None if layout.tile else rows,
        extratags=extra,
        **layout.options(samples),
    )


def _segments(pixels: NDArray[Any], bits: int, tile: tuple[int, int] | None, rows: int) -> Iterator[bytes]:
    """Packed strips or tiles, row by row; tiles are filled up with zeros."""
    height, width = tile or (rows, pixels.shape[1])
    for top in range(0, len(pixels), height):
        for left in range(0, pixels.shape[1], width):
            segment = pixels[top : top + height, left : left + width]
            if tile:
                missing = (height - segment.shape[0], width - segment.shape[1])
                segment = np.pad(segment, [(0, missing[0]), (0, missing[1]), (0, 0)][: segment.ndim])
            values = np.ascontiguousarray(segment).ravel()
            yield bytes(imagecodecs.packints_encode(values, bits, runlen=values.size // len(segment)))
