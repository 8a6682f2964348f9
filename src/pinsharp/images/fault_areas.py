"""Areas of one value that no lens made: frames, letterboxes, round fields, cut-outs, data bars.

A clipped sky or a black background has one value too, but a lens lets it pass gradually into the scene. What was laid
over an image ends from one pixel to the next.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.fault_fields import Circle, exact_circle, find_circle
from pinsharp.images.fault_frames import Depths, find_frames
from pinsharp.images.fault_survey import Overview, Scene
from pinsharp.images.fault_values import BLOCK, CONSTANT, FLAT, LEAST_SHARE, TOLERANCES, Value, common_values

Mask = NDArray[np.bool_]

FLATTER = 0.8
"""Share of the neighbours' height that the pixels behind must have: a wire before the sky is a border, but no edge."""

MOST_PIXELS = 2**25
"""Largest box of a plate or cut-out that is looked at; frames and round fields may be of any size."""


class Area(Protocol):
    """What was found: its name, singular, and where it lies."""

    @property
    def kind(self) -> str:
        """Its name."""

    def cover(self, rows: slice, columns: slice) -> Mask:
        """Which pixels (h, w) of a part of the image lie in it."""


@dataclass(frozen=True)
class _Frame:
    depths: Depths
    shape: tuple[int, int]
    kind: str = "frame"

    def cover(self, rows: slice, columns: slice) -> Mask:
        top, right, bottom, left = self.depths
        y, x = np.arange(rows.start, rows.stop), np.arange(columns.start, columns.stop)
        upright = (y < top) | (y >= self.shape[0] - bottom)
        return upright[:, None] | ((x < left) | (x >= self.shape[1] - right))


@dataclass(frozen=True)
class _Outside:
    circle: Circle
    kind: str = "round field"

    def cover(self, rows: slice, columns: slice) -> Mask:
        return np.asarray(self.circle.away(rows, columns) > self.circle.radius)


@dataclass(frozen=True, eq=False)
class _Patch:
    """A plate or cut-out, whose mask lies in the image at a row and column."""

    kind: str
    mask: Mask
    top: int = 0
    left: int = 0

    def cover(self, rows: slice, columns: slice) -> Mask:
        found = np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
        first, last = max(rows.start, self.top), min(rows.stop, self.top + self.mask.shape[0])
        begin, end = max(columns.start, self.left), min(columns.stop, self.left + self.mask.shape[1])
        if first < last and begin < end:
            part = self.mask[first - self.top : last - self.top, begin - self.left : end - self.left]
            found[first - rows.start : last - rows.start, begin - columns.start : end - columns.start] = part
        return found


def find_areas(scene: Scene, seen: Overview, known: Mask) -> list[Area]:
    """Find areas of one value with borders that no lens made.

    Args:
        scene: The image.
        seen: What was gathered of it.
        known: Which of its thinned pixels (h, w) are hidden already.
    """
    found: list[Area] = []
    taken = known.copy()
    if any(depths := find_frames(seen, scene.unit)):
        frame = _Frame(depths, (scene.height, scene.width))
        place = _thinned(frame, seen)
        if not place.any() or known[place].mean() < 0.5:
            taken |= place
            found.append(frame)
    for value in common_values(seen.thin, seen.flat & ~taken):
        for tolerance in TOLERANCES:
            areas = list(_of_value(scene, seen, Value(value, tolerance * scene.unit, scene.unit), taken))
            for one in areas:
                taken |= _thinned(one, seen)
                found.append(one)
            if areas:
                break
    return found


def _thinned(area: Area, seen: Overview) -> Mask:
    """Which thinned pixels lie in an area."""
    (height, width), step = seen.thin.shape[:2], seen.step
    if step == 1:
        return area.cover(slice(0, height), slice(0, width))
    columns = slice(0, (width - 1) * step + 1)
    rows = (slice(row, row + 1) for row in range(0, height * step, step))
    return np.concatenate([area.cover(row, columns)[:, ::step] for row in rows])


