"""The patterns of Bayer mosaics, and mosaics taken apart into planes of one colour each and joined again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PATTERNS = ("RGGB", "GRBG", "GBRG", "BGGR")
"""Colours of the upper left 2 x 2 pixels, row by row."""


def planes_of(mosaic: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """The four colour planes of a mosaic (H, W), in the order of its pattern: each (ceil(H / 2), ceil(W / 2)).

    Where a side is odd, two of them are continued by a mirrored row or column, which `joined` leaves out.
    """
    even = np.pad(mosaic, [(0, side % 2) for side in mosaic.shape], mode="reflect")  # colours go on in their order
    return tuple(np.ascontiguousarray(even[row::2, column::2]) for row in (0, 1) for column in (0, 1))


def joined(planes: Sequence[NDArray[Any]], shape: tuple[int, ...]) -> NDArray[Any]:
    """The mosaic of a shape (H, W) whose planes these are."""
    height, width = planes[0].shape
    mosaic = np.empty((2 * height, 2 * width), planes[0].dtype)
    for number, plane in enumerate(planes):
        mosaic[number // 2 :: 2, number % 2 :: 2] = plane
    return np.ascontiguousarray(mosaic[: shape[0], : shape[1]])
