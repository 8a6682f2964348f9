"""UDBD-Net: the paper's network, from kernel estimation to the restored image; its ablations are configurations."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pinsharp.blur.field import BlurField
from pinsharp.errors import ConfigError
from pinsharp.nets.blocks import Pooling, ResBlock
from pinsharp.nets.checks import check_at_least, check_levels
from pinsharp.nets.fused import can_fuse
from pinsharp.nets.udbd.feature_wiener import Dfwd, Fwd
from pinsharp.nets.udbd.frm import Frm
from pinsharp.nets.udbd.fused import extracted
from pinsharp.nets.udbd.kernel_net import Constraint, KernelNet
from pinsharp.nets.udbd.wiener_planes import deconvolve_planes

COLOURS = 3
"""Channels that the deconvolution works on; a mono image is shown to it three times."""


@dataclass(frozen=True)
class UdbdConfig:
    """Settings of UDBD-Net.

    The paper fixes the 11x11 convolution, the filter sizes and the order of the parts. The other defaults are choices,
    each with its reason.
    """

    # Channels of the kernel net. 64 as in the estimator of Luo et al., 2022, that it is modelled on.
    kernel_channels: int = 64
    kernel_blocks: int = 3  # its ResBlocks. 3, from the same place.
    # Stride of its 11x11 convolution. 1: the narrowest blurs differ only in the finest detail; 2 takes a quarter of the
    # time.
    kernel_stride: int = 1
    kernel_code: int = 256  # channels between pooling and filters. 256, as in Luo et al.
    # Filters side by side in each stage of the chain. 16 as in Luo et al.; 1, which the paper's wording also allows,
    # has 0.3 instead of 5.7 million parameters.
    kernel_chain: int = 16
    # Sides of the filters: 11, 7, 5, 1 as in the paper, which compose to 21.
    filter_sizes: tuple[int, ...] = (11, 7, 5, 1)
    # How a kernel comes to sum 1. `sum` divides by it, as in Luo et al.; `softmax` makes it positive too.
    constraint: Constraint = "sum"
    # Whether the kernel net sees images at mean 0 and deviation 1. True: no kernel depends on brightness or contrast.
    # Measured at 32 channels, stride 2, 8 crops of 96 a step: without it the mean error of sigma stood at 38 % after
    # 1,500 steps, with it at 24 % after 750.
    kernel_standardise: bool = True
    # Channels n of the Wiener step. 16, as in Dong et al., 2020: its transforms cost time for each channel.
    features: int = 16
    feature_blocks: int = 3  # 5x5 ResBlocks of the feature extraction. 3, as in Dong et al.
    wiener: Literal["dfwd", "fwd"] = "dfwd"  # `dfwd` (eq. 3, the paper's) or `fwd` (eq. 2, the ablation `udbd-fwd`).
    width: int = 32  # channels of the refinement at full resolution. 32, the smaller of NAFNet's two.
    # NAF blocks on each level down. One each on four levels: a fifth of the arithmetic of NAFNet's 1, 1, 1, 28, whose
    # depth serves motion over many pixels; here the Wiener step has undone the blur before.
    encoder_blocks: tuple[int, ...] = (1, 1, 1, 1)
    middle_blocks: int = 1  # NAF blocks at the lowest resolution. 1, as in NAFNet.
    decoder_blocks: tuple[int, ...] = (1, 1, 1, 1)  # NAF blocks on each level up. One each, as in NAFNet.
    resample: bool = True  # whether the refinement changes resolution; without it, this is the ablation `udbd-flat`
    pooling: Pooling = "global"  # channel attention of the NAF blocks: `global` as in NAFNet, or `none`

    def __post_init__(self) -> None:
        check_at_least(self, kernel_channels=1, kernel_stride=1, kernel_code=1, kernel_chain=1, features=1, width=1)
        check_at_least(self, kernel_blocks=0, feature_blocks=0, middle_blocks=0)
        if not self.filter_sizes or any(size < 1 or size % 2 == 0 for size in self.filter_sizes):
            raise ConfigError(
                f"filter_sizes must be odd numbers of pixels, such as 11, 7, 5, 1; got {self.filter_sizes}"
            )
        check_levels(self.encoder_blocks, self.decoder_blocks)


class Udbd(nn.Module):
    """Uniform Defocus Blind Deblurring network (fig. 1): estimate the kernel, then deconvolve in feature space.

    Mono and colour images share the weights: the kernel comes from the mean of the channels, and a mono image is
    deconvolved as a grey colour image whose three restored channels are averaged.
    """

    def __init__(self, config: UdbdConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or UdbdConfig()
        self.kernel_net = KernelNet(
            channels=config.kernel_channels,
            blocks=config.kernel_blocks,
            stride=config.kernel_stride,
            code=config.kernel_code,
            chain=config.kernel_chain,
            filter_sizes=config.filter_sizes,
            constraint=config.constraint,
            standardise=config.kernel_standardise,
        )
        self.restorer = FeatureDeconvolution(config)

    def estimate(self, blurred: Tensor) -> BlurField:
        """Estimate the kernels of blurred images (B, C, H, W), C 1 or 3, H and W of any size."""
        return BlurField(kernel=self.kernel_net(blurred))

    def deconvolve(self, blurred: Tensor, estimate: BlurField) -> Tensor:
        """Restore blurred images (B, C, H, W) whose kernels, estimated or true, are given; not clamped to [0, 1]."""
        restored: Tensor = self.restorer(blurred, estimate.kernel)
        return restored

    def forward(self, blurred: Tensor, estimate: BlurField | None = None) -> tuple[Tensor, BlurField]:
        """Restore blurred images (B, C, H, W), blind unless an `estimate` is given; return it with the result.

        Gradients of the restored images reach the kernel net, as joint training (eq. 6) needs.
        """
        if estimate is None:
            estimate = self.estimate(blurred)
        return self.deconvolve(blurred, estimate), estimate


class FeatureDeconvolution(nn.Module):
    """The non-blind net (section 2.2): features, their Wiener deconvolution, refinement, added to the blurred image."""

    def __init__(self, config: UdbdConfig) -> None:
        super().__init__()
        channels = config.features
        # Borders are replicated here, not set to zero: the Wiener step would ring from the edge that zeros make.
        self.extraction = nn.Sequential(
            nn.Conv2d(COLOURS, channels, 5, padding=2, padding_mode="replicate"),
            nn.ReLU(),
            *(ResBlock(channels, kernel_size=5, padding_mode="replicate") for _ in range(config.feature_blocks)),
        )
        self.wiener = Dfwd(channels) if config.wiener == "dfwd" else Fwd(channels)
        self.frm = Frm(
            channels + COLOURS,
            COLOURS,
            width=config.width,
            encoder_blocks=config.encoder_blocks,
            middle_blocks=config.middle_blocks,
            decoder_blocks=config.decoder_blocks,
            resample=config.resample,
            pooling=config.pooling,
        )

    def forward(self, blurred: Tensor, kernel: Tensor) -> Tensor:
        """Restore blurred images (B, C, H, W), C 1 or 3, with kernels (B or 1, 1, K, K)."""
        colour = blurred.expand(-1, COLOURS, -1, -1)  # (B, 3, H, W)
        if can_fuse(blurred):
            stack = self._deblurred_fused(colour, kernel)
        else:
            deblurred = self.wiener(self.extraction(colour), kernel)  # (B, n, H, W)
            stack = torch.cat([deblurred, colour], dim=1)
        restored: Tensor = colour + self.frm(stack)
        return restored if blurred.shape[1] == COLOURS else restored.mean(dim=1, keepdim=True)

    def _deblurred_fused(self, colour: Tensor, kernel: Tensor) -> Tensor:
        """Deblurred features and the image, (1, n + 3, H, W), where nothing is trained."""
        count = self.frm.intro.in_channels
        stack = colour.new_empty((1, count, *colour.shape[-2:]), dtype=torch.float32)
        deconvolve_planes(self.wiener, extracted(self.extraction, colour), kernel, stack[:, :-COLOURS])
        stack[:, -COLOURS:] = colour
        return stack
