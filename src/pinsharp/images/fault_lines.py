"""Dead, stuck and weak lines: one to three pixels wide, straight, and unknown to their neighbours.

A line that a lens made is blurred: the pixels beside it know of it. A line of a broken sensor, or one drawn on an
image, differs from both sides at once, and what it shows along its length is a constant, or its neighbours' light
times a gain.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

BAND = 32
"""Pixels along a line that are averaged before lines are looked for; half of it in small images."""

MOST_BANDS = 128
"""Most parts of a side that are averaged: of sides longer than `BAND` times this the parts are longer."""

LEAST_LENGTH = 96
"""Shortest part of a line that is distinguished from what a scene may hold; the whole side of smaller images."""

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
_PIECE = 16  # rows together of a part of a line that is longer than twice that
_FEW = 2**15  # values that a quantile is taken of
_MEDIAN_OF = 512  # columns that the median of a band is taken of
_LIMIT = 64  # candidates that are looked at; images with more have lines of their own


@dataclass(frozen=True)
class Line:
    """Columns `first` to `last` (included) of rows `top` to `bottom` (excluded); `gain` is 0 where it is constant."""

    first: int
    last: int
    top: int
    bottom: int
    gain: float


@dataclass(frozen=True, eq=False)
class Columns:
    """What is known of the columns of a plane (H, W); of its rows it is that of the plane turned.

    Attributes:
        means: (K, W), means over bands of rows.
        edges: (K + 1,), where the bands begin, and H.
        whole: (R, W), rows from all over the plane.
        read: Gives rows and columns of the plane; both slices have bounds.
    """

    means: NDArray[np.float32]
    edges: NDArray[np.intp]
    whole: NDArray[Any]
    read: Callable[[slice, slice], NDArray[Any]]


def band_edges(length: int) -> NDArray[np.intp]:
    """Where the bands of a side begin, and its end; a short rest belongs to the band before."""
    band = BAND if length >= 512 else BAND // 2
    band = max(band, -(-length // MOST_BANDS))
    edges = list(range(0, length, band))
    if len(edges) > 1 and length - edges[-1] < band // 2:
        del edges[-1]
    return np.array([*edges, length])


def find_columns(seen: Columns, unit: float) -> list[Line]:
    """Find faulty columns of a plane (H, W).

    Args:
        seen: The plane: uint8, uint16 or float32.
        unit: What counts as one grey level.
    """
    height, width = int(seen.edges[-1]), seen.means.shape[1]
    if height < 32 or width < 2 * _NEAR:
        return []
    least = -(-min(LEAST_LENGTH, height) // int(seen.edges[1]))
    found: list[Line] = []
    sharpest = _sharpest(seen.whole)
    for wide in range(1, WIDEST + 1):
        for column, top, bottom in _candidates(seen.means, wide, least, unit):
            if any(line.first - 1 <= column <= line.last + 1 for line in found):
                continue
            for rows in (slice(0, height), slice(int(seen.edges[top]), int(seen.edges[bottom]))):
                is_whole = rows.stop - rows.start > 0.8 * height
                least_strength = max(4 * unit, sharpest * (1 if is_whole else SHARPER))
                near = slice(max(0, column - _NEAR), min(width, column + wide + _NEAR))
                part = _rows_of(seen, rows, near).astype(np.float32)  # (h, w)
                gain = _gain(part, column - near.start, wide, unit, least_strength)
                if gain is not None:
                    found.append(Line(column, column + wide - 1, rows.start, rows.stop, gain))
                    break
    return found


def _rows_of(seen: Columns, rows: slice, near: slice) -> NDArray[Any]:
    """At most some hundred rows of some columns: from all over the plane, or of a part of it in a few pieces."""
    if (rows.start, rows.stop) == (0, seen.edges[-1]):
        return seen.whole[:: max(1, len(seen.whole) // _ROWS), near]
    length = rows.stop - rows.start
    if length <= 2 * _ROWS:
        return seen.read(rows, near)[:: max(1, length // _ROWS)]
    tops = np.linspace(rows.start, rows.stop - _PIECE, _ROWS // _PIECE).astype(int).tolist()
    return np.concatenate([seen.read(slice(top, top + _PIECE), near) for top in tops])


def _sharpest(whole: NDArray[Any]) -> float:
    """What 99 % of pixels differ by from the mean of their neighbours to the left and right."""
    rows = whole[:: -(-len(whole) // 128)]
    step = -(-len(rows) * (rows.shape[1] - 2) // _FEW)
    left, here, right = (rows[:, begin : rows.shape[1] - 2 + begin : step].astype(np.float32) for begin in range(3))
    return float(np.quantile(np.abs(here - (left + right) / 2), 0.99))


def _counts(places: Mask) -> NDArray[np.int32]:
    """How many places of each column (W,) hold; numpy's count takes seven times as long."""
    return np.asarray(cv2.reduce(places.view(np.uint8), 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0], np.int32)


