"""Finding pixels that no lens made: faults of sensors, what was laid over an image, and what has no value."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.arrays import FULL_SCALE, split_alpha
from pinsharp.images.fault_areas import find_areas
from pinsharp.images.fault_lines import Line, find_columns
from pinsharp.images.fault_points import find_points

Mask = NDArray[np.bool_]

MOST_HIDDEN = 0.9
"""Share of an image above which what was found is not believed: hardly anything would be left to measure by."""

SHARP = 0.5
"""Share of the cells with edges that hold an abrupt one above which an image is too sharp for areas to be told."""

ABRUPT = 0.8
"""Share of an edge's height that lies between two neighbouring pixels if no lens made it."""

CLIPPED_ROOM = 3
"""Pixels around clipped highlights that have no say in measuring."""

_BLOCK, _BLOCKS = 128, 8  # side and number along an axis of the blocks that stand for an image
_CELL = 32
_CONTRAST = 40  # grey levels of what counts as an edge
_SIGHT = 4  # pixels beside an edge that its height is read from


@dataclass(frozen=True, eq=False)
class Faults:
    """What was found in an image.

    Attributes:
        mask: (H, W), True where no lens made a pixel.
        clipped: (H, W), True at and near clipped highlights: a lens made them, but they do not say how bright they are.
        words: What was found, in a few words; empty if nothing was.
    """

    mask: Mask
    clipped: Mask
    words: str


def find_faults(pixels: NDArray[Any], *, white_level: int | None = None, hidden: Mask | None = None) -> Faults:
    """Find the pixels of an image that no lens made.

    Dead, stuck and weak lines, hot and dead pixels, frames, letterboxes, round fields, plates and cut-outs of one
    value, transparent pixels, NaN and infinity, and clipped highlights. An image that is drawn, of sharp steps between
    flat levels, has none but the transparent.

    Args:
        pixels: (H, W), (H, W, 1), (H, W, 2), (H, W, 3) or (H, W, 4); uint8, uint16 or float32.
        white_level: The value that stands for white; None for the largest of its type.
        hidden: (H, W), what is known already and is not looked at.
    """
    colour, alpha = split_alpha(pixels)
    colour = colour[..., 0] if colour.ndim == 3 and colour.shape[2] == 1 else colour
    counts: dict[str, int] = {}
    mask = np.zeros(pixels.shape[:2], bool) if hidden is None else hidden.copy()
    colour = _finite(colour, mask, counts)
    if alpha is not None:
        _transparent(alpha, mask, counts)
    white = white_level or FULL_SCALE[pixels.dtype.newbyteorder("=")]
    sample = _sample(colour)
    unit = _unit(sample)
    clipped = np.zeros_like(mask)
    if unit > 0 and min(mask.shape) >= 16:
        _look(colour, sample, mask, counts)
        clipped = _clipped(colour, white, mask)
    if hidden is not None:
        mask &= ~hidden
    if mask.mean() > MOST_HIDDEN:
        mask, counts = np.zeros_like(mask), {}
    return Faults(mask, clipped, _in_words(counts, clipped))


def _look(colour: NDArray[Any], sample: NDArray[np.float32], mask: Mask, counts: dict[str, int]) -> None:
    """Add what is found in an image (H, W) or (H, W, 3) to a mask and to the counts of kinds."""
    unit, noise = _unit(sample), _noise(sample)
    areas = find_areas(colour, unit, mask)
    covered = np.logical_or.reduce([mask, *(area.mask for area in areas)])
    taken = cv2.dilate(covered.astype(np.uint8), np.ones((2 * _SIGHT + 1,) * 2, np.uint8)) > 0
    share = _sharp_share(sample, _sample(taken) > 0, unit, noise)
    if share <= SHARP:
        for area in areas:
            counts[area.kind] = counts.get(area.kind, 0) + 1
        mask |= covered
    if share <= 0.8:
        _lines(colour, unit, mask, counts)
        _points(colour, unit, noise, mask, counts)


def _finite(colour: NDArray[Any], mask: Mask, counts: dict[str, int]) -> NDArray[Any]:
    """The image without NaN and infinity, which are hidden if they are fewer than half of the pixels."""
    if colour.dtype.kind != "f" or np.isfinite(colour.min() + colour.max()):
        return colour
    wrong = ~np.isfinite(colour)
    anywhere = wrong.any(axis=-1) if wrong.ndim == 3 else wrong
    if anywhere.mean() < 0.5:
        counts["pixel without a value"] = int(anywhere.sum())
        mask |= anywhere
    return np.where(wrong, np.median(colour[~wrong]) if not wrong.all() else 0, colour).astype(np.float32)


def _transparent(alpha: NDArray[Any], mask: Mask, counts: dict[str, int]) -> None:
    """Hide what is transparent, unless everything is."""
    through = alpha == 0
    if through.any() and not through.all():
        counts["transparent pixel"] = int(through.sum())
        mask |= through


