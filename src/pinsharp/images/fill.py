"""Filling pixels that no lens made, so that a deconvolution sees no edge there.

Deep inside of a hidden area the filling is harmonic: each pixel is the mean of its neighbours. Next to the border, and
in thin lines throughout, it is biharmonic (least squared Laplacian), which goes on with the slopes too. On photographs
blurred by a Gaussian of 2 and restored with it, the four pixels beside a column come to 0.0 dB (three columns: 0.7) of
those of the unspoiled image; with a harmonic filling to 0.2 (2.7), by Telea's inpainting to 1.0 (4.0).
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import linalg

from pinsharp.errors import ImageError

Mask = NDArray[np.bool_]

DEPTH = 12
"""Pixels from the border of a hidden area inwards in which slopes go on."""

_SWEEPS = 16
"""Times that each scale is relaxed; the next coarser one has done what lies further away."""

_STEPS = 150  # of the solver, at most


def fill(pixels: NDArray[Any], cover: Mask) -> NDArray[Any]:
    """Fill hidden values, (H, W) or of the image's shape, each channel by itself, alpha too.

    Raises:
        ImageError: If all values of a channel are hidden.
    """
    planes = pixels.reshape(*pixels.shape[:2], -1)
    covers = np.broadcast_to(cover.reshape(*cover.shape[:2], -1), planes.shape)
    whole = planes.copy()
    for channel in range(planes.shape[2]):
        hidden = covers[..., channel]
        if hidden.all():
            raise ImageError("expected pixels that are not masked, got none in a channel; check the mask")
        if hidden.any():
            found = filled_plane(planes[..., channel], hidden)[hidden]
            whole[hidden, channel] = np.rint(found) if pixels.dtype.kind == "u" else found
    return whole.reshape(pixels.shape)


def filled_plane(plane: NDArray[Any], hidden: Mask) -> NDArray[np.float32]:
    """Fill the hidden pixels of a plane (H, W), whatever they hold; others stay."""
    clean = np.where(hidden, 0, plane).astype(np.float32)
    whole = harmonic(clean, hidden)
    strip = hidden & (cv2.distanceTransform(hidden.astype(np.uint8), cv2.DIST_L2, 3) <= DEPTH)
    strip[[0, -1]] = strip[:, [0, -1]] = False  # the Laplacian needs four neighbours
    low, high = float(clean[~hidden].min()), float(clean[~hidden].max())
    _go_on_with_slopes(whole, strip)
    return np.asarray(np.where(hidden, np.clip(whole, low, high), clean), np.float32)


def _go_on_with_slopes(whole: NDArray[np.float32], strip: Mask) -> None:
    """Change the pixels of a strip so that the Laplacians there and beside it have the least squares."""
    number = np.full(whole.shape, -1, np.int64)
    count = int(strip.sum())
    if not count:
        return
    number[strip] = np.arange(count)
    centres = cv2.dilate(strip.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))) > 0
    centres[[0, -1]] = centres[:, [0, -1]] = False
    y, x = np.nonzero(centres)
    rows, columns, weights = [], [], []
    known = np.zeros(len(y), np.float64)
    for down, right, weight in ((0, 0, -4.0), (1, 0, 1.0), (-1, 0, 1.0), (0, 1, 1.0), (0, -1, 1.0)):
        at = (y + down, x + right)
        free = number[at] >= 0
        rows.append(np.flatnonzero(free))
        columns.append(number[at][free])
        weights.append(np.full(int(free.sum()), weight))
        known += weight * np.where(free, 0, whole[at])
    parts = (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns)))
    laplacian = sparse.csr_matrix(parts, shape=(len(y), count))
    normal = (laplacian.T @ laplacian).tocsr()
    found, _ = linalg.cg(normal, -(laplacian.T @ known), x0=whole[strip].astype(np.float64), rtol=1e-5, maxiter=_STEPS)
    whole[strip] = found


def harmonic(plane: NDArray[np.float32], hidden: NDArray[np.bool_]) -> NDArray[np.float32]:
    """A plane (H, W) whose hidden pixels are each the mean of their neighbours; 0 where they come in."""
    height, width = plane.shape
    if hidden.all() or not hidden.any() or max(height, width) < 2:
        return plane
    ends = ((0, height % 2), (0, width % 2))
    seen = _halved(np.pad(~hidden, ends).astype(np.float32))
    coarse = np.divide(_halved(np.pad(plane, ends)), seen, out=np.zeros_like(seen), where=seen > 0)
    coarse = harmonic(coarse, seen == 0)
    guess = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    whole: NDArray[np.float32] = np.where(hidden, guess, plane)
    for _ in range(_SWEEPS):
        around = np.pad(whole, 1, mode="edge")
        mean = (around[:-2, 1:-1] + around[2:, 1:-1] + around[1:-1, :-2] + around[1:-1, 2:]) / 4
        whole = np.where(hidden, mean, whole)
    return whole


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means of blocks of 2 x 2; of a plane with even sides."""
    means: NDArray[np.float32] = plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean(axis=(1, 3))
    return means
