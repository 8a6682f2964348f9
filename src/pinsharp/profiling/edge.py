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

from pinsharp.blur.measured import Blur, EdgeSpread, Mtf
from pinsharp.blur.normal import NINETY
from pinsharp.errors import ImageError
from pinsharp.profiling.edge_fit import BIN, TAPER, Fit, Samples, binned, fitted
from pinsharp.profiling.optics import Shape, Values, edge_profile, falls_to

FREQUENCIES = tuple(round(0.02 * step, 2) for step in range(51))
"""Where a transfer function is kept, in cycles a pixel."""

LEAST_ANGLE, MOST_ANGLE = 1.0, 44.0
"""Degrees off rows and columns between which an edge samples its profile finely."""

LEAST_LENGTH, LEAST_REACH = 20.0, 6.0
"""Pixels along an edge, and on each side of it."""

_BLOCKS = 10  # pieces along the edge that disagree as much as the figures are uncertain
_MODEL_DOUBT = 0.005  # share of a width by which no fit is surer
_MOST_DOUBT = 0.1  # standard deviation of a width, as a share of it, above which it is not taken
_SHAPE_TELLS = 0.3  # standard deviation of the disc's share above which nothing is said of it
_FAR_SMOOTHING = 1.0  # pixels
_ALL = np.linspace(0, 1, 1001)


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
        ImageError: If the edge is saturated, too short, too near to something else, or not an edge.
    """
    check_angle(samples.angle)
    length = float(np.ptp(samples.along)) if len(samples.along) else 0.0
    if length < LEAST_LENGTH or samples.reach < LEAST_REACH:
        raise ImageError(
            f"expected an edge of at least {LEAST_LENGTH:g} pixels with {LEAST_REACH:g} on each side, got "
            f"{length:.0f} with {max(samples.reach, 0):.0f}; take a larger region"
        )
    fit = fitted(samples)
    _check_coverage(fit.distance)
    fit.check()
    return _found(fit)


def check_angle(angle: float) -> None:
    """Refuse an edge, by the angle in radians between its normal and the rows, that no fine profile can be read from.

    Raises:
        ImageError: If the edge lies along rows or columns, or half-way between them.
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
    filled = np.unique(np.floor((near + LEAST_REACH) / BIN))
    if len(filled) < 2 * LEAST_REACH / BIN * 0.9:
        raise ImageError(
            "expected an edge that meets the pixels at many places, got one that meets them at few; turn it a little"
        )


def _found(fit: Fit) -> EdgeFound:
    """The figures with their intervals."""
    covariance = _covariance(fit)
    sigma, share = fit.shape.sigma, fit.shape.disk_share
    std = math.hypot(sigma * math.sqrt(covariance[0, 0]), _MODEL_DOUBT * sigma)
    share_std = math.sqrt(covariance[1, 1])
    blur = Blur(
        sigma,
        max(0.0, sigma - NINETY * std),
        sigma + NINETY * std,
        share if share_std < _SHAPE_TELLS and sigma > 0.3 else None,
    )
    if std > _MOST_DOUBT * sigma and std > 0.1:
        raise ImageError(
            f"expected an edge whose width is sure to {100 * _MOST_DOUBT:.0f} %, got {100 * std / sigma:.0f} %: other "
            "things are too near, or there is too much noise; cut out a longer edge between plain sides"
        )
    return EdgeFound(blur, _mtf(fit, covariance), _spread(fit), fit.line)


def _blocks(fit: Fit) -> NDArray[np.int64]:
    """In which piece of the edge each pixel lies, (N,)."""
    along = fit.samples.along
    place = (along - along.min()) / max(float(np.ptp(along)), 1e-9) * _BLOCKS
    return np.asarray(np.minimum(place.astype(np.int64), _BLOCKS - 1), np.int64)


def _covariance(fit: Fit) -> Values:
    """Covariance (2, 2) of log width and share, by how the pieces of the edge disagree (clustered errors)."""
    j, blocks = fit.jacobian, _blocks(fit)
    scores = np.stack([j[blocks == block].T @ fit.left[blocks == block] for block in range(_BLOCKS)])
    inverse = np.linalg.pinv(j.T @ j, rcond=1e-10)
    clustered = inverse @ (scores.T @ scores) @ inverse * _BLOCKS / (_BLOCKS - 1)
    plain = inverse * float(np.mean(fit.left**2))
    # Few pieces may agree by chance: never below what independent pixels say.
    return np.asarray(np.where(np.diag(clustered)[3] > np.diag(plain)[3], clustered, plain)[3:, 3:], np.float64)


