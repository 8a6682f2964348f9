"""Widths along and across the radius, out of widths that edges and points show in some directions.

The squared width of a kernel in a direction is linear in the cosine and sine of twice its angle. Over the field the
width of a lens grows with the square of the distance r from the middle of the image, and so does what its directions
differ by; what is alike all over the image does not:

    radial  w^2 = a + b r^2 + d r^2 cos 2 (angle to the radius)
    even    w^2 = a + b r^2 + u cos 2 angle + v sin 2 angle

The one that leaves less is taken, if both widths differ by more than their intervals.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pinsharp.blur.astigmatism import Astigmatism
from pinsharp.blur.measured import Blur
from pinsharp.blur.normal import NINETY
from pinsharp.profiling.optics import Values

LEAST = 3
"""Widths along the radius, and across it, that a statement takes at the least."""

LEAST_RATIO = 1.05
"""Longer over shorter width from which on it is worth a word."""

_NEARLY = 0.5  # cosine of twice the angle from which on a direction counts as along the radius, or across
_KEPT = 1e-3  # share of the largest singular value from which on the fit reports a direction


@dataclass(frozen=True)
class Seen:
    """A width in one direction.

    Attributes:
        row: Pixels from the top.
        column: Pixels from the left.
        angle: Radians from the rows, clockwise, of the direction.
        blur: The width along it.
    """

    row: float
    column: float
    angle: float
    blur: Blur


def astigmatism(seen: Sequence[Seen], shape: tuple[int, int]) -> Astigmatism | None:
    """What widths in several directions say; None if there are too few, or they do not differ.

    Args:
        seen: Widths over the field.
        shape: Height and width of the image.
    """
    if len(seen) < 2 * LEAST:
        return None
    rows, columns = (np.array([getattr(each, name) for each in seen], np.float64) for name in ("row", "column"))
    down, right = rows - (shape[0] - 1) / 2, columns - (shape[1] - 1) / 2
    half = math.hypot(*shape) / 2
    square = (down**2 + right**2) / half**2
    angle = np.array([each.angle for each in seen])
    turned = np.cos(2 * (angle - np.arctan2(down, right)))
    width = np.array([each.blur.sigma for each in seen])
    std = np.array([max((each.blur.high - each.blur.low) / (2 * NINETY), 0.01) for each in seen]) * 2 * width
    even = np.stack([np.ones_like(square), square, np.cos(2 * angle), np.sin(2 * angle)], axis=1)
    fits = [_Fit.of(even, width**2, std)]
    counts = [int((turned > _NEARLY).sum()), int((turned < -_NEARLY).sum())]
    if min(counts) >= LEAST:
        fits.append(_Fit.of(np.stack([np.ones_like(square), square, square * turned], axis=1), width**2, std))
    best = min(fits, key=lambda fit: fit.excess)
    middle = float(np.average(square, weights=std**-2.0))
    return _radial(best, middle, half) if best is fits[-1] and len(fits) == 2 else _even(best, middle, angle)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Squared widths by least squares."""

    values: Values
    covariance: Values
    excess: float  # what the fit leaves, in variances for each degree of freedom

    @classmethod
    def of(cls, basis: Values, square: Values, std: Values) -> "_Fit":
        scaled = basis / std[:, None]
        values = np.linalg.lstsq(scaled, square / std, rcond=_KEPT)[0]
        off = (square - basis @ values) / std
        excess = float((off**2).sum()) / max(len(square) - basis.shape[1], 1)
        normal = np.linalg.pinv(scaled.T @ scaled, rcond=_KEPT**2)
        return cls(np.asarray(values, np.float64), np.asarray(normal * max(excess, 1.0), np.float64), excess)

    def at(self, place: Values) -> Blur:
        """The width at a place of the basis, with its interval."""
        square, std = float(place @ self.values), math.sqrt(max(float(place @ self.covariance @ place), 0.0))
        sigma, low, high = (math.sqrt(max(square + side * NINETY * std, 0.0)) for side in (0, -1, 1))
        return Blur(sigma, low, high)


def _radial(fit: _Fit, square: float, half: float) -> Astigmatism | None:
    along, across = (fit.at(np.array([1, square, square * sign])) for sign in (1, -1))
    return _said(Astigmatism("radial", along, across, distance=half * math.sqrt(square)))


def _even(fit: _Fit, square: float, angles: Values) -> Astigmatism | None:
    angle = math.atan2(float(fit.values[3]), float(fit.values[2])) / 2
    off = np.cos(2 * (angles - angle))
    if min(int((off > _NEARLY).sum()), int((off < -_NEARLY).sum())) < LEAST:
        return None
    turn = np.array([math.cos(2 * angle), math.sin(2 * angle)])
    along, across = (fit.at(np.array([1, square, *(sign * turn)])) for sign in (1, -1))
    return _said(Astigmatism("even", along, across, angle=math.degrees(angle) % 180))


def _said(found: Astigmatism) -> Astigmatism | None:
    """What was found, if both widths differ by more than their intervals, and by enough to speak of."""
    narrow, wide = sorted((found.along, found.across), key=lambda blur: blur.sigma)
    return found if wide.low > narrow.high and found.ratio >= LEAST_RATIO else None
