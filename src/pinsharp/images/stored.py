"""Values as files store them, and as images are restored: uint8, uint16, or float32 in [0, 1].

Whole numbers of 32 bits up to 65535 are uint16 here. Other floats and larger whole numbers are divided by the white
level, which a user has to say unless they lie in [0, 1], and multiplied by it again when they are written.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images.arrays import FLOAT_TOLERANCE, FULL_SCALE
from pinsharp.images.codec import Stored

_LARGEST = 65535


def enter(pixels: NDArray[Any], white_level: int | None) -> tuple[NDArray[Any], Stored | None]:
    """Turn stored pixels into those that are restored.

    Args:
        pixels: As a file has them.
        white_level: What a user says is white.

    Returns:
        Pixels that `check_image` takes, and how they were stored if that is otherwise.

    Raises:
        ImageError: If the white level is unknown, a value lies above it, or a value is negative.
    """
    _, stored = entered_as(pixels.dtype, white_level)
    is_float = pixels.dtype.kind == "f"
    if stored is None:
        if is_float:
            _check_range(pixels, 1, "")
        return pixels, None
    if not is_float:
        _check_positive(pixels)
    if stored.white is None and int(pixels.max()) <= _LARGEST:
        return pixels.astype(np.uint16), stored
    if stored.white is None and white_level is None:
        raise ImageError(
            f"expected a known white level for {pixels.dtype} values up to {pixels.max()}, got none; say "
            "--white-level V, the value of full exposure"
        )
    white = stored.white or white_level or 1
    _check_range(pixels, white, f" {white}" if white_level else "")
    return (pixels / np.float64(white)).astype(np.float32), stored


def entered_as(dtype: np.dtype[Any], white_level: int | None) -> tuple[np.dtype[Any], Stored | None]:
    """The type that `enter` turns pixels of a type into, and how those were stored if that is otherwise."""
    is_float = dtype.kind == "f"
    if dtype in FULL_SCALE and not (is_float and white_level):
        return dtype, None
    if not is_float and (white_level or 0) <= _LARGEST:
        return np.dtype(np.uint16), Stored(dtype.name, None)
    return np.dtype(np.float32), Stored(dtype.name, white_level or 1)


def _check_positive(pixels: NDArray[Any]) -> None:
    if (lowest := int(pixels.min())) < 0:
        raise ImageError(
            f"expected pixels of 0 or more, got {pixels.dtype} down to {lowest}; add {-lowest} and store them as "
            "uint16 or float32, which keeps every level"
        )


def _check_range(pixels: NDArray[Any], white: int, said: str) -> None:
    """Refuse floats beyond white; pixels without a value are looked at later."""
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low < -FLOAT_TOLERANCE * white or high > (1 + FLOAT_TOLERANCE) * white:
        what = f"up to the white level{said}" if said else "in [0, 1]"
        raise ImageError(
            f"expected float values {what}, got {low:.6g} to {high:.6g}; say what is white with --white-level V, such "
            "as 255, 4095 or 65535, and bring values below 0 to 0"
        )
