"""Arrays in containers, HDF5 and OME-Zarr alike: opened, read as images, and written like the one they came from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import write_error
from pinsharp.errors import FormatError, ImageError, OutputError
from pinsharp.images.array_planes import NAMES, ArrayImage, ArrayPlane, Kind, only_plane
from pinsharp.images.codec import Stored, Tags
from pinsharp.images.places import Place, PlaneOf, check_free_place, place_of, result_place
from pinsharp.images.refusals import check_size
from pinsharp.images.segments import blocks
from pinsharp.images.stored import enter

_ROWS_AT_ONCE = 64
"""Rows of an array without chunks that are written together."""


@contextlib.contextmanager
def open_container(path: str | Path) -> Iterator[ArrayImage]:
    """Open an array that a user names.

    Raises:
        ImageError: If the array is not an image, or cannot be read.
        MissingExtra: If the library that reads it is not installed.
    """
    place = place_of(path)
    if place.is_zarr:
        from pinsharp.images.ome_zarr import open_image

        yield open_image(place)
        return
    from pinsharp.images.hdf5 import open_dataset

    with open_dataset(place) as image:
        yield image


@contextlib.contextmanager
def open_plane(image: str | Path | PlaneOf, white_level: int | None = None) -> Iterator[ArrayPlane]:
    """Open a plane of an array, or the only one.

    Raises:
        ImageError: As `open_container`, or if there are several planes and none is named.
    """
    with open_container(image.path if isinstance(image, PlaneOf) else image) as opened:
        try:
            number = image.number if isinstance(image, PlaneOf) else only_plane(opened)
        except ImageError as error:
            raise ImageError(f"{opened.path}: {error}") from error
        yield ArrayPlane(opened, number, white_level)


def read_plane(image: str | Path | PlaneOf, white_level: int | None = None) -> tuple[NDArray[Any], Tags, Kind]:
    """Read a plane, or the only one, into memory: pixels as `read_image` gives them, tags, and the kind of container.

    Raises:
        ImageError: As `open_plane`, or if it is too large or damaged, or a value cannot be one.
    """
    with open_plane(image) as plane:
        check_size(plane.width, plane.height)
        pixels = plane.image.read(plane.number, slice(0, plane.height), slice(0, plane.width))
        pixels, stored = enter(pixels if plane.samples > 1 else pixels[..., 0], white_level)
        return np.ascontiguousarray(pixels), replace(plane.tags, stored=stored), plane.image.kind


@dataclass
class ArrayWriter:
    """Writes planes of an array that is open, in any order, each from top to bottom, so many rows together."""

    image: ArrayImage
    array: Any
    target: Place
    rows: int

    def write(self, number: int, bands: Iterable[NDArray[Any]], stored: Stored | None) -> None:
        """Write a plane of restored rows; what was written of it before is replaced.

        Args:
            number: Of the plane.
            bands: Its rows from top to bottom.
            stored: How the values are stored.
        """
        top, (height, _) = 0, self.image.size
        for block in blocks(bands, self.rows, height):
            self._put(number, top, block if stored is None else stored.leave(block))
            top += len(block)

    def keep(self, number: int) -> None:
        """Write a plane as it was read."""
        height, width = self.image.size
        for top in range(0, height, self.rows):
            part = slice(top, min(top + self.rows, height))
            self._put(number, top, self.image.read(number, part, slice(0, width)))

    def _put(self, number: int, top: int, block: NDArray[Any]) -> None:
        place = (*self.image.index(number), slice(top, top + len(block)))
        shape = (len(block), *self.array.shape[len(place) :])
        try:
            self.array[place] = block.reshape(shape)
        except (OSError, RuntimeError) as error:  # what HDF5 raises of a full disk
            cause = error if isinstance(error, OSError) else OSError(None, " ".join(str(error).split()))
            raise OutputError(write_error(self.target.path, block.nbytes, cause)) from error


@contextlib.contextmanager
def writing(target: str | Path, source: str | Path, *, overwrite: bool) -> Iterator[ArrayWriter]:
    """Write a container like that of an array, completely or not at all.

    Raises:
        FormatError: If the name is that of another kind of container.
        OutputError: If `target` exists and may not be replaced, or cannot be written.
    """
    check_output(target, source, overwrite=overwrite)
    place = result_place(target, source)
    with open_container(source) as image, _like(image, place) as array:
        # Of chunks that lie in shards whole shards are written.
        chunks = getattr(array, "shards", None) or array.chunks
        rows = chunks[image.axes.index("y")] if chunks else _ROWS_AT_ONCE
        yield ArrayWriter(image, array, place, rows)


def _like(image: ArrayImage, place: Place) -> contextlib.AbstractContextManager[Any]:
    """What makes a container like that of an array, and yields its array."""
    if image.kind == "zarr":
        from pinsharp.images.ome_zarr_writer import writing_like

        return writing_like(image, place)
    from pinsharp.images.hdf5 import writing_like as hdf5_like

    return hdf5_like(image, place)


def check_output(target: str | Path, source: str | Path, *, overwrite: bool) -> None:
    """Find out before the work whether the result of an array could be written as a container.

    Raises:
        FormatError: If the name is that of another kind of container, or of a file.
        OutputError: If `target` exists and may not be replaced.
    """
    place, like = place_of(target), place_of(source)
    kinds: list[Kind | None] = [
        "zarr" if each.is_zarr else "hdf5" if each.is_container else None for each in (place, like)
    ]
    if kinds[0] != kinds[1]:
        name, suffix = NAMES[kinds[1] or "hdf5"], ".zarr" if like.is_zarr else ".h5"
        raise FormatError(f"{target}: expected a name that ends in {suffix} for {name}, got another; rename it")
    check_free_place(target, overwrite=overwrite)
