"""Images that are read by windows, whatever their size: TIFFs and arrays in containers, alike for everybody else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images.array_planes import NAMES, ArrayPlane
from pinsharp.images.codec import AS_IT_SAYS, Reading
from pinsharp.images.places import PlaneOf, is_container, result_path
from pinsharp.images.segments import MAX_SEGMENT_BYTES

if TYPE_CHECKING:
    from pinsharp.images.bigtiff import LargeTiff

LargeImage: TypeAlias = "LargeTiff | ArrayPlane"
"""An image open for reading by windows."""


@contextlib.contextmanager
def open_large(image: str | Path | PlaneOf, reading: Reading = AS_IT_SAYS) -> Iterator[LargeImage]:
    """Open an image for reading by windows.

    Args:
        image: A TIFF of one image, an array of one plane, or a plane.
        reading: What a user says of it.

    Raises:
        ImageError: If it cannot be read, or not by windows.
        MissingExtra: If the library that reads it is not installed.
    """
    if not isinstance(image, PlaneOf) and not is_container(image):
        from pinsharp.images import bigtiff

        with bigtiff.open_large(image) as tiff:
            yield tiff
        return
    from pinsharp.images.containers import open_plane

    with open_plane(image, reading.white_level) as plane:
        if not plane.is_by_windows:
            most, name = MAX_SEGMENT_BYTES // 2**20, NAMES[plane.image.kind]
            raise ImageError(f"{image}: expected chunks of at most {most} MiB in {name}, got larger ones; rechunk it")
        yield plane


def check_large_output(target: Path, like: LargeImage, *, overwrite: bool) -> None:
    """Find out before the work whether its result could be written by bands.

    Raises:
        OutputError: If the name is not that of a file of the same kind, or exists and may not be replaced.
    """
    if isinstance(like, ArrayPlane):
        from pinsharp.images.containers import check_output

        check_output(target, like.path, overwrite=overwrite)
        return
    from pinsharp.images import bigtiff_writer

    bigtiff_writer.check_large_output(target, overwrite=overwrite)


def write_large(target: Path, bands: Iterable[NDArray[Any]], *, like: LargeImage, overwrite: bool) -> Path:
    """Write an image by bands, whole or not at all, as the one that it came from; returns how it is named.

    Raises:
        OutputError: As `check_large_output`, or if it cannot be written.
    """
    if not isinstance(like, ArrayPlane):
        from pinsharp.images import bigtiff_writer

        bigtiff_writer.write_large(target, bands, like=like, overwrite=overwrite)
        return target
    from pinsharp.images.containers import writing

    with writing(target, like.path, overwrite=overwrite) as writer:
        writer.write(like.number, bands, like.tags.stored)
    return result_path(target, like.path)
