"""Round fields of view, as eyepieces and endoscopes have them: all outside of a circle has one value."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.fault_survey import Scene
from pinsharp.images.fault_values import STEP, Value

Mask = NDArray[np.bool_]

_THICKEST_RIM = 4  # pixels of the soft rim of a round field
_LOOKS = 720  # places of the rim that are looked at


@dataclass(frozen=True)
class Circle:
    """A circle: row and column of its centre, and its radius, in pixels."""

    row: float
    column: float
    radius: float

    def away(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """How far (h, w) pixels are from its centre."""
        y, x = np.arange(rows.start, rows.stop)[:, None], np.arange(columns.start, columns.stop)
        return np.asarray(np.hypot((y - self.row).astype(np.float32), (x - self.column).astype(np.float32)))


def find_circle(labels: NDArray[np.int32], large: list[int]) -> Circle | None:
    """Find the circle that areas at the corners of a thinned image leave, in its pixels; None if they leave none.

    Args:
        labels: (h, w), the area that each pixel lies in.
        large: Areas that are looked at.
    """
    height, width = labels.shape
    corner = {int(labels[y, x]) for y in (0, -1) for x in (0, -1)} & {*large}
    outside = np.isin(labels, [*corner])
    if not corner or not 0.01 < outside.mean() < 0.8:
        return None
    rim = _inner_rim(outside)
    if len(rim) < 48:
        return None
    centre, radius = _circle(rim)
    off = np.abs(np.hypot(*(rim - centre).T) - radius)
    for _ in range(3):  # letters and dark places of the scene lie off the circle
        rim = rim[off < max(3.0, 2 * float(np.median(off)))]
        centre, radius = _circle(rim)
        off = np.abs(np.hypot(*(rim - centre).T) - radius)
    angle = np.arctan2(*(rim - centre).T)
    seen = len(np.unique(np.floor(angle / np.pi * 18)))  # of 36 parts of the circle
    if seen < 9 or not 0.3 * min(height, width) < radius < 1.2 * max(height, width):
        return None
    if np.quantile(off, 0.9) > max(1.5, 0.004 * radius):
        return None
    return Circle(float(centre[1]), float(centre[0]), radius)


def _circle(rim: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Centre and radius of the circle through points (N, 2)."""
    terms = np.column_stack([2 * rim, np.ones(len(rim))])
    solved = np.linalg.lstsq(terms, np.square(rim).sum(axis=1), rcond=None)[0]
    return np.asarray(solved[:2], np.float64), float(np.sqrt(max(solved[2] + np.square(solved[:2]).sum(), 0)))


def _inner_rim(outside: Mask) -> NDArray[np.float64]:
    """The pixels (N, 2) of an area that lie next to others, the image's border left out; x before y."""
    inner = cv2.erode(outside.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1)
    found = np.argwhere(outside & (inner == 0))[:, ::-1].astype(np.float64)
    width, height = outside.shape[1], outside.shape[0]
    inside = (found > 1).all(axis=1) & (found[:, 0] < width - 2) & (found[:, 1] < height - 2)
    return np.asarray(found[inside], np.float64)


def exact_circle(scene: Scene, thin: NDArray[Any], circle: Circle, value: Value, step: int) -> Circle | None:
    """The circle, in pixels of the image, outside of which lie one value and its thin rim; None if it is no circle.

    Args:
        scene: The image.
        thin: Every `step`-th pixel of it.
        circle: As found in the thinned image.
        value: What lies outside.
        step: Distance of the thinned pixels.
    """
    wide = Circle(circle.row * step, circle.column * step, circle.radius * step)
    outer = wide.radius + 2 * step + 2
    profile = _profile(scene, wide, outer, 4 * step + _THICKEST_RIM + 10, value)
    if profile is None:
        return None
    plateau = float(np.median(profile[-8:]))
    begin, reached = (int(np.argmax(profile > share * plateau)) for share in (0.1, 0.85))
    if plateau < STEP * value.unit or reached - begin > _THICKEST_RIM or reached == 0:
        return None
    far = circle.away(slice(0, thin.shape[0]), slice(0, thin.shape[1])) * step >= outer
    if not far.any() or value.near(thin)[far].mean() < 0.97:
        return None
    return Circle(wide.row, wide.column, outer - reached - 1)


def _profile(scene: Scene, circle: Circle, outer: float, depth: int, value: Value) -> NDArray[np.float64] | None:
    """How far pixels are from a value, by their distance inwards from `outer`; None if none lies in the image."""
    sums, counts = np.zeros(depth), np.zeros(depth)
    half = depth // 2 + 2
    for angle in np.linspace(0, 2 * np.pi, min(_LOOKS, max(8, int(2 * np.pi * outer / half))), endpoint=False):
        row, column = (
            int(at + (outer - depth / 2) * along)
            for at, along in ((circle.row, np.sin(angle)), (circle.column, np.cos(angle)))
        )
        rows = slice(max(0, row - half), min(scene.height, row + half))
        columns = slice(max(0, column - half), min(scene.width, column + half))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        inward = np.floor(outer - circle.away(rows, columns)).astype(np.intp)
        ring = (inward >= 0) & (inward < depth)
        sums += np.bincount(inward[ring], value.distance(scene.read(rows, columns))[ring], depth)
        counts += np.bincount(inward[ring], minlength=depth)
    return sums / np.maximum(counts, 1) if counts[-8:].any() else None
