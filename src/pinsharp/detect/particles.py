"""The detector: conductive particles as dipoles of a dark and a bright lobe, counted on each pin.

It works as bonding inspection usually does: find the pins, subtract what a pin looks like without particles, filter
with the dipole that is looked for, divide by the noise of the pin, take the local maxima, and keep those that stand out
and have both lobes. Everything is relative to the brightness and to the noise of the pin, so bit depth and exposure do
not matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.feature import peak_local_max

from pinsharp.detect.dipoles import dipole_height, lobes, measure_diameters, running_median
from pinsharp.detect.pins import Labels, Plane, find_pins, lies_along_rows, mark_pins
from pinsharp.detect.settings import DetectorSettings
from pinsharp.detect.tables import Particle, Pin
from pinsharp.images.arrays import FULL_SCALE, brightness, check_image

__all__ = ["DetectorSettings", "Inspection", "inspect"]

_QUIET, _QUIET_DEVIATIONS = 0.25, 0.3186
"""A quarter of a normal distribution lies within this many standard deviations from its middle."""

_ROUNDING, _FINEST = 0.29, 65535
"""Standard deviation of what rounding does to a pixel, in levels, and levels that no camera exceeds: no pin has less
noise."""

_WEIGHTS = (0.2125, 0.7154, 0.0721)
"""Of red, green and blue in brightness: scikit-image's, BT.709 as it was first rounded."""

_BLACK = 1e-3
"""Least brightness of a pin that contrasts are divided by, as a fraction of full scale."""


@dataclass(frozen=True)
class Inspection:
    """What was found on an image."""

    particles: tuple[Particle, ...]  # detections, the surest first
    pins: tuple[Pin, ...]  # the pins, as found or as given; empty if the image shows none
    settings: DetectorSettings  # what they were found with

    @cached_property
    def counts(self) -> dict[int, int]:
        """Particles on each pin, by its number; pins without any have 0."""
        counts = {pin.number: 0 for pin in self.pins}
        for particle in self.particles:
            if particle.pin is not None:
                counts[particle.pin] += 1
        return counts

    def passed(self, pin: Pin | int) -> bool:
        """Whether a pin, or the pin of a number, holds the particles that it needs."""
        return self.counts[pin.number if isinstance(pin, Pin) else pin] >= self.settings.minimum_per_pin

    @property
    def failed_pins(self) -> tuple[Pin, ...]:
        """Pins with too few particles."""
        return tuple(pin for pin in self.pins if not self.passed(pin))

    def figures(self) -> dict[str, Any]:
        """Pins with their counts and verdicts, as plain values."""
        return {
            "pins": [asdict(pin) | {"count": self.counts[pin.number], "passed": self.passed(pin)} for pin in self.pins],
            "failed_pins": [pin.number for pin in self.failed_pins],
            "minimum_per_pin": self.settings.minimum_per_pin,
        }


def inspect(
    image: NDArray[Any],
    settings: DetectorSettings = DetectorSettings(),  # noqa: B008 - frozen
    *,
    pins: Sequence[Pin] | None = None,
) -> Inspection:
    """Find the conductive particles of an image and count them on each pin.

    On an image that shows no pins the whole of it is searched as if it were one pin along its longer side; what is
    found there belongs to no pin, and nothing is judged.

    Args:
        image: An image as `check_image` wants it. Colour is made mono; alpha is left out.
        settings: How to search and judge.
        pins: Where the pins are, if that is known; else they are looked for. Only pins are searched then.

    Raises:
        ImageError: If `check_image` refuses the image, above all for NaN.
        ConfigError: If a pin lies outside of the image, or two share a number.
    """
    check_image(image)
    plane = brightness(image, _WEIGHTS)
    least_noise = _ROUNDING / (FULL_SCALE[np.dtype(np.uint8)] if image.dtype == np.uint8 else _FINEST)
    if pins is None:
        labels, found = find_pins(plane, settings)
    else:
        labels, found = mark_pins(pins, plane.shape), tuple(pins)
    if found or pins is not None:
        numbers: list[int | None] = [pin.number for pin in found]
        along_rows = [lies_along_rows(pin) for pin in found]
    else:
        labels, numbers, along_rows = np.ones_like(labels), [None], [plane.shape[1] >= plane.shape[0]]
    background = _background(plane, labels, along_rows, settings.background_length)
    particles = _search(plane, background, labels, settings, least_noise)
    named = [replace(particle, pin=numbers[place]) for particle, place in particles]
    return Inspection(tuple(sorted(named, key=lambda particle: -particle.strength)), found, settings)


