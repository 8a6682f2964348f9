"""What is not light in an image that is larger than memory: given or found, and filled tile by tile.

Tiles are filled with what lies around them, so that it makes no difference which window asks for them. Deep inside of a
hidden area, where nothing known is near, they follow the thinned image filled as a whole.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images.arrays import check_below_white, check_image, split_alpha
from pinsharp.images.fault_pass import passed_over
from pinsharp.images.fault_survey import Overview, Pixels, Scene
from pinsharp.images.faults import CLIPPED_SIGHT, clipped, search
from pinsharp.images.fill import fill, harmonic
from pinsharp.images.packed_mask import PackedMask
from pinsharp.restoration.recipe import Recipe

Mask = NDArray[np.bool_]
Read = Callable[[slice, slice], NDArray[Any]]
"""Gives rows and columns of the image as they are, both with bounds."""

TILE = 512
"""Side in pixels of the tiles that are filled together."""

MARGIN = 64
"""Pixels around a tile that it is filled by."""

REACH = TILE + MARGIN
"""Rows above those that are asked for which may have to be read again."""

_CACHE_BYTES = 2**26


class DiskHidden:
    """What is not light of an image on disk.

    Args:
        image: The image, open. It is read once from top to bottom, and here and there.
        recipe: Says whether faults are looked for.
        given: What is known to be hidden; it becomes part of `mask`.

    Attributes:
        mask: What is hidden.
        faults: What was found, in words.

    Raises:
        ImageError: If all pixels are hidden, or a value is not valid for an image.
    """

    def __init__(self, image: Pixels, recipe: Recipe, given: PackedMask | None = None) -> None:
        shape = (image.shape[0], image.shape[1])
        self.mask = given or PackedMask(shape)
        self._white = recipe.white_level
        pixels, found = _Safe(image, given, recipe.white_level), PackedMask(shape)
        if recipe.faults == "auto":
            done = search(pixels, found, white_level=recipe.white_level, known=given)
            self.faults, self._has_clipped, overview = done.words, done.has_clipped, done.passed.overview
            self.mask = found if given is None else _both(given, found)
        else:
            passed = passed_over(Scene(pixels), found, white=1, known=given, is_plain=True)
            self.faults, self._has_clipped, overview = "", False, passed.overview
        if self.mask.count() == shape[0] * shape[1]:
            raise ImageError("expected pixels that are not masked, got none; check the mask")
        self._coarse = _Coarse(overview, self.mask)
        self._tiles: OrderedDict[tuple[int, int], NDArray[Any]] = OrderedDict()
        self._bytes = 0

    @property
    def has_silent(self) -> bool:
        """Whether any pixel is ignored in measuring."""
        return self._has_clipped or not self.mask.is_empty

    def silent(self, rows: slice, columns: slice, read: Read) -> Mask:
        """Which pixels (h, w) are ignored in measuring: hidden ones, and clipped highlights."""
        hidden = self.mask.read(rows, columns)
        if not self._has_clipped:
            return hidden
        down, right = (
            _wider(part, CLIPPED_SIGHT, side) for part, side in zip((rows, columns), self.mask.shape, strict=True)
        )
        top, left = rows.start - down.start, columns.start - right.start
        places = clipped(read(down, right), self._white)[top : top + len(hidden), left : left + hidden.shape[1]]
        return hidden | places

    def filled(self, pixels: NDArray[Any], rows: slice, columns: slice, read: Read) -> NDArray[Any]:
        """Fill what is hidden in a part of the image.

        Args:
            pixels: The part as it is.
            rows: Its rows.
            columns: Its columns.
            read: Gives what lies around it.
        """
        hidden = self.mask.read(rows, columns)
        if not hidden.any():
            return pixels
        whole = pixels.copy()
        for row in range(rows.start // TILE, -(-rows.stop // TILE)):
            for column in range(columns.start // TILE, -(-columns.stop // TILE)):
                down, right = _common(rows, row), _common(columns, column)
                here = _within(down, rows.start), _within(right, columns.start)
                if (place := hidden[here]).any():
                    there = _within(down, row * TILE), _within(right, column * TILE)
                    whole[here][place] = self._tile(row, column, read)[there][place]
        return whole

    def put_back(self, restored: NDArray[Any], original: NDArray[Any], rows: slice) -> NDArray[Any]:
        """Rows of a result with the image's own values where they are hidden."""
        hidden = self.mask.read(rows, slice(0, self.mask.shape[1]))
        return np.where(hidden if restored.ndim == 2 else hidden[..., None], original, restored)

    def _tile(self, row: int, column: int, read: Read) -> NDArray[Any]:
        """A filled tile, from those that were filled last."""
        if (row, column) in self._tiles:
            self._tiles.move_to_end((row, column))
            return self._tiles[row, column]
        found = self._tiles[row, column] = self._fill(row, column, read)
        self._bytes += found.nbytes
        while self._bytes > _CACHE_BYTES and len(self._tiles) > 1:
            self._bytes -= self._tiles.popitem(last=False)[1].nbytes
        return found

    def _fill(self, row: int, column: int, read: Read) -> NDArray[Any]:
        height, width = self.mask.shape
        inner = [slice(first * TILE, min((first + 1) * TILE, side)) for first, side in ((row, height), (column, width))]
        rows, columns = (_wider(part, MARGIN, side) for part, side in zip(inner, (height, width), strict=True))
        pixels, hidden = read(rows, columns).copy(), self.mask.read(rows, columns)
        ring = _ring(rows, columns, self.mask.shape) & hidden
        if hidden.all():
            ring = hidden
        if ring.any():
            self._coarse.put(pixels, ring, rows, columns)
        whole = fill(pixels, hidden & ~ring)
        top, left = inner[0].start - rows.start, inner[1].start - columns.start
        return whole[top : top + inner[0].stop - inner[0].start, left : left + inner[1].stop - inner[1].start].copy()


