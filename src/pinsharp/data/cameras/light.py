"""Light and the values that stand for it: tone curves with their inverses, exposure and contrast.

A lens blurs light, and a file holds values of a tone curve. All functions work on any shape and keep float32.
"""

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ConfigError

Array = NDArray[np.float32]
Curve = Literal["linear", "srgb", "gamma"]

_SRGB_GAMMA = 2.2  # the power law that comes nearest to the sRGB curve


@dataclass(frozen=True)
class Tone:
    """A tone curve from light to values, both in [0, 1].

    Args:
        curve: `linear`, `srgb` (IEC 61966-2-1) or `gamma` (a pure power law).
        gamma: Exponent of the power law; values are light ** (1 / gamma).
        contrast: Steepness at middle grey of the S-curve that follows, > 0; 1 for none, below 1 for its inverse.
    """

    curve: Curve = "linear"
    gamma: float = 1.0
    contrast: float = 1.0

    def __post_init__(self) -> None:
        if self.curve not in ("linear", "srgb", "gamma"):
            raise ConfigError(f"a tone curve must be 'linear', 'srgb' or 'gamma', got {self.curve!r}")
        if self.gamma <= 0 or self.contrast <= 0:
            raise ConfigError(f"gamma and contrast must be above 0, got {self.gamma} and {self.contrast}")

    @property
    def nominal_gamma(self) -> float:
        """Exponent of the power law that comes nearest, the S-curve left out: 1 for linear light, 2.2 for sRGB."""
        return {"linear": 1.0, "srgb": _SRGB_GAMMA, "gamma": self.gamma}[self.curve]

    def encode(self, light: Array) -> Array:
        """Turn light, of any shape, into values; light outside [0, 1] is clipped, as a file clips it."""
        values = np.clip(light, 0, 1)
        if self.curve == "srgb":
            values = _to_srgb(values)
        elif self.curve == "gamma":
            values = _power(values, 1 / self.gamma)
        return values if self.contrast == 1 else _s_curve(values, self.contrast)

    def decode(self, values: Array) -> Array:
        """Turn values in [0, 1] back into light: the inverse of `encode`."""
        values = np.clip(values, 0, 1)
        if self.contrast != 1:
            values = _s_curve(values, 1 / self.contrast)
        if self.curve == "srgb":
            return _from_srgb(values)
        return _power(values, self.gamma) if self.curve == "gamma" else values


SRGB = Tone("srgb")
LINEAR = Tone()


@dataclass(frozen=True)
class Exposure:
    """How much of the range the light of a scene takes.

    Args:
        gain: What white becomes; 1 for full scale, 1/64 for six stops below. Above 1 highlights are clipped.
        contrast: Factor around `pivot` before that, as mist, stray light or a low-contrast part leaves it.
        pivot: The light that contrast keeps.
    """

    gain: float = 1.0
    contrast: float = 1.0
    pivot: float = 0.5

    def apply(self, light: Array) -> Array:
        """Give light its contrast and its brightness; nothing is clipped, which is the sensor's job."""
        offset = self.gain * self.pivot * (1 - self.contrast)
        return np.asarray(light * np.float32(self.gain * self.contrast) + np.float32(offset), np.float32)


def shaped(values: Any, shape: tuple[int, ...]) -> Array:
    """Give what OpenCV returns, which drops single channels, its shape back."""
    return np.asarray(values, np.float32).reshape(shape)


def _to_srgb(light: Array) -> Array:
    curved = np.float32(1.055) * _power(light, 1 / 2.4) - np.float32(0.055)
    return np.where(light <= 0.0031308, light * np.float32(12.92), curved)


def _from_srgb(values: Array) -> Array:
    curved = _power((values + np.float32(0.055)) / np.float32(1.055), 2.4)
    return np.where(values <= 0.04045, values / np.float32(12.92), curved)


def _s_curve(values: Array, steepness: float) -> Array:
    """q**p / (q**p + (1-q)**p): it keeps 0, 1/2 and 1, has slope p at 1/2, and its inverse is that of 1/p."""
    rising, falling = _power(values, steepness), _power(1 - values, steepness)
    return np.asarray(rising / (rising + falling), np.float32)


def _power(values: Array, exponent: float) -> Array:
    """Numbers >= 0 to a power; OpenCV takes half the time of NumPy."""
    return shaped(cv2.pow(values, exponent), values.shape)
