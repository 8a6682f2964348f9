"""One slanted edge: its kernel by least squares on every pixel, and its transfer function (ISO 12233, e-SFR).

A straight edge a few degrees off the pixel grid meets every row at another place within a pixel, so that all rows
together sample its profile finely. Instead of a profile of bins that is derived, all pixels are fitted at once by the
profile of a Gaussian convolved with a disc, seen by square pixels:

    I(d) = a (1 - E(d)) + b E(d),   d = distance from p0 + p1 u + p2 u^2 along the edge u

The transfer function is that of the fit, plus that of what the fit leaves (its transform times 2 pi i f), as far as it
stands out of the noise. Neither bins, nor a window, nor a difference of neighbours narrow or widen what the fit holds.
Far from the edge, where only glare is left, what the fit leaves is smoothed first.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.optimize import least_squares

from pinsharp.blur.measured import Blur, EdgeSpread, Mtf
from pinsharp.errors import ImageError
from pinsharp.profiling.optics import EdgeProfile, Shape, Values, edge_profile, falls_to

FREQUENCIES = tuple(round(0.02 * step, 2) for step in range(51))
"""Where a transfer function is kept, in cycles a pixel."""

LEAST_ANGLE, MOST_ANGLE = 1.0, 44.0
"""Degrees off rows and columns between which an edge samples its profile finely."""

LEAST_LENGTH, LEAST_REACH = 20.0, 6.0
"""Pixels along an edge, and on each side of it."""

MOST_CLIPPED = 0.02
"""Share of the pixels of a side above which it is saturated."""

_NINETY = 1.645
_BLOCKS = 10  # pieces along the edge that disagree as much as the figures are uncertain
_BIN = 0.25  # pixels
_LEAST_STEP = 8.0  # times the scatter of pixels about the profile: a smaller step is no edge
_LEAST_SIGMA, _MOST_SIGMA = 0.05, 40.0
_MODEL_DOUBT = 0.005  # share of a width by which no fit is surer
_MOST_DOUBT = 0.1  # standard deviation of a width, as a share of it, above which it is not taken
_SHAPE_TELLS = 0.3  # standard deviation of the disc's share above which nothing is said of it
_MOST_BOW = 1.0  # pixels between the ends of an edge and its middle
_TAPER = 0.3  # share of the reach, at its end, that fades out
_FAR_SMOOTHING = 1.0  # pixels
_ALL = np.linspace(0, 1, 1001)


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
class EdgeFound:
    """What a slanted edge says."""

    blur: Blur
    mtf: Mtf
    spread: EdgeSpread
    line: tuple[float, float, float]  # pixels off the line that was given, its slope and its curvature


def measure_edge(samples: Samples) -> EdgeFound:
    """Measure the edge that some pixels show.

    Raises:
        ImageError: If it is saturated, too short, too near to something else, or no edge.
    """
    check_angle(samples.angle)
    length = float(np.ptp(samples.along)) if len(samples.along) else 0.0
    if length < LEAST_LENGTH or samples.reach < LEAST_REACH:
        raise ImageError(
            f"expected an edge of at least {LEAST_LENGTH:g} pixels with {LEAST_REACH:g} on each side, got "
            f"{length:.0f} with {max(samples.reach, 0):.0f}; take a larger region"
        )
    fit = _fitted(samples)
    _check_coverage(fit.distance)
    fit.check()
    return fit.found()


def check_angle(angle: float) -> None:
    """Refuse an edge, by the angle in radians between its normal and the rows, that no fine profile can be read from.

    Raises:
        ImageError: If it lies along rows or columns, or half-way between them.
    """
    if not LEAST_ANGLE <= (off := degrees_off(angle)) <= MOST_ANGLE:
        raise ImageError(
            f"expected an edge {LEAST_ANGLE:g} to {MOST_ANGLE:g} degrees off rows and columns, got one of {off:.1f}; "
            "turn the target by about 5 degrees"
        )


def degrees_off(angle: float) -> float:
    """Degrees between an edge and the nearest of rows and columns, 0 to 45."""
    turned = math.degrees(angle) % 90
    return min(turned, 90 - turned)


def _check_coverage(distance: Values) -> None:
    """Refuse an edge whose pixels meet it at few places within a pixel, as at 26.57 degrees (1 in 2)."""
    near = distance[np.abs(distance) < LEAST_REACH]
    filled = np.unique(np.floor((near + LEAST_REACH) / _BIN))
    if len(filled) < 2 * LEAST_REACH / _BIN * 0.9:
        raise ImageError(
            "expected an edge that meets the pixels at many places, got one that meets them at few; turn it a little"
        )


@dataclass(frozen=True, eq=False)
class _Fit:
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

    def found(self) -> EdgeFound:
        """The figures with their intervals."""
        covariance = self._covariance()
        sigma, share = self.shape.sigma, self.shape.disk_share
        std = math.hypot(sigma * math.sqrt(covariance[0, 0]), _MODEL_DOUBT * sigma)
        share_std = math.sqrt(covariance[1, 1])
        blur = Blur(
            sigma,
            max(0.0, sigma - _NINETY * std),
            sigma + _NINETY * std,
            share if share_std < _SHAPE_TELLS and sigma > 0.3 else None,
        )
        if std > _MOST_DOUBT * sigma and std > 0.1:
            raise ImageError(
                f"expected an edge whose width is sure to {_MOST_DOUBT:.0%}, got {std / sigma:.0%}: other things are "
                "too near, or there is too much noise; cut out a longer edge between plain sides"
            )
        return EdgeFound(blur, self._mtf(covariance), self._spread(), self.line)

    def _blocks(self) -> NDArray[np.int64]:
        """In which piece of the edge each pixel lies, (N,)."""
        along = self.samples.along
        place = (along - along.min()) / max(float(np.ptp(along)), 1e-9) * _BLOCKS
        return np.asarray(np.minimum(place.astype(np.int64), _BLOCKS - 1), np.int64)

    def _covariance(self) -> Values:
        """Covariance (2, 2) of log width and share, by how the pieces of the edge disagree (clustered errors)."""
        j, blocks = self.jacobian, self._blocks()
        scores = np.stack([j[blocks == block].T @ self.left[blocks == block] for block in range(_BLOCKS)])
        inverse = np.linalg.pinv(j.T @ j, rcond=1e-10)
        clustered = inverse @ (scores.T @ scores) @ inverse * _BLOCKS / (_BLOCKS - 1)
        plain = inverse * float(np.mean(self.left**2))
        # Few pieces may agree by chance: never below what independent pixels say.
        return np.asarray(np.where(np.diag(clustered)[3] > np.diag(plain)[3], clustered, plain)[3:, 3:], np.float64)

    def _mtf(self, covariance: Values) -> Mtf:
        """Transfer function at `FREQUENCIES`, and the two frequencies on a finer grid."""
        angle = self.samples.angle
        of_fit = self.shape.through_pixels(_ALL, angle)
        rest, noise = self._rest()
        contrast = np.abs(of_fit + rest)
        by_width, by_share = (
            (_nudged(self.shape, *nudge).through_pixels(_ALL, angle) - of_fit) / 1e-3
            for nudge in ((1e-3, 0.0), (0.0, 1e-3 if self.shape.disk_share < 0.5 else -1e-3))
        )
        variance = np.einsum("if,ij,jf->f", (both := np.stack([by_width, by_share])), covariance, both)
        std = np.sqrt(np.maximum(variance, 0) + noise**2 + (_MODEL_DOUBT * by_width) ** 2)
        kept = np.rint(np.array(FREQUENCIES) * (len(_ALL) - 1)).astype(int)
        low, high = np.maximum(contrast - _NINETY * std, 0), contrast + _NINETY * std
        one, two, three = (tuple(float(value) for value in each[kept]) for each in (contrast, low, high))
        return Mtf(FREQUENCIES, one, two, three, falls_to(_ALL, contrast, 0.5), falls_to(_ALL, contrast, 0.1))

    def _rest(self) -> tuple[NDArray[np.complex128], Values]:
        """Transform of what the fit leaves of the spread, as far as it is no noise, and its standard deviation."""
        centre, mean, variance = _binned(self.distance, self.left / self.step, self.samples.reach)
        reach, near = self.samples.reach, min(self.samples.reach, self._near)
        inner = _fade(centre, near * (1 - _TAPER), near)
        outer = _fade(centre, reach * (1 - _TAPER), reach) - inner
        waves = np.exp(-2j * math.pi * _ALL[:, None] * centre[None])
        damping = 2j * math.pi * _ALL * _BIN / np.sinc(_ALL * _BIN)
        rest, noise = np.zeros(len(_ALL), np.complex128), np.zeros(len(_ALL))
        for window, blur in ((inner, 0.0), (outer, _FAR_SMOOTHING)):
            smooth = gaussian_filter1d(mean, blur / _BIN, mode="nearest") if blur else mean
            less = 2 * math.sqrt(math.pi) * blur / _BIN if blur else 1.0  # of the noise's variance
            expected, seen = float((window**2 * variance).sum()), float((window**2 * smooth**2).sum())
            trust = max(0.0, 1 - 2 * expected / less / seen) if seen else 0.0
            rest += trust * damping * (waves @ (window * smooth))
            passed = np.exp(-2 * (math.pi * blur * _ALL) ** 2)
            noise += np.abs(damping) ** 2 * trust**2 * expected / 2 * passed**2
        return rest, np.sqrt(noise)

    @property
    def _near(self) -> float:
        """Pixels from the edge within which it rises."""
        return 4 * self.shape.sigma + 4

    def _spread(self) -> EdgeSpread:
        """The edge's profile as it was seen."""
        reach = min(self.samples.reach, max(6.0, self._near))
        profile = edge_profile(self.shape, self.samples.angle, reach)
        centre, rest, _ = _binned(self.distance, self.left / self.step, reach)
        level = profile.at(centre) + rest
        smooth = np.convolve(level, np.ones(4) / 4, mode="valid")  # a pixel, so that noise is no overshoot
        overshoot = max(0.0, float(smooth.max()) - 1, -float(smooth.min()))
        return EdgeSpread(
            tuple(float(value) for value in centre), tuple(round(float(value), 4) for value in level), overshoot
        )


