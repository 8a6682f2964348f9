"""How relief looks under differential-interference light: bright where it falls away from the light, dark before it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
Profile = Callable[[Floats, Floats], Floats]
"""Light over (rows, columns) from a centre, in pixels."""

SAMPLES = 4
"""Samples along each side of a pixel: what is narrower than a pixel keeps its place and its light."""

DOME_REACH = 1.6
"""In diameters: past it a dome's light is below a thousandth of its strength."""

_STEEPEST = 2 / (3 * math.sqrt(3))  # of x (1 - x^2), at 1 / sqrt(3)


def stamp(canvas: Floats, centre: tuple[float, float], reach: float, profile: Profile) -> None:
    """Add something small to a canvas (H, W), changed in place, averaged over the area of each pixel.

    The centre is row and column, to a fraction of a pixel; the profile is zero past `reach` pixels from it. What
    reaches past the canvas's border is cut off.
    """
    spans = [
        range(max(0, math.floor(middle - reach)), min(size, math.ceil(middle + reach) + 1))
        for middle, size in zip(centre, canvas.shape, strict=True)
    ]
    if not all(spans):
        return
    rows, columns = (
        span.start - 0.5 + (np.arange(len(span) * SAMPLES) + 0.5) / SAMPLES - middle
        for span, middle in zip(spans, centre, strict=True)
    )
    light = profile(rows[:, None], columns[None, :])  # (h * SAMPLES, w * SAMPLES)
    averaged = light.reshape(len(spans[0]), SAMPLES, len(spans[1]), SAMPLES).mean(axis=(1, 3))
    canvas[spans[0].start : spans[0].stop, spans[1].start : spans[1].stop] += averaged


def dome(diameter: float, strength: float, gloss: float, light: tuple[float, float]) -> Profile:
    """The dipole that a round bump makes: the slope, along the light, of the height (1 - r^2)^2.

    The diameter is of the bump's foot in pixels, the strength half the step from the darkest to the brightest point,
    the gloss the share by which the bright side outshines and outreaches the dark one. Towards the unit vector `light`
    (row, column) relief brightens.
    """
    radius = diameter / 2
    axis = np.linspace(-1, 1, 401)
    scale = strength / (0.5 * np.ptp(_slope(axis, axis**2, gloss)))

    def profile(rows: Floats, columns: Floats) -> Floats:
        along = (rows * light[0] + columns * light[1]) / radius
        return scale * _slope(along, (rows**2 + columns**2) / radius**2, gloss)

    return profile


def spot(diameter: float, strength: float) -> Profile:
    """A round spot, brighter (or darker, of negative strength) all over, with a soft rim."""

    def profile(rows: Floats, columns: Floats) -> Floats:
        square = (rows**2 + columns**2) / (diameter / 2) ** 2
        return strength * np.clip(1 - square, 0, None) ** 0.5

    return profile


def groove(length: float, width: float, angle: float, strength: float, light: tuple[float, float]) -> Profile:
    """A straight scratch with embossed flanks, of a length and a width from flank to flank in pixels.

    The angle is its direction's, in radians; 0 runs along a row. The strength is the contrast of the flanks where they
    lie across the light; along the light, a unit vector (row, column), it vanishes.
    """
    forward = (math.sin(angle), math.cos(angle))
    facing = light[1] * forward[0] - light[0] * forward[1]

    def profile(rows: Floats, columns: Floats) -> Floats:
        along = rows * forward[0] + columns * forward[1]
        across = (columns * forward[0] - rows * forward[1]) / (width / 2)
        taper = np.clip((length / 2 - np.abs(along)) / (2 * width), 0, 1)
        slope: Floats = across * np.clip(1 - across**2, 0, None) / _STEEPEST
        return -strength * facing * slope * taper

    return profile


def grain(shape: tuple[int, int], size: float, light: tuple[float, float], rng: np.random.Generator) -> Floats:
    """Random relief (H, W) seen under the light, a unit vector (row, column), of mean 0 and standard deviation 1.

    The heights are smoothed by a Gaussian of sigma `size` in pixels.
    """
    heights = rng.standard_normal(shape)
    slopes = [ndimage.gaussian_filter(heights, size, order=order, mode="wrap") for order in ((1, 0), (0, 1))]
    embossed: Floats = light[0] * slopes[0] + light[1] * slopes[1]
    # The exact deviation of a Gaussian's slope: dividing by the sample's own would tie all pixels together.
    return embossed * math.sqrt(8 * math.pi) * size**2


def _slope(along: Floats, square: Floats, gloss: float) -> Floats:
    """Light on a dome of radius 1, by the distance along the light and the square of the whole distance."""
    bare = along * np.clip(1 - square, 0, None) / _STEEPEST
    away = square - 1.8 * along + 0.81  # squared distance from a point 0.9 radii behind the centre
    glossy: Floats = bare + gloss * np.exp(-away)
    return glossy
