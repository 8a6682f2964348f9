"""Finding pixels that no lens made: faults of sensors, what was laid over an image, and what has no value."""

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.arrays import FULL_SCALE, split_alpha
from pinsharp.images.fault_areas import find_areas
from pinsharp.images.fault_lines import Line
from pinsharp.images.fault_pass import Passed, passed_over, white_core
from pinsharp.images.fault_survey import InMemory, Pixels, Scene
from pinsharp.images.packed_mask import MaskStore, PlainMask

Mask = NDArray[np.bool_]

MOST_HIDDEN = 0.9
"""Share of an image above which what was found is not trusted: hardly anything would be left to measure by."""

SHARP = 0.5
"""Share of the cells with edges that hold an abrupt one above which an image is too sharp to recognise areas."""

TOO_SHARP = 0.8
"""The same above which it is too sharp for lines and pixels too."""

ABRUPT = 0.8
"""Share of an edge's height that lies between two neighbouring pixels if no lens made it."""

CLIPPED_ROOM = 3
"""Pixels around clipped highlights that are ignored in measuring."""

CLIPPED_SIGHT = CLIPPED_ROOM + 2
"""Pixels around a part of an image that decide what is clipped in it."""

_CELL = 32
_CONTRAST = 40  # grey levels of what counts as an edge
_SIGHT = 4  # pixels beside an edge that its height is read from
_LEAST_SIDE = 16


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


@dataclass(frozen=True, eq=False)
class Search:
    """What was found in an image of any size.

    Attributes:
        mask: Where no lens made a pixel.
        words: What was found, in a few words; empty if nothing was.
        has_clipped: Whether highlights are clipped; `clipped` says where.
        passed: What was gathered of the image.
    """

    mask: MaskStore
    words: str
    has_clipped: bool
    passed: Passed


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
    known = None if hidden is None else PlainMask(hidden)
    mask = np.zeros(pixels.shape[:2], bool)
    found = search(InMemory(pixels), PlainMask(mask), white_level=white_level, known=known)
    places = np.zeros_like(mask)
    if found.has_clipped:
        places = clipped(pixels, white_level) & ~mask
        if hidden is not None:
            places &= ~hidden
    return Faults(mask, places, found.words)


def search(
    pixels: Pixels, mask: MaskStore, *, white_level: int | None = None, known: MaskStore | None = None
) -> Search:
    """Find the same in an image of any size, which is read once from top to bottom, and here and there.

    Plates and cut-outs whose box is larger than `fault_areas.MOST_PIXELS` are not found.

    Args:
        pixels: The image; what is known to be hidden is 0 in it.
        mask: An empty one, to which is added what is found.
        white_level: As of `find_faults`.
        known: What is known to be hidden.
    """
    scene = Scene(pixels)
    is_plain = not scene.unit > 0 or min(scene.height, scene.width) < _LEAST_SIDE
    passed = passed_over(scene, mask, white=_white(pixels.dtype, white_level), known=known, is_plain=is_plain)
    finding = _Finding(scene, mask, known, dict(passed.counts))
    if not is_plain:
        finding.look(passed)
    share = mask.count() / (scene.height * scene.width) if finding.counts else 0.0
    if share > MOST_HIDDEN:
        mask.clear()
        finding.counts.clear()
    return Search(mask, _in_words(finding.counts, has_clipped=passed.has_clipped), passed.has_clipped, passed)


