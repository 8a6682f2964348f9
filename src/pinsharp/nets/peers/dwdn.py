"""DWDN, deep Wiener deconvolution (Dong et al., 2020), the paper's "FWD": Wiener step on features, then refinement.

It needs a kernel: it has no estimator of its own and takes the one of another net, or the true one.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.blur.field import BlurField
from pinsharp.nets.blocks import PaddingMode
from pinsharp.nets.checks import check_at_least
from pinsharp.nets.peers.hourglass import SIDE, Hourglass, entrance
from pinsharp.nets.peers.scales import bilinear_scales, cropped_scales, padded_to_multiple, resized
from pinsharp.nets.udbd.feature_wiener import RATIO_FLOOR, Fwd

COLOURS = 3

_NOISE_FACTOR = 8 / 30
"""Of the noise measured with a median, as in the authors' code."""

_FLAT = 1e-3
"""Standard deviation below which a channel is taken as flat."""


@dataclass(frozen=True)
class DwdnConfig:
    """Settings of DWDN. The defaults are the authors', but for `noise`."""

    features: int = 16  # channels that are deconvolved. 16: the transforms cost time for each.
    feature_blocks: int = 3  # 5x5 ResBlocks of the feature extraction
    # What the feature extraction sees past the border. `zeros` as in the authors' code, though the Wiener step rings
    # from the edge that zeros make; `replicate` is kinder to borders.
    feature_padding: PaddingMode = "zeros"
    # How the term beside |F(k)|^2 is measured: `mean` as the authors' text says, `median` as their code does (see
    # `MedianFwd`). Before training `mean` is the safer: deconvolving eight 8-bit photographs as if they were features,
    # it gains 0.6 dB at sigma 1.8 and 1.0 at 3.2 on average, `median` loses 0.3 and 5.1. Training can scale the
    # features to suit `median`; which is better after it has not been tried.
    noise: Literal["mean", "median"] = "mean"
    width: int = 32  # channels of the refinement at full resolution, doubled on each of two levels down
    blocks: int = 3  # 5x5 ResBlocks of the refinement on each level, down and up
    scales: int = 2  # scales of the refinement, each half as large as the one before

    def __post_init__(self) -> None:
        check_at_least(self, features=1, feature_blocks=0, width=1, blocks=0, scales=1)


