"""Hot and dead pixels: single ones, and pairs, that stand out of a surface which their neighbours lie on.

The neighbours of a star or a glint know of it, for a lens has blurred it. Those of a hot pixel do not.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

OUTSTANDING = 12.0
"""Times that a pixel exceeds what its neighbours differ by from a smooth surface."""

LEAST = 10.0
"""Grey levels below which nothing is called a hot pixel."""

SHARPER = 3.0
"""Times that a pixel exceeds what 99.5 % of pixels differ by from the median around them: sharp images have glints."""

KNOWN = 0.05
"""Share of its height that the neighbours may show; a Gaussian of sigma 0.4 gives them 0.13, of 0.5 0.25."""

_LARGEST = 4  # pixels of a cluster
_LIMIT = 2000  # pixels that are looked at in a band of rows; an image with more has them everywhere
_SIDE = 7
_RING = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


Places = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns."""

_NOWHERE: Places = (np.empty(0, np.intp), np.empty(0, np.intp))


def least_height(unit: float, noise: float, usual: float) -> float:
    """By how much a faulty pixel differs at least from the median around it.

    Args:
        unit: What counts as one grey level.
        noise: Standard deviation of the noise.
        usual: What 99.5 % of pixels differ by at most.
    """
    return max(LEAST * unit, OUTSTANDING / 2 * noise, SHARPER * usual)


def find_points(plane: NDArray[Any], rows: slice, unit: float, noise: float, least: float) -> Places:
    """Find the faulty pixels in some rows of a plane (H, W).

    Args:
        plane: Values of one channel, uint8, uint16 or float32, contiguous.
        rows: Where they are looked for; beyond them lie `MARGIN` more, or the image ends.
        unit: What counts as one grey level.
        noise: Standard deviation of its noise.
        least: As `least_height` says.
    """
    if min(plane.shape) < _SIDE:
        return _NOWHERE
    around = cv2.medianBlur(plane, 3)
    if cv2.norm(plane[rows], around[rows], cv2.NORM_INF) < least:
        return _NOWHERE
    apart = cv2.absdiff(plane, around)
    over = (apart >= least).astype(np.uint8)
    found = _places(over[rows])
    places = (found[0] + rows.start, found[1])
    if len(places[0]) > _LIMIT:
        strength = apart[places]
        least = float(np.partition(strength, -_LIMIT)[-_LIMIT])
        over = (apart > least).astype(np.uint8)
        places = (places[0][strength > least], places[1][strength > least])
    if not len(places[0]):
        return _NOWHERE
    reach = _SIDE // 2
    steps = (np.arange(-reach, reach + 1)[:, None], np.arange(-reach, reach + 1)[None])
    at = tuple(
        _mirrored(place[:, None, None] + step, length)
        for place, step, length in zip(places, steps, plane.shape, strict=True)
    )
    patches = plane[at].astype(np.float32)  # (N, 7, 7)
    kept = _stand_out(patches, over[at] > 0, unit, noise)
    return places[0][kept], places[1][kept]


def _stand_out(patches: NDArray[np.float32], over: NDArray[np.bool_], unit: float, noise: float) -> NDArray[np.bool_]:
    """Which patches (N, 7, 7) have a fault in their middle; `over` says which of their pixels are suspected."""
    middle = _SIDE // 2
    level = _surface(patches, ~over)
    apart = patches - level
    usual = _spread(apart, ~over)
    strength = np.abs(apart[:, middle, middle])
    core = (slice(None), slice(middle - 1, middle + 2), slice(middle - 1, middle + 2))
    few = over[core].sum(axis=(1, 2)) <= 3
    small = over[:, 1:-1, 1:-1].sum(axis=(1, 2)) <= _LARGEST
    ring = np.stack([apart[:, middle + y, middle + x] for y, x in _RING], axis=1)
    free = np.stack([~over[:, middle + y, middle + x] for y, x in _RING], axis=1)
    height = np.maximum(strength, 1e-9)
    known = np.abs((ring * free).sum(axis=1) / np.maximum(free.sum(axis=1), 1)) / height
    shares = np.abs(ring) / height[:, None]
    halfway = ((shares > np.maximum(2.5 * KNOWN, 3 * usual / height)[:, None]) & (shares < 0.5)).any(axis=1)
    enough = strength > np.maximum(OUTSTANDING * np.maximum(usual, noise), LEAST * unit)
    return np.asarray(enough & few & small & (known < KNOWN) & ~halfway)


def _surface(patches: NDArray[np.float32], free: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Quadratic surfaces (N, 7, 7) through the free pixels of patches."""
    reach = _SIDE // 2
    y, x = (axis / reach for axis in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y]).reshape(6, -1)  # (6, 49)
    weights = free.reshape(len(free), -1).astype(np.float64)
    squares = np.einsum("in,bn,jn->bij", terms, weights, terms, optimize=True) + 1e-6 * np.eye(6)
    sides = (patches.reshape(len(patches), -1) * weights) @ terms.T
    found = np.linalg.solve(squares, sides[..., None])[..., 0]
    return np.asarray((found @ terms).reshape(patches.shape), np.float32)


def _spread(apart: NDArray[np.float32], free: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Root mean square (N,) of what free pixels differ by."""
    count = np.maximum(free.sum(axis=(1, 2)) - 6, 1)
    return np.asarray(np.sqrt((np.square(apart) * free).sum(axis=(1, 2)) / count), np.float32)


def _places(over: NDArray[np.uint8]) -> Places:
    found = cv2.findNonZero(over)
    if found is None:
        return _NOWHERE
    columns, rows = found.reshape(-1, 2).T.astype(np.intp)  # (N, 1, 2) before OpenCV 5, (N, 2) since
    return rows, columns


def _mirrored(place: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    place = np.abs(place)
    return np.minimum(place, 2 * (length - 1) - place)
