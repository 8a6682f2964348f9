"""The only conversion between arrays, which are used at the edges, and tensors, which are used inside.

An array is (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8, uint16 or float32 in [0, 1]; mono with alpha, (H, W, 2),
is accepted too, because PNG and TIFF have it. A tensor is (1, C, H, W), float32 in [0, 1], C 1 or 3. Alpha never
becomes a tensor: it is split off on the way in and put back on the way out, so nothing can filter it. float16 and
float64 are refused: a result of the same type would promise a precision that was never computed, or lose one that was
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ConfigError, ImageError

if TYPE_CHECKING:
    from torch import Tensor

# The value that stands for white, by dtype.
FULL_SCALE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535, np.dtype(np.float32): 1}

LARGEST_WHITE = 2**32 - 1
"""The largest white level that can be given: that of files of 32 bits."""

BT709 = (0.2126, 0.7152, 0.0722)
"""Weights of red, green and blue in luma: ITU-R BT.709, whose primaries sRGB has."""

BT601 = (0.299, 0.587, 0.114)
"""The same as older video has them (ITU-R BT.601)."""

# Floats may leave [0, 1] by this much (a quarter of an 8-bit level: rounding of an earlier step) and are clipped.
FLOAT_TOLERANCE = 1e-3


def to_tensor(image: NDArray[Any], *, white_level: int | None = None) -> Tensor:
    """Turn an image into the float tensor that everything inside works on; alpha stays behind.

    Args:
        image: An image as `check_image` wants it.
        white_level: The value that stands for white in an integer image, such as 4095 for 12 bits stored in 16; None
            for the largest of its type.

    Returns:
        Tensor (1, C, H, W), float32 in [0, 1], C = 1 for mono and 3 for colour, on the CPU, sharing no memory.

    Raises:
        ImageError: If `check_image` refuses the image, or it does not fit the white level.
    """
    import torch

    check_image(image)
    colour, _ = split_alpha(image)
    if white_level is not None:
        check_below_white(colour, white_level)
    planes = np.moveaxis(colour.reshape(*colour.shape[:2], -1), -1, 0)  # (C, H, W)
    values = np.empty(planes.shape, np.float32)
    np.divide(planes, np.float32(white_level or _full_scale(image)), out=values)
    np.clip(values, 0, 1, out=values)
    return torch.from_numpy(values).unsqueeze(0)


def to_array(tensor: Tensor, like: NDArray[Any], *, white_level: int | None = None) -> NDArray[Any]:
    """Turn a tensor back into an image of the type it came from.

    Values are clipped to [0, 1] and rounded to the nearest level. Every uint8 and uint16 level and every float32 value
    in [0, 1] comes back exactly, whatever the white level.

    Args:
        tensor: (1, C, H, W), any float dtype and device, finite.
        like: The image that went in. It gives dtype, number of dimensions and alpha; height and width are the tensor's.
        white_level: As for `to_tensor`: what 1 becomes, so that no value lies above it.

    Returns:
        Image of `like`'s dtype and channels, sharing no memory with either argument.

    Raises:
        ValueError: If the shapes do not belong together, or if the tensor holds NaN or infinity.
    """
    alpha = split_alpha(like)[1]
    values = tensor.detach().float().cpu().numpy()
    if values.ndim != 4 or values.shape[:2] != (1, _colours(like)):
        raise ValueError(f"expected a tensor (1, {_colours(like)}, H, W) for an image {like.shape}, got {values.shape}")
    if alpha is not None and alpha.shape != values.shape[2:]:
        raise ValueError(f"expected a tensor as large as its alpha {alpha.shape}, got {values.shape[2:]}")
    if not np.isfinite(values).all():
        raise ValueError("expected finite values in the tensor, got NaN or infinity: a method went wrong")
    levels = np.clip(np.moveaxis(values[0], 0, -1), 0, 1) * np.float32(white_level or _full_scale(like))  # (H, W, C)
    if like.dtype.kind == "u":
        levels = np.rint(levels)
    colour = np.ascontiguousarray(levels.astype(like.dtype))
    if alpha is not None:
        return join_alpha(colour, alpha)
    return colour[..., 0] if like.ndim == 2 else colour


def luma(image: Tensor, weights: Sequence[float] = BT709) -> Tensor:
    """Weighted mean (B, 1, H, W) of the channels of images (B, 3, H, W); mono images as they are."""
    if image.shape[1] == 1:
        return image
    return (image * image.new_tensor(weights)[:, None, None]).sum(dim=1, keepdim=True)


def brightness(image: NDArray[Any], weights: Sequence[float] = BT709) -> NDArray[np.float32]:
    """Luma (H, W) of an image as `check_image` wants it, float32 in [0, 1], without alpha."""
    colour = split_alpha(image)[0]
    planes = colour.reshape(*colour.shape[:2], -1).astype(np.float32) / np.float32(_full_scale(image))
    return np.ascontiguousarray(planes[..., 0] if planes.shape[2] == 1 else planes @ np.array(weights, np.float32))


def check_image(image: NDArray[Any], *, holes: bool = False) -> None:
    """Refuse, in one sentence, whatever is not an image that can be restored.

    Args:
        image: What a user gave: (H, W), (H, W, 1), (H, W, 2: mono and alpha), (H, W, 3) or (H, W, 4: RGB and alpha);
            uint8, uint16, or float32 in [0, 1] to within `FLOAT_TOLERANCE`.
        holes: Let fewer than half of the values be NaN or infinite.

    Raises:
        ImageError: If `image` is not an array, or its dtype, shape or values are not those of an image.
    """
    if not isinstance(image, np.ndarray):
        raise ImageError(f"expected a numpy array, got {type(image).__name__}; convert it with numpy.asarray(image)")
    if isinstance(image, np.matrix):
        raise ImageError("expected a numpy array, got a matrix; convert it with numpy.asarray(image)")
    if np.ma.is_masked(image):
        raise ImageError(
            f"expected an array without a mask, got a masked one with {np.ma.getmaskarray(image).sum()} masked values; "
            "pinsharp.restore keeps masks, elsewhere give image.filled(value)"
        )
    if image.dtype.newbyteorder("=") not in FULL_SCALE:
        raise ImageError(f"expected uint8, uint16 or float32 pixels, got {image.dtype}; {_dtype_advice(image.dtype)}")
    if image.size == 0:
        raise ImageError(
            f"expected at least one pixel, got an empty array of shape {image.shape}; check how it was cut"
        )
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 2, 3, 4)):
        raise ImageError(
            f"expected an image of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), got {image.shape}; "
            "give one image at a time, channels last (numpy.moveaxis(image, 0, -1) moves them)"
        )
    if image.dtype.kind == "f":
        _check_floats(image, holes=holes)


def check_white_level(white_level: int) -> None:
    """Refuse what cannot stand for white in any integer image.

    Raises:
        ConfigError: If `white_level` is not in 1 to 2 ** 32 - 1.
    """
    if not 1 <= white_level <= LARGEST_WHITE:
        raise ConfigError(
            f"--white-level must be in 1 to {LARGEST_WHITE}, got {white_level}; 12-bit cameras have 4095, "
            "10-bit ones 1023"
        )


def split_alpha(image: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Separate what is filtered from what is kept.

    Args:
        image: An image as `check_image` wants it.

    Returns:
        (colour, alpha), both views: colour (H, W, 3) and alpha (H, W) of a (H, W, 4) image; colour (H, W, 1) and alpha
        (H, W) of a (H, W, 2) image; the image itself and None where there is no alpha.
    """
    if image.ndim == 3 and image.shape[2] in (2, 4):
        return image[..., :-1], image[..., -1]
    return image, None