class _Safe:
    """An image of which what is known to be hidden is 0, and every other value was checked."""

    def __init__(self, image: Pixels, known: PackedMask | None, white_level: int | None) -> None:
        self._image, self._known, self._white = image, known, white_level
        self.shape, self.dtype = image.shape, image.dtype

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Give a part."""
        pixels = self._image.read(rows, columns)
        if self._known is not None and (hidden := self._known.read(rows, columns)).any():
            pixels[hidden] = 0
        try:
            if self._white is not None:
                check_below_white(split_alpha(pixels)[0], self._white)
            if pixels.dtype.kind == "f":
                check_image(np.where(np.isfinite(pixels), pixels, np.float32(0)))
        except ImageError as error:
            where = f"in rows {rows.start} to {rows.stop}, columns {columns.start} to {columns.stop}: "
            raise ImageError(f"{getattr(self._image, 'path', '')}: {where}{error}") from error
        return pixels


class _Coarse:
    """The thinned image with what is hidden filled."""

    def __init__(self, seen: Overview, mask: PackedMask) -> None:
        self._seen, self._mask = seen, mask
        self._planes: list[NDArray[np.float32]] = []

    def put(self, pixels: NDArray[Any], place: Mask, rows: slice, columns: slice) -> None:
        """Put its values, between its pixels if need be, in some places of a part of the image."""
        y, x = np.nonzero(place)
        step = np.float32(self._seen.step)
        at = ((x + columns.start) / step).astype(np.float32)[None], ((y + rows.start) / step).astype(np.float32)[None]
        for channel, plane in enumerate(self._filled()):
            values = cv2.remap(plane, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
            values = np.rint(values) if pixels.dtype.kind == "u" else values
            target = pixels if pixels.ndim == 2 else pixels[..., channel]
            target[place] = values.astype(pixels.dtype)

    def _filled(self) -> list[NDArray[np.float32]]:
        if not self._planes:
            thin, step = self._seen.thin, self._seen.step
            hidden = np.zeros(thin.shape[:2], bool)
            for number in range(len(hidden)):
                row = number * step
                hidden[number] = self._mask.read(slice(row, row + 1), slice(0, self._mask.shape[1]))[0, ::step]
            for plane in np.moveaxis(thin, -1, 0) if thin.ndim == 3 else [thin]:
                self._planes.append(harmonic(np.where(hidden, 0, plane).astype(np.float32), hidden))
        return self._planes


def _both(given: PackedMask, found: PackedMask) -> PackedMask:
    """Add what was found to what was given."""
    columns = slice(0, given.shape[1])
    for top in range(0, given.shape[0], TILE):
        rows = slice(top, min(top + TILE, given.shape[0]))
        given.add(rows, columns, found.read(rows, columns))
    return given


def _ring(rows: slice, columns: slice, shape: tuple[int, int]) -> Mask:
    """The outermost pixels of a part, but where the image ends."""
    found = np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
    found[0], found[-1] = rows.start > 0, rows.stop < shape[0]
    found[:, 0] |= columns.start > 0
    found[:, -1] |= columns.stop < shape[1]
    return found


def _wider(part: slice, more: int, length: int) -> slice:
    return slice(max(0, part.start - more), min(length, part.stop + more))


def _common(part: slice, number: int) -> slice:
    """What a part of a side has in common with a tile."""
    return slice(max(part.start, number * TILE), min(part.stop, (number + 1) * TILE))


def _within(part: slice, start: int) -> slice:
    return slice(part.start - start, part.stop - start)
