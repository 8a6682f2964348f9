"""SelfDeblur's two generators and their settings: an image and a kernel out of noise, fitted to one blurred image.

Ren et al., "Neural Blind Deconvolution Using Deep Priors", CVPR 2020. Nothing is learned beforehand, so there are no
weights: `pinsharp.nets.peers.self_fit` fits both generators to each image again.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.errors import ConfigError
from pinsharp.nets.checks import check_at_least

LEAKY_SLOPE = 0.2
"""Slope of every LeakyReLU below zero, as in the deep image prior (Ulyanov et al., 2018), SelfDeblur's model."""

NOISE_SCALE = 0.1
"""Both generators start from noise that is uniform between 0 and this, as in the deep image prior."""


@dataclass(frozen=True)
class SelfDeblurConfig:
    """Settings of SelfDeblur; the defaults are the authors'."""

    # Side of the kernel in pixels, odd. The authors set it for each image; 21 is the side of the paper that this
    # project follows. Too small a kernel cannot describe the blur, too large a one fits slower.
    kernel_size: int = 21
    levels: int = 5  # times that the image generator halves its resolution
    channels: int = 128  # channels on every level. 128; `SMALL`, with a quarter of them, takes a sixth of the time.
    skip_channels: int = 16  # channels of the shortcut across each level. 16; 0 leaves the shortcuts out.
    noise_channels: int = 8  # channels of the noise that the image comes from
    # Level from which on a non-local block lets all places of the image speak to each other, counted from 1. 3; 0 for
    # none.
    non_local_from: int = 3
    kernel_noise: int = 200  # length of the noise that the kernel comes from
    kernel_hidden: int = 1000  # width of the kernel generator's only hidden layer
    steps: int = 5000  # steps of the optimiser. 5000; the authors' script for photographs makes 2500.
    image_lr: float = 1e-2  # Adam's rate for the image generator
    # Adam's rate for the kernel generator. 1e-4: it has one output for thousands of pixels to agree on.
    kernel_lr: float = 1e-4
    # Shares of the steps after which both rates are halved. 2000, 3000 and 4000 of 5000.
    milestones: tuple[float, ...] = (0.4, 0.6, 0.8)
    # Share of the steps that minimise the mean squared error, before 1 - SSIM takes over. 500 of 5000.
    mse_share: float = 0.1
    # Standard deviation of the noise that is added to the image generator's input, again at each step. 1e-3.
    jitter: float = 1e-3
    # `joint` fits the three channels with one kernel. `luma` is what the authors' scripts do: the luma alone is fitted,
    # and the result keeps the blurred chroma.
    colour: Literal["joint", "luma"] = "joint"
    # Move the kernel's centroid to its centre pixel and the image with it, by whole pixels. A shift of the image and
    # the opposite one of the kernel blur alike, so the fit cannot know it; camera-shake test sets are scored at the
    # best shift. Defocus does not shift.
    centre: bool = True
    seed: int = 0  # decides weights, inputs and jitter

    def __post_init__(self) -> None:
        check_at_least(self, levels=1, channels=1, noise_channels=1, kernel_noise=1, kernel_hidden=1, steps=1)
        check_at_least(self, skip_channels=0, non_local_from=0, seed=0)
        for name in ("image_lr", "kernel_lr"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ConfigError(f"{name} must be a positive number, got {getattr(self, name)}")
        if not 0 <= self.jitter < float("inf"):
            raise ConfigError(f"jitter must be 0 or a positive number, got {self.jitter}")
        if self.kernel_size < 3 or self.kernel_size % 2 == 0:
            raise ConfigError(f"kernel_size must be odd and at least 3, got {self.kernel_size}; try 21")
        if not 0 <= self.mse_share <= 1:
            raise ConfigError(f"mse_share must be from 0 to 1, got {self.mse_share}")
        if not all(earlier < later for earlier, later in pairwise((0.0, *self.milestones, 1.0))):
            raise ConfigError(
                "milestones must be shares of the steps between 0 and 1 in rising order, such as [0.4, 0.6, 0.8], "
                f"got {list(self.milestones)}"
            )
        if self.colour not in ("joint", "luma"):
            raise ConfigError(f"colour must be 'joint' or 'luma', got {self.colour!r}")

    @property
    def smallest_side(self) -> int:
        """Smallest side of a blurred image in pixels: one less, and the lowest level would hold a single pixel."""
        return max(1, (1 << self.levels) + 2 - self.kernel_size)


class ImageGenerator(nn.Module):
    """Hourglass with shortcuts that turns noise into an image in (0, 1), the prior being its architecture.

    The image has 1 or 3 colours.
    """

    def __init__(self, config: SelfDeblurConfig, colours: int) -> None:
        super().__init__()
        self.config = config
        self.hourglass = _Level(config.noise_channels, config, level=1)
        self.last = nn.Conv2d(config.channels, colours, 1)

    def forward(self, noise: Tensor) -> Tensor:
        """Turn noise (1, D, H, W) into an image (1, C, H, W).

        The sides must be at least `config.smallest_side` + `config.kernel_size` - 1. Normalisation is by the statistics
        of this very image, in training and in evaluation, as nothing else is ever generated.
        """
        image: Tensor = torch.sigmoid(self.last(self.hourglass(noise)))
        return image


class KernelGenerator(nn.Module):
    """Fully connected net that turns noise into a kernel: not negative, sum 1, because a softmax ends it."""

    def __init__(self, config: SelfDeblurConfig) -> None:
        super().__init__()
        self.config = config
        self.first = nn.Linear(config.kernel_noise, config.kernel_hidden)
        self.second = nn.Linear(config.kernel_hidden, config.kernel_size**2)

    def forward(self, noise: Tensor) -> Tensor:
        """Turn noise (1, N) into a kernel (1, 1, K, K)."""
        values = self.second(F.relu6(self.first(noise))).softmax(dim=-1)  # (1, K * K)
        kernel: Tensor = values.view(-1, 1, self.config.kernel_size, self.config.kernel_size)
        return kernel


class NonLocal(nn.Module):
    """Non-local block with dot products (Wang et al., 2018): each place adds what the others say, weighted by likeness.

    The weights of all pairs of places, (theta phi) / (H W), are never formed: without a softmax the products can be
    taken in the other order, and cost grows with the image instead of its square. At least 2 channels go in and out.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(channels, inner, 1)
        self.value = nn.Conv2d(channels, inner, 1)
        self.project = nn.Conv2d(inner, channels, 1)
        self.norm = _norm(channels)
        nn.init.zeros_(self.norm.weight)  # the block starts as the identity

    def forward(self, features: Tensor) -> Tensor:
        """Add the non-local part to features (B, C, H, W)."""
        query, key, value = (layer(features).flatten(2) for layer in (self.query, self.key, self.value))  # (B, I, HW)
        said = value @ key.transpose(1, 2) / key.shape[-1]  # (B, I, I)
        heard = (said @ query).unflatten(2, features.shape[-2:])  # (B, I, H, W)
        added: Tensor = self.norm(self.project(heard))
        return features + added


class _Level(nn.Module):
    """One level of the hourglass with all that lies below it: (B, in, H, W) to (B, channels, H, W)."""

    def __init__(self, in_channels: int, config: SelfDeblurConfig, *, level: int) -> None:
        super().__init__()
        channels, skip = config.channels, config.skip_channels
        is_non_local = 0 < config.non_local_from <= level
        self.skip = _convolution(in_channels, skip, 1) if skip else None
        self.down = nn.Sequential(
            _convolution(in_channels, channels, 3, stride=2),
            NonLocal(channels) if is_non_local else nn.Identity(),
            _convolution(channels, channels, 3),
        )
        self.below = _Level(channels, config, level=level + 1) if level < config.levels else nn.Identity()
        self.norm = _norm(channels + skip)
        self.up = nn.Sequential(_convolution(channels + skip, channels, 3), _convolution(channels, channels, 1))

    def forward(self, features: Tensor) -> Tensor:
        height, width = features.shape[-2:]
        deep = F.interpolate(self.below(self.down(features)), scale_factor=2, mode="bilinear")
        deep = deep[..., :height, :width]  # an odd side has become even
        joined = deep if self.skip is None else torch.cat([self.skip(features), deep], dim=1)
        out: Tensor = self.up(self.norm(joined))
        return out


def _convolution(in_channels: int, out_channels: int, size: int, *, stride: int = 1) -> nn.Sequential:
    """Convolution that reflects the image at its border, normalisation and LeakyReLU."""
    convolution = nn.Conv2d(in_channels, out_channels, size, stride, padding=size // 2, padding_mode="reflect")
    return nn.Sequential(convolution, _norm(out_channels), nn.LeakyReLU(LEAKY_SLOPE))


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, track_running_stats=False)


SMALL = SelfDeblurConfig(levels=4, channels=32, skip_channels=8, steps=1000, image_lr=2e-3, kernel_lr=1e-3)
"""Settings for a CPU: minutes instead of hours for an image of 256 x 256 pixels; `configs/peers/selfdeblur-budget.toml`
holds the same. With the authors' rates the kernel hardly leaves its start, a flat square, in so few steps, and the
image is a caricature of itself."""
