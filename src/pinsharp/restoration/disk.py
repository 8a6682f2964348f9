"""Images that are larger than memory: read from top to bottom, looked at here and there, kept between two passes."""

import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.allocator import release_freed_memory
from pinsharp.atomic import make_folder, write_error
from pinsharp.errors import ImageError, OutputError
from pinsharp.images.codec import AS_IT_SAYS, Reading
from pinsharp.images.large import LargeImage, check_large_output, write_large
from pinsharp.images.light import SAYS_NOTHING
from pinsharp.images.packed_mask import PackedMask
from pinsharp.images.places import PlaneOf, disk_path, is_container
from pinsharp.restoration.colour import enter, join, leave, light_of, split
from pinsharp.restoration.disk_hidden import REACH, DiskHidden
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.windows import choose_disk_window

ROWS_AT_ONCE = 64
"""Rows that are turned back into pixels, or copied, together; each takes several times its size on the way."""


@dataclass(frozen=True)
class OnDisk:
    """A result that was written to a file and is not in memory.

    Attributes:
        path: The file.
        shape: Shape of its pixels; of a file of several planes that of the first.
        dtype: Their type.
        reading: What has to be said of it to read it again.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    reading: Reading = AS_IT_SAYS

    @property
    def first(self) -> Path | PlaneOf:
        """The file, or the first of several planes of an array."""
        return PlaneOf(self.path, 0) if self.reading.planes and is_container(self.path) else self.path


class RowReader:
    """Reads an image on disk downwards, and keeps the rows that were read until they are dropped.

    Args:
        image: The image. It keeps one row of strips or tiles: of what it decodes, a part may be asked for
            later.
    """

    def __init__(self, image: "LargeImage | StoredImage") -> None:
        self._image = image
        self._top = 0
        self._pixels = self._whole_rows(0, 0)
        image.keep(_row_bytes(image))

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Give pixels as `LargeTiff.read` does, but not the caller's own; both slices have bounds.

        Raises:
            ImageError: If the file cannot be read (any more).
            ValueError: If rows were dropped that are read again.
        """
        if rows.start < self._top:
            raise ValueError(f"expected rows from {self._top} on, got {rows.start}: those above were dropped")
        bottom = self._top + len(self._pixels)
        if rows.stop > bottom:
            self._pixels = np.concatenate([self._pixels, self._whole_rows(bottom, rows.stop)])
        return self._pixels[rows.start - self._top : rows.stop - self._top, columns]

    def is_next(self, row: int) -> bool:
        """Whether a row is at hand, or is the one that follows."""
        return self._top <= row <= self._top + len(self._pixels)

    def drop(self, above: int) -> None:
        """Let go of the rows above one."""
        count = min(max(above - self._top, 0), len(self._pixels))
        self._pixels = self._pixels[count:]
        self._top += count

    def _whole_rows(self, start: int, stop: int) -> NDArray[Any]:
        return self._image.read(slice(start, stop), slice(0, self._image.width))


