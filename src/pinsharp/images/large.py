"""Images that are read by windows, whatever their size: TIFFs, frames without a header and arrays in containers, alike.

Who restores them need not know which.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images.array_planes import NAMES, ArrayPlane
from pinsharp.images.codec import AS_IT_SAYS, SUFFIXES, Reading
from pinsharp.images.large_raw import LargeRaw, check_raw_output, open_large_raw, write_raw
from pinsharp.images.places import PlaneOf, is_container, result_path
from pinsharp.images.segments import MAX_SEGMENT_BYTES

if TYPE_CHECKING:
    from pinsharp.images.bigtiff import LargeTiff

LargeImage: TypeAlias = "LargeTiff | LargeRaw | ArrayPlane"
"""An image open for reading by windows."""


@contextlib.contextmanager
def open_large(image: str | Path | PlaneOf, reading: Reading = AS_IT_SAYS) -> Iterator[LargeImage]:
    """Open an image for reading by windows.

    Args:
        image: A TIFF of one image, a frame without a header, an array of one plane, or a plane.
        reading: What a user says of it.

    Raises:
        ImageError: If the image cannot be read, or not by windows.
        MissingExtra: If the library that reads it is not installed.
    """
    if isinstance(image, PlaneOf) or is_container(image):
        with _open_array(image, reading) as plane:
            yield plane
    elif SUFFIXES.get(Path(image).suffix.lower()) == "raw":
        with open_large_raw(image, reading.raw) as raw:
            yield raw
    else:
        from pinsharp.images import bigtiff

        with bigtiff.open_large(image) as tiff:
            yield tiff


@contextlib.contextmanager
def _open_array(image: str | Path | PlaneOf, reading: Reading) -> Iterator[ArrayPlane]:
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
    elif isinstance(like, LargeRaw):
        check_raw_output(target, overwrite=overwrite)
    else:
        from pinsharp.images import bigtiff_writer

        bigtiff_writer.check_large_output(target, overwrite=overwrite)


def write_large(target: Path, bands: Iterable[NDArray[Any]], *, like: LargeImage, overwrite: bool) -> Path:
    """Write an image by bands, completely or not at all, as the one that it came from; returns how it is named.

    Raises:
        OutputError: As `check_large_output`, or if `target` cannot be written.
    """
    if isinstance(like, ArrayPlane):
        from pinsharp.images.containers import writing

        with writing(target, like.path, overwrite=overwrite) as writer:
            writer.write(like.number, bands, like.tags.stored)
        return result_path(target, like.path)
    if isinstance(like, LargeRaw):
        write_raw(target, bands, like=like, overwrite=overwrite)
        return target
    from pinsharp.images import bigtiff_writer

    bigtiff_writer.write_large(target, bands, like=like, overwrite=overwrite)
    return target
