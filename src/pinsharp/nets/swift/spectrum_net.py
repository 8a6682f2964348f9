"""`swift`'s kernel estimator: blur width, disc share and noise from the power spectra of an image's textured windows.

Defocus multiplies the spectrum by a transfer function that depends on the radius only, so the radial profile of the
power spectrum carries all there is to know: how fast it falls (width), where its zeros lie (disc), where it turns flat
(noise). Parts and panels made of straight lines have their power in few directions and noise in all others, so that a
mean over all directions misleads: profiles of the strongest and the weakest direction stand beside it. A bounded number
of windows is read, the most textured, so that the cost does not grow with the image. The paper's own estimator, which
reads pixels, is in `kernel_net`.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from pinsharp.blur.family import render_kernels, split_width
from pinsharp.blur.field import BlurField
from pinsharp.blur.fourier import frequency_angle, radial_frequency, spectrum
from pinsharp.nets.swift.texture import shared_windows, textured_windows

LOG_POWER_CENTRE, LOG_POWER_SCALE = -5.0, 4.0
"""Rough mean and spread of log power spectra of photographs, to feed the net values around 0."""

SLOPE_SCALE = 8.0
"""Factor on the differences between neighbouring rings, which brings them to the size of the profiles."""

DIRECTION_BINS = 40
"""Radial bins of the profiles by direction, from zero frequency to half a cycle per pixel."""

KEPT_RINGS = slice(1, 38)
"""Which of these are read. The first and the last two hold next to no samples in some directions: an estimator that
read them called defocused images of a microscope sharp, to 0.1 %."""

POWER_FLOOR = 1e-9
"""Power added before the logarithm, per pixel: a tenth of 12-bit rounding noise in amplitude."""


@dataclass(frozen=True)
class SpectrumConfig:
    """Settings of the spectral kernel estimator."""

    # Side of the windows in pixels. 128 resolves 1/128 cycle per pixel, an eighth of the distance between the zeros of
    # a disc of radius 8.
    window: int = 128
    max_windows: int = 32  # most windows that are read of one image; the most textured ones
    bins: int = 80  # radial bins from zero frequency to the corner of the spectrum, 0.71 cycles per pixel
    directions: int = 0  # an even number of directions that are distinguished beside their mean; 0 for none
    noise_apart: bool = False  # let a net of its own, which knows the mean over all directions only, measure the noise
    hidden: int = 192  # width of the hidden layers
    kernel_size: int = 41  # side of the kernels in pixels, odd: 41 holds a Gaussian of sigma 5 to four sigmas
    max_sigma: float = 5.0  # largest effective width in pixels that is reported


class SpectrumNet(nn.Module):
    """Estimate a Gaussian-and-disc kernel, its uncertainty and the noise from radial power spectra.

    Each window gives a profile; an MLP reads every profile, the results are pooled over the windows (mean and maximum,
    so that their number is free), joined by the mean profile, and a second MLP gives four numbers: the logarithm of the
    width, its standard deviation, the share of the disc and the logarithm of the noise.
    """

    VOTES = False
    """Whether windows are judged one by one."""

    LEAST_WINDOWS = 6
    """Fewest windows of an image that a step of training reads: small images have few."""

    MIN_LOG_NOISE = math.log(5e-5)
    MIN_SIGMA = 0.2

    def __init__(self, config: SpectrumConfig | None = None) -> None:
        super().__init__()
        self.config = config or SpectrumConfig()
        hidden, features = self.config.hidden, 2 * (2 * self.config.bins - 1)
        if self.config.directions:
            features += _CHOSEN * (2 * len(range(DIRECTION_BINS)[KEPT_RINGS]) - 1)
        self.read = nn.Sequential(nn.Linear(features, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU())
        self.conclude = nn.Sequential(
            nn.Linear(features + 2 * hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 4),
        )
        self.noise_net: SpectrumNet | None = None
        if self.config.noise_apart:
            self.noise_net = SpectrumNet(replace(self.config, directions=0, noise_apart=False))
        shape = (self.config.window, self.config.window)
        window = torch.hann_window(self.config.window, periodic=True)
        taper = window[:, None] * window[None, :]
        self.register_buffer("taper", taper / taper.square().sum().sqrt(), persistent=False)
        self.register_buffer("bin_weights", _bin_weights(shape, self.config.bins), persistent=False)
        self.register_buffer("direction_weights", _direction_weights(shape, self.config.directions), persistent=False)
        self.register_buffer("feature_mean", torch.zeros(features))
        self.register_buffer("feature_std", torch.ones(features))
        self.taper: Tensor
        self.bin_weights: Tensor
        self.direction_weights: Tensor
        self.feature_mean: Tensor
        self.feature_std: Tensor

    def forward(self, blurred: Tensor) -> BlurField:
        """Estimate the blur of images (B, C, H, W), one kernel for each; smaller sides than a window are mirrored."""
        with torch.autocast(device_type=blurred.device.type, enabled=False):
            return self.judge(self.observe(blurred))

    def estimate_parts(self, parts: Tensor) -> BlurField:
        """Estimate the one blur of several parts (N, C, H, W) that were cut out of one image."""
        with torch.autocast(device_type=parts.device.type, enabled=False):
            grey = parts.float().mean(dim=1)
            return self.judge(self.features(shared_windows(grey, self.config.window, self.config.max_windows)))

    @torch.no_grad()
    def calibrate(self, blurred: Tensor) -> None:
        """Set what is subtracted from the features, and what they are divided by, from training images (B, C, H, W).

        Without it, the brightness of the spectrum drowns its shape: small discs had twice the width error after the
        same steps.
        """
        features = self.observe(blurred).flatten(0, 1)
        self.feature_mean.copy_(features.mean(dim=0))
        self.feature_std.copy_(features.std(dim=0) + 1e-3)
        if self.noise_net is not None:
            self.noise_net.calibrate(blurred)

    def observe(self, blurred: Tensor) -> Tensor:
        """Give what is read of images (B, C, H, W): the features of their windows, most textured first, (B, N, F)."""
        grey = blurred.float().mean(dim=1)
        return self.features(textured_windows(grey, self.config.window, self.config.max_windows))

    def features(self, windows: Tensor) -> Tensor:
        """Radial profiles of windows (B, N, S, S) and their steps from ring to ring, enlarged: (B, N, features).

        A disc's zero is a small dip in a profile that falls by decades.
        """
        power = self.power(windows)
        return self.features_of(power, self.by_direction(power) if self.config.directions else None)

    def features_of(self, power: Tensor, directed: Tensor | None) -> Tensor:
        """The same from `power`, and `by_direction` where directions are distinguished."""
        profiles = _with_slopes(self._profiles(power).reshape(*power.shape[:-1], 2, self.config.bins))
        return profiles if directed is None else torch.cat([profiles, _with_slopes(_chosen(directed))], -1)

    def profiles(self, windows: Tensor) -> Tensor:
        """Radial profiles of windows (B, N, S, S): (B, N, 2 bins), log of mean power, then mean of log power."""
        return self._profiles(self.power(windows))

    def power(self, windows: Tensor) -> Tensor:
        """Power spectra of windows (B, N, S, S), flat: (B, N, S * (S // 2 + 1))."""
        centred = (windows - windows.mean(dim=(-2, -1), keepdim=True)) * self.taper
        return spectrum(centred).abs().square().flatten(-2)

    def _profiles(self, power: Tensor) -> Tensor:
        log_of_mean = (power @ self.bin_weights + POWER_FLOOR).log()
        mean_of_log = (power + POWER_FLOOR).log() @ self.bin_weights
        return _scaled(torch.cat([log_of_mean, mean_of_log], dim=-1))

    def by_direction(self, power: Tensor) -> Tensor:
        """Log mean power (B, N, samples) of windows by direction and ring, scaled: (B, N, D, DIRECTION_BINS)."""
        mean = (power @ self.direction_weights).reshape(*power.shape[:-1], self.config.directions, DIRECTION_BINS)
        return _scaled((mean + POWER_FLOOR).log())

    def judge(self, features: Tensor) -> BlurField:
        """Estimate the blur of images out of the features (B, N, F) of their windows."""
        found = self._judge(features)
        if self.noise_net is None:
            return found
        plain = features[..., : len(self.noise_net.feature_mean)]  # profiles by direction stand behind
        return replace(found, noise=self.noise_net.judge(plain).noise)

    def _judge(self, features: Tensor) -> BlurField:
        features = (features - self.feature_mean) / self.feature_std
        read = self.read(features)  # (B, N, hidden)
        pooled = torch.cat([features.mean(dim=1), read.mean(dim=1), read.amax(dim=1)], dim=-1)
        width, spread, share, noise = self.conclude(pooled).unbind(dim=-1)
        low, high = math.log(self.MIN_SIGMA), math.log(self.config.max_sigma)
        log_width = low + (high - low) * torch.sigmoid(width)
        disk_share = torch.sigmoid(share)
        return BlurField(
            kernel=self.kernel(log_width.exp(), disk_share),
            noise=(self.MIN_LOG_NOISE + nn.functional.softplus(noise)).exp(),
            log_width=log_width,
            log_width_std=1e-3 + 0.1 * nn.functional.softplus(spread),
            disk_share=disk_share,
        )

    def kernel(self, width: Tensor, disk_share: Tensor) -> Tensor:
        """Render kernels (B, 1, K, K) of an effective width in pixels, split between a Gaussian and a disc."""
        return render_kernels(*split_width(width, disk_share), self.config.kernel_size)


def _chosen(directed: Tensor) -> Tensor:
    """Log mean power by ring, of those that are kept, out of all directions: (B, N, 4, rings).

    In the strongest direction, the weakest and the one across the strongest; then the highest of all directions.
    """
    count = directed.shape[-2]
    strength = directed[..., _LEAST_RING:_MOST_RING].mean(dim=-1)
    strongest = strength.argmax(dim=-1)
    chosen = torch.stack([strongest, strength.argmin(dim=-1), (strongest + count // 2) % count], dim=-1)
    picked = directed.gather(-2, chosen[..., None].expand(*chosen.shape, DIRECTION_BINS))
    return torch.cat([picked, directed.amax(dim=-2, keepdim=True)], dim=-2)[..., KEPT_RINGS]


_CHOSEN = 4
"""Profiles by direction that are read; see `_chosen`."""

_LEAST_RING, _MOST_RING = 3, 30
"""Rings by which directions are ranked: what is below is shading, what is above noise."""


def _scaled(log_power: Tensor) -> Tensor:
    return (log_power - LOG_POWER_CENTRE) / LOG_POWER_SCALE


def _with_slopes(profiles: Tensor) -> Tensor:
    """Several profiles (..., M, bins), then their steps from ring to ring, enlarged, all in one row."""
    return torch.cat([profiles.flatten(-2), SLOPE_SCALE * profiles.diff(dim=-1).flatten(-2)], dim=-1)


def _direction_weights(shape: tuple[int, int], directions: int) -> Tensor:
    """Matrix (H * (W // 2 + 1), directions * bins) that averages a half spectrum over rings within each direction.

    Rings and directions are split linearly between neighbours; the first direction is that of the columns, upwards.
    """
    if not directions:
        return torch.empty(0)
    angle = (frequency_angle(shape).flatten() / math.pi + 0.5) * directions  # 0 to directions, from end to end
    frequency = radial_frequency(shape).flatten()
    ring = (frequency * 2 * (DIRECTION_BINS - 1))[:, None] - torch.arange(DIRECTION_BINS)
    rings = (1 - ring.abs()).clamp(min=0) * (frequency <= 0.5)[:, None]  # (samples, bins)
    apart = (angle[:, None] - torch.arange(directions)).abs()
    shares = (1 - torch.minimum(apart, directions - apart)).clamp(min=0)  # (samples, directions)
    shares = torch.where(shares > 1e-4, shares, 0)  # where only rounding is left of a share, nothing is to be averaged
    weights = (shares[:, :, None] * rings[:, None, :]).flatten(1)
    weights[0] = 0  # the mean was taken out
    return weights / weights.sum(dim=0).clamp(min=1e-6)


def _bin_weights(shape: tuple[int, int], bins: int) -> Tensor:
    """Matrix (H * (W // 2 + 1), bins) that averages a half spectrum over rings, split linearly between neighbours."""
    frequency = radial_frequency(shape).flatten()
    position = (frequency / math.sqrt(0.5) * (bins - 1)).clamp(max=bins - 1)
    centres = torch.arange(bins)
    weights = (1 - (position[:, None] - centres[None, :]).abs()).clamp(min=0)
    weights[0] = 0  # the mean was taken out
    return weights / weights.sum(dim=0).clamp(min=1e-6)
