"""Masked arrays: pixels that are not light are filled before restoring, and put back after it.

The filling goes on smoothly where the image ends: it solves Laplace's equation, from coarse to fine, so that there is
no edge that could ring into the image, and whatever was under the mask has no say.
"""

from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images.arrays import check_image

_SWEEPS = 16
"""Times that each scale is relaxed; the next coarser one has done what lies further away."""


def is_masked(image: object) -> "TypeGuard[np.ma.MaskedArray[Any, Any]]":
    """Whether it is an array with a mask, be it empty."""
    return isinstance(image, np.ma.MaskedArray)


def filled(image: "np.ma.MaskedArray[Any, Any]") -> NDArray[Any]:
    """Replace masked pixels by a smooth continuation of the others; channels one by one.

    Args:
        image: An image as `check_image` wants it, where it is not masked.

    Returns:
        An array of the same dtype and shape without a mask, equal to `image` where that was not masked.

    Raises:
        ImageError: If all pixels of a channel are masked, or `check_image` refuses the others.
    """
    mask, data = np.ma.getmaskarray(image), np.ma.getdata(image)
    check_image(np.where(mask, data.dtype.type(0), data))
    masks, planes = (array.reshape(*array.shape[:2], -1) for array in (mask, data))
    if masks.all(axis=(0, 1)).any():
        raise ImageError("expected pixels that are not masked, got none in a channel; check the mask")
    whole = planes.copy()
    for channel in range(planes.shape[2]):
        hidden = masks[..., channel]
        if hidden.any():
            found = _harmonic(np.where(hidden, 0, planes[..., channel]).astype(np.float32), hidden)[hidden]
            whole[hidden, channel] = np.rint(found) if data.dtype.kind == "u" else found
    return whole.reshape(data.shape)


def masked_like(restored: NDArray[Any], image: "np.ma.MaskedArray[Any, Any]") -> "np.ma.MaskedArray[Any, Any]":
    """A restored image with the mask of its input, and under it what lay there."""
    pixels = np.where(np.ma.getmaskarray(image), np.ma.getdata(image), restored)
    return np.ma.MaskedArray(pixels, np.ma.getmask(image), fill_value=image.fill_value)


def _harmonic(plane: NDArray[np.float32], hidden: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A plane (H, W) whose hidden pixels are each the mean of their neighbours; 0 where they come in."""
    height, width = plane.shape
    if hidden.all() or not hidden.any() or max(height, width) < 2:
        return plane
    ends = ((0, height % 2), (0, width % 2))
    seen = _halved(np.pad(~hidden, ends).astype(np.float32))
    coarse = np.divide(_halved(np.pad(plane, ends)), seen, out=np.zeros_like(seen), where=seen > 0)
    coarse = _harmonic(coarse, seen == 0)
    guess = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    whole: NDArray[np.float32] = np.where(hidden, guess, plane)
    for _ in range(_SWEEPS):
        around = np.pad(whole, 1, mode="edge")
        mean = (around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]) / 4
        whole = np.where(hidden, mean, whole)
    return whole


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of blocks of 2 x 2; of a plane with even sides."""
    means: NDArray[np.float32] = plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean(axis=(1, 3))
    return means
