"""Finding the slanted edges of a photograph: straight pieces that stand free between two plain sides.

Lines are looked for at several scales, since a defocused edge is not found at the finest. Each is then followed across:
the profile says where the spread of the edge ends and how far both sides are plain.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.blur.profile import Box
from pinsharp.errors import ImageError
from pinsharp.profiling.edge import LEAST_LENGTH, LEAST_REACH, EdgeFound, check_angle, measure_edge
from pinsharp.profiling.edge_fit import Samples
from pinsharp.profiling.photo import Photo

MOST_EDGES = 40
"""Edges of one photograph that are measured: the longest ones."""

_SCALES = (1, 2, 4)
_REACH = 32.0  # pixels on each side that are used at most
_ALIKE = math.radians(3)  # lines of nearly one direction ...
_NEAR = 6.0  # ... so many pixels apart are one
_PLAIN = 0.08  # share of the step by which a side that is plain may leave its level
_TRIM = 0.08  # share of a line that is cut off at each end, where corners are
_LEAST_SIDE = 20
_FAINT = 0.15  # share of the strongest edge's step below which an edge is not looked at

Lines = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A straight piece of an edge; the bright side lies where `normal` points.

    Attributes:
        row: Its middle, pixels from the top.
        column: The same from the left.
        angle: Radians from the rows to its normal, in (-pi, pi].
        length: In pixels.
    """

    row: float
    column: float
    angle: float
    length: float

    @property
    def normal(self) -> tuple[float, float]:
        """Direction across, (rows, columns)."""
        return math.sin(self.angle), math.cos(self.angle)

    @property
    def tilt(self) -> float:
        """Direction of the edge in degrees from the vertical, clockwise, in (-90, 90]."""
        turned = math.degrees(self.angle)
        return 90 - (90 - turned) % 180


def find_edges(photo: Photo, box: Box | None = None) -> list[tuple[Line, EdgeFound]]:
    """Measure the slanted edges of a photograph, or of a box in it, the longest first.

    Raises:
        ImageError: If no edge is usable; the message says what is wrong with the longest one.
    """
    if box is not None:
        found_there = find_edges(photo.part(box))
        return [
            (replace(line, row=line.row + box.top, column=line.column + box.left), edge) for line, edge in found_there
        ]
    if min(photo.shape) < _LEAST_SIDE:
        raise ImageError(
            f"{photo.path}: expected an edge in at least {_LEAST_SIDE} pixels a side, got {photo.shape[1]} x "
            f"{photo.shape[0]}; take a larger region"
        )
    found: list[tuple[Line, EdgeFound]] = []
    first_fault = ""
    lines = _lines(photo.plane)
    for line in lines:
        try:
            found.append(_measured(photo, line))
        except ImageError as error:
            first_fault = first_fault or str(error)
        if len(found) == MOST_EDGES:
            break
    if not found:
        raise ImageError(f"{photo.path}: {first_fault or 'expected a straight slanted edge, got none; photograph one'}")
    return found


def _measured(photo: Photo, line: Line) -> tuple[Line, EdgeFound]:
    """Measure a line, then once more without the ends that its own blur reaches."""
    check_angle(line.angle)
    samples = _samples(photo, line, _REACH, line.length * (1 - 2 * _TRIM))
    reach = _plain_reach(samples)
    first = measure_edge(samples.kept(np.abs(samples.across) <= reach))
    line = _moved(line, first)
    corner = 0.0 if _ends_at_border(photo, line) else 2 * (3 * first.blur.sigma + 1)
    samples = _samples(photo, line, reach, line.length * (1 - 2 * _TRIM) - corner)
    return line, measure_edge(samples)


def remeasured(photo: Photo, line: Line) -> EdgeFound:
    """Measure an edge whose line another photograph, or another colour of the same one, has shown.

    Raises:
        ImageError: If this one does not show it well.
    """
    return _measured(photo, line)[1]


def _moved(line: Line, found: EdgeFound) -> Line:
    """The line where it was found to be."""
    off, slope, _ = found.line
    down, right = line.normal
    return Line(line.row + off * down, line.column + off * right, line.angle - math.atan(slope), line.length)


def _ends_at_border(photo: Photo, line: Line) -> bool:
    """Whether both ends lie near the border of the image, so that there is no corner."""
    down, right = line.normal
    ends = [
        (line.row + sign * line.length / 2 * right, line.column - sign * line.length / 2 * down) for sign in (-1, 1)
    ]
    height, width = photo.shape
    return all(min(row, column, height - 1 - row, width - 1 - column) < 0.05 * line.length + 4 for row, column in ends)


def _samples(photo: Photo, line: Line, reach: float, length: float) -> Samples:
    """Pixels near a line, faulty ones left out."""
    down, right = line.normal
    half = max(length, 0.0) / 2
    spread = [half * abs(one) + reach * abs(other) for one, other in ((right, down), (down, right))]
    begin = [max(0, math.floor(at - room)) for at, room in zip((line.row, line.column), spread, strict=True)]
    end = [
        min(size, math.ceil(at + room) + 1)
        for at, room, size in zip((line.row, line.column), spread, photo.shape, strict=True)
    ]
    part = tuple(slice(first, max(first, last)) for first, last in zip(begin, end, strict=True))
    rows = np.arange(part[0].start, part[0].stop)[:, None] - line.row
    columns = np.arange(part[1].start, part[1].stop)[None] - line.column
    across, along = rows * down + columns * right, rows * right - columns * down
    kept = (np.abs(across) <= reach) & (np.abs(along) <= half) & ~photo.faulty[part]
    return Samples(along[kept], across[kept], photo.plane[part][kept], line.angle, photo.clipped[part][kept])