def _mtf(fit: Fit, covariance: Values) -> Mtf:
    """Transfer function at `FREQUENCIES`, and the two frequencies on a finer grid."""
    angle = fit.samples.angle
    of_fit = fit.shape.through_pixels(_ALL, angle)
    rest, noise = _rest(fit)
    contrast = np.abs(of_fit + rest)
    by_width, by_share = (
        (_nudged(fit.shape, *nudge).through_pixels(_ALL, angle) - of_fit) / 1e-3
        for nudge in ((1e-3, 0.0), (0.0, 1e-3 if fit.shape.disk_share < 0.5 else -1e-3))
    )
    variance = np.einsum("if,ij,jf->f", (both := np.stack([by_width, by_share])), covariance, both)
    std = np.sqrt(np.maximum(variance, 0) + noise**2 + (_MODEL_DOUBT * by_width) ** 2)
    kept = np.rint(np.array(FREQUENCIES) * (len(_ALL) - 1)).astype(int)
    low, high = np.maximum(contrast - NINETY * std, 0), contrast + NINETY * std
    one, two, three = (tuple(float(value) for value in each[kept]) for each in (contrast, low, high))
    return Mtf(FREQUENCIES, one, two, three, falls_to(_ALL, contrast, 0.5), falls_to(_ALL, contrast, 0.1))


def _rest(fit: Fit) -> tuple[NDArray[np.complex128], Values]:
    """Transform of what the fit leaves of the spread, as far as it is no noise, and its standard deviation."""
    centre, mean, variance = binned(fit.distance, fit.left / fit.step, fit.samples.reach)
    reach, near = fit.samples.reach, min(fit.samples.reach, _near(fit))
    inner = _fade(centre, near * (1 - TAPER), near)
    outer = _fade(centre, reach * (1 - TAPER), reach) - inner
    waves = np.exp(-2j * math.pi * _ALL[:, None] * centre[None])
    damping = 2j * math.pi * _ALL * BIN / np.sinc(_ALL * BIN)
    rest, noise = np.zeros(len(_ALL), np.complex128), np.zeros(len(_ALL))
    for window, blur in ((inner, 0.0), (outer, _FAR_SMOOTHING)):
        smooth = gaussian_filter1d(mean, blur / BIN, mode="nearest") if blur else mean
        less = 2 * math.sqrt(math.pi) * blur / BIN if blur else 1.0  # of the noise's variance
        expected, seen = float((window**2 * variance).sum()), float((window**2 * smooth**2).sum())
        trust = max(0.0, 1 - 2 * expected / less / seen) if seen else 0.0
        rest += trust * damping * (waves @ (window * smooth))
        passed = np.exp(-2 * (math.pi * blur * _ALL) ** 2)
        noise += np.abs(damping) ** 2 * trust**2 * expected / 2 * passed**2
    return rest, np.sqrt(noise)


def _near(fit: Fit) -> float:
    """Pixels from the edge within which it rises."""
    return 4 * fit.shape.sigma + 4


def _spread(fit: Fit) -> EdgeSpread:
    """The edge's profile as it was seen."""
    reach = min(fit.samples.reach, max(6.0, _near(fit)))
    profile = edge_profile(fit.shape, fit.samples.angle, reach)
    centre, rest, _ = binned(fit.distance, fit.left / fit.step, reach)
    level = profile.at(centre) + rest
    smooth = np.convolve(level, np.ones(4) / 4, mode="valid")  # a pixel, so that noise is no overshoot
    overshoot = max(0.0, float(smooth.max()) - 1, -float(smooth.min()))
    return EdgeSpread(
        tuple(float(value) for value in centre), tuple(round(float(value), 4) for value in level), overshoot
    )


def _fade(distance: Values, begin: float, end: float) -> Values:
    """A window: 1 up to `begin`, 0 from `end` on, on both sides."""
    return np.asarray(np.cos(math.pi / 2 * np.clip((np.abs(distance) - begin) / (end - begin), 0, 1)) ** 2, np.float64)


def _nudged(shape: Shape, log_width: float, share: float) -> Shape:
    return Shape(shape.sigma * math.exp(log_width), shape.disk_share + share)
