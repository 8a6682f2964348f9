"""What a camera makes of blurred light: gains along a line, shot noise, read noise and rounding.

Randomness comes in: as a generator, or as the random numbers themselves.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.blur.fourier import circular_convolve
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError

_Values = TypeVar("_Values", Tensor, NDArray[Any])

_STREAM = 0x9E3779B97F4A7C15
_MASK = (1 << 63) - 1


@dataclass(frozen=True)
class Camera:
    """A sensor and what reads it."""

    bits: int = 8  # depth that images are rounded to, 1 to 16
    read_noise: float = 0.0  # standard deviation in units of full scale, before smoothing
    full_well: float = 0.0  # electrons at full scale, which decide the shot noise; 0 for none
    smoothing: float = 0.0  # sigma in pixels of the Gaussian that the read noise is smoothed with; 0 for white noise
    # Standard deviation of the gains of a line's pixels, each of which draws one column of the image.
    line_gain: float = 0.0

    def gains(self, normal: _Values) -> _Values:
        """Share of the light that each pixel of the line gets, out of random numbers of deviation 1."""
        return 1 + self.line_gain * normal

    def noise_variance(self, brightness: float) -> float:
        """Variance of all noise, rounding included, at a mean brightness, full scale 1; before any smoothing."""
        shot = brightness / self.full_well if self.full_well else 0.0
        rounding = 1 / (2.0**self.bits - 1) ** 2 / 12
        return self.read_noise**2 + shot + rounding

    def expose(self, light: Tensor, generator: torch.Generator | None) -> Tensor:
        """Turn light, (B, C, H, W) or (C, H, W) in [0, 1] and with its gains, into an image.

        Raises:
            ValueError: If there is noise but no generator.
        """
        if self.full_well or self.read_noise:
            if generator is None:
                raise ValueError("noise needs a generator to be drawn from, got None")
            light = add_shot_noise(light, self.full_well, generator) if self.full_well else light
            light = add_read_noise(light, self.read_noise, generator, smoothing=self.smoothing)
        return quantise(light, self.bits)


def generator(seed: int, index: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Make the random generator of sample `index` of the run `seed`: the same pair always draws the same numbers."""
    mixed = ((seed + 1) * _STREAM + index * 0xBF58476D1CE4E5B9) & _MASK
    return torch.Generator(device).manual_seed(mixed ^ (mixed >> 31))


def add_read_noise(
    image: Tensor, sigma: float | Tensor, generator: torch.Generator, *, smoothing: float = 0.0
) -> Tensor:
    """Add Gaussian noise to images (B, C, H, W) or (C, H, W) in [0, 1]; `sigma` is in units of full scale.

    `smoothing`, unless 0, is the sigma in pixels of a Gaussian that smooths the white noise, as interpolating colour
    filters and denoising in a camera do: coarse noise keeps its level, fine noise goes.
    """
    noise = torch.randn(image.shape, generator=generator, dtype=image.dtype, device=image.device)
    if smoothing > 0:
        kernel = gaussian_kernel(smoothing).to(image)
        noise = circular_convolve(noise.reshape(-1, 1, *image.shape[-2:]), kernel).reshape(image.shape)
    return image + sigma * noise


def add_shot_noise(image: Tensor, full_well: float, generator: torch.Generator) -> Tensor:
    """Replace light in [0, 1], of any shape, by counted electrons; below 0 is dark.

    It adds Poisson noise of the variance image / full_well, the full well in electrons.
    """
    return torch.poisson(image.clamp(min=0) * full_well, generator=generator) / full_well


def quantise(image: Tensor, bits: int) -> Tensor:
    """Round to the levels of an 8-, 10-, 12- or 16-bit camera (any number of bits from 1 to 16), clipped to [0, 1].

    Rounding adds noise of standard deviation 0.29 / (2**bits - 1): in 8 bits it decides how much can be recovered.
    """
    if not 1 <= bits <= 16:
        raise ConfigError(f"bits must be from 1 to 16, got {bits}")
    levels = 2**bits - 1
    rounded: Tensor = (image.clamp(0, 1) * levels).round() / levels
    return rounded
