"""The kernel between a blurred photograph and its sharp counterpart of the same scene, place by place."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.fft import next_fast_len, rfft2

from pinsharp.blur.measured import Blur
from pinsharp.errors import ImageError
from pinsharp.images.registration import BORDER, overlap, register, registered
from pinsharp.profiling.match import Light, match
from pinsharp.profiling.optics import Values

PARTS = 3
"""Parts of the field along each side."""

_LEAST_PART = 64  # pixels a side
_MOST_PART = 160


@dataclass(frozen=True)
class Place:
    """A part of the field and its kernel; its middle in pixels."""

    row: float
    column: float
    blur: Blur


def measure_pair(blurred: Values, sharp: Values, name: str) -> list[Place]:
    """Measure the kernel between a photograph (H, W) and a sharp one of the same scene, in parts of the field.

    Raises:
        ImageError: If the two do not show the same scene, or no part shows structure.
    """
    try:
        found = register(blurred, sharp)
        shape, other = (blurred.shape[0], blurred.shape[1]), (sharp.shape[0], sharp.shape[1])
        part = overlap(found, shape, other, BORDER)
        brought = registered(sharp, found, shape)
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from error
    places, fault = [], ""
    for window in windows(part):
        try:
            places.append(matched(blurred, brought, window, found.sigma))
        except ImageError as error:
            fault = str(error)
    if not places:
        raise ImageError(f"{name}: {fault or 'expected structure to measure by, got none'}")
    return places


def windows(part: tuple[slice, slice], parts: int = PARTS) -> list[tuple[slice, slice]]:
    """The middles of parts of a part of an image, fewer of a small one."""
    spans = []
    for side in part:
        length = side.stop - side.start
        count = max(1, min(parts, length // _LEAST_PART))
        edges = [side.start + length * place // count for place in range(count + 1)]
        middles = [(first + last) // 2 for first, last in itertools.pairwise(edges)]
        half = min(length // count, _MOST_PART) // 2
        spans.append([slice(middle - half, middle + half) for middle in middles])
    return [(rows, columns) for rows in spans[0] for columns in spans[1]]


def matched(blurred: Values, sharp: Values, window: tuple[slice, slice], sigma: float) -> Place:
    """The kernel between two registered images in one window.

    Raises:
        ImageError: If no kernel explains it.
    """
    room = BORDER
    outer = tuple(
        slice(max(0, side.start - room), min(size, side.stop + room))
        for side, size in zip(window, blurred.shape, strict=True)
    )
    light = sharp[outer]
    sides = [next_fast_len(size + room, real=True) for size in light.shape]
    padded = np.pad(light, [(0, side - size) for side, size in zip(sides, light.shape, strict=True)], mode="symmetric")
    inner = tuple(
        slice(side.start - first.start, side.stop - first.start) for side, first in zip(window, outer, strict=True)
    )
    found = match(
        blurred[window],
        Light(rfft2(padded), (sides[0], sides[1])),
        (inner[0], inner[1]),
        sigma=max(sigma, 0.5),
    )
    return Place((window[0].start + window[0].stop - 1) / 2, (window[1].start + window[1].stop - 1) / 2, found.blur)
