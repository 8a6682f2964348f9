"""Defocus kernels: Gaussian, disc, both convolved, and measured ones.

A kernel is a tensor (B, 1, K, K) with K odd, sum 1 and its centre at K // 2. Lengths are in pixels.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pinsharp.blur.family import exact_kernels
from pinsharp.errors import KernelError

NEGATIVE_TOLERANCE = 1e-3
"""A kernel may dip below zero by this share of its peak (measurement noise, linear estimators); deeper is refused."""

SUM_TOLERANCE = 1e-3
"""A kernel's sum may differ from 1 by this much."""

MAX_SIDE = 2047
"""Largest kernel side in pixels; a wider blur is a slip of the keyboard."""


def gaussian_kernel(sigma: float, size: int | None = None) -> Tensor:
    """Sample an isotropic Gaussian defocus kernel on the pixel grid.

    Args:
        sigma: Standard deviation in pixels, > 0. The paper trains on 1 to 4.
        size: Side in pixels, odd, so that the kernel has a centre pixel. Default: four sigmas to each side. The paper
            uses 21, which cuts visibly into Gaussians wider than sigma 2.

    Returns:
        Kernel of shape (1, 1, size, size), float32, summing to 1.

    Raises:
        KernelError: If `size` is even or `sigma` is not positive.
    """
    _check_positive("sigma of a Gaussian", sigma)
    side = _checked_side(size, 2 * math.ceil(4 * sigma) + 1)
    return exact_kernels(sigma, 0.0, side)


def disk_kernel(radius: float, size: int | None = None) -> Tensor:
    """Sample a disc, the image of a point through a defocused round aperture, by exact area.

    Each pixel holds the area that it shares with the disc, so that any real radius gives its own kernel.

    Args:
        radius: Radius of the circle of confusion in pixels, > 0.
        size: Side in pixels, odd. Default: the smallest that holds the whole disc.

    Returns:
        Kernel of shape (1, 1, size, size), float32, summing to 1.

    Raises:
        KernelError: If `size` is even or `radius` is not positive.
    """
    _check_positive("radius of a disc", radius)
    side = _checked_side(size, 2 * math.ceil(radius - 0.5) + 1)
    return exact_kernels(0.0, radius, side)


def gaussian_disk_kernel(sigma: float, radius: float, size: int | None = None) -> Tensor:
    """Convolve a Gaussian with a disc: defocus seen through a lens and sensor that have a softness of their own.

    Args:
        sigma: Standard deviation of the Gaussian in pixels, > 0.
        radius: Radius of the disc in pixels, > 0.
        size: Side in pixels, odd. Default: the disc plus four sigmas to each side.

    Returns:
        Kernel of shape (1, 1, size, size), float32, summing to 1.

    Raises:
        KernelError: If `size` is even, or `sigma` or `radius` is not positive.
    """
    _check_positive("sigma of a Gaussian", sigma)
    _check_positive("radius of a disc", radius)
    side = _checked_side(size, 2 * math.ceil(4 * sigma + radius) + 1)
    return exact_kernels(sigma, radius, side)


def kernel_sigma(kernel: Tensor) -> Tensor:
    """Measure the effective width of kernels: the square root of half their second moment about the centroid.

    For a Gaussian it is sigma, for a disc half the radius. It is the width that the benchmark compares.

    Args:
        kernel: Kernels (B, 1, K, K), sum 1.

    Returns:
        Widths in pixels, shape (B,).
    """
    weights = kernel.squeeze(1)
    position = torch.arange(kernel.shape[-1], dtype=kernel.dtype, device=kernel.device)
    variance = kernel.new_zeros(kernel.shape[0])
    for axis in (-1, -2):
        profile = weights.sum(dim=axis)  # (B, K)
        mean = (profile * position).sum(dim=-1, keepdim=True)
        variance = variance + (profile * (position - mean) ** 2).sum(dim=-1)
    return (variance / 2).clamp(min=0).sqrt()


def check_kernel(kernel: Tensor) -> Tensor:
    """Check that a tensor is a batch of defocus kernels and return it unchanged.

    Args:
        kernel: Tensor (B, 1, K, K): K odd, all values finite, none below `-NEGATIVE_TOLERANCE` times the peak, sum 1
            within `SUM_TOLERANCE`.

    Raises:
        KernelError: If `kernel` is not a valid kernel; the message says what to do about it.
    """
    if kernel.ndim != 4 or kernel.shape[1] != 1 or kernel.shape[2] != kernel.shape[3]:
        raise KernelError(f"kernel must have shape (B, 1, K, K), got {tuple(kernel.shape)}")
    _checked_side(kernel.shape[-1], 0)
    if not bool(torch.isfinite(kernel).all()):
        raise KernelError("kernel holds NaN or infinite values; every value must be a finite number")
    total = kernel.sum(dim=(-2, -1))
    if bool(((total - 1).abs() > SUM_TOLERANCE).any()):
        raise KernelError(f"kernel must sum to 1, got {total.flatten()[0]:.4g}; divide it by its sum")
    if bool((kernel.amin(dim=(-2, -1)) < -NEGATIVE_TOLERANCE * kernel.amax(dim=(-2, -1))).any()):
        raise KernelError(
            f"kernel dips to {kernel.min():.3g}, more than {NEGATIVE_TOLERANCE:.1%} of its peak below zero; "
            "subtract the background and clip it at 0"
        )
    return kernel


