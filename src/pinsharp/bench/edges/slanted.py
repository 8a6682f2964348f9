"""The transfer function of a slanted edge, after ISO 12233:2023 (e-SFR).

Every row sees a straight edge that lies a few degrees off the pixel grid at another place within a pixel, so that all
rows together sample it much more finely than the grid does: pixels are sorted by their distance from the edge into bins
of a quarter of a pixel, the profile is derived, windowed and transformed. Frequencies are in cycles a pixel, across it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal.windows import tukey

from pinsharp.errors import ImageError

FREQUENCIES = tuple(round(0.02 * step, 2) for step in range(26))
"""Where a transfer function is kept: 0 to half a cycle a pixel."""

_BINS = 4  # a pixel
_REACH = 32.0  # pixels to each side of the edge that are used at most
_LEAST_SIDE, _LEAST_REACH = 20, 8.0  # pixels
_LEAST_ANGLE, _MOST_ANGLE = 1.0, 44.0  # degrees off the grid
_MOST_OFF = 1.0  # pixels by which the rows' edges may scatter about the line, root mean square
_FAR = 0.25  # share of the profile at each end that shows the levels of both sides
_TAPER = 0.5  # share of the profile that the window fades out; one that falls from the middle narrows wide blurs
_LEAST_STEP = 2.0  # times the scatter of pixels about the profile: a smaller step is no edge
_SMOOTHING = 4  # bins: a pixel, so that noise is no overshoot

Plane = NDArray[np.float64]


@dataclass(frozen=True)
class Edge:
    """What a slanted edge says about an image."""

    mtf50: float  # frequency at which half of the contrast is left; infinite if more is left at half a cycle a pixel
    overshoot: float  # how far the profile leaves the levels of both sides, as a share of the step between them
    angle: float  # degrees off rows or columns
    mtf: tuple[float, ...]  # transfer function at `FREQUENCIES`


def read_edge(image: Plane) -> Edge:
    """Measure the one straight edge of an image (H, W), which crosses it from side to side.

    Raises:
        ImageError: If there is no such edge, or it lies along rows or columns or half-way between both.
    """
    if image.ndim != 2 or min(image.shape) < _LEAST_SIDE:
        raise ImageError(f"expected one channel of at least {_LEAST_SIDE} pixels a side, got {image.shape}")
    lies_flat = np.abs(np.diff(image.mean(axis=1))).max() > np.abs(np.diff(image.mean(axis=0))).max()
    plane = image.T if lies_flat else image
    slope, start = _line(plane)
    angle = math.degrees(math.atan(abs(slope)))
    if not _LEAST_ANGLE <= angle <= _MOST_ANGLE:
        raise ImageError(
            f"expected an edge {_LEAST_ANGLE:g} to {_MOST_ANGLE:g} degrees off rows or columns, got {angle:.1f}; "
            "turn the camera"
        )
    profile = _profile(plane, slope, start)
    frequency, mtf = _transfer(profile)
    kept = tuple(float(value) for value in np.interp(FREQUENCIES, frequency, mtf))
    return Edge(half_contrast(frequency, mtf), _overshoot(profile), angle, kept)


def half_contrast(frequency: NDArray[Any], mtf: NDArray[Any]) -> float:
    """First frequency at which a transfer function falls to a half, between samples; infinite above half a cycle."""
    below = np.flatnonzero((mtf < 0.5) & (frequency <= 0.5))
    if not len(below) or below[0] == 0:
        return math.inf
    one, two = below[0] - 1, below[0]
    return float(frequency[one] + (mtf[one] - 0.5) / (mtf[one] - mtf[two]) * (frequency[two] - frequency[one]))


def kernel_mtf50(kernel: NDArray[Any]) -> float:
    """Frequency at which a kernel (K, K) leaves half of the contrast, along rows."""
    profile = np.asarray(kernel, np.float64).sum(axis=0)
    length = 8192
    return half_contrast(np.fft.rfftfreq(length), np.abs(np.fft.rfft(profile / profile.sum(), length)))


def _line(plane: Plane) -> tuple[float, float]:
    """Where the edge crosses each row: its column at row 0, and how many columns it goes on by each row."""
    steps = np.abs(np.diff(plane, axis=1))  # lies half a pixel to the right of the left one
    rows, columns = np.arange(plane.shape[0]), np.arange(steps.shape[1]) + 0.5
    centre = np.full(len(rows), columns[int(steps.sum(axis=0).argmax())])
    # Hardly any noise is let into the centroids: the window narrows about the line that was found.
    for width in (plane.shape[1], plane.shape[1] / 2, 24.0, 16.0, 12.0):
        weights = steps * np.clip(1 - (2 * np.abs(columns[None] - centre[:, None]) / width) ** 2, 0, None)
        total = weights.sum(axis=1)
        has_edge = total > 0
        if has_edge.sum() < _LEAST_SIDE:
            raise ImageError("expected one straight edge from side to side, got rows without any; cut out the edge")
        at = (weights * columns).sum(axis=1)[has_edge] / total[has_edge]
        slope, start = np.polyfit(rows[has_edge], at, 1)
        centre = start + slope * rows
    off = float(np.sqrt(np.mean((at - centre[has_edge]) ** 2)))
    if off > _MOST_OFF:
        raise ImageError(
            f"expected one straight edge, got one that is off a line by {off:.1f} pixels; cut out the edge"
        )
    return float(slope), float(start)


def _profile(plane: Plane, slope: float, start: float) -> NDArray[np.float64]:
    """Mean grey level by distance from the edge, every quarter of a pixel, the edge in the middle."""
    rows, columns = np.mgrid[0 : plane.shape[0], 0 : plane.shape[1]]
    distance = (columns - start - slope * rows) / math.hypot(1, slope)
    reach = min(_REACH, float(np.median(distance.max(axis=1))), float(np.median(-distance.min(axis=1))))
    if reach < _LEAST_REACH:
        raise ImageError(
            f"expected at least {_LEAST_REACH:g} pixels on each side of the edge, got {reach:.0f}; cut out more"
        )
    half = int(reach * _BINS)
    place = np.rint(distance * _BINS).astype(int) + half
    inside = (place >= 0) & (place <= 2 * half)
    counts = np.bincount(place[inside], minlength=2 * half + 1)
    sums = np.bincount(place[inside], plane[inside], minlength=2 * half + 1)
    known = counts > 0
    every = np.arange(2 * half + 1)
    profile = np.asarray(np.interp(every, every[known], sums[known] / counts[known]), np.float64)
    scatter = float(np.std(plane[inside] - profile[place[inside]]))
    first, last = _levels(profile)
    if abs(last - first) <= _LEAST_STEP * scatter:
        raise ImageError("expected an edge between two plain sides, got structure or noise; cut out the edge")
    return profile


def _transfer(profile: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies and transfer function of a profile."""
    spread = (profile[2:] - profile[:-2]) / 2
    spread = spread * tukey(len(spread), _TAPER)
    length = max(4096, len(spread))
    frequency = np.fft.rfftfreq(length, 1 / _BINS)
    seen = np.abs(np.fft.rfft(spread, length))
    # The difference over two bins, and the mean over each, have damped what is fine.
    damping = np.sinc(2 * frequency / _BINS) * np.sinc(frequency / _BINS)
    with np.errstate(divide="ignore", invalid="ignore"):
        mtf = np.where(frequency <= 1, seen / seen[0] / damping, 0.0)
    return np.asarray(frequency, np.float64), np.asarray(mtf, np.float64)


def _overshoot(profile: NDArray[np.float64]) -> float:
    """The largest excursion beyond either side's level, as a share of the step."""
    low, high = sorted(_levels(profile))
    smooth = np.convolve(profile, np.ones(_SMOOTHING) / _SMOOTHING, mode="valid")
    return max(0.0, (float(smooth.max()) - high) / (high - low), (low - float(smooth.min())) / (high - low))


def _levels(profile: NDArray[np.float64]) -> tuple[float, float]:
    """Grey levels of both sides."""
    far = max(2, int(_FAR * len(profile) / 2))
    return float(np.median(profile[:far])), float(np.median(profile[-far:]))
