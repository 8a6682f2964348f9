"""What the last images say about a change: a step or a drift, since when, and where it ends."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pinsharp.blur.normal import NINETY

SURE_SLOPE = 5.0
"""Standard deviations of its slope from which on a line through the last images is trusted to rise."""

ROWS = (25, 50, 100, 200, 400)
"""Of rows of so many last images it is asked whether they rise."""

LEAST_ROW = 12
"""A forecast is drawn from so many images at the least."""

_RAMPS_BACK = 4  # a drift may have begun so many times the history ago


@dataclass(frozen=True)
class Change:
    """How a series has left its level.

    Attributes:
        is_step: Whether a step explains it better than a slope.
        since: For how many images.
    """

    is_step: bool
    since: int


def change(deviations: Sequence[float]) -> Change:
    """Tell a step from a drift: the last deviations from the level in control, the newest last, by least squares."""
    z = np.asarray(deviations)
    count = len(z)
    steps = [(_left(z, (np.arange(count) >= start).astype(float)), count - start) for start in range(count)]
    starts = np.unique(np.linspace(-_RAMPS_BACK * count, count - 1, 200).round().astype(int))
    ramps = [(_left(z, np.maximum(0.0, np.arange(count) - start + 1.0)), count - int(start)) for start in starts]
    step, ramp = min(steps), min(ramps)
    return Change(step[0] <= ramp[0], step[1] if step[0] <= ramp[0] else ramp[1])


def _left(z: NDArray[np.float64], form: NDArray[np.float64]) -> float:
    """Sum of squares that a multiple of a form leaves of a series."""
    return float(z @ z - (z @ form) ** 2 / (form @ form))


@dataclass(frozen=True)
class Forecast:
    """When a limit is reached, in images from now on: about, at the earliest and at the latest (None: perhaps never).

    Nine times of ten it is between them, if the drift goes on as it does.
    """

    images: float
    earliest: float
    latest: float | None


def rising(recent: NDArray[np.float64], scatter: float) -> int | None:
    """How many of the last images the shortest row has that surely rises; None where none does.

    Args:
        recent: (3, N): numbers of the images, rising; their widths in pixels; weights, up to 1.
        scatter: Least standard deviation of a width of weight 1, likeness of neighbours allowed for.
    """
    for count in ROWS:
        if count > recent.shape[1]:
            return None
        line = _line(recent[:, -count:], scatter)
        if line.slope > SURE_SLOPE * line.std:
            return count
    return None


def forecast(recent: NDArray[np.float64], scatter: float, limit: float) -> Forecast | None:
    """When the line through images reaches a limit, if it goes on; None where it falls.

    Args:
        recent: As for `rising`; all of them count.
        scatter: The same.
        limit: A width in pixels; if it is exceeded, it is reached in 0 images.
    """
    line = _line(recent, scatter)
    if line.slope <= 0:
        return None

    def reached(slope: float) -> float:
        return max(0.0, (limit - line.mean) / slope - line.ahead)

    least = line.slope - NINETY * line.std
    return Forecast(reached(line.slope), reached(line.slope + NINETY * line.std), reached(least) if least > 0 else None)


@dataclass(frozen=True)
class _Line:
    """Weighted least squares: slope and its standard deviation, mean, and how far the last image is from the middle."""

    slope: float
    std: float
    mean: float
    ahead: float


def _line(recent: NDArray[np.float64], scatter: float) -> _Line:
    x, y, w = recent
    from_centre = x - (w @ x) / w.sum()
    spread, mean = w @ from_centre**2, (w @ y) / w.sum()
    slope = (w @ (from_centre * y)) / spread
    rest = y - mean - slope * from_centre
    scatter = max(scatter, float(np.sqrt((w @ rest**2) / (len(x) - 2))))
    return _Line(float(slope), float(scatter / np.sqrt(spread)), float(mean), float(from_centre[-1]))