class StoredImage:
    """A restored image between two passes, float32, in a file without a name that goes with the process.

    Args:
        bands: Its rows, (1, C, h, W), from top to bottom.
        shape: Channels, height and width.
        folder: Where the file lies; it takes 4 bytes a value. None for the system's folder for such files.

    Raises:
        OutputError: If the folder cannot be written, or the disk is full.
    """

    def __init__(self, bands: Iterator[Tensor], shape: tuple[int, int, int], folder: Path | None) -> None:
        self.samples, self.height, self.width = shape
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        self.segment_shape = (1, self.width)
        place = folder or Path(tempfile.gettempdir())
        make_folder(place)
        try:
            self._file = tempfile.TemporaryFile(dir=place)  # noqa: SIM115 - it lives as long as this object
            weakref.finalize(self, self._file.close)
            for band in bands:
                self._file.write(band[0].permute(1, 2, 0).contiguous().numpy().data)
        except OSError as error:
            raise OutputError(write_error(place / "a temporary file", 4 * int(np.prod(shape)), error)) from error

    def keep(self, cache_bytes: int) -> None:
        """Nothing is decoded, so nothing is kept."""

    def read(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Read a window, (h, w), or (h, w, 3) of colour; both slices have bounds."""
        values = self.width * self.samples
        self._file.seek(rows.start * values * self.dtype.itemsize)
        count = (rows.stop - rows.start) * values
        pixels = np.frombuffer(self._file.read(count * self.dtype.itemsize), self.dtype)
        found: NDArray[Any] = pixels.reshape(-1, self.width, self.samples)[:, columns]
        return found if self.samples > 1 else found[..., 0]


DiskImage: TypeAlias = "LargeImage | StoredImage"


def _row_bytes(image: DiskImage) -> int:
    """Bytes of one row of strips or tiles, decoded."""
    height, width = image.segment_shape
    return height * -(-image.width // width) * width * image.samples * image.dtype.itemsize


Silent = Callable[[slice, slice], Tensor]
"""Says which pixels (1, 1, h, w) are ignored in measuring."""


class DiskSource:
    """An image on disk, read downwards in each pass.

    Args:
        image: The image, open.
        recipe: How it is restored.
        given: What is known to be hidden.
        reading: What was said of it to read it.
    """

    def __init__(
        self, image: DiskImage, recipe: Recipe, given: PackedMask | None = None, reading: Reading = AS_IT_SAYS
    ) -> None:
        self.image, self.recipe, self.begun = image, recipe, time.perf_counter()
        self._reading = reading
        self.light = light_of(recipe, SAYS_NOTHING if isinstance(image, StoredImage) else image.tags.light)
        self.shape: tuple[int, ...] = (image.height, image.width, *([image.samples] if image.samples > 1 else []))
        self.dropped = "" if isinstance(image, StoredImage) else image.tags.dropped
        self.hidden: DiskHidden | None = None
        if not isinstance(image, StoredImage) and (given is not None or recipe.faults == "auto"):
            image.keep(2 * _row_bytes(image))  # two bands share the strips or tiles that they meet in
            self.hidden = DiskHidden(image, recipe, given)
        self.faults = self.hidden.faults if self.hidden else ""
        self._colours = 3 if image.samples >= 3 else 1
        self.rewind()
        shape = (1 if recipe.channels != "joint" else self._colours, image.height, image.width)
        count = self._colours if recipe.channels == "each" else 1
        self.parts: tuple[DiskPlanes, ...] = tuple(DiskPlanes(self, number, shape) for number in range(count))

    @property
    def mask(self) -> PackedMask | None:
        """What is hidden; None if nothing is."""
        return self.hidden.mask if self.hidden is not None and self._hides() else None

    def choose_window(self, window: int | None) -> int:
        """Side of the windows; never 0, for the whole image is not in memory."""
        return choose_disk_window((self._colours, self.image.height, self.image.width), window)

    def rewind(self) -> None:
        """Begin to read from the top."""
        self._rows = RowReader(self.image)

    def drop(self, above: int) -> None:
        """Let go of the rows above one."""
        self._rows.drop(above - (REACH if self._hides() else 0))
        release_freed_memory()  # else the holes that bands leave in the heap add up

    def silent(self, rows: slice, columns: slice) -> Tensor:
        """Which pixels (1, 1, h, w) are ignored in measuring; only of an image in which some are."""
        assert self.hidden is not None
        return torch.from_numpy(self.hidden.silent(rows, columns, self.image.read))[None, None]

    def enter(self, rows: slice, columns: slice, *, is_next: bool) -> Tensor:
        """Pixels as they are restored, (1, C, h, w); `is_next` if they are those that follow on the way down."""
        # A border that is mirrored, or the other side, is read by itself.
        image = self._rows if is_next and self._rows.is_next(rows.start) else self.image
        pixels = image.read(rows, columns)
        if self.hidden is not None:
            pixels = self.hidden.filled(pixels, rows, columns, self._around if is_next else self.image.read)
        try:
            return enter(pixels, self.recipe, self.light)
        except ImageError as error:
            where = f"in rows {rows.start} to {rows.stop}, columns {columns.start} to {columns.stop}: "
            is_whole = pixels.shape == self.shape
            raise ImageError(f"{getattr(self.image, 'path', '')}: {'' if is_whole else where}{error}") from error

    def leave(self, restored: Sequence[Tensor], top: int) -> NDArray[Any]:
        """Turn restored rows of all parts into rows of the result."""
        rows, columns = slice(top, top + restored[0].shape[-2]), slice(0, self.image.width)
        if self.recipe.channels == "luma" and self._colours > 1:
            blurred = self.enter(rows, columns, is_next=True)
        else:
            blurred = restored[0].expand(-1, self._colours, -1, -1)  # only its channels count
        # Rows with alpha say what it is; of others the kind is enough.
        hides = self._hides()
        like = self._rows.read(rows if hides or self.image.samples in (2, 4) else slice(top, top), columns)
        pixels = leave(join(blurred, restored, self.recipe), like, self.recipe, self.light)
        return self.hidden.put_back(pixels, like, rows) if self.hidden is not None and hides else pixels

    def untouched(self) -> Iterator[NDArray[Any]]:
        """The image as it is, from top to bottom."""
        self.rewind()
        for top in range(0, self.image.height, ROWS_AT_ONCE):
            bottom = min(top + ROWS_AT_ONCE, self.image.height)
            yield self._rows.read(slice(top, bottom), slice(0, self.image.width))
            self._rows.drop(bottom)

    def check_target(self, target: Path, *, overwrite: bool) -> None:
        """Find out before the work whether its result could be written."""
        assert not isinstance(self.image, StoredImage)
        check_large_output(target, self.image, overwrite=overwrite)

    def take(self, target: Path, rows: Iterator[NDArray[Any]], *, overwrite: bool) -> OnDisk:
        """Write all rows of the result as they come."""
        assert not isinstance(self.image, StoredImage)
        make_folder(disk_path(target).parent)
        path = write_large(target, rows, like=self.image, overwrite=overwrite)
        return OnDisk(path, self.shape, self.image.dtype, self._reading)

    def save(self, target: Path, held: object, *, overwrite: bool) -> None:
        """It was written row by row."""

    def _hides(self) -> bool:
        return self.hidden is not None and not self.hidden.mask.is_empty

    def _around(self, rows: slice, columns: slice) -> NDArray[Any]:
        """What lies around pixels that follow on the way down."""
        return (self._rows if self._rows.is_next(rows.start) else self.image).read(rows, columns)


class DiskPlanes:
    """Planes of an image on disk.

    Args:
        source: The image.
        number: Which of the parts that it is split into.
        shape: Channels, height and width.
    """

    def __init__(self, source: DiskSource, number: int, shape: tuple[int, int, int]) -> None:
        self._source, self._number, self.shape = source, number, shape
        has_silent = source.hidden is not None and source.hidden.has_silent
        self.silent: Silent | None = source.silent if has_silent else None

    def read(self, rows: slice, columns: slice) -> Tensor:
        """Give a part that follows on the way down, (1, C, h, w) in [0, 1]."""
        return self._part(self._source.enter(rows, columns, is_next=True))

    def look(self, rows: slice, columns: slice) -> Tensor:
        """Give a part from anywhere."""
        return self._part(self._source.enter(rows, columns, is_next=False))

    def drop(self, above: int) -> None:
        """Let go of the rows above one."""
        self._source.drop(above)

    def stored(self, bands: Iterator[Tensor], folder: Path | None) -> "DiskPlanes":
        """Keep what was made of these planes in a file of that folder."""
        self._source.rewind()
        planes = DiskSource(StoredImage(bands, self.shape, folder), Recipe()).parts[0]
        planes.silent = self.silent
        return planes

    def _part(self, entered: Tensor) -> Tensor:
        return split(entered, self._source.recipe)[self._number]