def _fitted(samples: Samples) -> _Fit:
    """Fit shape and line; from a nearly Gaussian and a nearly disc-like start, whichever ends better."""
    half = float(np.abs(samples.along).max())

    def parts(values: Values) -> tuple[EdgeProfile, Values, Values]:
        shape = Shape(math.exp(values[3]), float(values[4]))
        u = samples.along / half
        distance = samples.across - (values[0] + values[1] * u + values[2] * u**2)
        return edge_profile(shape, samples.angle, 1.0), distance, values

    def solved(values: Values) -> tuple[Values, Values, Values]:
        profile, distance, _ = parts(values)
        level = profile.at(distance)
        basis = np.stack([1 - level, level])
        sides = np.linalg.lstsq(basis @ basis.T, basis @ samples.value, rcond=1e-9)[0]
        return np.asarray(samples.value - sides @ basis, np.float64), np.asarray(sides, np.float64), distance

    width = _first_width(samples)
    best = None
    for share in (0.2, 0.8):
        fit = least_squares(
            lambda values: solved(values)[0],
            [0.0, 0.0, 0.0, math.log(width), share],
            bounds=([-9, -9, -3, math.log(_LEAST_SIGMA), 0], [9, 9, 3, math.log(_MOST_SIGMA), 1]),
            x_scale=[0.1, 0.1, 0.1, 0.1, 0.3],
            xtol=1e-6,
            ftol=1e-8,
            max_nfev=40,
        )
        best = fit if best is None or fit.cost < best.cost else best
    assert best is not None
    left, sides, distance = solved(best.x)
    # Glare goes on for long: the levels are those farthest off.
    profile, far = parts(best.x)[0], 1 - _TAPER
    off = [left[which] for which in (distance < -far * samples.reach, distance > far * samples.reach)]
    more = np.array([float(side.mean()) if len(side) else 0.0 for side in off])
    level = profile.at(distance)
    left, sides = left - (more[0] * (1 - level) + more[1] * level), sides + more
    line = float(best.x[0]), float(best.x[1]) / half, float(best.x[2]) / half**2
    return _Fit(samples, Shape(math.exp(best.x[3]), float(best.x[4])), line, distance, sides, left, best.jac)


def _first_width(samples: Samples) -> float:
    """A width to start from: of the spread about the line."""
    centre, mean, _ = _binned(samples.across, samples.value, min(samples.reach, 24.0), width=1.0)
    spread = np.abs(np.diff(mean))
    spread = np.clip(spread - 0.2 * spread.max(), 0, None)
    place = (centre[1:] + centre[:-1]) / 2
    weight = spread / max(float(spread.sum()), 1e-12)
    middle = float((weight * place).sum())
    return float(np.clip(math.sqrt(float((weight * (place - middle) ** 2).sum())), 0.4, 10))


def _binned(distance: Values, value: Values, reach: float, width: float = _BIN) -> tuple[Values, Values, Values]:
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


def _fade(distance: Values, begin: float, end: float) -> Values:
    """A window: 1 up to `begin`, 0 from `end` on, on both sides."""
    return np.asarray(np.cos(math.pi / 2 * np.clip((np.abs(distance) - begin) / (end - begin), 0, 1)) ** 2, np.float64)


def _nudged(shape: Shape, log_width: float, share: float) -> Shape:
    return Shape(shape.sigma * math.exp(log_width), shape.disk_share + share)