class Dwdn(nn.Module):
    """Restore blurred colour images whose kernels are given; used blind, it takes another net's estimate."""

    def __init__(self, config: DwdnConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or DwdnConfig()
        self.restorer = DwdnRestorer(config)

    def deconvolve_scales(self, blurred: Tensor, estimate: BlurField) -> list[Tensor]:
        """Restore images (B, 3, H, W) of any size at every scale, finest first, not clamped to [0, 1]."""
        restored: list[Tensor] = self.restorer(blurred, estimate.kernel)
        return restored

    def deconvolve(self, blurred: Tensor, estimate: BlurField) -> Tensor:
        """Restore images (B, 3, H, W) whose kernels, estimated or true, are given; not clamped to [0, 1]."""
        return self.deconvolve_scales(blurred, estimate)[0]

    def forward(self, blurred: Tensor, kernel: Tensor) -> Tensor:
        """Restore images (B, 3, H, W) with kernels (B or 1, 1, K, K)."""
        return self.deconvolve(blurred, BlurField(kernel))

    def targets(self, sharp: Tensor) -> list[Tensor]:
        """Give what `deconvolve_scales` is trained towards: the sharp images, resized to each scale."""
        scales = bilinear_scales(padded_to_multiple(sharp, self.restorer.multiple), self.config.scales)
        return cropped_scales(scales, (sharp.shape[-2], sharp.shape[-1]))


class DwdnRestorer(nn.Module):
    """Features, their Wiener deconvolution (eq. 2), and refinement coarse to fine; nothing is added to the input.

    The scales share the encoder-decoder and the last layer; each has an entrance of its own.
    """

    def __init__(self, config: DwdnConfig) -> None:
        super().__init__()
        self.multiple = 4 * 2 ** (config.scales - 1)
        self.extraction = entrance(COLOURS, config.features, config.feature_blocks, padding_mode=config.feature_padding)
        self.wiener = MedianFwd(config.features) if config.noise == "median" else Fwd(config.features)
        # Finest first; all but the coarsest also see the features of the scale below them.
        self.enter = nn.ModuleList(
            entrance(config.features + (0 if coarsest else config.width), config.width, config.blocks)
            for coarsest in [*[False] * (config.scales - 1), True]
        )
        self.hourglass = Hourglass(config.width, config.blocks, up_side=3)
        self.leave = nn.Conv2d(config.width, COLOURS, SIDE, padding=SIDE // 2)

    def forward(self, blurred: Tensor, kernel: Tensor) -> list[Tensor]:
        """Restore images (B, 3, H, W) with kernels (B or 1, 1, K, K) at every scale, finest first."""
        # Padding comes after the Wiener step, which has its own: replicated rows are no image of the kernel.
        deblurred = padded_to_multiple(self.wiener(self.extraction(blurred), kernel), self.multiple)
        deblurred_scales = bilinear_scales(deblurred, len(self.enter))  # (B, features, H / 2^s, W / 2^s)
        refined: Tensor | None = None
        restored_scales: list[Tensor] = []
        for seen, enter in zip(reversed(deblurred_scales), reversed(list(self.enter)), strict=True):
            if refined is not None:
                seen = torch.cat([seen, resized(refined, (seen.shape[-2], seen.shape[-1]))], dim=1)
            features = enter(seen)  # (B, width, H / 2^s, W / 2^s)
            quarter, half = self.hourglass.encode(features)
            refined = self.hourglass.decode(quarter, half, features)
            restored_scales.insert(0, self.leave(refined))
        return cropped_scales(restored_scales, (blurred.shape[-2], blurred.shape[-1]))


class MedianFwd(Fwd):
    """Feature Wiener deconvolution with noise and signal as the authors' code measures them. It has no parameters.

    s_i^n is the variance of the feature's difference from its own 3x3 median, s_i^x the feature's standard deviation.
    Their ratio grows with the feature, so that the weights of the extraction set it; that of `Fwd` does not.
    """

    def noise_to_signal(self, features: Tensor) -> Tensor:
        """Measure s_i^n / s_i^x of features (B, n, H, W): (B, n, 1, 1)."""
        with torch.autocast(features.device.type, enabled=False):
            features = features if features.dtype == torch.float64 else features.float()
            noise = _variance(features - median_filter(features))
            # The tiny term keeps the square root's gradient finite where a channel is constant.
            signal = (_variance(features) + 1e-12).sqrt().clamp(min=_FLAT)
            return _NOISE_FACTOR * noise / signal + RATIO_FLOOR


def median_filter(features: Tensor) -> Tensor:
    """Take the median of every pixel of (B, n, H, W) and its eight neighbours, the border replicated."""
    height, width = features.shape[-2:]
    padded = F.pad(features, (1, 1, 1, 1), mode="replicate")
    # Columns of three are sorted once for all three windows that they are in: a third of the time of torch.median
    # over nine shifted copies (1 core, 16 x 256 x 256: 45 ms of 146 ms).
    low, middle, high = _sorted_three([padded[..., y : y + height, :] for y in range(3)])
    windows = [[part[..., x : x + width] for x in range(3)] for part in (low, middle, high)]
    lows, middles, highs = (_sorted_three(window) for window in windows)
    return _sorted_three([lows[2], middles[1], highs[0]])[1]


def _sorted_three(values: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    first, second, third = values
    low, high = torch.minimum(first, second), torch.maximum(first, second)
    middle = torch.maximum(low, torch.minimum(high, third))
    return torch.minimum(low, third), middle, torch.maximum(high, third)


def _variance(features: Tensor) -> Tensor:
    return features.var(dim=(-2, -1), keepdim=True, correction=0)