def measured_kernel(values: Any) -> Tensor:
    """Turn a measured point spread function into a kernel: checked, then scaled to sum 1.

    Args:
        values: Array or nested lists, (K, K) or (1, 1, K, K), with K odd, in any unit; the centre pixel is K // 2.

    Returns:
        Kernel (1, 1, K, K), float32.

    Raises:
        KernelError: If the array is not square, has an even side, is not finite, or is clearly negative somewhere.
    """
    import numpy as np

    try:
        array = torch.from_numpy(np.asarray(values).astype(np.float64, casting="same_kind"))
    except (TypeError, ValueError):
        raise KernelError("a measured kernel must be a square table of numbers, such as a (21, 21) array") from None
    if array.ndim == 4 and array.shape[:2] == (1, 1):  # as gaussian_kernel and disk_kernel make them
        array = array[0, 0]
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise KernelError(
            f"a measured kernel must be a square array (K, K), got shape {tuple(array.shape)}; crop or pad it"
        )
    total = array.sum()
    if bool(torch.isfinite(total)) and not total > 0:
        raise KernelError(
            f"a measured kernel must have a positive sum, got {total:.4g}; was the background subtracted twice?"
        )
    return check_kernel((array / total)[None, None]).float()


def elongation(kernel: Tensor) -> Tensor:
    """How much longer than wide kernels (B, 1, K, K) are, as a natural logarithm, (B,): 0 for round ones.

    From the second moments along the two main axes; a tenth of a square pixel is added to both, as a pixel has its own.
    """
    side = kernel.shape[-1]
    place = torch.arange(side, dtype=torch.float64, device=kernel.device) - side // 2
    weights = kernel[:, 0].double()
    x, y = weights.sum(dim=1) @ place, weights.sum(dim=2) @ place  # (B,)
    xx, yy = weights.sum(dim=1) @ place.square() - x.square(), weights.sum(dim=2) @ place.square() - y.square()
    xy = torch.einsum("byx,y,x->b", weights, place, place) - x * y
    middle, half = (xx + yy) / 2, torch.hypot((xx - yy) / 2, xy)
    return 0.5 * ((middle + half + 0.1) / (middle - half + 0.1).clamp(min=0.1)).log().to(kernel.dtype)


def flatness(kernel: Tensor) -> Tensor:
    """How flat kernels (B, 1, K, K) are, (B,): 1 for discs, 0 for Gaussians, between them for discs that one softens.

    From the fourth moment of the distance from the centre over the square of the second: 4/3 of a disc, 2 of a
    Gaussian; of both convolved 2 less 2/3 of the square of the disc's share of the variance, which is what is given.
    """
    side = kernel.shape[-1]
    place = torch.arange(side, dtype=torch.float64, device=kernel.device) - side // 2
    squares = place[:, None].square() + place[None, :].square()
    weights = kernel[:, 0].double()
    second, fourth = (weights * squares).sum(dim=(1, 2)), (weights * squares.square()).sum(dim=(1, 2))
    ratio = fourth / second.square().clamp(min=1e-6)
    return ((2 - ratio).clamp(0, 2 / 3) * 1.5).sqrt().to(kernel.dtype)


def joined_kernel(kernels: Sequence[Tensor]) -> Tensor:
    """The one kernel (1, 1, K, K) that blurs as several of them (1, 1, K, K) do one after the other."""
    joined = kernels[0]
    for kernel in kernels[1:]:
        joined = torch.nn.functional.conv2d(joined, kernel.to(joined).flip(-2, -1), padding=kernel.shape[-1] - 1)
    return joined


def sized_kernels(kernels: Sequence[Tensor]) -> list[Tensor]:
    """Pad kernels (B, 1, K, K) of several sides with zeros to the largest side."""
    side = max(kernel.shape[-1] for kernel in kernels)
    margins = [(side - kernel.shape[-1]) // 2 for kernel in kernels]
    return [torch.nn.functional.pad(kernel, (margin,) * 4) for kernel, margin in zip(kernels, margins, strict=True)]


def _check_positive(what: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise KernelError(f"{what} must be a positive number of pixels, got {value}")


def _checked_side(size: int | None, default: int) -> int:
    if size is None:
        size = default
    if size > MAX_SIDE:
        raise KernelError(f"kernel side must be at most {MAX_SIDE} pixels, got {size}; is the width given in pixels?")
    if size < 1 or size % 2 == 0:
        nearest = f"use {size - 1} or {size + 1}" if size > 1 else "use 1 or more"
        raise KernelError(f"kernel side must be odd so that it has a centre, got {size}; {nearest}")
    return size