def _background(plane: Plane, labels: Labels, along_rows: Sequence[bool], length: int) -> Plane:
    """What the pins look like without particles (H, W): each as its median along itself."""
    across = np.array([False] + [not is_along for is_along in along_rows])[labels]
    background = running_median(plane, length, along_rows=True) if not across.all() else plane
    return np.where(across, running_median(plane, length, along_rows=False), background) if across.any() else background


def _search(
    plane: Plane, background: Plane, labels: Labels, settings: DetectorSettings, least_noise: float
) -> Iterator[tuple[Particle, int]]:
    """Find the particles on labelled pins of a plane (H, W); no pin has less noise than `least_noise`.

    Gives each without its pin's number, and the pin's place in the list of pins.
    """
    is_pin = labels > 0
    flat = np.where(is_pin, plane - background, np.float32(0))
    heights = dipole_height(flat, settings.diameter, settings.direction_deg)
    strengths = np.where(is_pin, heights / _noise(heights, labels, least_noise), np.float32(0))
    peaks = peak_local_max(  # type: ignore[no-untyped-call]
        strengths, min_distance=settings.minimum_distance, threshold_abs=settings.threshold, exclude_border=False
    )
    contrasts = heights / np.maximum(background, np.float32(_BLACK))
    kept = peaks[_are_particles(peaks, contrasts, flat, settings)]  # (N, 2)
    diameters = measure_diameters(flat, kept, settings.diameter, settings.direction_deg)
    for (row, column), diameter in zip(kept, diameters, strict=True):
        place = _summit(strengths, row, column)
        yield Particle(*place, float(diameter), float(strengths[row, column]), None), labels[row, column] - 1


def _are_particles(
    peaks: NDArray[Any], contrasts: NDArray[Any], flat: Plane, settings: DetectorSettings
) -> NDArray[np.bool_]:
    """Which peaks (N, 2) stand out enough and have both lobes (N,)."""
    weaker, stronger = np.sort(lobes(flat, peaks, settings.diameter, settings.direction_deg), axis=0)
    are_high = contrasts[tuple(peaks.T)] >= settings.minimum_contrast
    result: NDArray[np.bool_] = are_high & (weaker >= settings.minimum_balance * stronger)
    return result


def _noise(heights: Plane, labels: Labels, least: float) -> Plane:
    """Noise of the filter's answer at each pixel (H, W), as its standard deviation on the pin.

    It is measured in the quietest quarter of the pixels, so that a crowd of particles raises it little.
    """
    quiet = ndimage.labeled_comprehension(
        np.abs(heights), labels, np.arange(labels.max() + 1), partial(np.quantile, q=_QUIET), np.float32, 0
    )
    noise: Plane = np.maximum(quiet / np.float32(_QUIET_DEVIATIONS), np.float32(least))[labels]
    return noise


def _summit(values: Plane, row: int, column: int) -> tuple[float, float]:
    """Where the parabolas through a maximum and its neighbours are highest, at most half a pixel off."""
    return (
        float(row + _vertex(values[max(0, row - 1) : row + 2, column])),
        float(column + _vertex(values[row, max(0, column - 1) : column + 2])),
    )


def _vertex(three: NDArray[np.float32]) -> float:
    """Offset of the summit from the middle of three values; 0 at the image's border."""
    if len(three) < 3:
        return 0.0
    before, middle, after = map(float, three)
    bend = before - 2 * middle + after
    return min(0.5, max(-0.5, (before - after) / (2 * bend))) if bend < 0 else 0.0
