"""The one pass over all rows of an image in which its faults are looked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.arrays import split_alpha
from pinsharp.images.fault_lines import Columns, Line, band_edges, find_columns
from pinsharp.images.fault_points import Places, find_points, least_height
from pinsharp.images.fault_survey import Overview, Scene
from pinsharp.images.packed_mask import MaskStore

Mask = NDArray[np.bool_]


@dataclass(eq=False)
class Passed:
    """What was seen on the way down.

    Attributes:
        overview: Pixels, rows and columns from all over the image.
        means: Of each channel the means over bands of rows (K, W) and over bands of columns (H, K).
        points: Rows and columns of faulty pixels.
        has_clipped: Whether highlights are clipped.
        counts: Pixels without a value and transparent ones, in words; they are in the mask already.
    """

    overview: Overview
    means: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = field(default_factory=list)
    points: Places = (np.empty(0, np.intp), np.empty(0, np.intp))
    has_clipped: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def lines(self, scene: Scene) -> list[tuple[int, Line]]:
        """Faulty columns (axis 0) and rows (axis 1) of all channels."""
        found = []
        for channel, (upright, lying) in enumerate(self.means):
            across, down = (_plane(lines, channel) for lines in (self.overview.across, self.overview.down))
            read = partial(_part, scene, channel)
            turned = partial(_turned_part, scene, channel)
            sides = (
                Columns(upright, band_edges(scene.height), across, read),
                Columns(np.ascontiguousarray(lying.T), band_edges(scene.width), down.T, turned),
            )
            found += [(axis, line) for axis, side in enumerate(sides) for line in find_columns(side, scene.unit)]
        return found


def passed_over(scene: Scene, mask: MaskStore, *, white: int, known: MaskStore | None, is_plain: bool) -> Passed:
    """Look at all rows of an image.

    Args:
        scene: The image.
        mask: Pixels without a value and transparent ones are added to it.
        white: The value of clipped highlights.
        known: What is known to be hidden.
        is_plain: Look for nothing else: the image is too even, or too small.
    """
    passed, stages = Passed(Overview(scene)), _Values(scene, mask)
    means = [_Means(scene) for _ in range(scene.colours)]
    least = 0.0 if is_plain else least_height(scene.unit, scene.noise, scene.usual())
    points, alike = [passed.points], True
    for rows, shown in scene.bands():
        stages.add(rows)
        image = scene.read(shown, slice(0, scene.width))
        passed.overview.add(image, rows, shown)
        if is_plain:
            continue
        within = slice(rows.start - shown.start, rows.stop - shown.start)
        planes = [np.ascontiguousarray(image)] if image.ndim == 2 else list(cv2.split(image))
        count = 1 if _are_alike(planes) else len(planes)
        alike = alike and count == 1
        for channel, plane in enumerate(planes[:count]):
            found = find_points(plane, within, scene.unit, scene.noise, least)
            points.append((found[0] + shown.start, found[1]))
            means[channel].add(plane[within], rows)
        for other in means[count:]:
            other.copy(means[0], rows)
        if not passed.has_clipped:
            passed.has_clipped = _has_clipped(planes, white, shown, known)
    passed.points = (np.concatenate([at[0] for at in points]), np.concatenate([at[1] for at in points]))
    passed.counts = stages.counts()
    passed.means = [] if is_plain else [one.values() for one in means[: 1 if alike else len(means)]]
    return passed


def white_core(planes: Sequence[NDArray[Any]], white: int) -> NDArray[np.uint8]:
    """Where (H, W) at least four connected pixels are white in any channel, as 0 and 255."""
    bounds = (0.999, 2.0) if planes[0].dtype.kind == "f" else (float(white), 65535.0)
    at_white, *others = (cv2.inRange(plane, *bounds) for plane in planes)
    for other in others:
        at_white = cv2.max(at_white, other)
    if not cv2.countNonZero(at_white):
        return np.asarray(at_white, np.uint8)
    return np.asarray(cv2.morphologyEx(at_white, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8)), np.uint8)


def _has_clipped(planes: Sequence[NDArray[Any]], white: int, shown: slice, known: MaskStore | None) -> bool:
    core = white_core(planes, white)
    if known is not None and core.any():
        core[known.read(shown, slice(0, core.shape[1]))] = 0
    return bool(core.any())


class _Values:
    """Looks for pixels without a value, and transparent ones."""

    def __init__(self, scene: Scene, mask: MaskStore) -> None:
        self._scene, self._mask = scene, mask
        self._columns = slice(0, scene.width)
        self._area = scene.height * scene.width
        self._wrong = self._through = 0
        self._is_float = scene.pixels.dtype.kind == "f"
        self._has_alpha = len(scene.pixels.shape) == 3 and scene.pixels.shape[2] in (2, 4)

    def add(self, rows: slice) -> None:
        """Take in rows of the image."""
        wrong, through = self._found(rows)
        self._wrong += 0 if wrong is None else int(np.count_nonzero(wrong))
        self._through += 0 if through is None else int(np.count_nonzero(through))

    def counts(self) -> dict[str, int]:
        """Hide what was found, unless it is all of the image or half of it has no value; say how many pixels."""
        counts = {}
        hides_wrong = 0 < self._wrong < 0.5 * self._area
        hides_through = 0 < self._through < self._area
        if hides_wrong:
            counts["pixel without a value"] = self._wrong
        if hides_through:
            counts["transparent pixel"] = self._through
        for rows, _ in self._scene.bands() if counts else ():
            wrong, through = self._found(rows)
            for part in ((wrong,) if hides_wrong else ()) + ((through,) if hides_through else ()):
                if part is not None and part.any():
                    self._mask.add(rows, self._columns, part)
        return counts

    def _found(self, rows: slice) -> tuple[Mask | None, Mask | None]:
        if not self._is_float and not self._has_alpha:
            return None, None
        colour, alpha = split_alpha(self._scene.pixels.read(rows, self._columns))
        wrong = None
        if self._is_float and not np.isfinite(colour.min() + colour.max()):
            wrong = ~np.isfinite(colour).reshape(*colour.shape[:2], -1).all(axis=2)
        return wrong, None if alpha is None else alpha == 0


class _Means:
    """Means of a plane over bands of rows and over bands of columns."""

    def __init__(self, scene: Scene) -> None:
        self._rows, self._columns = band_edges(scene.height), band_edges(scene.width)
        self._band = int(self._columns[1])
        self._upright = np.zeros((len(self._rows) - 1, scene.width), np.float32)
        self._lying = np.zeros((scene.height, len(self._columns) - 1), np.float32)

    def add(self, plane: NDArray[Any], rows: slice) -> None:
        """Take in rows of the plane."""
        first = int(np.searchsorted(self._rows, rows.start, side="right")) - 1
        while first < len(self._upright) and self._rows[first] < rows.stop:
            top, bottom = max(rows.start, int(self._rows[first])), min(rows.stop, int(self._rows[first + 1]))
            part = plane[top - rows.start : bottom - rows.start]
            self._upright[first] += cv2.reduce(part, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32F)[0]
            first += 1
        even = plane.shape[1] // self._band  # bands of one width; a longer last one is among the rest
        even = min(even, self._lying.shape[1] - (plane.shape[1] > self._lying.shape[1] * self._band))
        main = np.ascontiguousarray(plane[:, : even * self._band]).reshape(-1, self._band)
        if even:
            sums = cv2.reduce(main, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)
            self._lying[rows, :even] = sums.reshape(len(plane), even)
        if even < self._lying.shape[1]:
            rest = plane[:, even * self._band :]
            self._lying[rows, even:] = np.asarray(cv2.reduce(rest, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F))

    def copy(self, other: "_Means", rows: slice) -> None:
        """Take in the same rows of a plane that is like another."""
        self._lying[rows] = other._lying[rows]
        first, last = np.searchsorted(self._rows, [rows.start, rows.stop])
        self._upright[first:last] = other._upright[first:last]

    def values(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Means (K, W) and (H, K)."""
        high, wide = np.diff(self._rows).astype(np.float32), np.diff(self._columns).astype(np.float32)
        return self._upright / high[:, None], self._lying / wide


def _are_alike(planes: list[NDArray[Any]]) -> bool:
    return all(cv2.norm(planes[0], plane, cv2.NORM_INF) == 0 for plane in planes[1:])


def _plane(lines: NDArray[Any], channel: int) -> NDArray[Any]:
    return lines[..., channel] if lines.ndim == 3 else lines


def _part(scene: Scene, channel: int, rows: slice, columns: slice) -> NDArray[Any]:
    return _plane(scene.read(rows, columns), channel)


def _turned_part(scene: Scene, channel: int, rows: slice, columns: slice) -> NDArray[Any]:
    return _plane(scene.read(columns, rows), channel).T
