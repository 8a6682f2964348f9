"""What a camera makes of a scene: the lens's softness, defocus, shading, noise and rounding, in this order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.detect.panel import Panel
from pinsharp.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

    from pinsharp.blur.camera import Camera


@dataclass(frozen=True)
class CameraSettings:
    """A line-scan camera, its lens and its light."""

    softness: float = 0.5  # sigma in pixels of the Gaussian that lens and sensor blur with when in focus; 0 for none
    shading: float = 0.06  # share of the light that the darkest corner lacks
    # Standard deviation of the gains of the line's pixels, each of which draws one column of the image.
    line_gain: float = 0.003
    full_well: float = 15_000.0  # electrons at full scale; they decide the shot noise. 0 for none.
    read_noise: float = 20.0  # standard deviation in electrons, or in 1/255 of full scale if there is no full well
    bits: int = 8  # 8, or 12 (stored in uint16, full scale 4095)

    def __post_init__(self) -> None:
        for name in ("softness", "shading", "line_gain", "full_well", "read_noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(f"camera.{name} must be a number from 0 on, got {getattr(self, name)}")
        if self.shading >= 1:
            raise ConfigError(f"camera.shading is a share of the light and must be below 1, got {self.shading}")
        if self.bits not in (8, 12):
            raise ConfigError(f"camera.bits must be 8 or 12, got {self.bits}")

    @property
    def white_level(self) -> int:
        """Value of full scale in the image."""
        return int(2**self.bits - 1)

    @property
    def sensor(self) -> Camera:
        """What turns light into an image, in units of full scale."""
        from pinsharp.blur.camera import Camera

        read_noise = self.read_noise / (self.full_well or 255)
        return Camera(self.bits, read_noise, self.full_well, line_gain=self.line_gain)


def expose(panel: Panel, camera: CameraSettings, seed: int, kernel: Tensor | None = None) -> NDArray[Any]:
    """Take a photograph of a panel, (H, W), uint8 for 8 bits, uint16 for 12; without a kernel (1, 1, K, K) in focus.

    Past its border the scene continues as it is there, which for a panel is what a camera would see. The seed decides
    shading and noise: the same one gives the same image.

    Raises:
        KernelError: If `kernel` is not a valid kernel.
    """
    import torch

    from pinsharp.blur.camera import generator
    from pinsharp.blur.kernels import gaussian_kernel
    from pinsharp.blur.operators import Blur

    light = torch.from_numpy(panel.scene)[None, None]  # (1, 1, H, W)
    if camera.softness:
        light = Blur(gaussian_kernel(camera.softness), "replicate")(light)
    if kernel is not None:
        light = Blur(kernel, "replicate")(light)
    light = light.clamp(0, 1) * torch.from_numpy(_gains(panel.scene.shape, camera, seed))
    levels = camera.sensor.expose(light, generator(seed, 0))[0, 0].numpy() * camera.white_level
    image: NDArray[Any] = np.rint(levels).astype(np.uint8 if camera.bits == 8 else np.uint16)
    return image


def _gains(shape: tuple[int, ...], camera: CameraSettings, seed: int) -> NDArray[np.float32]:
    """Share of the light that each pixel gets, (H, W): it falls off to the corners, and varies along the line."""
    rng = np.random.default_rng([seed, 1])
    centre = rng.uniform(0.3, 0.7, 2)
    squares = [(np.arange(size) / max(1, size - 1) - middle) ** 2 for size, middle in zip(shape, centre, strict=True)]
    falloff = squares[0][:, None] + squares[1][None, :]
    lines = camera.sensor.gains(rng.standard_normal(shape[1]))
    gains: NDArray[np.float32] = ((1 - camera.shading * falloff / falloff.max()) * lines).astype(np.float32)
    return gains