def join_alpha(colour: NDArray[Any], alpha: NDArray[Any] | None) -> NDArray[Any]:
    """Put alpha back behind the colour: the inverse of `split_alpha`.

    Args:
        colour: (H, W), (H, W, 1) or (H, W, 3).
        alpha: (H, W) of the same dtype, or None.

    Returns:
        (H, W, 2) or (H, W, 4), a new array; `colour` itself where alpha is None.

    Raises:
        ValueError: If the two differ in dtype, height or width.
    """
    if alpha is None:
        return colour
    if alpha.dtype != colour.dtype or alpha.shape != colour.shape[:2]:
        raise ValueError(
            f"expected alpha like the colour, {colour.dtype} {colour.shape[:2]}, got {alpha.dtype} {alpha.shape}"
        )
    return np.concatenate([colour.reshape(*alpha.shape, -1), alpha[..., None]], axis=-1)


def check_below_white(colour: NDArray[Any], white_level: int) -> None:
    """Refuse floats, integers that cannot hold the white level, and those of which one exceeds it.

    Raises:
        ImageError: If `colour` is float, too small for the white level, or exceeds it.
    """
    if colour.dtype.kind == "f":
        raise ImageError("expected integer pixels for a white level, got float32, whose white is 1; leave it out")
    if white_level > _full_scale(colour):
        raise ImageError(
            f"expected pixels that can hold the white level {white_level}, got {colour.dtype}, whose white is "
            f"{_full_scale(colour)}; leave it out"
        )
    largest = int(colour.max())
    if largest > white_level:
        above = int(np.count_nonzero(colour.reshape(*colour.shape[:2], -1).max(axis=2) > white_level))
        raise ImageError(
            f"expected values up to the white level {white_level}, got {above} brighter pixels, the largest value "
            f"{largest}; give the camera's true white level, or leave it out"
        )


