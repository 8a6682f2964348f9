"""The kernel that turns known light into what a camera saw of it, by least squares on the pixels of a window.

Known light is a point, a print, or a sharp photograph of the same scene. Its spectrum is multiplied by the transfer
function of a Gaussian convolved with a disc, by that of the pixels where the light is finer than they are, and by a
shift; gain and offset follow for each. Width, shape and shift are fitted.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft2
from scipy.optimize import OptimizeResult, least_squares

from pinsharp.blur.measured import Blur
from pinsharp.blur.normal import NINETY
from pinsharp.errors import ImageError
from pinsharp.profiling.optics import Shape, Values

LEAST_CORRELATION = 0.9
"""Between what was seen and the best model: below it the light was another."""

_BLOCKS = 4  # along each side of a window: pieces that disagree as much as the figures are uncertain
_MODEL_DOUBT = 0.005
_SHAPE_TELLS = 0.3
_LEAST_SIGMA, _MOST_SIGMA = 0.05, 40.0
_MOST_SHIFT = 4.0  # pixels


@dataclass(frozen=True, eq=False)
class Light:
    """Known light, as a spectrum.

    Attributes:
        spectrum: Of real samples, as `rfft2` gives it, or 1 for a point at the first sample.
        shape: Samples (H, W) of one period.
        fineness: Samples a pixel along each side.
    """

    spectrum: NDArray[np.complex128] | float
    shape: tuple[int, int]
    fineness: int = 1

    def seen(
        self,
        shape: Shape,
        shift: tuple[float, float],
        part: tuple[slice, slice],
        stretch: tuple[float, float] = (0.0, 0.0),
    ) -> Values:
        """What pixels of a part see, of light that a shape has blurred and that lies further down and right.

        A stretch makes the shape longer, by the exponential of its size, in the direction of half its angle (columns,
        rows), and narrower across it by the same factor.
        """
        down = np.fft.fftfreq(self.shape[0], 1 / self.fineness)[:, None]
        right = np.fft.rfftfreq(self.shape[1], 1 / self.fineness)[None]
        radius = np.hypot(down, right)
        if (size := math.hypot(*stretch)) > 0:
            even, uneven = math.cosh(2 * size), math.sinh(2 * size) / size
            square = radius**2 * even + (stretch[0] * (right**2 - down**2) + 2 * stretch[1] * down * right) * uneven
            radius = np.sqrt(np.maximum(square, 0.0))
        transfer = shape.otf(radius) * np.exp(-2j * math.pi * (down * shift[0] + right * shift[1]))
        if self.fineness > 1:
            transfer = transfer * (np.sinc(down) * np.sinc(right))
        samples = irfft2(self.spectrum * transfer, s=self.shape)[:: self.fineness, :: self.fineness]
        return np.asarray(samples[part], np.float64)


@dataclass(frozen=True)
class Match:
    """The best kernel."""

    blur: Blur
    shift: tuple[float, float]  # pixels by which the light lies further down and right than it was given
    correlation: float  # between what was seen and the model


def match(
    seen: Values,
    light: Light,
    part: tuple[slice, slice],
    *,
    sigma: float = 1.0,
    shift: tuple[float, float] = (0.0, 0.0),
    kept: NDArray[np.bool_] | None = None,
) -> Match:
    """Fit a kernel.

    Args:
        seen: Linear light of the pixels of a part (h, w).
        light: What was there.
        part: Which pixels of the period were seen.
        sigma: A width in pixels to start from.
        shift: A shift to start from.
        kept: (h, w), which pixels count; None for all.

    Raises:
        ImageError: If no kernel explains what was seen.
    """
    counts = np.ones(seen.shape, bool) if kept is None else kept
    target = seen[counts]

    def model(values: Values) -> Values:
        shape = Shape(math.exp(values[0]), float(values[1]))
        return light.seen(shape, (float(values[2]), float(values[3])), part)[counts]

    def left(values: Values) -> Values:
        return target - _scaled(model(values), target)

    # From the side of the Gaussian and from that of the disc: one start alone may end in the worse of two minima.
    fits = [
        least_squares(
            left,
            [math.log(np.clip(sigma, 2 * _LEAST_SIGMA, _MOST_SIGMA / 2)), share, *shift],
            bounds=(
                [math.log(_LEAST_SIGMA), 0, *(at - _MOST_SHIFT for at in shift)],
                [math.log(_MOST_SIGMA), 1, *(at + _MOST_SHIFT for at in shift)],
            ),
            x_scale=[0.1, 0.3, 0.1, 0.1],
            xtol=1e-5,
            max_nfev=25,
        )
        for share in (0.2, 0.8)
    ]
    best = min(fits, key=lambda fit: fit.cost)
    shown = model(best.x)
    correlation = float(np.corrcoef(shown, target)[0, 1]) if np.ptp(shown) > 0 and np.ptp(target) > 0 else 0.0
    if correlation < LEAST_CORRELATION:
        raise ImageError(
            f"expected what was seen to be a blurred image of what was given, got a correlation of {correlation:.2f}; "
            "check that both show the same thing"
        )
    return Match(_blur(best, _blocks(counts)), (float(best.x[2]), float(best.x[3])), correlation)


def directed(
    seen: Values,
    light: Light,
    part: tuple[slice, slice],
    start: Match,
    angles: Sequence[float],
    *,
    kept: NDArray[np.bool_] | None = None,
) -> list[Blur]:
    """Fit a kernel that may be longer than wide, from a round one on; give its widths along directions.

    Args:
        seen: As for `match`.
        light: As for `match`.
        part: As for `match`.
        start: What `match` has found.
        angles: Directions in radians from the rows, clockwise.
        kept: As for `match`.
    """
    counts = np.ones(seen.shape, bool) if kept is None else kept
    target, share = seen[counts], start.blur.disk_share or 0.0

    def left(values: Values) -> Values:
        shape, shift = Shape(math.exp(values[0]), share), (float(values[1]), float(values[2]))
        stretch = (float(values[3]), float(values[4]))
        return target - _scaled(light.seen(shape, shift, part, stretch)[counts], target)

    # Not from round on: there the size of the stretch has no derivative.
    first = [math.log(start.blur.sigma), *start.shift, 0.01, 0.01]
    fit = least_squares(left, first, x_scale=[0.1, 0.1, 0.1, 0.1, 0.1], xtol=1e-5, max_nfev=25)
    covariance = _covariance(fit, _blocks(counts))
    return [_along(fit.x, covariance, angle, share) for angle in angles]


def _along(values: Values, covariance: Values, angle: float, share: float) -> Blur:
    """The width along a direction in radians, with its interval, of logarithm, shift and stretch."""

    def log_width(at: Values) -> float:
        size = math.hypot(at[3], at[4])
        uneven = math.sinh(2 * size) / max(size, 1e-12)
        turned = at[3] * math.cos(2 * angle) + at[4] * math.sin(2 * angle)
        return float(at[0]) + 0.5 * math.log(math.cosh(2 * size) + turned * uneven)

    steps = 1e-4 * np.eye(len(values))
    slope = np.array([(log_width(values + step) - log_width(values - step)) / 2e-4 for step in steps])
    sigma = math.exp(log_width(values))
    std = sigma * math.hypot(math.sqrt(max(float(slope @ covariance @ slope), 0.0)), _MODEL_DOUBT)
    return Blur(sigma, max(0.0, sigma - NINETY * std), sigma + NINETY * std, share)


def _scaled(shown: Values, target: Values) -> Values:
    """The model with the best gain and offset."""
    centred = shown - shown.mean()
    power = float(centred @ centred)
    gain = float(centred @ target) / power if power > 0 else 0.0
    return np.asarray(target.mean() + gain * centred, np.float64)


def _blocks(counts: NDArray[np.bool_]) -> NDArray[np.int64]:
    """In which piece of the window each pixel that counts lies."""
    rows, columns = (np.arange(size) * _BLOCKS // size for size in counts.shape)
    return np.asarray((rows[:, None] * _BLOCKS + columns[None])[counts], np.int64)


def _blur(fit: OptimizeResult, blocks: NDArray[np.int64]) -> Blur:
    """The kernel with its interval, by how the pieces of the window disagree."""
    sigma, share = math.exp(fit.x[0]), float(fit.x[1])
    variance = np.diag(_covariance(fit, blocks))
    std = sigma * math.hypot(math.sqrt(variance[0]), _MODEL_DOUBT)
    tells = math.sqrt(variance[1]) < _SHAPE_TELLS and sigma > 0.3
    return Blur(sigma, max(0.0, sigma - NINETY * std), sigma + NINETY * std, share if tells else None)


def _covariance(fit: OptimizeResult, blocks: NDArray[np.int64]) -> Values:
    """Covariance of what was fitted, by how the pieces disagree, and at least by what the fit leaves."""
    inverse = np.linalg.pinv(fit.jac.T @ fit.jac, rcond=1e-10)
    scores = np.stack([fit.jac[blocks == block].T @ fit.fun[blocks == block] for block in np.unique(blocks)])
    clustered = inverse @ (scores.T @ scores) @ inverse
    least = np.diag(inverse) * float(np.mean(fit.fun**2))
    scale = np.sqrt(np.maximum(least / np.maximum(np.diag(clustered), 1e-300), 1.0))
    return np.asarray(clustered * scale[:, None] * scale, np.float64)
