"""The same image at several scales, for the networks that restore coarse to fine.

A list of scales begins with the finest; entry s has 1 / 2^s of the height and width, rounded up.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.blur.kernels import gaussian_kernel

_PYRAMID_SIGMA = 2 / 3
"""Width of the Gaussian before each halving: a third of the step, as scikit-image's `pyramid_gaussian` has it."""


class EndToEnd(nn.Module):
    """A network that restores colour images without a kernel, at one or several scales."""

    def restore_scales(self, blurred: Tensor) -> list[Tensor]:
        """Restore images (B, 3, H, W) of any size at every scale, finest first, not clamped to [0, 1]."""
        raise NotImplementedError

    def restore(self, blurred: Tensor) -> Tensor:
        """Restore images (B, 3, H, W) of any size; the result is not clamped to [0, 1]."""
        return self.restore_scales(blurred)[0]

    def forward(self, blurred: Tensor) -> Tensor:
        """Restore images, as `restore`."""
        return self.restore(blurred)


def padded_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Replicate the last row and column of (B, C, H, W) until both sides are multiples of `multiple`."""
    height, width = image.shape[-2:]
    return F.pad(image, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def cropped_scales(scales: Sequence[Tensor], shape: tuple[int, int]) -> list[Tensor]:
    """Cut what was padded off every scale (B, C, H, W), finest first, of an image of height and width `shape`."""
    height, width = shape
    return [scale[..., : -(-height // 2**s), : -(-width // 2**s)] for s, scale in enumerate(scales)]


def resized(image: Tensor, shape: tuple[int, int]) -> Tensor:
    """Interpolate (B, C, H, W) bilinearly to a height and width, without smoothing first; pixels are areas."""
    return F.interpolate(image, size=shape, mode="bilinear", align_corners=False)


def bilinear_scales(image: Tensor, count: int) -> list[Tensor]:
    """Resize an image (B, C, H, W), sides multiples of 2^(count - 1), to every scale directly from the finest."""
    height, width = image.shape[-2:]
    return [image] + [resized(image, (height >> s, width >> s)) for s in range(1, count)]


def gaussian_scales(image: Tensor, count: int) -> list[Tensor]:
    """Smooth and halve an image (B, C, H, W), sides multiples of 2^(count - 1), again and again: its pyramid."""
    scales = [image]
    for _ in range(count - 1):
        scales.append(_halved(scales[-1]))
    return scales


def _halved(image: Tensor) -> Tensor:
    channels = image.shape[1]
    kernel = gaussian_kernel(_PYRAMID_SIGMA, 7).to(image).expand(channels, -1, -1, -1)  # symmetric: no flip needed
    smooth = F.conv2d(F.pad(image, (3, 3, 3, 3), mode="replicate"), kernel, groups=channels)
    return F.avg_pool2d(smooth, 2)
