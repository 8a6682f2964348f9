"""Widths of red, green and blue, where a lens focuses them differently: longitudinal colour.

A mosaic of colour filters, and the halved colours of a JPEG, make red and blue softer than green, and both alike. So
what tells of the lens is how red and blue differ.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pinsharp.blur.measured import Blur
from pinsharp.blur.normal import NINETY
from pinsharp.blur.normalise import BT601

SURE = 5.0
"""Standard deviations that the squared widths of red and blue differ by at the least. Of some 640 images of simulated
cameras without longitudinal colour 5 differed by more, of 30 with it whose colours were alike enough to tell, 15."""

LEAST_SQUARE = 0.05
"""Pixels squared that they differ by beyond these."""

LEAST_SHARE = 0.1
"""The same, of the squared width of green."""

_LEAST_EDGES = 3

Beyond = tuple[float, float]
"""By how many pixels squared a squared width exceeds green's, and the standard deviation of that."""


@dataclass(frozen=True)
class ColourWidths:
    """Widths of red, green and blue that differ, each with its 90 % interval."""

    red: Blur
    green: Blur
    blue: Blur

    @property
    def figures(self) -> dict[str, list[float]]:
        """The widths as plain values, each with the ends of its interval, in pixels."""
        named = (("red", self.red), ("green", self.green), ("blue", self.blue))
        return {name: [one.sigma, one.low, one.high] for name, one in named}

    @property
    def words(self) -> str:
        """The widths in a sentence."""
        named = (("red", self.red), ("green", self.green), ("blue", self.blue))
        return ", ".join(f"{name} {one.sigma:.2f} px ({one.low:.2f} to {one.high:.2f})" for name, one in named)


def of_brightness(sigma: float, std: float, red: Beyond, blue: Beyond) -> ColourWidths | None:
    """The widths of all colours from that of brightness, in which each has its share.

    Args:
        sigma: Width of brightness in pixels.
        std: Standard deviation of its logarithm.
        red: What is known of red.
        blue: The same of blue.
    """
    green = sigma**2 - BT601[0] * red[0] - BT601[2] * blue[0]
    return _told(green, 2 * sigma**2 * std, red, blue)


def of_edges(seen: Sequence[tuple[Blur, Blur, Blur]]) -> ColourWidths | None:
    """The widths of all colours from those of edges in red, green and blue; None if there are too few."""
    if len(seen) < _LEAST_EDGES:
        return None
    squares = np.array([[blur.sigma**2 for blur in edge] for edge in seen])
    doubts = np.array([[2 * blur.sigma * (blur.high - blur.sigma) / NINETY for blur in edge] for edge in seen])
    green, doubt = float(np.median(squares[:, 1])), float(np.median(doubts[:, 1]))
    beyond = squares - squares[:, 1:2]

    def told(colour: int) -> Beyond:
        off = beyond[:, colour]
        return float(off.mean()), max(float(off.std(ddof=1)), float(doubts[:, colour].mean())) / math.sqrt(len(off))

    return _told(green, doubt, told(0), told(2))


def _told(green: float, std: float, red: Beyond, blue: Beyond) -> ColourWidths | None:
    """The widths; None if red and blue need not differ. `green` is a squared width, with its standard deviation."""
    apart, doubt = abs(red[0] - blue[0]), math.hypot(red[1], blue[1])
    if not apart > max(SURE * doubt + LEAST_SQUARE, LEAST_SHARE * green):
        return None
    return ColourWidths(*(_width(green + beyond, math.hypot(std, own)) for beyond, own in (red, (0.0, 0.0), blue)))


def _width(square: float, std: float) -> Blur:
    sigma, low, high = (math.sqrt(max(square + side * NINETY * std, 0.0)) for side in (0, -1, 1))
    return Blur(sigma, low, high)
