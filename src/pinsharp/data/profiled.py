"""Simulated images of a camera whose profile is known: its softness, noise, depth and faulty pixels."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor

from pinsharp.blur.camera import Camera
from pinsharp.blur.fourier import circular_convolve
from pinsharp.blur.profile import Profile
from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.errors import ConfigError


@dataclass(frozen=True)
class ProfiledCamera:
    """The camera of a profile.

    Raises:
        ConfigError: If its values are not proportional to light, which simulated images are.
    """

    profile: Profile

    def __post_init__(self) -> None:
        if self.profile.light != "linear":
            raise ConfigError(
                f"expected a profile of values in linear light, got {self.profile.light}; simulated images have no "
                "tone curve"
            )
        if self.profile.bits > 16:
            raise ConfigError(f"expected a profile of at most 16 bits, got {self.profile.bits}")

    @property
    def camera(self) -> Camera:
        """What makes an image of light."""
        noise, bits = self.profile.noise, self.profile.bits
        return (
            Camera(bits) if noise is None else Camera(bits, _without_rounding(noise.read_noise, bits), noise.full_well)
        )

    def taking(self, config: SynthesisConfig) -> SynthesisConfig:
        """Settings of training pairs as this camera takes them: its softness, depth and noise; blurs stay as they were.

        Raises:
            ConfigError: If `config` is that of a simulated camera.
        """
        own, camera = self.profile.own_softness, self.camera
        return replace(
            config,
            softness=0.0 if own is None else own.sigma,
            bits=camera.bits,
            read_noise=camera.read_noise,
            full_well=camera.full_well,
        )

    @property
    def sha256(self) -> str:
        """Hash of all that the profile says."""
        return hashlib.sha256(json.dumps(asdict(self.profile), sort_keys=True).encode()).hexdigest()

    def softened(self, kernels: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Kernels (1, 1, K, K) of defocus as this camera shows them, with its own softness."""
        own = self.profile.own_softness
        if own is None or own.sigma == 0:
            return dict(kernels)
        return {name: convolved(kernel, own.kernel) for name, kernel in kernels.items()}

    def spoilt(self, image: Tensor, generator: torch.Generator) -> Tensor:
        """Images (B, C, H, W) of the sensor's size with its faulty pixels dead or stuck; others as they are."""
        if not self.profile.faulty_pixels or image.shape[-2:] != (self.profile.height, self.profile.width):
            return image
        mask = torch.from_numpy(self.profile.faulty_mask)
        stuck = (torch.rand(mask.shape, generator=generator) < 0.5).to(image)
        return torch.where(mask.to(image.device), stuck, image)


def convolved(first: Tensor, second: Tensor) -> Tensor:
    """The kernel (1, 1, K, K) of two blurs one after the other."""
    side = first.shape[-1] + second.shape[-1] - 1
    padded = [torch.nn.functional.pad(one, ((side - one.shape[-1]) // 2,) * 4) for one in (first, second)]
    both = circular_convolve(*padded).clamp(min=0)
    return both / both.sum()


def _without_rounding(read_noise: float, bits: int) -> float:
    """Read noise without the rounding that a profile counts with it, and a camera adds."""
    return math.sqrt(max(read_noise**2 - 1 / (12 * (2.0**bits - 1) ** 2), 0.0))