def _full_scale(image: NDArray[Any]) -> int:
    return FULL_SCALE[image.dtype.newbyteorder("=")]


def _colours(image: NDArray[Any]) -> int:
    return 3 if image.ndim == 3 and image.shape[2] >= 3 else 1


def _dtype_advice(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        return "convert it with image.astype(numpy.float32), values in [0, 1]"
    if dtype.kind == "b":
        return "a mask has no blur to remove; convert it with image.astype(numpy.uint8) * 255 if it is an image"
    return "convert it with image.astype(numpy.uint16) if its values lie in 0..65535"


def _check_floats(image: NDArray[Any], *, holes: bool) -> None:
    low, high = float(image.min()), float(image.max())  # NaN and infinity come through min and max
    wrong = ~np.isfinite(image) if not np.isfinite([low, high]).all() else None
    if wrong is not None and holes and wrong.mean() < 0.5:
        low, high = float(image[~wrong].min()), float(image[~wrong].max())
    elif wrong is not None:
        place = tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), image.shape))
        raise ImageError(
            f"expected finite values, got {int(wrong.sum())} NaN or infinite, the first at (row, column) {place[:2]}; "
            "replace them (numpy.nan_to_num) before restoring"
        )
    if low < -FLOAT_TOLERANCE or high > 1 + FLOAT_TOLERANCE:
        raise ImageError(
            f"expected float values in [0, 1], got {low:.6g} to {high:.6g}; divide by the full scale of the camera "
            "(255, 4095, 65535) and clip, or give uint8 or uint16"
        )


def depth_ceiling(pixels: NDArray[Any]) -> int | None:
    """Tell the largest value of the depth that an integer image of 16 bits shows, so that no result goes beyond it.

    Args:
        pixels: An image of any shape.

    Returns:
        4095 or 16383 for 12 or 14 bits where no pixel is larger, 1023 where some are just that; otherwise None.
    """
    if pixels.dtype != np.uint16 or not pixels.size:
        return None
    highest = int(pixels.max())
    if highest == 2**10 - 1:
        return highest
    return next((2**bits - 1 for bits in (12, 14) if highest < 2**bits), None)
