"""NumPy's .npy: (H, W), or channels last; written in the same type, byte order and memory order."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images.codec import Tags
from pinsharp.images.refusals import check_size, damaged

_NAME = "NumPy"


@dataclass(frozen=True)
class NpyLayout:
    """How an array was stored.

    Attributes:
        byteorder: Of a value: "<" or ">".
        is_fortran: Columns first.
        has_channel: (H, W, 1), which is read as (H, W).
    """

    byteorder: Literal["<", ">"] = "<"
    is_fortran: bool = False
    has_channel: bool = False


def decode(file: BinaryIO) -> tuple[NDArray[Any], Tags]:
    """Decode an array: (H, W) or (H, W, 2 to 4), of whole numbers or floats.

    Raises:
        ImageError: If the file is truncated, damaged, too large, of objects, or of another shape or type.
    """
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, EOFError, OSError, TypeError, SyntaxError) as error:
        raise damaged(_NAME, error) from error
    if array.dtype.kind not in "uif" or array.dtype.itemsize > 8:
        raise ImageError(f"expected an array of whole numbers or floats, got {array.dtype}; convert it with astype")
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] > 4):
        raise ImageError(
            f"expected an array (H, W), (H, W, 3) or (H, W, 4), got {array.shape}; save one image at a time, channels "
            "last (numpy.moveaxis(image, 0, -1) moves them)"
        )
    check_size(array.shape[1], array.shape[0])
    has_channel = array.shape[2:] == (1,)
    layout = NpyLayout(
        ">" if array.dtype.byteorder == ">" else "<",
        array.flags.f_contiguous and not array.flags.c_contiguous,
        has_channel,
    )
    pixels = array[..., 0] if has_channel else array
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("=")), Tags(native=layout)


def encode(pixels: NDArray[Any], tags: Tags) -> bytes:
    """Encode an array as it was stored, or little-endian, rows first."""
    layout = tags.native if isinstance(tags.native, NpyLayout) else NpyLayout()
    array = pixels[..., None] if layout.has_channel and pixels.ndim == 2 else pixels
    array = np.asarray(array, array.dtype.newbyteorder(layout.byteorder), order="F" if layout.is_fortran else "C")
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
