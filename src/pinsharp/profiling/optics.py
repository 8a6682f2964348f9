"""Transfer functions and edge profiles of the family, through the pixels of a sensor.

A Gaussian convolved with a disc is averaged by square pixels, whose sides lie along rows and columns. Along a line at
some angle to them that average is two boxes, one after the other, and everything else is the same in all directions.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import j1

Values = NDArray[np.float64]

_STEP = 1 / 16  # pixels between the samples of an edge profile
_MARGIN = 8.0  # pixels beyond the reach, so that the period of the transform does not show


@dataclass(frozen=True)
class Shape:
    """A Gaussian convolved with a disc."""

    sigma: float  # effective width in pixels
    disk_share: float  # share of its square that the disc explains, 0 to 1

    @property
    def gaussian(self) -> float:
        """Sigma of the Gaussian in pixels."""
        return self.sigma * math.sqrt(max(0.0, 1 - self.disk_share))

    @property
    def radius(self) -> float:
        """Radius of the disc in pixels."""
        return 2 * self.sigma * math.sqrt(max(0.0, self.disk_share))

    def otf(self, frequency: NDArray[Any]) -> Values:
        """Transfer function at radial frequencies in cycles a pixel, without pixels; negative where contrast turns."""
        x = 2 * math.pi * self.radius * frequency
        disk = np.divide(2 * j1(x), x, out=np.ones_like(x), where=np.abs(x) > 1e-9)
        return np.asarray(disk * np.exp(-2 * (math.pi * self.gaussian * frequency) ** 2), np.float64)

    def through_pixels(self, frequency: NDArray[Any], angle: float) -> Values:
        """Transfer function along a line, at an angle in radians to the rows, with the pixels."""
        across, along = frequency * math.cos(angle), frequency * math.sin(angle)
        return np.asarray(self.otf(frequency) * np.sinc(across) * np.sinc(along), np.float64)


@dataclass(frozen=True, eq=False)
class EdgeProfile:
    """The profile of an ideal edge that a shape and pixels have blurred: 0 on one side, 1 on the other."""

    distance: Values  # pixels, rising in equal steps
    level: Values

    def at(self, distance: Values) -> Values:
        """Level at distances in pixels."""
        return np.asarray(np.interp(distance, self.distance, self.level), np.float64)


def edge_profile(shape: Shape, angle: float, reach: float) -> EdgeProfile:
    """Profile of an edge across, at an angle in radians to the rows, at least up to a reach in pixels."""
    length = 2 ** math.ceil(math.log2(2 * (reach + _MARGIN + 2 * shape.radius + 5 * shape.gaussian) / _STEP))
    spread = np.fft.irfft(shape.through_pixels(np.fft.rfftfreq(length, _STEP), angle), length)
    level = np.cumsum(np.fft.fftshift(spread))
    # The sum up to a sample is the integral up to half a step behind it.
    return EdgeProfile((np.arange(length) - length // 2 + 0.5) * _STEP, np.asarray(level, np.float64))


def falls_to(frequency: NDArray[Any], contrast: NDArray[Any], level: float) -> float | None:
    """First frequency, up to half a cycle, at which a transfer function falls to a level, between samples."""
    below = np.flatnonzero((contrast < level) & (frequency <= 0.5))
    if not len(below) or below[0] == 0:
        return None
    one, two = below[0] - 1, below[0]
    share = (contrast[one] - level) / (contrast[one] - contrast[two])
    return float(frequency[one] + share * (frequency[two] - frequency[one]))
