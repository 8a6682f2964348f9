"""Bayer mosaics, in which each pixel has one colour, made into colour images.

Colours are interpolated linearly (Malvar, He and Cutler, 2004: high-quality linear interpolation for demosaicing of
Bayer-patterned color images), so that what was blurred by a kernel still is. Their filters take detail of one colour
for that of the others, which holds for greys: channels are brought to one mean before, and back after.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images.arrays import FULL_SCALE

_RGB = "RGB"
_LEAST_SIDE = 4

# Eighths: green at red and blue; a colour at the greens of its rows; red at blue and blue at red.
_GREEN = np.array([[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]])
_ALONG = np.array([[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]])
_ACROSS = np.array([[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]])


def demosaiced(mosaic: NDArray[Any], pattern: str, *, method: str, white: int | None = None) -> NDArray[Any]:
    """Give every pixel of a mosaic three colours.

    Args:
        mosaic: (H, W), uint8 or uint16, 0 = black.
        pattern: One of `bayer.PATTERNS`.
        method: `malvar`, or `bilinear`, the mean of the nearest pixels of a colour.
        white: What results do not exceed; None for the largest value of the type.

    Returns:
        (H, W, 3) of the same type. Seen colours are those of the mosaic.

    Raises:
        ImageError: If `mosaic` is smaller than 4 x 4 pixels.
    """
    if min(mosaic.shape) < _LEAST_SIDE:
        height, width = mosaic.shape
        raise ImageError(f"expected a mosaic of at least 4 x 4 pixels, got {width} x {height}; check its size")
    if method == "bilinear":
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(mosaic), getattr(cv2, f"COLOR_Bayer{pattern}2RGB")))
    most = min(white or FULL_SCALE[mosaic.dtype], FULL_SCALE[mosaic.dtype])
    return np.clip(np.rint(_malvar(mosaic, pattern)), 0, most).astype(mosaic.dtype)


def _malvar(mosaic: NDArray[Any], pattern: str) -> NDArray[np.float32]:
    seen = [_where(colour, pattern, mosaic.shape) for colour in _RGB]
    means = [max(float(mosaic[place].mean()), 1e-6) for place in seen]
    values = mosaic.astype(np.float32)
    for place, mean in zip(seen, means, strict=True):
        values[place] *= means[1] / mean
    across, along, down, green = (_filtered(values, kernel) for kernel in (_ACROSS, _ALONG, _ALONG.T, _GREEN))
    found = np.empty((*mosaic.shape, 3), np.float32)
    for number, place in enumerate(seen):
        own_rows = place.any(axis=1, keepdims=True)
        guess = green if number == 1 else np.where(seen[1], np.where(own_rows, along, down), across)
        found[..., number] = np.where(place, mosaic, guess * (means[number] / means[1]))
    return found


def _where(colour: str, pattern: str, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which pixels of a mosaic saw a colour."""
    tile = np.array([each == colour for each in pattern], np.bool_).reshape(2, 2)
    whole: NDArray[np.bool_] = np.tile(tile, [-(-side // 2) for side in shape])
    return whole[: shape[0], : shape[1]]


def _filtered(values: NDArray[np.float32], kernel: NDArray[np.float64]) -> NDArray[np.float32]:
    # Mirrored about the outermost pixel, which keeps the order of colours.
    return np.asarray(cv2.filter2D(values, -1, kernel / 8, borderType=cv2.BORDER_REFLECT_101), np.float32)
