"""Image files to arrays and back, without losing what the file said besides its pixels.

The first bytes of a file say what it is, the suffix of an output what it becomes (`docs/formats.md` tells what
each holds). Format, bit depth, channels, size, resolution, ICC profile, EXIF (orientation included: pixels are
never rotated) and TIFF tags are kept; thumbnails inside EXIF still show the input. Inputs are never opened for writing,
outputs appear whole.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import check_free, write_atomically
from pinsharp.errors import FormatError, ImageError, OutputError
from pinsharp.images.arrays import check_image
from pinsharp.images.codec import AS_IT_SAYS, SUFFIXES, Reading, Tags
from pinsharp.images.discover import find_images, known_suffixes, suffix_fault
from pinsharp.images.formats import FORMATS, Format, decoder_of, kind_of
from pinsharp.images.mosaic import demosaiced
from pinsharp.images.places import PlaneOf, disk_path, is_container
from pinsharp.images.places import same_place as same_file
from pinsharp.images.stored import enter

__all__ = ["ImageFile", "check_output", "find_images", "read_image", "same_file", "write_image"]


@dataclass(frozen=True, eq=False)
class ImageFile:
    """An image file as read.

    Attributes:
        path: Where it was read.
        pixels: (H, W), (H, W, 2: mono and alpha), (H, W, 3) or (H, W, 4: RGB and alpha); uint8, uint16 or float32 in
            [0, 1]; 0 is black.
        format: As `codec.SUFFIXES` has it, such as "png" or "tiff", by content, not by suffix.
        tags: What else the file said.
    """

    path: Path
    pixels: NDArray[Any]
    format: str
    tags: Tags


# What the encoders raise for an image that their format cannot hold, above all one too large.
_UNWRITABLE = (OSError, ValueError, RuntimeError, OverflowError)


def read_image(path: str | Path | PlaneOf, reading: Reading = AS_IT_SAYS) -> ImageFile:
    """Read an image file.

    Args:
        path: A file in one of the formats of `codec.SUFFIXES`, with one of their suffixes; or a plane of an array.
        reading: What a user says of it.

    Returns:
        Pixels and tags, see `ImageFile`.

    Raises:
        ImageError: In one sentence, if there is no such file, or it is empty, truncated, damaged, no image, too large,
            animated, of several pages, or of pixels that cannot be restored (CMYK, palette, 1-bit, CFA, NaN, ...).
    """
    if isinstance(path, PlaneOf) or is_container(path):
        return _read_array(path, reading)
    path = Path(path)
    try:
        _check_is_file(path)
        with path.open("rb") as file:
            return _decoded(path, file, reading)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    except OSError as error:
        raise ImageError(f"{path}: expected a readable file, got {error.strerror}; check its rights") from error
    except MemoryError as error:
        raise ImageError(f"{path}: expected an image that fits into memory, got a larger one; cut it up") from error


def decode_image(content: bytes, name: str) -> ImageFile:
    """Decode what an image file holds, such as a member of an archive.

    Args:
        content: All bytes of the file.
        name: What it is called, with a suffix that is known.

    Raises:
        ImageError: As `read_image` does, for what is wrong with the content.
    """
    try:
        return _decoded(Path(name), io.BytesIO(content), AS_IT_SAYS)
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from error


def _decoded(path: Path, file: BinaryIO, reading: Reading) -> ImageFile:
    kind = kind_of(file, path.suffix)
    pixels, tags = decoder_of(kind, reading)(file)
    if tags.mosaic and reading.demosaic != "planes":
        pixels = demosaiced(pixels, tags.mosaic, method=reading.demosaic, white=tags.white_level)
        tags = replace(tags, native=None, mosaic="")
    pixels, stored = enter(pixels, reading.white_level)
    check_image(pixels, holes=True)  # `images.masks` hides them, where nobody does `to_tensor` refuses them
    return ImageFile(path, pixels, kind, replace(tags, stored=stored))


def _unchanged(pixels: NDArray[Any], like: ImageFile | None, target: Format) -> bytes | None:
    """The bytes of a JPEG whose pixels are written as they were read: encoded again, they would change."""
    if like is None or like.format != "jpeg" or target is not FORMATS["jpeg"]:
        return None
    if not np.array_equal(pixels, like.pixels):
        return None
    try:
        return like.path.read_bytes()
    except OSError:
        return None


def write_image(
    path: str | Path, pixels: NDArray[Any], *, like: ImageFile | None = None, overwrite: bool = False
) -> None:
    """Write an image file, completely or not at all, tagged like the file that it came from.

    JPEG is written at quality 95 without chroma subsampling, but byte for byte where no pixel has changed; WebP
    lossless. Profile and TIFF tags are left out where mono became colour or colour became mono: they would describe
    other pixels.

    Args:
        path: Its suffix decides the format. The folder has to exist.
        pixels: An image as `check_image` wants it.
        like: The file whose resolution, profile, EXIF and tags are kept, or None.
        overwrite: Replace an existing file. Whether it is an input is the caller's to check, with `same_file`.

    Raises:
        ImageError: If `check_image` refuses the pixels.
        FormatError: If the format that the suffix names cannot hold such an image.
        OutputError: If `check_output` refuses the path, or it cannot be written.
    """
    path = Path(path)
    check_image(pixels, holes=True)
    check_output(path, pixels, overwrite=overwrite, like=like)
    pixels = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))
    pixels = pixels[..., 0] if pixels.shape[2:] == (1,) else pixels
    if like is not None and is_container(path):
        from pinsharp.images.containers import writing

        with writing(path, like.path, overwrite=overwrite) as writer:
            writer.write(0, [pixels], like.tags.stored)
        return
    target = FORMATS[SUFFIXES[path.suffix.lower()]]
    if like is not None and like.tags.stored and FORMATS.get(like.format) is target:
        pixels = like.tags.stored.leave(pixels)
    assert target.encode is not None  # `check_output` has seen to it
    try:
        data = _unchanged(pixels, like, target) or target.encode(pixels, _tags_for(pixels, like, target))
    except _UNWRITABLE as error:
        detail = " ".join(str(error).split())
        raise FormatError(
            f"{path}: expected an image that {target.name} can hold, got {pixels.shape} and {detail}; write .tif"
        ) from error
    write_atomically(path, data)


def written_suffixes() -> str:
    """The suffixes that any image may be written to, as a list in words: ".png, .jpg or .tif"."""
    return known_suffixes([kind for kind, each in FORMATS.items() if each.encode is not None and not each.is_own])


def check_output(
    path: str | Path, pixels: NDArray[Any], *, overwrite: bool = False, like: ImageFile | None = None
) -> None:
    """Find out before the work whether its result could be written.

    Args:
        path: Where it is to go.
        pixels: The result, or the input that it will resemble: only dtype and shape matter.
        overwrite: Whether an existing file may be replaced.
        like: The file that it came from, or None.

    Raises:
        FormatError: If the format that the suffix names cannot hold such pixels.
        OutputError: If the suffix is unknown, or the file exists.
    """
    path = Path(path)
    if disk_path(path).suffix.lower() not in SUFFIXES:
        raise OutputError(
            f"{path}: expected an output that ends in {written_suffixes()}, got '{path.suffix}'; rename it"
        )
    if is_container(path):
        _check_container(path, like, overwrite=overwrite)
        return
    _check_holds(path, FORMATS[SUFFIXES[path.suffix.lower()]], pixels, like)
    check_free(path, overwrite=overwrite)


def _check_holds(path: Path, target: Format, pixels: NDArray[Any], like: ImageFile | None) -> None:
    """Refuse a format that cannot hold such pixels without loss.

    Raises:
        FormatError: If `target` is only read, or has no such depth, alpha or mosaic.
    """
    if target.encode is None:
        raise FormatError(
            f"{path}: expected a format that is written, got {target.name}, which is only read; name a .png or .tif"
        )
    if not target.is_deep and like is not None and like.tags.white_level and FORMATS.get(like.format) is target:
        raise FormatError(
            f"{path}: expected 8 or 16 bits for {target.name}, got white at {like.tags.white_level}, which it could "
            "not say; use .jp2 or .jxl, which can"
        )
    if target.is_own and (like is None or FORMATS.get(like.format) is not target or like.tags.native is None):
        raise FormatError(
            f"{path}: expected pixels that came from a {target.name} file, got others; use .png or .tif: {target.name} "
            "files are written only as they were read, mosaics with --demosaic planes"
        )
    if like is not None and like.tags.mosaic and target.name not in ("TIFF", FORMATS[like.format].name):
        raise FormatError(
            f"{path}: expected a format that can hold a mosaic, got {target.name}; name a .tif, or leave --demosaic out"
        )
    if pixels.dtype.name not in target.dtypes:
        better = ".tif" if pixels.dtype.kind == "f" else ".png or .tif"
        raise FormatError(
            f"{path}: expected {' or '.join(target.dtypes)} pixels for {target.name}, got {pixels.dtype.name}; "
            f"use {better}, which keep every level"
        )
    if pixels.shape[2:] in ((2,), (4,)) and not target.has_alpha:
        raise FormatError(f"{path}: expected pixels without alpha for {target.name}, got alpha; use .png or .tif")


def _read_array(path: str | Path | PlaneOf, reading: Reading) -> ImageFile:
    """Read a plane of an array in a container."""
    from pinsharp.images.containers import read_plane

    image = path if isinstance(path, PlaneOf) else Path(path)
    try:
        pixels, tags, kind = read_plane(image, reading.white_level)
        check_image(pixels, holes=True)
    except ImageError as error:
        raise ImageError(str(error) if str(error).startswith(str(_named(image))) else f"{image}: {error}") from error
    except MemoryError as error:
        raise ImageError(f"{image}: expected an image that fits into memory, got a larger one; cut it up") from error
    return ImageFile(_named(image), pixels, kind, tags)


def _named(image: Path | PlaneOf) -> Path:
    return image.path if isinstance(image, PlaneOf) else image


def _check_container(path: Path, like: ImageFile | None, *, overwrite: bool) -> None:
    """Refuse the name of a container for what did not come from one of that kind."""
    from pinsharp.images.containers import check_output as check_array_output

    if like is None or not is_container(like.path):
        raise FormatError(
            f"{path}: expected pixels that came from such a file, got others; use .png or .tif: HDF5 and OME-Zarr are "
            "written only as they were read"
        )
    check_array_output(path, like.path, overwrite=overwrite)


def _check_is_file(path: Path) -> None:
    if path.is_dir():
        raise ImageError("expected an image file, got a folder; name a file in it")
    if not path.exists():
        raise ImageError("expected an image file, got no such file; check the name")
    if not path.is_file():
        raise ImageError("expected an image file, got a device or pipe; copy the image to a file first")
    if fault := suffix_fault(path):
        raise ImageError(fault)


def _tags_for(pixels: NDArray[Any], like: ImageFile | None, target: Format) -> Tags:
    if like is None:
        return Tags()
    is_colour = [array.shape[2:] in ((3,), (4,)) for array in (pixels, like.pixels)]
    if is_colour[0] != is_colour[1]:
        return replace(like.tags, icc=None, native=None)
    return like.tags if FORMATS.get(like.format) is target else replace(like.tags, native=None)