def _of_value(scene: Scene, seen: Overview, value: Value, taken: Mask) -> Iterator[Area]:
    """Areas of a value."""
    step = seen.step
    near = (value.near(seen.thin) & ~taken).astype(np.uint8)
    least = max(LEAST_SHARE * near.size, 64)
    if cv2.countNonZero(near) < least or cv2.countNonZero(cv2.erode(near, np.ones((3, 3), np.uint8))) < least / 8:
        return  # of a texture many pixels have some value, but few have neighbours that have it too
    count, labels, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=4)
    order = sorted(range(1, count), key=lambda one: -stats[one, cv2.CC_STAT_AREA])[:4]
    large = [one for one in order if stats[one, cv2.CC_STAT_AREA] >= least]
    circle = find_circle(np.asarray(labels, np.int32), large)
    if circle is not None and (exact := exact_circle(scene, seen.thin, circle, value, step)):
        yield _Outside(exact)
        return
    for one in large:
        left, top, wide, high = (int(side) * step for side in stats[one, :4])
        room = 8 + step
        rows = slice(max(0, top - room), min(scene.height, top + high + room))
        columns = slice(max(0, left - room), min(scene.width, left + wide + room))
        if (rows.stop - rows.start) * (columns.stop - columns.start) > MOST_PIXELS:
            continue
        seed = np.argwhere(labels == one)[0] * step - (rows.start, columns.start)
        shape = (scene.height, scene.width)
        cover = _cover(scene.read(rows, columns), value, (int(seed[0]), int(seed[1])), (rows, columns), shape)
        if cover is not None:
            yield cover


def _cover(
    part: NDArray[Any], value: Value, seed: tuple[int, int], place: tuple[slice, slice], shape: tuple[int, int]
) -> _Patch | None:
    """The area of a value around a seed in a part of the image, if its border is abrupt."""
    _, labels = cv2.connectedComponents(value.near(part).astype(np.uint8), connectivity=4)
    if labels[seed] == 0:
        return None
    area = labels == labels[seed]
    whole = _without_small_holes(area)
    is_plate = whole.sum() / _box(whole) > 0.95
    if not is_plate and not _sides(whole, place, shape):
        return None
    if not _is_constant(part, area, value) or not _is_abrupt(value.distance(part), whole, value):
        return None
    kind = "plate" if is_plate else "cut-out"
    mask = cv2.dilate(whole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return _Patch(kind, mask, place[0].start, place[1].start)


def _is_constant(part: NDArray[Any], area: Mask, value: Value) -> bool:
    """Whether an area has one value but next to its border, where JPEG leaves more than rounding does."""
    deep = cv2.erode(area.astype(np.uint8), np.ones((BLOCK, BLOCK), np.uint8)) > 0
    deep = deep if deep.sum() > 0.3 * area.sum() else area
    return bool((value.distance(part)[deep] <= CONSTANT * value.unit).mean() > 0.95)


def _without_small_holes(mask: Mask) -> Mask:
    """A mask with holes, such as letters, filled where they are less than a quarter of it together."""
    padded = cv2.copyMakeBorder((~mask).astype(np.uint8), 0, 0, 0, 0, cv2.BORDER_CONSTANT)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(padded, connectivity=8)
    height, width = mask.shape
    holes = [
        one
        for one in range(1, count)
        if stats[one, 0] > 0
        and stats[one, 1] > 0
        and stats[one, 0] + stats[one, 2] < width
        and stats[one, 1] + stats[one, 3] < height
    ]
    if holes and sum(stats[one, cv2.CC_STAT_AREA] for one in holes) < 0.4 * mask.sum():
        return np.asarray(mask | np.isin(labels, holes))
    return mask


def _box(mask: Mask) -> int:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int((rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1))


def _sides(mask: Mask, place: tuple[slice, slice], shape: tuple[int, int]) -> int:
    """How many sides of the image an area in a part of it touches."""
    rows, columns = place
    return sum(
        (
            rows.start == 0 and bool(mask[0].any()),
            columns.start == 0 and bool(mask[:, 0].any()),
            rows.start + len(mask) == shape[0] and bool(mask[-1].any()),
            columns.start + mask.shape[1] == shape[1] and bool(mask[:, -1].any()),
        )
    )


def _is_abrupt(apart: NDArray[np.float32], area: Mask, value: Value) -> bool:
    """Whether the pixels beside an area, or those behind a row of mixed ones, are as far from its value as the next."""
    box = np.ones((3, 3), np.uint8)
    profile: list[float] = []
    inner: NDArray[np.uint8] = area.astype(np.uint8)
    least = value.least
    for _ in range(5):
        outer = np.asarray(cv2.dilate(inner, box), np.uint8)
        ring = apart[outer > inner]
        if len(ring) < 16 or (len(profile) == 2 and (ring > least).mean() < 0.6):
            return False
        profile.append(float(ring.mean()))
        inner = outer
    first, second = np.mean(profile[1:5]), np.mean(profile[2:5])
    is_flat = FLAT * first < profile[0] < first / FLATTER
    is_flat_behind = FLAT * second < profile[1] < second / FLATTER and profile[0] > 0.3 * second
    return bool(is_flat or is_flat_behind)
