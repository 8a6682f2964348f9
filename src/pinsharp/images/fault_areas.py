"""Areas of one value that no lens made: frames, letterboxes, round fields, cut-outs, data bars.

A clipped sky or a black background has one value too, but a lens lets it pass gradually into the scene. What was laid
over an image ends from one pixel to the next.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

TOLERANCES = (3.0, 12.0)
"""Grey levels that an area of one value may vary by: rounding; what JPEG leaves next to its border."""

LOOKED_AT = 1024
"""Longest side in pixels of the thinned image in which areas are looked for."""

LEAST_SHARE = 0.001
"""Smallest area that is looked at, of the image."""

FLAT = 0.9
"""Share of what the pixels behind differ from an area by that its neighbours must have reached. A lens of sigma 0.5
lets them have 0.16 and 0.84."""

FLATTER = 0.8
"""Share of the neighbours' height that the pixels behind must have: a wire before the sky is a border, but no edge."""

_VALUES = 4  # most frequent values that are looked at
_STEP = 12.0  # grey levels below which a border is not seen
_CONSTANT = 2.0  # grey levels that the inside of an area varies by
_BLOCK = 17  # pixels that the blocks of JPEG reach over a border, on both sides
_THICKEST_RIM = 4  # pixels of the soft rim of a round field


@dataclass(frozen=True)
class Area:
    """What was found: its name, singular, and where it lies."""

    kind: str
    mask: Mask


