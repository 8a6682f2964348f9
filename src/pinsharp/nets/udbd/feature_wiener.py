"""Wiener deconvolution in feature space (eq. 1 to 3): FWD of Dong et al., 2020, and DFWD, the paper's own.

Both deblur every feature channel with the kernel of the image and differ in where the term beside |F(k)|^2 comes from.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.blur.fourier import fast_size, from_spectrum, spectrum, transfer_function
from pinsharp.nets.blocks import LEAKY_SLOPE

INITIAL_RATIO = 3e-3
"""C_i of an untrained DFWD: between the noise-to-signal ratios of 8-bit (1e-4) and of noisy images (1e-2)."""

RATIO_FLOOR = 1e-6
"""What C_i never falls below, so that frequencies that the kernel wipes out are not divided by zero."""

_FLAT = 1e-3
"""Standard deviation below which FWD takes a channel as flat; it has no signal to compare its noise with."""


def deconvolve_features(features: Tensor, kernel: Tensor, noise_to_signal: Tensor) -> Tensor:
    """Deconvolve every channel with the kernel of its image (eq. 1), given the term beside |F(k)|^2.

    The transform takes its input as periodic, so the features are padded with their border values by at least the
    kernel's side, and cropped again. It runs in float32 even under autocast.

    Args:
        features: Blurred features F_i(y), (B, n, H, W).
        kernel: Kernels k, (B or 1, 1, K, K), sum 1.
        noise_to_signal: s_i^n / s_i^x of eq. 2 or C_i of eq. 3, (B or 1, n or 1, 1, 1), > 0.

    Returns:
        Deblurred features F_i(x^), (B, n, H, W), float32 (float64 for float64 features).
    """
    height, width = features.shape[-2:]
    pad, shape = kernel.shape[-1], padded_shape(features, kernel)
    margins = (pad, shape[1] - width - pad, pad, shape[0] - height - pad)
    with torch.autocast(features.device.type, enabled=False):
        transfer = transfer_function(kernel, shape)  # (B, 1, H', W' // 2 + 1)
        power = transfer.real**2 + transfer.imag**2
        wiener = transfer.conj() / (power + noise_to_signal.to(power.dtype))  # F(H_i), (B, n, H', W' // 2 + 1)
        padded = F.pad(_full_precision(features), margins, mode="replicate")
        deblurred = from_spectrum(wiener * spectrum(padded), shape)
    return deblurred[..., pad : pad + height, pad : pad + width]


def padded_shape(features: Tensor, kernel: Tensor) -> tuple[int, int]:
    """Height and width that features (B, n, H, W) are padded to for their transform."""
    height, width = (fast_size(side + 2 * kernel.shape[-1]) for side in features.shape[-2:])
    return height, width


class Fwd(nn.Module):
    """Feature Wiener deconvolution with measured noise and signal (eq. 2). It has no parameters.

    s_i^x is the standard deviation of the blurred feature, s_i^n that of its difference from its own 3x3 mean-filtered
    copy, as the text of both papers says; the published code of Dong et al. has a median and the variance instead. The
    number of channels is unused, so that both modules are made the same way.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def noise_to_signal(self, features: Tensor) -> Tensor:
        """Measure s_i^n / s_i^x of features (B, n, H, W): (B, n, 1, 1)."""
        with torch.autocast(features.device.type, enabled=False):
            features = _full_precision(features)
            return self.ratio(self.measured(features, features - mean_filter(features)))

    def measured(self, features: Tensor, detail: Tensor) -> Tensor:
        """Deviations of features and of their difference from their mean-filtered copy: (2, B, n, 1, 1)."""
        return torch.stack([_deviation(features), _deviation(detail)])

    def ratio(self, measured: Tensor) -> Tensor:
        """s_i^n / s_i^x, (B, n, 1, 1)."""
        return measured[1] / measured[0].clamp(min=_FLAT) + RATIO_FLOOR

    def forward(self, features: Tensor, kernel: Tensor) -> Tensor:
        """Deblur features (B, n, H, W) with kernels (B or 1, 1, K, K)."""
        return deconvolve_features(features, kernel, self.noise_to_signal(features))


class Dfwd(nn.Module):
    """Deep feature Wiener deconvolution (eq. 3): a small net estimates C_i for each of n channels and each image.

    It sees the mean of every channel and the mean size of its difference from its mean-filtered copy, the cue for noise
    that FWD uses too, of all channels together. `hidden` channels lie between its two 1x1 convolutions.
    """

    def __init__(self, channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.estimator = nn.Sequential(
            nn.Conv2d(2 * channels, hidden, 1), nn.LeakyReLU(LEAKY_SLOPE), nn.Conv2d(hidden, channels, 1)
        )
        weight, bias = list(self.estimator.parameters())[-2:]
        with torch.no_grad():
            weight.mul_(0.1)
            bias.fill_(math.log(math.expm1(INITIAL_RATIO)))  # softplus takes it back to INITIAL_RATIO

    def noise_to_signal(self, features: Tensor) -> Tensor:
        """Estimate C_i of features (B, n, H, W): (B, n, 1, 1), positive."""
        with torch.autocast(features.device.type, enabled=False):
            features = _full_precision(features)
            return self.ratio(self.measured(features, features - mean_filter(features)))

    def measured(self, features: Tensor, detail: Tensor) -> Tensor:
        """Means of features and of the size of their difference from their mean-filtered copy: (2, B, n, 1, 1)."""
        return torch.stack([value.mean(dim=(-2, -1), keepdim=True) for value in (features, detail.abs())])

    def ratio(self, measured: Tensor) -> Tensor:
        """C_i, (B, n, 1, 1)."""
        return F.softplus(self.estimator(torch.cat(measured.unbind(), dim=1))) + RATIO_FLOOR

    def forward(self, features: Tensor, kernel: Tensor) -> Tensor:
        """Deblur features (B, n, H, W) with kernels (B or 1, 1, K, K)."""
        return deconvolve_features(features, kernel, self.noise_to_signal(features))


def mean_filter(features: Tensor) -> Tensor:
    """Average every pixel of (B, n, H, W) with its eight neighbours, the border replicated."""
    return F.avg_pool2d(F.pad(features, (1, 1, 1, 1), mode="replicate"), kernel_size=3, stride=1)


def _deviation(features: Tensor) -> Tensor:
    """Standard deviation of each channel, (B, n, 1, 1)."""
    # The tiny term keeps the square root's gradient finite where a channel is constant.
    return (features.var(dim=(-2, -1), keepdim=True, correction=0) + 1e-12).sqrt()


def _full_precision(features: Tensor) -> Tensor:
    return features if features.dtype == torch.float64 else features.float()
