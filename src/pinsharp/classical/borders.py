"""How images go on past their border, so that methods that see nothing there, or a periodic image, ring less.

Ramps from one border to the other are taken out before, and put back after. What appends pixels does not cut them off
again: whoever calls does.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pinsharp.blur.continuation import source_pixels
from pinsharp.blur.fourier import fast_size
from pinsharp.blur.slopes import find_slopes, ramp
from pinsharp.errors import ImageError


def fade_into_opposite(image: Tensor, margin: int) -> Tensor:
    """Append to bottom and right what leads smoothly back to top and left, so that opposite borders meet.

    Args:
        image: Images (..., H, W).
        margin: Reach of the blur in pixels, such as the kernel's side. At least two margins are appended.

    Returns:
        Images (..., H + P, W + Q) that start with the given ones, of sides that a Fourier transform does fast.
    """
    for axis in (-2, -1):
        size = image.shape[axis]
        length = fast_size(size + 2 * margin) - size
        position = torch.arange(1, length + 1, dtype=image.dtype, device=image.device) / (length + 1)
        # A cosine leaves both borders with slope zero, so that next to them the image is merely replicated.
        fade = (1 - torch.cos(math.pi * position)) / 2
        fade = fade[:, None] if axis == -2 else fade
        last, first = image.narrow(axis, size - 1, 1), image.narrow(axis, 0, 1)
        image = torch.cat([image, last + fade * (first - last)], dim=axis)
    return image


def without_ramp(image: Tensor, kernel: Tensor, restore: Callable[[Tensor], Tensor]) -> Tensor:
    """Restore images (B, C, H, W) that were blurred by a kernel without the ramp from border to border.

    The result has their shape, and the ramp.
    """
    height, width = image.shape[-2:]
    even = ramp(find_slopes(image, kernel), (height, width), slice(0, height), slice(0, width))
    return restore(image - even) + even


def mirror_on_ramp(image: Tensor, kernel: Tensor, margin: int) -> Tensor:
    """Continue images (B, C, H, W) as `mirror` does, but their ramp from border to border straight on."""
    height, width = image.shape[-2:]
    slopes = find_slopes(image, kernel)
    even = ramp(slopes, (height, width), slice(-margin, height + margin), slice(-margin, width + margin))
    inside = even[..., margin : margin + height, margin : margin + width]
    return mirror(image - inside, margin) + even


def mirror(image: Tensor, margin: int) -> Tensor:
    """Continue images (..., H, W) by `margin` pixels on each side, reflected; the border pixel is not repeated.

    An image shorter than the margin is reflected to and fro.
    """
    for axis in (-2, -1):
        size = image.shape[axis]
        position = torch.arange(-margin, size + margin, device=image.device)
        image = image.index_select(axis, source_pixels(position, size, "reflect"))
    return image


def check_covers_kernel(image: Tensor, kernel: Tensor) -> None:
    """Refuse images (B, C, H, W) that are smaller than the kernel: under a circular boundary it would meet itself.

    Raises:
        ImageError: If a side is shorter than the kernel's.
    """
    height, width = image.shape[-2:]
    side = kernel.shape[-1]
    if min(height, width) < side:
        raise ImageError(
            f"under a circular boundary an image must be at least as large as its kernel, {side} x {side} pixels, "
            f"got {width} x {height}; use the function without circular in its name, which continues the image"
        )
