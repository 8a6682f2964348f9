"""A print of which the file is known: found in its photograph, and the kernel fitted place by place.

A checkerboard is found by its corners, random dots and anything else by features (SIFT). The print is brought to the
photograph, four samples a pixel along each side, and what is left of a shift is fitted with the kernel.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len, rfft2

from pinsharp.errors import ImageError
from pinsharp.profiling.match import Light, match
from pinsharp.profiling.optics import Values
from pinsharp.profiling.pairs import Place, windows
from pinsharp.profiling.photo import Photo

FINENESS = 4
"""Samples of the print a pixel of the photograph, along each side."""

_ROOM = 24  # pixels around a window that its blur reaches
_PARTS = 5
_WINDOW = 64  # pixels
_LEAST_MATCHES = 12
_RATIO = 0.75  # of the best feature's distance to the second best, below which it is trusted (Lowe, 2004)
_OFF = 3.0  # pixels by which a feature may lie off
_SIDE = 1600  # pixels of the longer side of a print in which features are looked for


def measure_target(photo: Photo, printed: Photo) -> list[Place]:
    """Measure the kernel place by place.

    Raises:
        ImageError: If the print is not in the photograph, or no place shows enough of it.
    """
    transform = _boards(photo.plane, printed.plane)
    if transform is None:
        transform = _features(photo.plane, printed.plane)
    if transform is None:
        raise ImageError(
            f"{photo.path}: expected a photograph of {printed.path}, got none that matches it; show all of a "
            "checkerboard, or more of the dots, in better focus"
        )
    places, fault = [], ""
    for window in _places(transform, printed, photo):
        try:
            places.append(_matched(photo, printed, transform, window))
        except ImageError as error:
            fault = str(error)
    if not places:
        raise ImageError(f"{photo.path}: {fault or 'expected a print that fills more of the photograph'}")
    return places


def _grey(plane: Values) -> NDArray[np.uint8]:
    low, high = np.percentile(plane, (0.5, 99.5))
    return np.asarray(np.rint(np.clip((plane - low) / max(high - low, 1e-9), 0, 1) * 255), np.uint8)


def _boards(photo: Values, printed: Values) -> NDArray[np.float64] | None:
    """How a checkerboard of the print lies in the photograph, 3 x 3; None unless there is one, all of it seen."""
    corners = []
    for plane in (printed, photo):
        flags = cv2.CALIB_CB_LARGER | cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_ACCURACY
        is_found, found, meta = cv2.findChessboardCornersSBWithMeta(_grey(plane), (3, 3), flags)
        if not is_found:
            return None
        corners.append(found.reshape(*meta.shape[:2], 2).astype(np.float64))
    turns = [np.rot90(corners[1], turn) for turn in range(4)]
    fitting = [turn for turn in turns if turn.shape == corners[0].shape]
    best, most = None, 0.0
    for turned in fitting:
        transform = _homography(corners[0].reshape(-1, 2), turned.reshape(-1, 2))
        if transform is not None and (alike := _alike(photo, printed, transform)) > most:
            best, most = transform, alike
    return best


def _homography(one: Values, two: Values, *, off: float = 0.0) -> Values | None:
    """What takes places (N, 2) to others; some may be wrong by more than `off`, unless that is 0. None for none."""
    found: tuple[Any, Any] = cv2.findHomography(one, two, cv2.RANSAC if off else 0, off or 3.0)
    if found[0] is None or (off and int(found[1].sum()) < _LEAST_MATCHES):
        return None
    return np.asarray(found[0], np.float64)


def _alike(photo: Values, printed: Values, transform: NDArray[np.float64]) -> float:
    """Correlation between the photograph and the print brought to it."""
    size = (photo.shape[1], photo.shape[0])
    brought = cv2.warpPerspective(printed, transform, size, flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.ones_like(printed), transform, size) > 0.5
    if inside.sum() < _WINDOW**2 or np.ptp(brought[inside]) == 0 or np.ptp(photo[inside]) == 0:
        return 0.0
    return float(np.corrcoef(brought[inside], photo[inside])[0, 1])


def _features(photo: Values, printed: Values) -> NDArray[np.float64] | None:
    """How any other print lies in the photograph; None if too few features agree."""
    shrink = min(1.0, _SIDE / max(printed.shape))
    size = [max(1, round(side * shrink)) for side in printed.shape[::-1]]
    small = np.asarray(cv2.resize(printed, size, interpolation=cv2.INTER_AREA), np.float64)
    sift: Any = cv2.SIFT_create(4000)  # type: ignore[attr-defined]
    points, words = zip(*(sift.detectAndCompute(_grey(plane), None) for plane in (small, photo)), strict=True)
    if any(each is None or len(each) < _LEAST_MATCHES for each in words):
        return None
    pairs = cv2.BFMatcher().knnMatch(words[0], words[1], k=2)
    good = [one for one, two in (pair for pair in pairs if len(pair) == 2) if one.distance < _RATIO * two.distance]
    if len(good) < _LEAST_MATCHES:
        return None
    ends = [
        np.array([points[0][one.queryIdx].pt for one in good]),
        np.array([points[1][one.trainIdx].pt for one in good]),
    ]
    # Pixels have their centres at whole numbers, in the small print too.
    ends[0] = (ends[0] + 0.5) / shrink - 0.5
    return _homography(ends[0], ends[1], off=_OFF)


def _places(transform: NDArray[np.float64], printed: Photo, photo: Photo) -> list[tuple[slice, slice]]:
    """Windows over the print as it lies in the photograph."""
    height, width = printed.shape
    corners = np.array([[[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]], np.float64)
    seen = cv2.perspectiveTransform(corners, transform)[0]
    spans = []
    for axis, size in ((1, photo.shape[0]), (0, photo.shape[1])):
        first, last = max(_ROOM, int(seen[:, axis].min())), min(size - _ROOM, int(seen[:, axis].max()))
        spans.append(slice(first, max(first + 1, last)))
    outline = seen.astype(np.float32)
    found = []
    for rows, columns in windows((spans[0], spans[1]), _PARTS):
        middle = ((columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2)
        half = min(_WINDOW, rows.stop - rows.start, columns.stop - columns.start) // 2
        if cv2.pointPolygonTest(outline, middle, True) > 1.5 * half:
            found.append(tuple(slice(round(at) - half, round(at) + half) for at in middle[::-1]))
    return [(rows, columns) for rows, columns in found]


def _matched(photo: Photo, printed: Photo, transform: NDArray[np.float64], window: tuple[slice, slice]) -> Place:
    """The kernel in one window."""
    top, left = (max(0, side.start - _ROOM) for side in window)
    sides = [
        next_fast_len(FINENESS * (min(size, side.stop + _ROOM) - first), real=True)
        for side, size, first in zip(window, photo.shape, (top, left), strict=True)
    ]
    # The first sample of a pixel lies 3/8 of a pixel before its middle.
    begin = (1 / FINENESS - 1) / 2
    fine = np.array([[FINENESS, 0, -FINENESS * (left + begin)], [0, FINENESS, -FINENESS * (top + begin)], [0, 0, 1]])
    light = cv2.warpPerspective(
        printed.plane, fine @ transform, (sides[1], sides[0]), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    part = (slice(window[0].start - top, window[0].stop - top), slice(window[1].start - left, window[1].stop - left))
    found = match(
        photo.plane[window],
        Light(rfft2(light), (sides[0], sides[1]), FINENESS),
        part,
        shift=(-begin, -begin),
        kept=~photo.faulty[window],
    )
    row, column = ((side.start + side.stop - 1) / 2 for side in window)
    return Place(row, column, found.blur)