@dataclass(eq=False)
class _Finding:
    """What is being found, and the mask to which it is added."""

    scene: Scene
    mask: MaskStore
    known: MaskStore | None
    counts: dict[str, int] = field(default_factory=dict)

    def look(self, passed: Passed) -> None:
        """Add what is found, unless the image is too sharp for it."""
        areas = find_areas(self.scene, passed.overview, self._thinned(passed))
        lines = passed.lines(self.scene)
        if not (areas or lines or len(passed.points[0])):
            return
        share = self._sharp_share([*areas])
        for area in areas if share <= SHARP else ():
            self.counts[area.kind] = self.counts.get(area.kind, 0) + 1
        for rows, _ in self.scene.bands() if areas and share <= SHARP else ():
            columns = slice(0, self.scene.width)
            for area in areas:
                self._hide(rows, columns, area.cover(rows, columns))
        if share <= TOO_SHARP:
            self._add_lines(lines)
            self._add_points(*passed.points)

    def _hide(self, rows: slice, columns: slice, part: Mask) -> None:
        """Add to the mask what is not known."""
        self.mask.add(rows, columns, part if self.known is None else part & ~self.known.read(rows, columns))

    def _is_hidden(self, rows: slice, columns: slice) -> Mask:
        found = self.mask.read(rows, columns)
        return found if self.known is None else found | self.known.read(rows, columns)

    def _thinned(self, passed: Passed) -> Mask:
        seen = passed.overview
        found = np.zeros(seen.thin.shape[:2], bool)
        if self.known is None and not self.counts:
            return found
        for number in range(len(found)):
            row = number * seen.step
            found[number] = self._is_hidden(slice(row, row + 1), slice(0, self.scene.width))[0, :: seen.step]
        return found

    def _add_lines(self, lines: list[tuple[int, Line]]) -> None:
        kinds: dict[tuple[int, int], str] = {}
        fresh = []
        for axis, line in lines:
            place = (slice(line.top, line.bottom), slice(line.first, line.last + 1))
            rows, columns = place[::-1] if axis else place
            if self._is_hidden(rows, columns).mean() < 0.5:
                kinds[axis, line.first] = _line_kind(line, axis)
                fresh.append((rows, columns))
        for rows, columns in fresh:
            self._hide(rows, columns, np.ones((rows.stop - rows.start, columns.stop - columns.start), bool))
        for kind in kinds.values():
            self.counts[kind] = self.counts.get(kind, 0) + 1

    def _add_points(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> None:
        count = 0
        for row, column in {*zip(rows.tolist(), columns.tolist(), strict=True)}:
            place = (slice(row, row + 1), slice(column, column + 1))
            if not self._is_hidden(*place).any():
                count += 1
                self._hide(*place, np.ones((1, 1), bool))
        if count:
            self.counts["hot or dead pixel"] = count

    def _sharp_share(self, areas: list[Any]) -> float:
        """Share of the cells with edges that hold an abrupt one; areas and what is hidden left out."""
        taken = []
        for rows, columns in self.scene.places:
            wide = tuple(
                slice(max(0, part.start - _SIGHT), min(length, part.stop + _SIGHT))
                for part, length in ((rows, self.scene.height), (columns, self.scene.width))
            )
            covered = np.logical_or.reduce([self._is_hidden(*wide), *(area.cover(*wide) for area in areas)])
            spread = cv2.dilate(covered.astype(np.uint8), np.ones((2 * _SIGHT + 1,) * 2, np.uint8)) > 0
            top, left = rows.start - wide[0].start, columns.start - wide[1].start
            taken.append(spread[top : top + rows.stop - rows.start, left : left + columns.stop - columns.start])
        return _sharp_share(
            self.scene.grey_blocks.astype(np.float32), np.stack(taken), self.scene.unit, self.scene.noise
        )


def clipped(image: NDArray[Any], white_level: int | None) -> Mask:
    """Highlights of at least four connected pixels at white, and a little room around them.

    Args:
        image: (H, W), or (H, W, C), alpha left out.
        white_level: As of `find_faults`.
    """
    colour = split_alpha(image)[0]
    planes = cv2.split(np.ascontiguousarray(colour)) if colour.ndim == 3 else (np.ascontiguousarray(colour),)
    core = white_core(planes, _white(image.dtype, white_level))
    side = 2 * CLIPPED_ROOM + 1
    return np.asarray(cv2.dilate(core, np.ones((side, side), np.uint8)) > 0)


def _white(dtype: np.dtype[Any], white_level: int | None) -> int:
    return white_level or FULL_SCALE[dtype.newbyteorder("=")]


def _line_kind(line: Line, axis: int) -> str:
    wide = "" if line.last == line.first else f" {line.last - line.first + 1} pixels wide"
    return f"{'weak' if line.gain else 'dead or stuck'} {'row' if axis else 'column'}{wide}"


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


def _in_words(counts: dict[str, int], *, has_clipped: bool) -> str:
    """What was found: '1 dead or stuck column, 3 hot or dead pixels'."""
    words = [f"{count} {_plural(kind, count)}" for kind, count in counts.items()]
    if has_clipped:
        words.append("clipped highlights")
    return ", ".join(words)


def _plural(kind: str, count: int) -> str:
    if count == 1:
        return kind
    for one in ("column", "row", "pixel", "frame", "field", "plate", "cut-out"):
        if kind.startswith(one) or f" {one}" in kind:
            return kind.replace(one, f"{one}s", 1)
    return kind