def _medians(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of each row (K, 1) of finite values (K, N); sorting takes a third of the time of numpy's median."""
    rows = np.sort(values, axis=1)
    low, high = rows[:, (rows.shape[1] - 1) // 2], rows[:, rows.shape[1] // 2]
    return np.asarray((low + high) / np.float32(2), np.float32)[:, None]


def _excess(means: NDArray[np.float32], wide: int) -> NDArray[np.float32]:
    """By how much (K, W - wide - 1) a group of columns exceeds its two neighbours, or they it."""
    count = means.shape[1] - wide - 1
    left, right = means[:, :count], means[:, wide + 1 :]
    beside = cv2.addWeighted(left, 0.5, right, 0.5, 0)
    each = [means[:, 1 + step : 1 + step + count] for step in range(wide)]
    lowest: NDArray[Any] = each[0]
    highest: NDArray[Any] = each[0]
    for one in each[1:]:
        lowest, highest = cv2.min(lowest, one), cv2.max(highest, one)
    least: NDArray[Any] = cv2.max(cv2.subtract(lowest, beside), cv2.subtract(beside, highest))
    # A slope that passes through is no line; nor is a group of which one is brighter, and another darker.
    slope = cv2.absdiff(left, right)
    return np.asarray(np.multiply(least, least > slope, out=least), np.float32)


def _candidates(means: NDArray[np.float32], wide: int, least: int, unit: float) -> Iterator[tuple[int, int, int]]:
    """First column and bands, from and to, of what may be lines."""
    excess = _excess(means, wide)
    scale = 1.5 * _medians(excess[:, :: max(4, excess.shape[1] // _MEDIAN_OF)]) + 0.5 * unit
    hit = excess > 4 * scale
    columns = np.flatnonzero((_counts(hit) >= least) | (_counts(excess > 3 * unit) > len(excess) / 2))
    if not 0 < len(columns) <= 8 * _LIMIT:
        return
    strength = np.sqrt(np.mean(np.square(excess[:, columns]), axis=0))
    runs = [
        (float(power), int(column), *run)
        for column, power in zip(columns, strength, strict=True)
        for run in _runs(hit[:, column], least)
    ]
    for _, column, top, bottom in sorted(runs, reverse=True)[:_LIMIT]:
        low = max(0, column - _NEAR)
        near = excess[top:bottom, low : column + _NEAR + 1].mean(axis=0)
        at = column - low
        here = near[at]
        near[max(0, at - wide) : at + wide + 1] = 0
        if here > 2 * near.max():
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


def _gain(part: NDArray[np.float32], at: int, wide: int, unit: float, least: float) -> float | None:
    """The gain of columns from `at` on of a part (h, w), 0 where they are constant; None if they are no faulty line.

    Their neighbours do not know of them, and a constant or a gain explains them.
    """
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
    return float(gains[0] or 0)


def _explained(line: NDArray[np.float32], beside: NDArray[np.float32], usual: float, unit: float) -> float | None:
    """The gain that explains a line by its neighbours: 0 for a constant; None if neither does."""
    if np.quantile(np.abs(line - np.median(line)), 0.9) <= 2 * usual + 1.5 * unit:
        return 0.0
    gain = float(np.median(line / np.maximum(beside, unit)))
    left = np.abs(line - gain * beside)
    return gain if np.median(left) * 1.5 <= 2 * usual + 0.25 * unit and abs(gain - 1) > 0.02 else None
