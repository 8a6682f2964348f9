"""Images that are read by windows, whatever their size: TIFFs and frames without a header, alike for everybody else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from numpy.typing import NDArray

from pinsharp.images.codec import AS_IT_SAYS, SUFFIXES, Reading
from pinsharp.images.large_raw import LargeRaw, check_raw_output, open_large_raw, write_raw

if TYPE_CHECKING:
    from pinsharp.images.bigtiff import LargeTiff

LargeImage: TypeAlias = "LargeTiff | LargeRaw"
"""An image open for reading by windows."""


@contextlib.contextmanager
def open_large(image: str | Path, reading: Reading = AS_IT_SAYS) -> Iterator[LargeImage]:
    """Open an image for reading by windows.

    Args:
        image: A TIFF of one image, or a frame without a header.
        reading: What a user says of it.

    Raises:
        ImageError: If it cannot be read, or not by windows.
    """
    if SUFFIXES.get(Path(image).suffix.lower()) == "raw":
        with open_large_raw(image, reading.raw) as raw:
            yield raw
        return
    from pinsharp.images import bigtiff

    with bigtiff.open_large(image) as tiff:
        yield tiff


def check_large_output(target: Path, like: LargeImage, *, overwrite: bool) -> None:
    """Find out before the work whether its result could be written by bands.

    Raises:
        OutputError: If the name is not that of a file of the same kind, or exists and may not be replaced.
    """
    if isinstance(like, LargeRaw):
        check_raw_output(target, overwrite=overwrite)
        return
    from pinsharp.images import bigtiff_writer

    bigtiff_writer.check_large_output(target, overwrite=overwrite)


def write_large(target: Path, bands: Iterable[NDArray[Any]], *, like: LargeImage, overwrite: bool) -> Path:
    """Write an image by bands, whole or not at all, as the one that it came from; returns how it is named.

    Raises:
        OutputError: As `check_large_output`, or if it cannot be written.
    """
    if isinstance(like, LargeRaw):
        write_raw(target, bands, like=like, overwrite=overwrite)
        return target
    from pinsharp.images import bigtiff_writer

    bigtiff_writer.write_large(target, bands, like=like, overwrite=overwrite)
    return target
