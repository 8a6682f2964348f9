"""The fit of one slanted edge, all pixels at once: a Gaussian convolved with a disc, across a nearly straight line."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from pinsharp.errors import ImageError
from pinsharp.profiling.optics import EdgeProfile, Shape, Values, edge_profile

MOST_CLIPPED = 0.02
"""Share of the pixels of a side above which it is saturated."""

BIN = 0.25
"""Pixels of a bin across the edge."""

TAPER = 0.3
"""Share of the reach, at its end, that fades out."""

_LEAST_STEP = 8.0  # times the scatter of pixels about the profile: a smaller step is no edge
_LEAST_SIGMA, _MOST_SIGMA = 0.05, 40.0
_MOST_BOW = 1.0  # pixels between the ends of an edge and its middle


@dataclass(frozen=True, eq=False)
class Samples:
    """Pixels along an edge.

    Attributes:
        along: Pixels from the middle of the edge along it, (N,).
        across: Pixels from its line, rising from the dark side to the bright one, (N,).
        value: Linear light, (N,).
        angle: Radians between the edge's normal and the rows.
        is_clipped: Whether a value is at white or 0, (N,).
    """

    along: Values
    across: Values
    value: Values
    angle: float
    is_clipped: NDArray[np.bool_]

    @property
    def reach(self) -> float:
        """Pixels on the shorter side."""
        return 0.0 if not len(self.across) else float(min(self.across.max(), -self.across.min()))

    def kept(self, which: NDArray[np.bool_]) -> "Samples":
        """Some of the pixels."""
        return Samples(self.along[which], self.across[which], self.value[which], self.angle, self.is_clipped[which])


@dataclass(frozen=True, eq=False)
class Fit:
    """The best shape, and what it leaves."""

    samples: Samples
    shape: Shape
    line: tuple[float, float, float]
    distance: Values
    sides: Values  # light far on the dark side and far on the bright one
    left: Values  # what the fit leaves, (N,)
    jacobian: Values  # (N, 5)

    @property
    def step(self) -> float:
        """Light of the bright side above the dark one."""
        return float(self.sides[1] - self.sides[0])

    def check(self) -> None:
        """Refuse what is saturated, or no edge."""
        reach = max(2 * self.shape.sigma, 2.0)
        for side, words in ((self.distance > reach, "bright"), (self.distance < -reach, "dark")):
            if side.any() and float(self.samples.is_clipped[side].mean()) > MOST_CLIPPED:
                end = "white" if words == "bright" else "0"
                raise ImageError(
                    f"expected an edge within the camera's range, got a saturated one: its {words} side is at {end}; "
                    "change the exposure"
                )
        scatter = float(np.std(self.left))
        half = float(np.ptp(self.samples.along)) / 2
        if (bow := abs(self.line[2]) * half**2) > _MOST_BOW:
            raise ImageError(f"expected a straight edge, got one that bows by {bow:.1f} pixels; cut out a shorter one")
        if self.step <= _LEAST_STEP * scatter or self.shape.sigma > self.samples.reach / 2:
            raise ImageError(
                "expected an edge between two plain sides, got none that stands out of what is beside it; "
                "cut out the edge"
            )


def fitted(samples: Samples) -> Fit:
    """Fit shape and line; from a nearly Gaussian and a nearly disc-like start, whichever ends better."""
    width = _first_width(samples)
    fits = [
        least_squares(
            lambda values: _solved(samples, values)[0],
            [0.0, 0.0, 0.0, math.log(width), share],
            bounds=([-9, -9, -3, math.log(_LEAST_SIGMA), 0], [9, 9, 3, math.log(_MOST_SIGMA), 1]),
            x_scale=[0.1, 0.1, 0.1, 0.1, 0.3],
            xtol=1e-6,
            ftol=1e-8,
            max_nfev=40,
        )
        for share in (0.2, 0.8)
    ]
    best = min(fits, key=lambda fit: fit.cost)
    left, sides, distance = _solved(samples, best.x)
    left, sides = _without_glare(samples, best.x, left, sides)
    half = _half_length(samples)
    line = float(best.x[0]), float(best.x[1]) / half, float(best.x[2]) / half**2
    return Fit(samples, _shape(best.x), line, distance, sides, left, best.jac)


def _shape(values: Values) -> Shape:
    return Shape(math.exp(values[3]), float(values[4]))


def _half_length(samples: Samples) -> float:
    return float(np.abs(samples.along).max())


def _profile(samples: Samples, values: Values) -> tuple[EdgeProfile, Values]:
    """The profile of the edge, and the distance of each pixel from the line, a parabola; `values` are those fitted."""
    u = samples.along / _half_length(samples)
    distance = samples.across - (values[0] + values[1] * u + values[2] * u**2)
    return edge_profile(_shape(values), samples.angle, 1.0), distance


def _solved(samples: Samples, values: Values) -> tuple[Values, Values, Values]:
    """What is left unexplained of each pixel, the best levels of both sides, and distances from the line."""
    profile, distance = _profile(samples, values)
    level = profile.at(distance)
    basis = np.stack([1 - level, level])
    sides = np.linalg.lstsq(basis @ basis.T, basis @ samples.value, rcond=1e-9)[0]
    return np.asarray(samples.value - sides @ basis, np.float64), np.asarray(sides, np.float64), distance


def _without_glare(samples: Samples, values: Values, left: Values, sides: Values) -> tuple[Values, Values]:
    """What is left, and the levels, after the levels are those farthest from the edge: glare goes on for long."""
    profile, distance = _profile(samples, values)
    far = (1 - TAPER) * samples.reach
    off = [left[which] for which in (distance < -far, distance > far)]
    more = np.array([float(side.mean()) if len(side) else 0.0 for side in off])
    level = profile.at(distance)
    return left - (more[0] * (1 - level) + more[1] * level), sides + more


def _first_width(samples: Samples) -> float:
    """A width to start from: of the spread about the line."""
    centre, mean, _ = binned(samples.across, samples.value, min(samples.reach, 24.0), width=1.0)
    spread = np.abs(np.diff(mean))
    spread = np.clip(spread - 0.2 * spread.max(), 0, None)
    place = (centre[1:] + centre[:-1]) / 2
    weight = spread / max(float(spread.sum()), 1e-12)
    middle = float((weight * place).sum())
    return float(np.clip(math.sqrt(float((weight * (place - middle) ** 2).sum())), 0.4, 10))


def binned(distance: Values, value: Values, reach: float, width: float = BIN) -> tuple[Values, Values, Values]:
    """Centres of bins up to a reach, mean of the values in each, and the variance of that mean; empty ones left out."""
    count = int(2 * reach / width)
    place = np.floor((distance + count * width / 2) / width).astype(int)
    inside = (place >= 0) & (place < count)
    counts = np.bincount(place[inside], minlength=count)
    sums = np.bincount(place[inside], value[inside], minlength=count)
    squares = np.bincount(place[inside], value[inside] ** 2, minlength=count)
    filled = counts > 0
    mean = sums[filled] / counts[filled]
    variance = np.maximum(squares[filled] / counts[filled] - mean**2, 0) / np.maximum(counts[filled] - 1, 1)
    centre = (np.arange(count) - (count - 1) / 2) * width
    return np.asarray(centre[filled], np.float64), mean, variance