@dataclass(frozen=True, eq=False)
class _Value:
    """The value of an area, by how much its pixels may differ from it, and what counts as one grey level."""

    value: NDArray[np.float64]
    room: float
    unit: float

    def distance(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """By how much pixels differ, in the channel that differs most."""
        apart = np.abs(image.astype(np.float32) - self.value.astype(np.float32))
        return apart.max(axis=-1) if len(self.value) > 1 else apart

    def near(self, image: NDArray[Any]) -> Mask:
        """Pixels (H, W) that have it."""
        bounds = [tuple(map(float, bound)) for bound in (self.value - self.room, self.value + self.room)]
        return np.asarray(cv2.inRange(np.ascontiguousarray(image), bounds[0], bounds[1]) > 0)


def find_areas(image: NDArray[Any], unit: float, known: Mask) -> list[Area]:
    """Find areas of one value with borders that no lens made.

    Args:
        image: (H, W) or (H, W, 3), uint8, uint16 or float32.
        unit: What counts as one grey level.
        known: (H, W), what is hidden already.
    """
    taken = known.copy()
    found = []
    for one in _frames(image, unit):
        if known[one.mask].mean() < 0.5:
            taken |= one.mask
            found.append(one)
    for value in _common_values(image, taken):
        for tolerance in TOLERANCES:
            areas = _of_value(image, _Value(value, tolerance * unit, unit), taken)
            for one in areas:
                taken |= one.mask
                found.append(one)
            if areas:
                break
    return found


def _frames(image: NDArray[Any], unit: float) -> list[Area]:
    """Borders of one value with straight inner edges, on any side."""
    mask = np.zeros(image.shape[:2], bool)
    count = 0
    for turn in range(4):
        depth = _depth(np.rot90(image, turn), np.rot90(mask, turn), unit)
        if depth:
            np.rot90(mask, turn)[:depth] = True
            count += 1
    return [Area("frame", mask)] if count else []


def _depth(turned: NDArray[Any], taken: Mask, unit: float) -> int:
    """Rows at the top that are a frame; `taken` are the frames of other sides."""
    height = len(turned)
    free = ~taken[height // 2]
    if free.sum() < 16:
        return 0
    first, last = int(np.argmax(free)), len(free) - int(np.argmax(free[::-1]))
    inner = turned[:, first:last]
    value = np.median(inner[0].reshape(last - first, -1).astype(np.float64), axis=0)
    for tolerance in TOLERANCES:
        plain = _Value(value, tolerance * unit, unit)
        if (depth := _plain_rows(inner, plain)) and (depth := _with_abrupt_edge(inner, plain, depth)):
            return depth
    return 0


def _plain_rows(turned: NDArray[Any], value: _Value) -> int:
    """Rows from the top that have a value; 0 if they reach to the middle, or only those next to the edge have it."""
    depth = 0
    while depth < len(turned) * 0.45:
        many = 1 if depth < 16 else 16
        plain = value.near(turned[depth : depth + many]).mean(axis=1) >= 0.98
        if not plain.all():
            depth += int(np.argmin(plain))
            deep = turned[: max(depth - _BLOCK // 2, (depth + 1) // 2)]
            is_constant = (value.distance(deep) <= _CONSTANT * value.unit).mean() > 0.95 if depth else False
            return depth if is_constant else 0
        depth += many
    return 0


def _with_abrupt_edge(turned: NDArray[Any], value: _Value, depth: int) -> int:
    """The depth of a frame, a row of mixed pixels at its edge included; 0 if its edge is a lens's."""
    beyond = value.distance(turned[depth : depth + 8])
    if len(beyond) < 8:
        return 0
    least = max(_STEP * value.unit, 2 * value.room)
    if (beyond[1:5].max(axis=0) > least).mean() < 0.6:
        return 0
    profile = beyond.mean(axis=1)
    for mixed in (0, 1):  # a row that holds both, or what JPEG made of it
        behind = float(profile[mixed + 1 : mixed + 5].mean())
        if profile[mixed] > FLAT * behind > FLAT * least and (not mixed or profile[0] < 0.5 * behind):
            return depth + mixed
    return 0


def _common_values(image: NDArray[Any], taken: Mask) -> list[NDArray[np.float64]]:
    """The values that flat places most often have."""
    step = -(-max(image.shape[:2]) // LOOKED_AT)
    height, width = image.shape[0] - 1, image.shape[1] - 1
    here, beside, below = (
        image[y : height + y : step, x : width + x : step].reshape(-(-height // step) * -(-width // step), -1)
        for y, x in ((0, 0), (0, 1), (1, 0))
    )
    flat = ((here == beside) & (here == below)).all(axis=1) & ~taken[:height:step, :width:step].ravel()
    if flat.sum() < 16:
        return []
    if here.shape[1] == 1:
        values, counts = np.unique(here[flat, 0], return_counts=True)
        values = values[:, None]
    else:
        packed = np.ascontiguousarray(here[flat]).view([("", here.dtype)] * here.shape[1])[:, 0]
        single, counts = np.unique(packed, return_counts=True)
        values = single.view(here.dtype).reshape(len(single), -1)
    order = np.argsort(counts)[::-1][:_VALUES]
    return [values[i].astype(np.float64) for i in order if counts[i] > LEAST_SHARE / 2 * len(flat)]


def _of_value(image: NDArray[Any], value: _Value, taken: Mask) -> list[Area]:
    """Areas of a value."""
    step = -(-max(image.shape[:2]) // LOOKED_AT)
    near = value.near(image[::step, ::step]) & ~taken[::step, ::step]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(near.astype(np.uint8), connectivity=4)
    order = sorted(range(1, count), key=lambda one: -stats[one, cv2.CC_STAT_AREA])[:4]
    large = [one for one in order if stats[one, cv2.CC_STAT_AREA] >= max(LEAST_SHARE * near.size, 64)]
    field = _round_field(image, np.asarray(labels, np.int32), large, step, value)
    if field is not None:
        return [Area("round field", field)]
    found = []
    for one in large:
        left, top, wide, high = (int(side) * step for side in stats[one, :4])
        room = 8 + step
        rows = slice(max(0, top - room), top + high + room)
        columns = slice(max(0, left - room), left + wide + room)
        seed = np.argwhere(labels == one)[0] * step - (rows.start, columns.start)
        cover = _cover(image[rows, columns], value, (int(seed[0]), int(seed[1])), (rows, columns), image.shape)
        if cover is not None:
            mask = np.zeros(image.shape[:2], bool)
            mask[rows, columns] = cover.mask
            found.append(Area(cover.kind, mask))
    return found


def _cover(
    part: NDArray[Any], value: _Value, seed: tuple[int, int], place: tuple[slice, slice], shape: tuple[int, ...]
) -> Area | None:
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
    return Area(kind, cv2.dilate(whole.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _is_constant(part: NDArray[Any], area: Mask, value: _Value) -> bool:
    """Whether an area has one value but next to its border, where JPEG leaves more than rounding does."""
    deep = cv2.erode(area.astype(np.uint8), np.ones((_BLOCK, _BLOCK), np.uint8)) > 0
    deep = deep if deep.sum() > 0.3 * area.sum() else area
    return bool((value.distance(part)[deep] <= _CONSTANT * value.unit).mean() > 0.95)


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


def _sides(mask: Mask, place: tuple[slice, slice], shape: tuple[int, ...]) -> int:
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


def _is_abrupt(apart: NDArray[np.float32], area: Mask, value: _Value) -> bool:
    """Whether the pixels beside an area, or those behind a row of mixed ones, are as far from its value as the next."""
    box = np.ones((3, 3), np.uint8)
    profile: list[float] = []
    inner: NDArray[np.uint8] = area.astype(np.uint8)
    least = max(_STEP * value.unit, 2 * value.room)
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


def _round_field(
    image: NDArray[Any], labels: NDArray[np.int32], large: list[int], step: int, value: _Value
) -> Mask | None:
    """All outside of a circle, with its soft rim, if areas of one value at the border leave a round field."""
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
    return _outside_of(image, centre * step, radius * step, value, step)


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


def _outside_of(
    image: NDArray[Any], centre: NDArray[np.float64], radius: float, value: _Value, step: int
) -> Mask | None:
    """Pixels outside of a circle, if what lies there is of one value and its rim thin."""
    height, width = image.shape[:2]
    y, x = np.ogrid[:height, :width]
    away = np.hypot(y - np.float32(centre[1]), x - np.float32(centre[0])).astype(np.float32)
    outer = radius + 2 * step + 2
    ring = (away < outer) & (away > radius - 2 * step - _THICKEST_RIM - 8)
    if not ring.any():
        return None
    inward = (outer - away[ring]).astype(int)
    profile = np.bincount(inward, value.distance(image[ring])) / np.maximum(np.bincount(inward), 1)
    plateau = float(np.median(profile[-8:]))
    begin, reached = (int(np.argmax(profile > share * plateau)) for share in (0.1, 0.85))
    if plateau < _STEP * value.unit or reached - begin > _THICKEST_RIM or reached == 0:
        return None
    far = away >= outer
    if not far.any() or value.near(image)[far].mean() < 0.97:
        return None
    return np.asarray(away > outer - reached - 1)
