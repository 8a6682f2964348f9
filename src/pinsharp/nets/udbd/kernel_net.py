"""Kernel estimation (the net of eq. 4): an image becomes four small filters, whose convolution is the kernel.

The deep linear chain of filters is that of Luo et al., 2022. The net sees one channel: defocus is the same in all
channels of an image, so their mean is as blurred as each of them, and mono and colour images share the weights.
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.nets.blocks import LEAKY_SLOPE, ResBlock
from pinsharp.nets.fused import can_fuse
from pinsharp.nets.udbd import fused

Constraint = Literal["sum", "softmax"]

INITIAL_SIGMA = 2.5
"""Width in pixels of the kernel that an untrained net gives to every image: the middle of the paper's 1 to 4."""

MINIMAL_MASS = 0.1
"""Smallest sum that a composed kernel is divided by; an untrained net composes kernels of sum 1."""

FLAT_DEVIATION = 1e-3
"""Standard deviation of an image that is little more than the rounding of 8 bits; it is not amplified to 1."""

_HEAD_SIDE = 11
"""Side of the first convolution, large so that it sees a whole blurred edge (section 2.1)."""


class KernelNet(nn.Module):
    """Estimate the kernel of a blurred image, as in fig. 2 of the paper.

    An 11x11 convolution and ResBlocks with a skip around all of them, global average pooling, 1x1 convolutions, four
    filters, one kernel. All convolutions replicate the border: zeros around an image are sharp edges, which speak for a
    narrower kernel. The stages of the chain have 1 -> G -> ... -> G -> 1 channels, G being `chain`; the other settings
    are as in `UdbdConfig`.
    """

    def __init__(
        self,
        *,
        channels: int = 64,
        blocks: int = 3,
        stride: int = 1,
        code: int = 256,
        chain: int = 16,
        filter_sizes: Sequence[int] = (11, 7, 5, 1),
        constraint: Constraint = "sum",
        standardise: bool = True,
    ) -> None:
        super().__init__()
        self.sizes = tuple(filter_sizes)
        spread = sum(size**2 - 1 for size in self.sizes)  # each filter takes on variance in proportion to its area
        self.widths = (1, *[chain] * (len(self.sizes) - 1), 1)
        self.constraint = constraint
        self.standardise = standardise
        self.head = nn.Conv2d(1, channels, _HEAD_SIDE, stride, padding=_HEAD_SIDE // 2, padding_mode="replicate")
        self.body = nn.Sequential(
            *(
                ResBlock(channels, activation="leaky_relu", residual_scale=0.1, padding_mode="replicate")
                for _ in range(blocks)
            )
        )
        # Without an activation the two 1x1 convolutions would be one, and the filters linear in the pooled features.
        self.code = nn.Sequential(nn.Conv2d(channels, code, 1), nn.LeakyReLU(LEAKY_SLOPE))
        self.filters = nn.ModuleList(
            _filter_layer(code, size, into, out, INITIAL_SIGMA * math.sqrt((size**2 - 1) / max(spread, 1)))
            for size, into, out in zip(self.sizes, self.widths[:-1], self.widths[1:], strict=True)
        )

    @property
    def kernel_size(self) -> int:
        """Side of the kernels in pixels."""
        return 1 + sum(size - 1 for size in self.sizes)

    def forward(self, blurred: Tensor) -> Tensor:
        """Estimate one kernel an image: from (B, C, H, W) in [0, 1], of any size and number of channels.

        Returns:
            Kernels (B, 1, K, K), sum 1, in the weights' precision even under autocast.
        """
        grey = blurred.mean(dim=1, keepdim=True)  # (B, 1, H, W)
        shown = _standardised(grey) if self.standardise else grey
        pooled = fused.pooled(self, shown) if can_fuse(shown) else self._pooled(shown)  # (B, channels, 1, 1)
        # Half precision would quantise the kernel to some tenths of a per cent, as much as the estimate may be off.
        with torch.autocast(blurred.device.type, enabled=False):
            code = self.code(pooled)  # (B, code, 1, 1)
            kernel = compose_filters([self._reshape(stage, code) for stage in range(len(self.sizes))])
            return normalise_kernel(kernel, self.constraint)

    def _pooled(self, shown: Tensor) -> Tensor:
        """Means of the features over images (B, 1, H, W), in the weights' precision."""
        features: Tensor = self.head(shown)
        features = features + self.body(features)
        return features.to(self.head.weight.dtype).mean(dim=(-2, -1), keepdim=True)

    def _reshape(self, stage: int, code: Tensor) -> Tensor:
        """Make the filters of one stage, (B, out, in, size, size)."""
        size = self.sizes[stage]
        weights: Tensor = self.filters[stage](code)
        return weights.view(-1, self.widths[stage + 1], self.widths[stage], size, size)


def compose_filters(filters: Sequence[Tensor]) -> Tensor:
    """Convolve a chain of filters with one another, sample by sample: what they do in sequence, as one kernel.

    Stages are (B, out, in, size, size) of odd sizes, the first with 1 channel in and the last with 1 out, each taking
    as many channels in as the one before gives out.

    Returns:
        Kernels (B, 1, K, K) with K = 1 + sum(size - 1): convolution, not correlation, and not normalised.
    """
    batch = filters[0].shape[0]
    pad = sum(stage.shape[-1] - 1 for stage in filters)
    kernel = filters[0].new_ones(1, batch, 1, 1)
    for stage in filters:
        # The impulse is padded once, by all that the following stages take off again.
        kernel = F.conv2d(kernel, stage.flatten(0, 1), padding=pad, groups=batch)  # (1, B * out, side, side)
        pad = 0
    # conv2d correlates: the response to an impulse comes out rotated by half a turn.
    return kernel.transpose(0, 1).flip((-2, -1))


def normalise_kernel(kernel: Tensor, constraint: Constraint = "sum") -> Tensor:
    """Scale kernels (B, 1, K, K) to sum 1 by division, or by a softmax over their values.

    A kernel whose sum is below `MINIMAL_MASS` gets the missing mass in its centre first: the result is always finite.
    """
    if constraint == "softmax":
        return kernel.flatten(1).softmax(dim=1).view_as(kernel)
    centre = torch.zeros_like(kernel[:1])
    centre[..., kernel.shape[-2] // 2, kernel.shape[-1] // 2] = 1
    missing = (MINIMAL_MASS - kernel.sum(dim=(-2, -1), keepdim=True)).clamp(min=0)
    kernel = kernel + missing * centre
    return kernel / kernel.sum(dim=(-2, -1), keepdim=True)


def _standardised(image: Tensor) -> Tensor:
    """Bring images (B, 1, H, W) to mean 0 and standard deviation 1; a flat one, which says nothing, to 0."""
    centred = image - image.mean(dim=(-2, -1), keepdim=True)
    return centred / (centred.square().mean(dim=(-2, -1), keepdim=True) + FLAT_DEVIATION**2).sqrt()


def _filter_layer(code: int, size: int, into: int, out: int, sigma: float) -> nn.Conv2d:
    """Make the layer that turns a code into the filters of one stage, all of them near a Gaussian to begin with.

    The Gaussians compose to a kernel of sum 1; random filters may compose to a sum near 0, and are divided by it.
    """
    layer = nn.Conv2d(code, out * into * size**2, 1)
    gaussian = gaussian_kernel(sigma, size) if size > 1 else torch.ones(1, 1, 1, 1)
    with torch.no_grad():
        layer.weight.mul_(0.1 / (into * size))
        layer.bias.copy_((gaussian / into).flatten().repeat(out * into))  # type: ignore[union-attr]
    return layer
