"""Files of several planes: TIFFs (pages, OME-TIFF, ImageJ's hyperstacks) with the tags of each page, and arrays.

Pages keep their order and their number, so what OME-XML and ImageJ's description say of them stays true.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
from numpy.typing import NDArray

from pinsharp.atomic import check_free, write_atomically
from pinsharp.errors import FormatError, ImageError, MissingExtra
from pinsharp.images import tiff
from pinsharp.images.array_stack import ArrayStack, count_planes, read_array_stack
from pinsharp.images.codec import AS_IT_SAYS, SUFFIXES, Reading, Tags
from pinsharp.images.files import ImageFile
from pinsharp.images.held_planes import HeldPlanes, writing_together
from pinsharp.images.places import is_container
from pinsharp.images.refusals import check_size, damaged
from pinsharp.images.stored import enter
from pinsharp.images.tiff_counts import check_complete
from pinsharp.images.tiff_layout import TiffLayout, check_pixels
from pinsharp.images.tiff_pages import DAMAGED, full_pages

_DESCRIPTION = 270


@dataclass(frozen=True)
class Stack:
    """A TIFF of several planes.

    Attributes:
        path: Where it was read.
        planes: One after another, as they lie in the file, all of one shape and type.
        channels: The number of the channel of each plane; all 0 where nothing says it.
    """

    path: Path
    planes: tuple[ImageFile, ...]
    channels: tuple[int, ...]

    def shown(self, planes: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """What stands for all planes: the first."""
        return planes[0]

    def check_output(self, path: Path, *, overwrite: bool) -> None:
        """Find out before the work whether its planes could be written; see `check_stack_output`."""
        check_stack_output(path, overwrite=overwrite)

    def writing(self, target: Path, *, overwrite: bool) -> contextlib.AbstractContextManager[HeldPlanes]:
        """Write the planes of a result; see `writing_together`."""
        return writing_together(self, target, overwrite=overwrite)

    def write(self, path: Path, planes: Sequence[NDArray[Any]], *, overwrite: bool) -> None:
        """Write planes as they were stored; see `write_stack`."""
        write_stack(path, planes, like=self, overwrite=overwrite)


def is_stack(path: str | Path) -> bool:
    """Whether a TIFF or an array has several planes; what cannot be read has none, whoever reads it says why."""
    path = Path(path)
    if is_container(path):
        try:
            return count_planes(path) > 1
        except (ImageError, MissingExtra):
            return False
    if SUFFIXES.get(path.suffix.lower()) != "tiff":
        return False
    try:
        with tifffile.TiffFile(path) as file:
            return _count(file) > 1
    except (ImageError, *DAMAGED):
        return False


def open_planes(path: str | Path, reading: Reading = AS_IT_SAYS) -> Stack | ArrayStack:
    """Read the planes of a file, or of an array what is said of them.

    Raises:
        ImageError: If the file cannot be read, or its planes differ in shape or type.
    """
    return read_array_stack(path, reading) if is_container(path) else read_stack(path, reading)


def read_stack(path: str | Path, reading: Reading = AS_IT_SAYS) -> Stack:
    """Read all planes of a TIFF, but for thumbnails, overviews and masks.

    Args:
        path: The file.
        reading: What a user says of it.

    Raises:
        ImageError: If the file cannot be read, or its planes differ in shape or type.
    """
    path = Path(path)
    try:
        with path.open("rb") as file, tifffile.TiffFile(file) as opened:
            found = _virtual(opened, file) if _count(opened) > len(full_pages(opened)) else _paged(opened, file)
            channels = _channels(opened, len(found))
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    except DAMAGED as error:
        raise ImageError(f"{path}: {damaged('TIFF', error)}") from error
    kinds = {(pixels.shape, pixels.dtype.name) for pixels, _ in found}
    if len(kinds) > 1:
        raise ImageError(f"{path}: expected planes of one size and type, got {len(kinds)} kinds; write them apart")
    return Stack(path, tuple(_plane(path, pixels, tags, reading) for pixels, tags in found), channels)


def write_stack(path: str | Path, planes: Sequence[NDArray[Any]], *, like: Stack, overwrite: bool = False) -> None:
    """Write all planes of a TIFF, completely or not at all, each tagged as the one that it came from.

    Raises:
        FormatError: If `check_stack_output` refuses the path.
        OutputError: If `path` cannot be written.
    """
    path = Path(path)
    check_stack_output(path, overwrite=overwrite)
    layout = like.planes[0].tags.native
    assert isinstance(layout, TiffLayout)
    size = sum(plane.nbytes for plane in planes)
    buffer = io.BytesIO()
    is_big = layout.is_big or size > tiff.TIFF_LIMIT_BYTES
    stored = [
        plane.tags.stored.leave(pixels) if plane.tags.stored else pixels
        for pixels, plane in zip(planes, like.planes, strict=True)
    ]
    tags = [_named(plane.tags, like.path.name, path.name) for plane in like.planes]
    with tifffile.TiffWriter(buffer, bigtiff=is_big, byteorder=layout.byteorder) as writer:
        if _is_read_as_one(layout):
            tiff.write_page(writer, np.stack(stored), tags[0], is_stack=True)
        else:
            for pixels, own in zip(stored, tags, strict=True):
                tiff.write_page(writer, pixels, own)
    write_atomically(path, buffer.getvalue())


def check_stack_output(path: Path, *, overwrite: bool) -> None:
    """Find out before the work whether planes could be written as a TIFF.

    Raises:
        FormatError: If the name is not that of a TIFF.
        OutputError: If the file exists and may not be replaced.
    """
    if SUFFIXES.get(path.suffix.lower()) != "tiff":
        raise FormatError(
            f"{path}: expected a name that ends in .tif or .tiff for several planes, got '{path.suffix}'; rename it"
        )
    check_free(path, overwrite=overwrite)


def _count(opened: tifffile.TiffFile) -> int:
    """How many planes there are; ImageJ may hide a stack behind a single page."""
    return max(len(full_pages(opened)), int((opened.imagej_metadata or {}).get("images", 1)))


def _plane(path: Path, pixels: NDArray[Any], tags: Tags, reading: Reading) -> ImageFile:
    entered, stored = enter(pixels, reading.white_level)
    return ImageFile(path, entered, "tiff", replace(tags, stored=stored))


def _paged(opened: tifffile.TiffFile, file: BinaryIO) -> list[tuple[NDArray[Any], Tags]]:
    """Pixels and tags of each page."""
    found = []
    for page in full_pages(opened):
        check_size(page.imagewidth, page.imagelength)
        check_pixels(page)
        check_complete(page, file)
        found.append((tiff.read_pixels(page, file), tiff.read_tags(opened, page, file)))
    return found


def _virtual(opened: tifffile.TiffFile, file: BinaryIO) -> list[tuple[NDArray[Any], Tags]]:
    """Pixels of planes that lie one behind the other under a single page; the first has the tags of all."""
    page = full_pages(opened)[0]
    check_size(page.imagewidth, page.imagelength * _count(opened))
    check_pixels(page)
    shape = (page.imagelength, page.imagewidth) + ((page.samplesperpixel,) if page.samplesperpixel > 1 else ())
    pixels = np.asarray(opened.series[0].asarray()).reshape(-1, *shape)
    pixels = pixels.astype(pixels.dtype.newbyteorder("="))
    if pixels.dtype == np.int16 or len(pixels) != _count(opened):
        raise ImageError("expected an ImageJ stack of unsigned values that is whole, got another; save it again")
    first = tiff.read_tags(opened, page, file)
    assert isinstance(first.native, TiffLayout)
    other = Tags(native=replace(first.native, raw=()), white_level=first.white_level)
    return [(plane, other if number else first) for number, plane in enumerate(pixels)]


def _channels(opened: tifffile.TiffFile, count: int) -> tuple[int, ...]:
    """The channel of each plane, as the axes of OME or ImageJ have it; of several series nothing is known."""
    series = opened.series[0]
    axes = series.axes.partition("Y")[0]
    leading = series.shape[: len(axes)]
    if "C" not in axes or int(np.prod(leading)) != count:
        return (0,) * count
    numbers = np.unravel_index(np.arange(count), leading)[axes.index("C")]
    places = [getattr(page, "index", number) for number, page in enumerate(series.pages)]
    in_file = np.argsort(places, kind="stable") if len(places) == count and None not in places else np.arange(count)
    return tuple(int(number) for number in numbers[in_file])


def _is_read_as_one(layout: TiffLayout) -> bool:
    """Whether ImageJ reads all planes behind the first one's pixels, wherever the pages say that they are."""
    said = [value for code, _, _, value, _ in layout.raw if code == _DESCRIPTION]
    is_imagej = any(isinstance(value, bytes) and value.startswith(b"ImageJ=") for value in said)
    return is_imagej and layout.compression == "none" and layout.tile is None and layout.bits is None


def _named(tags: Tags, old: str, new: str) -> Tags:
    """The same tags, where OME-XML calls the file by its new name."""
    layout = tags.native
    assert isinstance(layout, TiffLayout)
    before, after = (f'FileName="{name}"'.encode() for name in (old, new))
    raw = []
    for code, kind, count, value, is_once in layout.raw:
        if code == _DESCRIPTION and isinstance(value, bytes) and before in value:
            value = value.replace(before, after)
            count = len(value)
        raw.append((code, kind, count, value, is_once))
    return replace(tags, native=replace(layout, raw=tuple(raw)))
