"""Where the pins of an image are: bright bars on darker ground, found by brightness and shape, or given as boxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops

from pinsharp.detect.settings import DetectorSettings
from pinsharp.detect.tables import Pin
from pinsharp.errors import ConfigError

Plane = NDArray[np.float32]
Labels = NDArray[np.int32]
"""(H, W): 0 off all pins, else one more than the pin's place in the list of pins, whatever its number."""

_SMOOTHING = 1.0
"""Sigma in pixels before brightness is judged, so that noise and rough edges do not decide pixel by pixel."""

_SOLID = 0.8
"""Least share of its convex hull that a bar fills; two bars that touch leave their gap free."""


def find_pins(plane: Plane, settings: DetectorSettings) -> tuple[Labels, tuple[Pin, ...]]:
    """Find pins: what is brighter than Otsu's threshold (Otsu, 1979) and has the shape of a bar.

    Bars lie along rows or columns, or a few degrees off. The boxes of slanting bars reach over their neighbours; the
    labels do not. Bars that touch, or lie closer than about three pixels, are not separated and left out.

    Returns:
        Labels (H, W); and the pins, numbered from 1, from the top if most lie along rows, else from the left. No pins
        if the image shows none.
    """
    labels = np.zeros(plane.shape, np.int32)
    smooth = ndimage.gaussian_filter(plane, _SMOOTHING)
    if smooth.min() == smooth.max():
        return labels, ()
    bright = smooth > threshold_otsu(smooth)  # type: ignore[no-untyped-call]
    ground, level = float(smooth[~bright].mean()), float(smooth[bright].mean())
    if level - ground < settings.minimum_pin_contrast * level:
        return labels, ()
    areas = label(_without_traces(bright, settings.minimum_pin_width))  # type: ignore[no-untyped-call]
    regions = regionprops(areas)  # type: ignore[no-untyped-call]
    bars = [region for region in regions if _is_bar(region, settings)]
    along_rows = 2 * sum(lies_along_rows(Pin(0, *map(int, region.bbox))) for region in bars) >= len(bars)
    bars.sort(key=lambda region: region.centroid if along_rows else region.centroid[::-1])
    for number, region in enumerate(bars, start=1):
        labels[region.slice][region.image] = number
    return labels, tuple(Pin(number, *map(int, region.bbox)) for number, region in enumerate(bars, start=1))


def mark_pins(pins: Sequence[Pin], shape: tuple[int, int]) -> Labels:
    """The labels of given pins; where boxes overlap, the later pin's.

    Raises:
        ConfigError: If two pins share a number, or one lies outside of the image.
    """
    labels = np.zeros(shape, np.int32)
    if len({pin.number for pin in pins}) < len(pins):
        raise ConfigError(f"expected pins of different numbers, got {[pin.number for pin in pins]}; number them again")
    for place, pin in enumerate(pins, start=1):
        inside = labels[max(0, pin.top) : max(0, pin.bottom), max(0, pin.left) : max(0, pin.right)]
        if not inside.size:
            raise ConfigError(
                f"expected pins inside the image of {shape[0]} rows and {shape[1]} columns, got pin {pin.number} in "
                f"rows {pin.top} to {pin.bottom} and columns {pin.left} to {pin.right}; are these another image's pins?"
            )
        inside[:] = place
    return labels


def lies_along_rows(pin: Pin) -> bool:
    """Whether a pin is at least as wide as high."""
    return pin.right - pin.left >= pin.bottom - pin.top


def _without_traces(bright: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Close the nicks that dark lobes make at a pin's edges, and cut off what is narrower than `width`."""
    margin = width + 2  # past the border, everything goes on as it ends there
    wide = np.pad(bright, margin, mode="edge")
    closed = ndimage.binary_closing(wide, np.ones((3, 3), np.bool_))
    opened: NDArray[np.bool_] = ndimage.binary_opening(closed, np.ones((width, width), np.bool_))
    return opened[margin:-margin, margin:-margin]


def _is_bar(region: Any, settings: DetectorSettings) -> bool:
    """Whether a region is wide and long enough, and one bar rather than several that touch.

    Its width is its mean one, which a slant hardly changes.
    """
    top, left, bottom, right = region.bbox
    length = max(bottom - top, right - left)
    width = region.area / length
    is_long = width >= settings.minimum_pin_width and length >= settings.minimum_pin_aspect * width
    return bool(is_long and region.solidity >= _SOLID)
