"""Pictures inside the page of a comparison: detections in both images side by side, and whole images with marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.detect.comparison import Comparison
from pinsharp.detect.matching import match
from pinsharp.detect.report_marks import Box, Marks, Plane, embedded, marked
from pinsharp.detect.tables import Particle
from pinsharp.images.arrays import BT601, brightness

DETAIL = (120, 260)
"""Height and width in pixels of the detail with marks; smaller images are shown as a whole only."""

_SMALLEST_HALF = 14  # pixels around the centre of a crop, at least
_HALF_DIAMETERS = 2.5
_LEAST_SPAN = 0.1  # of full scale, between black and white of a crop: less would show noise as structure
_DARK = 0.25  # brightest pixels below this share of full scale (12 bits in 16): shown brighter


@dataclass(frozen=True)
class Crop:
    """A detection in both images."""

    particle: Particle  # what was found
    is_true: bool | None  # whether it is a particle; None where the truth is not known
    picture: str  # SVG of the crops before and after
    image: str  # name of the image


@dataclass(frozen=True)
class Views:
    """Pictures of an image with marks, each as SVG before and after."""

    overviews: tuple[str, ...]  # the whole image
    details: tuple[str, ...]  # where the most differences are; empty if the image is small
    gain: float  # by how much they are shown brighter


def draw_views(comparison: Comparison, before: NDArray[Any], after: NDArray[Any]) -> Views:
    """Draw both images, as they were compared, with marks."""
    planes = brightness(before, BT601), brightness(after, BT601)
    marks = _marks(comparison)
    gain = _gain(planes)
    height, width = comparison.shape
    boxes = [(0, 0, height, width)]
    if height > DETAIL[0] or width > 2 * DETAIL[1]:
        boxes.append(_busiest(comparison))
    overviews, *details = (
        tuple(marked(plane * np.float32(gain), each, box) for plane, each in zip(planes, marks, strict=True))
        for box in boxes
    )
    return Views(overviews, details[0] if details else (), gain)


def draw_crops(
    comparison: Comparison, before: NDArray[Any], after: NDArray[Any], particles: Sequence[Particle]
) -> list[Crop]:
    """Draw some of the detections that were found only before or only after, in both images as they were compared."""
    planes = brightness(before, BT601), brightness(after, BT601)
    false = {particle for marks in _marks(comparison) for particle in marks.extra}
    is_known = comparison.truth is not None
    return [
        Crop(particle, particle not in false if is_known else None, _pair(planes, particle), comparison.name)
        for particle in particles
    ]


def _marks(comparison: Comparison) -> tuple[Marks, Marks]:
    """Marks on both images; the reference is the truth where it is known, otherwise the other image."""
    if comparison.truth is None:
        pairs, new, lost = comparison.matching.pairs, comparison.matching.extra, comparison.matching.missed
        return (
            Marks(tuple(before for _, before in pairs), lost, new),
            Marks(tuple(after for after, _ in pairs), new, lost),
        )
    found = [
        match(each.particles, comparison.truth, tolerance=comparison.tolerance)
        for each in (comparison.before, comparison.after)
    ]
    before, after = (Marks(tuple(one for one, _ in each.pairs), each.extra, each.missed) for each in found)
    return before, after


def _pair(planes: tuple[Plane, Plane], particle: Particle) -> str:
    """Both images around a detection, pixel by pixel, with one black and one white for both: those of its middle."""
    half = max(_SMALLEST_HALF, round(_HALF_DIAMETERS * particle.diameter))
    cuts = [_around(plane, round(particle.row), round(particle.column), half) for plane in planes]
    middles = [_around(plane, round(particle.row), round(particle.column), half // 4) for plane in planes]
    low, high = float(np.nanmin(middles)), float(np.nanmax(middles))
    middle, span = (low + high) / 2, max(high - low, _LEAST_SPAN)
    side = 2 * half + 1
    ticks = f"M{half + 0.5} 0v2m0 {side - 4}v2M0 {half + 0.5}h2m{side - 4} 0h2"
    return "".join(
        f'<svg class="crop" viewBox="0 0 {side} {side}" role="img" aria-label="{when}">'
        f"{embedded((cut - middle) / span + 0.5, side, side, '.png')}"
        f'<path class="tick" d="{ticks}"/></svg>'
        for when, cut in zip(("before", "after"), cuts, strict=True)
    )


def _around(plane: Plane, row: int, column: int, half: int) -> Plane:
    """A square around a pixel; NaN where the image ends."""
    height, width = plane.shape
    square = np.full((2 * half + 1, 2 * half + 1), np.nan, np.float32)
    top, left = row - half, column - half
    rows, columns = slice(max(0, top), min(height, row + half + 1)), slice(max(0, left), min(width, column + half + 1))
    cut = plane[rows, columns]
    square[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = cut
    return square


def _busiest(comparison: Comparison) -> Box:
    """Where a window as large as `DETAIL` holds the most differences; the first such place from the top."""
    height, width = comparison.shape
    size = min(DETAIL[0], height), min(DETAIL[1], width)
    differences = np.zeros((-(-height // 8), -(-width // 8)), np.float32)  # in cells of 8 x 8 pixels
    for each in (*comparison.new, *comparison.lost):
        differences[min(int(each.row + 0.5), height - 1) // 8, min(int(each.column + 0.5), width - 1) // 8] += 1
    window = max(1, size[1] // 8), max(1, size[0] // 8)
    sums = cv2.boxFilter(differences, -1, window, anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    top, left = min(int(row) * 8, height - size[0]), min(int(column) * 8, width - size[1])
    return top, left, top + size[0], left + size[1]


def _gain(planes: tuple[Plane, Plane]) -> float:
    """Factor by which both images have to be brightened to be seen; 1 for ordinary ones."""
    white = max(float(np.percentile(plane, 99.9)) for plane in planes)
    return float(np.floor(1 / white)) if 0 < white < _DARK else 1.0
