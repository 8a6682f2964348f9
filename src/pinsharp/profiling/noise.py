"""Noise against signal: in flat places of one photograph, or between several of the same scene (photon transfer).

In linear light the variance is that of reading plus a share of the signal (shot noise). A small window gives one point
of that line: its mean, and the variance of what no plane through it explains, or half that of the difference between
two photographs, in which the scene cancels out (Janesick, Photon Transfer, 2007).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from pinsharp.blur.measured import Noise
from pinsharp.profiling.photo import Photo, Plane

_SIDE = 8  # pixels of a window
_BINS = 24  # of brightness
_LEAST_WINDOWS = 8  # in a bin
_QUIETEST = 0.1  # share of the windows of a bin that are flat: structure only adds variance
_ROUNDS = 5
_LEAST_VARIANCE = 1e-12
_MOST_ABOVE = 2.0  # times the line up to which a variance is one of noise
_LEAST_RISE = 0.05  # of the variance from black to white, as a share of that in the dark


def measure_noise(photos: Sequence[Photo]) -> Noise | None:
    """Measure the noise in photographs of one size: of the same scene if there are several; None if nothing is flat."""
    several = len(photos) > 1
    points = (
        [_between(one, two) for one, two in zip(photos[::2], photos[1::2], strict=False)]
        if several
        else [_within(photos[0])]
    )
    mean, variance = (np.concatenate(each) for each in zip(*points, strict=True))
    signal, level = _curve(mean, variance, median=several)
    if not len(signal):
        return None
    read, gain = _line(signal, level)
    plain = level <= _MOST_ABOVE * (read + gain * signal)  # elsewhere it is structure that was seen
    signal, level = signal[plain], level[plain]
    if 1 < len(signal) < len(plain):
        read, gain = _line(signal, level)
    return Noise(
        float(np.sqrt(read)),
        gain,
        tuple(float(value) for value in signal),
        tuple(float(value) for value in np.sqrt(level)),
        "photon transfer" if several else "flat places",
    )


def _windows(plane: NDArray[np.generic]) -> NDArray[np.generic]:
    """An image (H, W) cut into windows (N, 64); what is left at the sides is left out."""
    rows, columns = (size // _SIDE for size in plane.shape)
    cut = plane[: rows * _SIDE, : columns * _SIDE].reshape(rows, _SIDE, columns, _SIDE)
    return cut.swapaxes(1, 2).reshape(rows * columns, _SIDE**2)


def _usable(*photos: Photo) -> NDArray[np.bool_]:
    """Which windows hold neither faults nor clipped values."""
    bad = np.logical_or.reduce([photo.faulty | photo.clipped for photo in photos])
    return np.asarray(~_windows(bad).any(axis=1))


def _within(photo: Photo) -> tuple[Plane, Plane]:
    """Mean and variance, about a plane, of the windows of one photograph."""
    rows, columns = np.mgrid[0:_SIDE, 0:_SIDE].reshape(2, -1) - (_SIDE - 1) / 2
    basis = np.linalg.qr(np.stack([np.ones(_SIDE**2), rows, columns], axis=1))[0]
    values = np.asarray(_windows(photo.plane), np.float64)[_usable(photo)]
    left = values - values @ basis @ basis.T
    return values.mean(axis=1), (left**2).sum(axis=1) / (_SIDE**2 - 3)


def _between(one: Photo, two: Photo) -> tuple[Plane, Plane]:
    """The same from the difference between two photographs, brightness apart."""
    kept = _usable(one, two)
    first, second = (np.asarray(_windows(each.plane), np.float64)[kept] for each in (one, two))
    return (first + second).mean(axis=1) / 2, (first - second).var(axis=1, ddof=1) / 2


def _curve(mean: Plane, variance: Plane, *, median: bool) -> tuple[Plane, Plane]:
    """Brightness and variance in bins of brightness: the median, or that of the quietest windows."""
    if not len(mean):
        return mean, variance
    edges = np.linspace(mean.min(), mean.max() + 1e-9, _BINS + 1)
    place = np.digitize(mean, edges) - 1
    signal, level = [], []
    for number in range(_BINS):
        inside = variance[place == number]
        if len(inside) >= _LEAST_WINDOWS:
            signal.append(float(mean[place == number].mean()))
            level.append(float(np.median(inside)) if median else _quiet(inside))
    return np.array(signal), np.maximum(np.array(level), _LEAST_VARIANCE)


def _quiet(variance: Plane) -> float:
    """Variance of noise, of windows of which the quietest are flat: a low quantile, corrected for being one."""
    share = _QUIETEST
    # Variances of 61 free values scatter by sqrt(2 / 61); at a share of a tenth they lie 1.28 of that below.
    return float(np.quantile(variance, share) / (1 - 1.28 * np.sqrt(2 / (_SIDE**2 - 3))))


def _line(signal: Plane, variance: Plane) -> tuple[float, float]:
    """Variance without light and its rise, neither negative, by relative least squares; structure is outvoted."""
    basis = np.stack([np.ones_like(signal), np.maximum(signal, 0)], axis=1)
    trust = 1 / variance
    found = np.zeros(2)
    for _ in range(_ROUNDS):
        found = nnls(basis * trust[:, None], variance * trust)[0]
        model = np.maximum(basis @ found, _LEAST_VARIANCE)
        trust = np.minimum(1.0, model / variance) / model  # what lies above the line has structure in it
    # A rise smaller than the scatter of the variances does not count.
    return float(found[0]), float(found[1]) if found[1] * signal.max() > _LEAST_RISE * found[0] else 0.0