def _plain_reach(samples: Samples) -> float:
    """How far from the edge both sides are plain, in pixels.

    Raises:
        ImageError: If a side is plain over too few pixels.
    """
    if not len(samples.across):
        return 0.0
    place = np.rint(samples.across).astype(int)
    half = int(min(place.max(), -place.min()))
    inside = np.abs(place) <= half
    count = np.bincount(place[inside] + half, minlength=2 * half + 1)
    mean = np.bincount(place[inside] + half, samples.value[inside], minlength=2 * half + 1) / np.maximum(count, 1)
    if half < LEAST_REACH:
        return float(half)
    spread = np.abs(np.diff(mean))
    near = max(int(LEAST_REACH), _spread_end(spread, half))
    step = abs(mean[min(half + near, 2 * half)] - mean[max(half - near, 0)])
    for reach in range(near, half + 1):
        sides = (mean[half + near : half + reach + 1], mean[half - reach : half - near + 1])
        if any(len(side) and float(np.ptp(side)) > _PLAIN * max(float(step), 1e-9) for side in sides):
            return float(max(reach - 1, near))
    return float(half)


def _spread_end(spread: NDArray[Any], half: int) -> int:
    """Pixels from the middle within which the edge itself rises."""
    least = 0.05 * float(spread.max())
    for distance in range(1, half):
        if spread[half + distance - 1] <= least and spread[half - distance] <= least:
            return distance
    return half


def _lines(plane: NDArray[np.float64]) -> list[Line]:
    """Straight lines, each once, the longest first."""
    low, high = np.percentile(plane, (0.5, 99.5))
    if high <= low:
        return []
    grey = np.clip((plane - low) / (high - low), 0, 1) * 255
    found: list[Line] = []
    for scale in _SCALES:
        if min(plane.shape) < _LEAST_SIDE * scale / 2:
            continue
        size = (max(1, plane.shape[1] // scale), max(1, plane.shape[0] // scale))
        smooth = cv2.GaussianBlur(grey, (0, 0), 0.8 * scale)
        small = smooth if scale == 1 else cv2.resize(smooth, size, interpolation=cv2.INTER_AREA)
        segments = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(np.rint(small).astype(np.uint8))[0]
        for x1, y1, x2, y2 in () if segments is None else segments.reshape(-1, 4).astype(float):
            ratio = (plane.shape[1] / size[0], plane.shape[0] / size[1])
            ends = [((x + 0.5) * ratio[0] - 0.5, (y + 0.5) * ratio[1] - 0.5) for x, y in ((x1, y1), (x2, y2))]
            if (line := _line(smooth, *ends)) is not None:
                found.append(line)
    return _each_once(found)


def _line(smooth: NDArray[np.float64], one: tuple[float, float], two: tuple[float, float]) -> Line | None:
    """The line between two ends (column, row), its normal towards the bright side; None if it is too short or faint."""
    right, down = two[0] - one[0], two[1] - one[1]
    length = math.hypot(right, down)
    if length < LEAST_LENGTH:
        return None
    column, row = (one[0] + two[0]) / 2, (one[1] + two[1]) / 2
    angle = math.atan2(right, -down)
    sides = []
    for sign in (1, -1):
        at = np.array([row, column]) + sign * LEAST_REACH * np.array([math.sin(angle), math.cos(angle)])
        inner = [int(np.clip(round(each), 0, size - 1)) for each, size in zip(at, smooth.shape, strict=True)]
        sides.append(float(smooth[inner[0], inner[1]]))
    if abs(sides[0] - sides[1]) < 255 * _FAINT:
        return None
    if sides[0] < sides[1]:
        angle = angle - math.copysign(math.pi, angle)
    return Line(row, column, angle, length)


def _each_once(lines: list[Line]) -> list[Line]:
    """Lines that lie on one another put together, the longest first."""
    kept: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.length):
        for place, other in enumerate(kept):
            if (both := _joined(other, line)) is not None:
                kept[place] = both
                break
        else:
            kept.append(line)
    return sorted(kept, key=lambda line: -line.length)


def _joined(one: Line, two: Line) -> Line | None:
    """Both as one line, in the direction of the longer; None if they do not lie on one another."""
    if abs(math.remainder(one.angle - two.angle, 2 * math.pi)) > _ALIKE:
        return None
    down, right = one.normal
    rows, columns = two.row - one.row, two.column - one.column
    if abs(rows * down + columns * right) > _NEAR:
        return None
    along = rows * right - columns * down
    first = min(-one.length / 2, along - two.length / 2)
    last = max(one.length / 2, along + two.length / 2)
    if last - first > one.length + two.length + 4 * _NEAR:
        return None
    middle = (first + last) / 2
    return Line(one.row + middle * right, one.column - middle * down, one.angle, last - first)
