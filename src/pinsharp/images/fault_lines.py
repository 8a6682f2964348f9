"""Dead, stuck and weak lines: one to three pixels wide, straight, and unknown to their neighbours.

A line that a lens made is blurred: the pixels beside it know of it. A line of a broken sensor, or one drawn on an
image, differs from both sides at once, and what it shows along its length is a constant, or its neighbours' light
times a gain.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

BAND = 32
"""Pixels along a line that are averaged before lines are looked for; half of it in small images."""

LEAST_LENGTH = 96
"""Shortest part of a line that is told from what a scene may hold; the whole side of smaller images."""

WIDEST = 3
"""Widest line in pixels."""

KNOWN = 0.04
"""Share of a line's height that its neighbours may show. A lens of sigma 0.5 gives those of a line that lies on one
pixel 0.23, on two 0.05."""

OUTSTANDING = 5.0
"""Times that a line exceeds what predicts other columns near it wrongly."""

SHARPER = 3.0
"""Times that a part of a line exceeds what 99 % of pixels differ by from both neighbours: sharp images have such edges.
Lines along a whole side need as much as that."""

_NEAR = 16  # pixels at each side that a line is compared with
_ROWS = 256  # rows that a line is judged by
_LIMIT = 64  # candidates that are looked at; images with more have lines of their own


@dataclass(frozen=True)
class Line:
    """Columns `first` to `last` (included) of rows `top` to `bottom` (excluded); `gain` is 0 where it is constant."""

    first: int
    last: int
    top: int
    bottom: int
    gain: float


def find_columns(plane: NDArray[Any], unit: float) -> list[Line]:
    """Find faulty columns of a plane (H, W); rows are those of the plane turned.

    Args:
        plane: Values of one channel, uint8, uint16 or float32.
        unit: What counts as one grey level.
    """
    height, width = plane.shape
    band = BAND if height >= 512 else BAND // 2
    least = -(-min(LEAST_LENGTH, height) // band)
    if height < 32 or width < 2 * _NEAR:
        return []
    means = _band_means(plane, band)
    found: list[Line] = []
    sharpest = _sharpest(plane)
    for wide in range(1, WIDEST + 1):
        for column, top, bottom in _candidates(means, wide, least, unit):
            if any(line.first - 1 <= column <= line.last + 1 for line in found):
                continue
            run = slice(top * band, height if bottom == len(means) else bottom * band)
            for rows in (slice(0, height), run):
                is_whole = rows.stop - rows.start > 0.8 * height
                least_strength = max(4 * unit, sharpest * (1 if is_whole else SHARPER))
                if line := _checked(plane, column, wide, rows, unit, least_strength):
                    found.append(line)
                    break
    return found


def _band_means(plane: NDArray[Any], band: int) -> NDArray[np.float32]:
    """Means (K, W) over bands of rows; what is left at the bottom has its own."""
    parts = [plane[top : top + band] for top in range(0, len(plane), band)]
    if len(parts) > 1 and len(parts[-1]) < band // 2:
        parts = [*parts[:-2], plane[(len(parts) - 2) * band :]]
    return np.concatenate([cv2.reduce(part, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F) for part in parts])


def _sharpest(plane: NDArray[Any]) -> float:
    """What 99 % of pixels differ by from the mean of their neighbours to the left and right."""
    rows = plane[:: -(-len(plane) // 128)].astype(np.float32)
    return float(np.quantile(np.abs(rows[:, 1:-1] - (rows[:, :-2] + rows[:, 2:]) / 2), 0.99))


def _excess(means: NDArray[np.float32], wide: int) -> NDArray[np.float32]:
    """By how much (K, W - wide - 1) a group of columns exceeds its two neighbours: the least of the group."""
    count = means.shape[1] - wide - 1
    left, right = means[:, :count], means[:, wide + 1 :]
    beside = (left + right) / 2
    each = [means[:, 1 + step : 1 + step + count] - beside for step in range(wide)]
    least = each[0]
    for one in each[1:]:
        least = np.where(np.sign(one) == np.sign(least), np.where(np.abs(one) < np.abs(least), one, least), 0)
    # A slope that passes through is no line.
    return np.where(np.abs(least) > np.abs(right - left), least, 0)


def _candidates(means: NDArray[np.float32], wide: int, least: int, unit: float) -> Iterator[tuple[int, int, int]]:
    """First column and bands, from and to, of what may be lines."""
    excess = np.abs(_excess(means, wide))
    scale = 1.5 * np.median(excess[:, ::4], axis=1, keepdims=True) + 0.5 * unit
    hit = excess > 4 * scale
    whole = np.median(excess, axis=0)
    columns = np.flatnonzero((hit.sum(axis=0) >= least) | (whole > 3 * unit))
    if len(columns) > 8 * _LIMIT:
        return
    strength = np.sqrt(np.mean(np.square(excess), axis=0))
    runs = [(float(strength[column]), int(column), *run) for column in columns for run in _runs(hit[:, column], least)]
    for _, column, top, bottom in sorted(runs, reverse=True)[:_LIMIT]:
        here = excess[top:bottom].mean(axis=0)
        low = max(0, column - _NEAR)
        near = here[low : column + _NEAR + 1].copy()
        at = column - low
        near[max(0, at - wide) : at + wide + 1] = 0
        if here[column] > 2 * near.max():
            yield column + 1, top, bottom


def _runs(hit: Mask, least: int) -> Iterator[tuple[int, int]]:
    """From and to of rows of bands that are hit, gaps of up to two left out, at least so long."""
    places = np.flatnonzero(hit)
    if not len(places):
        return
    for run in np.split(places, np.flatnonzero(np.diff(places) > 3) + 1):
        top, bottom = int(run[0]), int(run[-1]) + 1
        top, bottom = 0 if top <= 2 else top, len(hit) if bottom >= len(hit) - 2 else bottom
        if len(run) >= least * 2 // 3 and bottom - top >= least:
            yield top, bottom


def _checked(plane: NDArray[Any], first: int, wide: int, rows: slice, unit: float, least: float) -> Line | None:
    """The line, if its neighbours do not know of it and a constant or a gain explains it."""
    low, high = max(0, first - _NEAR), min(plane.shape[1], first + wide + _NEAR)
    step = max(1, (rows.stop - rows.start) // _ROWS)
    part = plane[rows.start : rows.stop : step, low:high].astype(np.float32)  # (h, w)
    at = first - low
    if at < 1 or at + wide >= part.shape[1]:
        return None
    left, right = part[:, at - 1], part[:, at + wide]
    count, share = part.shape[1] - wide - 1, 1 / (wide + 1)  # others are predicted over the same gap
    others = np.abs(part[:, 1 : count + 1] - part[:, :count] * (1 - share) - part[:, wide + 1 :] * share)
    others = np.delete(others, range(max(0, at - wide - 1), min(count, at + wide)), axis=1)
    usual = 1.5 * float(np.median(others)) + 0.25 * unit
    steps = ((np.arange(wide) + 1) / (wide + 1)).astype(np.float32)
    beside = left[:, None] * (1 - steps) + right[:, None] * steps  # (h, wide)
    over = part[:, at : at + wide] - beside
    strength = np.median(np.abs(over), axis=0)
    if strength.min() < OUTSTANDING * usual or strength.min() < max(least, 0.65 * strength.max()):
        return None
    gains = [_explained(part[:, at + step], beside[:, step], usual, unit) for step in range(wide)]
    if any(gain is None for gain in gains):
        return None
    sign = np.sign(np.median(over[:, 0]))
    if at >= 2 and at + wide + 1 < part.shape[1]:
        outer = np.stack([left - part[:, at - 2], right - part[:, at + wide + 1]])
        known = float(np.median(outer, axis=1).mean()) * sign
        if known > KNOWN * strength.min():
            return None
    return Line(first, first + wide - 1, rows.start, rows.stop, float(gains[0] or 0))


def _explained(line: NDArray[np.float32], beside: NDArray[np.float32], usual: float, unit: float) -> float | None:
    """The gain that explains a line by its neighbours: 0 for a constant; None if neither does."""
    if np.quantile(np.abs(line - np.median(line)), 0.9) <= 2 * usual + 1.5 * unit:
        return 0.0
    gain = float(np.median(line / np.maximum(beside, unit)))
    left = np.abs(line - gain * beside)
    return gain if np.median(left) * 1.5 <= 2 * usual + 0.25 * unit and abs(gain - 1) > 0.02 else None