def _planes(colour: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The channels (H, W) of an image, one if all are alike."""
    if colour.ndim == 2:
        yield colour
        return
    planes = cv2.split(colour)
    yield planes[0]
    if not all(np.array_equal(planes[0], plane) for plane in planes[1:]):
        yield from planes[1:]


def _lines(colour: NDArray[Any], unit: float, mask: Mask, counts: dict[str, int]) -> None:
    seen: dict[tuple[int, int], str] = {}
    known = mask.copy()
    for plane in _planes(colour):
        for axis in (0, 1):
            turned = np.ascontiguousarray(plane.T) if axis else plane
            target, before = (mask.T, known.T) if axis else (mask, known)
            for line in find_columns(turned, unit):
                if before[line.top : line.bottom, line.first : line.last + 1].mean() < 0.5:
                    seen[axis, line.first] = _line_kind(line, axis)
                    target[line.top : line.bottom, line.first : line.last + 1] = True
    for kind in seen.values():
        counts[kind] = counts.get(kind, 0) + 1


def _line_kind(line: Line, axis: int) -> str:
    wide = "" if line.last == line.first else f" {line.last - line.first + 1} pixels wide"
    return f"{'weak' if line.gain else 'dead or stuck'} {'row' if axis else 'column'}{wide}"


def _points(colour: NDArray[Any], unit: float, noise: float, mask: Mask, counts: dict[str, int]) -> None:
    found = np.zeros_like(mask)
    for plane in _planes(colour):
        found[find_points(plane, unit, noise)] = True
    found &= ~mask
    if count := int(found.sum()):
        counts["hot or dead pixel"] = count
        mask |= found


def _clipped(colour: NDArray[Any], white: int, mask: Mask) -> Mask:
    """Highlights of at least four connected pixels at white, and a little room around them."""
    at_white = cv2.inRange(colour, *_white_bounds(colour, white)) if colour.ndim == 2 else _any_white(colour, white)
    if not at_white.any():
        return np.zeros_like(mask)
    core = cv2.morphologyEx(at_white, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    side = 2 * CLIPPED_ROOM + 1
    return (cv2.dilate(core, np.ones((side, side), np.uint8)) > 0) & ~mask


def _any_white(colour: NDArray[Any], white: int) -> NDArray[np.uint8]:
    planes = [cv2.inRange(plane, *_white_bounds(plane, white)) for plane in cv2.split(colour)]
    return np.asarray(np.maximum.reduce(planes), np.uint8)


def _white_bounds(plane: NDArray[Any], white: int) -> tuple[float, float]:
    return (0.999, 2.0) if plane.dtype.kind == "f" else (float(white), 65535.0)


def _sample(colour: NDArray[Any]) -> NDArray[np.float32]:
    """Blocks (N, h, w) of the brightest channel's stand-in, green or grey, all over an image."""
    plane = colour[..., 1] if colour.ndim == 3 else colour
    if max(plane.shape) <= _BLOCK * _BLOCKS:
        return plane[None].astype(np.float32)
    high, wide = (min(_BLOCK, length) for length in plane.shape)
    tops, lefts = (
        np.linspace(0, length - side, _BLOCKS if length > side else 1).astype(int)
        for length, side in zip(plane.shape, (high, wide), strict=True)
    )
    return np.stack([plane[top : top + high, left : left + wide] for top in tops for left in lefts]).astype(np.float32)


def _unit(sample: NDArray[np.float32]) -> float:
    """One grey level of 256 of what the image uses of its range."""
    low, high = np.quantile(sample, [0.005, 0.995])
    return float(high - low) / 255


def _noise(sample: NDArray[np.float32]) -> float:
    """Standard deviation of white noise: the median of second differences across; texture makes it larger."""
    second = sample[..., 1:-1, 1:-1] * 4 - 2 * (
        sample[..., :-2, 1:-1] + sample[..., 2:, 1:-1] + sample[..., 1:-1, :-2] + sample[..., 1:-1, 2:]
    )
    second += sample[..., :-2, :-2] + sample[..., :-2, 2:] + sample[..., 2:, :-2] + sample[..., 2:, 2:]
    return float(np.median(np.abs(second)) / 0.6745 / 6) if second.size else 0.0


def _sharp_share(sample: NDArray[np.float32], taken: Mask, unit: float, noise: float) -> float:
    """Share of the cells with edges that hold one as abrupt as what was laid over an image is; those taken left out.

    Drawings, pages of text and bar codes that no lens has blurred have them everywhere, blurred photographs nowhere.
    """
    least = max(_CONTRAST * unit, 12 * noise)
    edges, abrupt = (np.zeros(sample.shape, bool) for _ in range(2))
    for block, is_edge, is_abrupt in zip(sample, edges, abrupt, strict=True):
        for turned, found in ((block, (is_edge, is_abrupt)), (block.T, (is_edge.T, is_abrupt.T))):
            plane = np.ascontiguousarray(turned)
            window = np.ones((1, 2 * _SIGHT + 1), np.uint8)
            span = (cv2.dilate(plane, window) - cv2.erode(plane, window))[:, 1:]
            found[0][:, 1:] |= span > least
            found[1][:, 1:] |= (span > least) & (np.abs(np.diff(plane, axis=1)) > ABRUPT * span)
    with_edge, with_abrupt, with_taken = (_cells(places) for places in (edges, abrupt, taken))
    with_edge &= ~with_taken
    return float((with_abrupt & with_edge).sum() / max(with_edge.sum(), 8))


def _cells(places: Mask) -> Mask:
    """Which cells hold a place."""
    rows, columns = (np.arange(0, length, _CELL) for length in places.shape[1:])
    return np.asarray(np.logical_or.reduceat(np.logical_or.reduceat(places, rows, axis=1), columns, axis=2))


def _in_words(counts: dict[str, int], clipped: Mask) -> str:
    """What was found: '1 dead or stuck column, 3 hot or dead pixels'."""
    words = [f"{count} {_plural(kind, count)}" for kind, count in counts.items()]
    if clipped.any():
        words.append("clipped highlights")
    return ", ".join(words)


def _plural(kind: str, count: int) -> str:
    if count == 1:
        return kind
    for one in ("column", "row", "pixel", "frame", "field", "plate", "cut-out"):
        if kind.startswith(one) or f" {one}" in kind:
            return kind.replace(one, f"{one}s", 1)
    return kind
