"""Points over the field: pinholes, light-emitting diodes or stars, each an image of the kernel at its place."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from pinsharp.blur.measured import Blur
from pinsharp.blur.normal import MEDIAN_SIZE
from pinsharp.errors import ImageError
from pinsharp.profiling.directions import Seen
from pinsharp.profiling.match import Light, directed, match
from pinsharp.profiling.photo import Photo

CELLS = 7
"""The brightest point in each of 7 x 7 parts of the field is measured."""

_FAINT = 0.1  # share of the brightest point above the background below which nothing counts as a point
_NOISE = 8.0  # standard deviations of noise that a point stands out by
_LEAST_PIXELS = 2
_ROOM = 3.0  # pixels around a point that belong to it
_MOST_SIDE = 161
_COARSE = 1.5  # pixels of width from which on a pixel is sampled twice along each side, not four times


@dataclass(frozen=True)
class Point:
    """A point and its kernel; place in pixels."""

    row: float
    column: float
    blur: Blur
    directed: tuple[Seen, ...]  # its widths along the radius from the middle of the image, and across it


def find_points(photo: Photo) -> list[Point]:
    """Measure the points of a photograph.

    Raises:
        ImageError: If no point stands alone and within the camera's range.
    """
    plane, boxes = photo.plane, _spots(photo)
    chosen: dict[tuple[int, int], tuple[float, tuple[slice, slice]]] = {}
    saturated = 0
    for box in boxes:
        if photo.clipped[box][plane[box] > 0.5].any():
            saturated += 1
            continue
        cell = tuple(
            int(CELLS * (side.start + side.stop) / 2 // size) for side, size in zip(box, plane.shape, strict=True)
        )
        brightness = float(plane[box].sum() - np.median(plane) * plane[box].size)
        if brightness > chosen.get((cell[0], cell[1]), (-math.inf, box))[0]:
            chosen[cell[0], cell[1]] = brightness, box
    found = []
    for _, box in chosen.values():
        try:
            found.append(_measured(photo, box))
        except ImageError:
            continue
    if not found:
        why = f"{saturated} saturated ones; shorten the exposure" if saturated else "none; photograph pinholes or stars"
        raise ImageError(f"{photo.path}: expected bright points that stand alone on a dark ground, got {why}")
    return found


def _spots(photo: Photo) -> list[tuple[slice, slice]]:
    """Boxes of bright spots that stand alone."""
    plane = np.where(photo.faulty, np.median(photo.plane), photo.plane)
    ground = float(np.median(plane))
    noise = float(np.median(np.abs(plane - ground))) / MEDIAN_SIZE
    smooth = cv2.GaussianBlur(plane, (0, 0), 1.0)
    least = ground + max(_NOISE * noise / 3, _FAINT * (float(smooth.max()) - ground))  # smoothing left a third of it
    if not smooth.max() > least:
        return []
    count, _, stats, _ = cv2.connectedComponentsWithStats((smooth > least).astype(np.uint8), connectivity=8)
    boxes = []
    for left, top, width, height, area in stats[1:count].tolist():
        room = round(_ROOM + 0.7 * max(width, height))
        box = (slice(top - room, top + height + room), slice(left - room, left + width + room))
        inside = (
            min(box[0].start, box[1].start) >= 0 and box[0].stop <= plane.shape[0] and box[1].stop <= plane.shape[1]
        )
        if inside and area >= _LEAST_PIXELS and max(width, height) + 2 * room <= _MOST_SIDE:
            boxes.append(box)
    return [box for box in boxes if not any(box is not other and _meet(box, other) for other in boxes)]


def _meet(one: tuple[slice, slice], two: tuple[slice, slice]) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, two, strict=True))


def _measured(photo: Photo, box: tuple[slice, slice]) -> Point:
    """Fit the kernel of one point."""
    seen = photo.plane[box]
    weight = np.clip(seen - np.median(seen) - 0.05 * np.ptp(seen), 0, None)
    rows, columns = (np.arange(size) for size in seen.shape)
    total = float(weight.sum())
    row, column = float((weight.sum(axis=1) @ rows) / total), float((weight.sum(axis=0) @ columns) / total)
    spread = weight.sum(axis=1) @ (rows - row) ** 2 + weight.sum(axis=0) @ (columns - column) ** 2
    sigma = math.sqrt(max(float(spread) / total / 2, 0.1))
    fineness = 4 if sigma < _COARSE else 2
    sides = tuple(fineness * next_fast_len(size + 8, real=True) for size in seen.shape)
    kept: NDArray[np.bool_] = ~photo.faulty[box]
    light, part = Light(1.0, (sides[0], sides[1]), fineness), (slice(0, seen.shape[0]), slice(0, seen.shape[1]))
    found = match(seen, light, part, sigma=sigma, shift=(row, column), kept=kept)
    at = box[0].start + found.shift[0], box[1].start + found.shift[1]
    radius = math.atan2(at[0] - (photo.shape[0] - 1) / 2, at[1] - (photo.shape[1] - 1) / 2)
    angles = (radius, radius + math.pi / 2)
    widths = directed(seen, light, part, found, angles, kept=kept)
    return Point(*at, found.blur, tuple(Seen(*at, *each) for each in zip(angles, widths, strict=True)))
