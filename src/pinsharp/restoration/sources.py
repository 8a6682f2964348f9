"""Where pixels come from and where results go: an array, or a file of any size; all other code treats them alike.

A TIFF, a raw frame, or a plane of an array in a container, of more than `LARGE_VALUES` values stays on disk: it is read
from top to bottom, and its result is written so. Every other image is read as a whole.
"""

import itertools
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pinsharp.atomic import make_folder
from pinsharp.errors import ImageError, MissingExtra, OutputError
from pinsharp.images.arrays import depth_ceiling, split_alpha
from pinsharp.images.codec import AS_IT_SAYS, Reading, Tags
from pinsharp.images.files import ImageFile, check_output, read_image, write_image
from pinsharp.images.large import open_large
from pinsharp.images.light import SAYS_NOTHING, Light
from pinsharp.images.masks import Hidden, hide, is_masked, read_mask, read_packed_mask
from pinsharp.images.packed_mask import PackedMask
from pinsharp.images.places import PlaneOf, disk_path
from pinsharp.images.statements import pillow_light
from pinsharp.restoration.colour import as_mono, enter, join, leave, light_of, split
from pinsharp.restoration.disk import DiskPlanes, DiskSource, OnDisk
from pinsharp.restoration.profiled import faulty_pixels, in_profile
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.windows import choose_window

LARGE_VALUES = 100_000_000
"""Values (pixels times channels) above which an image stays on disk: in memory restoring it would take some 2 GiB."""

PixelsOf = NDArray[Any] | str | Path | Image.Image | ImageFile | PlaneOf
"""An image as users give it: an array, a file, one that was read, a plane of one, or an image of Pillow."""

_PILLOW_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "F")


@contextmanager
def open_source(image: PixelsOf, recipe: Recipe) -> "Iterator[Source]":
    """Open what a user wants to have restored.

    Raises:
        ImageError: If `image` is not an image, or cannot be read or restored.
    """
    if isinstance(image, ImageFile):
        yield _of_file(image, recipe)
    elif not isinstance(image, str | Path | PlaneOf):
        pixels = _as_array(image)
        yield ArraySource(pixels, _in_profile(recipe, pixels), stated=pillow_light(image))
    elif recipe.window != 0 and is_large(image, recipe.reading):  # 0 asks for the whole image in memory
        with open_large(image, reading := recipe.reading) as large:
            recipe = in_profile(recipe, large.dtype, large.shape, large.tags.white_level)
            recipe = replace(recipe, white_level=_white_level(recipe, large.tags, image))
            yield DiskSource(large, recipe, _packed_mask(recipe, (large.height, large.width)), reading)
    else:
        yield _of_file(read_image(image, recipe.reading), recipe)


def check_map(image: PixelsOf, target: Path, recipe: Recipe) -> None:
    """Find out before the work whether a map of what becomes of an image could be written.

    Raises:
        OutputError: If the image stays on disk and the name is not that of a TIFF.
    """
    is_tiff = target.suffix.lower() in (".tif", ".tiff")
    if not is_tiff and isinstance(image, str | Path) and recipe.window != 0 and is_large(image, recipe.reading):
        raise OutputError(
            f"{target}: expected a name that ends in .tif for the evidence map of an image larger than memory, got "
            f"'{target.suffix}'; restore it by itself with --evidence F.tif"
        )


class ArraySource:
    """An image in memory.

    Args:
        pixels: An image as `check_image` wants it.
        recipe: How it is restored.
        file: Where it was read, if it was.
        stated: The light that it states otherwise.
    """

    def __init__(
        self, pixels: NDArray[Any], recipe: Recipe, file: ImageFile | None = None, *, stated: Light = SAYS_NOTHING
    ) -> None:
        self.pixels, self.recipe, self.file = pixels, recipe, file
        self.light = light_of(recipe, file.tags.light if file else stated)
        self.dropped = file.tags.dropped if file else ""
        self.shape: tuple[int, ...] = np.shape(pixels)
        self.begun = time.perf_counter()
        with memory_errors(self.shape):
            self.hidden = _hidden(pixels, recipe)
            entered = enter(self.hidden.pixels, recipe, self.light)
        self.mask, self.faults = self.hidden.mask, self.hidden.faults
        self._ceiling = None if recipe.white_level else depth_ceiling(split_alpha(self.hidden.pixels)[0])
        self._colours = entered.shape[1]
        self._blurred = as_mono(entered)
        silent = None if self.hidden.silent is None else torch.from_numpy(self.hidden.silent)[None, None]
        self.parts: tuple[TensorPlanes, ...] = tuple(
            TensorPlanes(part, silent) for part in split(self._blurred, recipe)
        )

    def choose_window(self, window: int | None) -> int:
        """Side of the windows; 0 for the whole image."""
        return choose_window((self.shape[0], self.shape[1]), window)

    def rewind(self) -> None:
        """Everything is at hand."""

    def drop(self, above: int) -> None:
        """Everything stays at hand."""

    def leave(self, restored: Sequence[Tensor], top: int) -> NDArray[Any]:
        """Turn restored rows of all parts into rows of the result."""
        rows = slice(top, top + restored[0].shape[-2])
        joined = join(self._blurred[..., rows, :], restored, self.recipe)
        like = self.hidden.pixels[rows]
        pixels = leave(joined.expand(-1, self._colours, -1, -1), like, self.recipe, self.light)
        if self._ceiling is not None:
            colour, _ = split_alpha(pixels)
            np.minimum(colour, self._ceiling, out=colour)
        return self.hidden.put_back(pixels, self.pixels, rows)

    def untouched(self) -> Iterator[NDArray[Any]]:
        """The image as it is."""
        yield self.pixels.copy()

    def check_target(self, target: Path, *, overwrite: bool) -> None:
        """Find out before the work whether its result could be written."""
        check_output(target, self.pixels, overwrite=overwrite, like=self.file)

    def take(self, target: Path, rows: Iterator[NDArray[Any]], *, overwrite: bool) -> NDArray[Any]:
        """Take all rows of the result together into memory."""
        return collected(rows, shape=self.shape)

    def save(self, target: Path, held: NDArray[Any] | OnDisk, *, overwrite: bool) -> None:
        """Write a result; the folder is made if it is not there."""
        assert isinstance(held, np.ndarray)
        make_folder(disk_path(target).parent)
        write_image(target, held, like=self.file, overwrite=overwrite)


class TensorPlanes:
    """Planes in memory.

    Args:
        image: (1, C, H, W) in [0, 1].
        hidden: (1, 1, H, W), bool, True where a pixel is not light and was filled, or is clipped; None if none is.
    """

    def __init__(self, image: Tensor, hidden: Tensor | None = None) -> None:
        self.image, self.hidden = image, hidden
        self.shape: tuple[int, int, int] = (image.shape[1], image.shape[2], image.shape[3])

    def read(self, rows: slice, columns: slice) -> Tensor:
        """Give a part, (1, C, h, w), which shares its memory."""
        return self.image[..., rows, columns]

    look = read

    def drop(self, above: int) -> None:
        """Everything stays at hand."""

    def stored(self, bands: Iterator[Tensor], folder: Path | None) -> "TensorPlanes":
        """Keep what was made of these planes in memory."""
        first = next(bands)
        if first.shape == self.image.shape:
            return TensorPlanes(first, self.hidden)
        result = torch.empty_like(self.image)
        row = 0
        for band in itertools.chain([first], bands):  # the next one may lie in its memory
            result[..., row : row + band.shape[-2], :] = band
            row += band.shape[-2]
        return TensorPlanes(result, self.hidden)


Source = ArraySource | DiskSource
"""An image that is to be restored; who restores it need not know which."""

SourcePlanes = TensorPlanes | DiskPlanes
"""Planes of a source."""


@contextmanager
def memory_errors(shape: tuple[int, ...]) -> Iterator[None]:
    """Say how large an image was for the memory, instead of what could not be allocated.

    Raises:
        ImageError: If memory was short.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "can't allocate memory" not in str(error):
            raise
        raise ImageError(
            f"expected an image that can be restored in memory, got {math.prod(shape[:2]) / 1e6:.0f} megapixels; "
            "ask for a smaller window, such as 512, or cut it into parts"
        ) from error


def _of_file(file: ImageFile, recipe: Recipe) -> "ArraySource":
    """A file in memory, with the white level that is given, or that it states.

    Raises:
        ImageError: If the file holds a mosaic.
    """
    if file.tags.mosaic:
        raise ImageError(
            f"{file.path}: expected an image in colours, got a mosaic; restore it from file to file, or leave "
            "--demosaic out"
        )
    recipe = _in_profile(recipe, file.pixels, file.tags.white_level)
    white_level = None if _is_divided(file.tags) else recipe.white_level or file.tags.white_level
    if white_level != recipe.white_level:
        recipe = replace(recipe, white_level=white_level)
    file = replace(file, tags=replace(file.tags, white_level=white_level))  # formats that can say it, do
    return ArraySource(file.pixels, recipe, file)


def _is_divided(tags: Tags) -> bool:
    """Whether the values of an image were divided by the white level when they were read."""
    return tags.stored is not None and tags.stored.white is not None


def _white_level(recipe: Recipe, tags: Tags, image: object) -> int | None:
    """The white level that is given, or that an image on disk states; None where it was taken out already.

    Raises:
        ImageError: If its values are packed into fewer bits than the given one has.
    """
    if _is_divided(tags):
        return None
    if tags.white_level and recipe.white_level and recipe.white_level > tags.white_level:
        raise ImageError(
            f"{image}: expected a white level of at most {tags.white_level}, which its bits hold, got "
            f"{recipe.white_level}; leave it out"
        )
    return recipe.white_level or tags.white_level


def is_large(image: str | Path | PlaneOf, reading: Reading = AS_IT_SAYS) -> bool:
    """Whether an image stays on disk: of many values, and such that it can be read by windows.

    Only its tags are read. What is damaged, or none, is not large: whoever reads it as a whole says why.
    """
    try:
        with open_large(image, reading) as large:
            return math.prod(large.shape) > LARGE_VALUES
    except (ImageError, MissingExtra):
        return False


def collected(rows: Iterator[NDArray[Any]], *, shape: tuple[int, ...]) -> NDArray[Any]:
    """Put all rows of an image of a shape together."""
    first = next(rows)
    if first.shape == shape:
        assert next(rows, None) is None
        return first
    pixels = np.empty(shape, first.dtype)
    top = 0
    for part in itertools.chain([first], rows):
        pixels[top : top + len(part)] = part
        top += len(part)
    return pixels


def _as_array(image: Any) -> NDArray[Any]:
    """An array of what a user gave.

    Raises:
        ImageError: If `image` is neither an array nor an image of Pillow whose mode is known.
    """
    if isinstance(image, Image.Image):
        if image.mode not in _PILLOW_MODES:
            raise ImageError(
                f"expected an image of Pillow in mode {', '.join(_PILLOW_MODES)}, got {image.mode}; convert it with "
                "image.convert('RGB')"
            )
        return np.asarray(image)
    if is_masked(image):
        return image
    if isinstance(image, np.matrix):
        return np.asarray(image)
    if isinstance(image, list | tuple) and image and isinstance(image[0], str | Path):
        raise ImageError(
            f"expected one image, got {len(image)} files; restore them one by one: [restorer(path) for path in paths]"
        )
    return image  # type: ignore[no-any-return]


def _hidden(pixels: NDArray[Any], recipe: Recipe) -> Hidden:
    """An image without what is not light; it is what `enter` checks if it cannot be one.

    Raises:
        ImageError: If the mask is not an image, or of another size.
    """
    if not isinstance(pixels, np.ndarray):
        return Hidden(pixels)
    given, faulty = None if recipe.mask is None else read_mask(recipe.mask), faulty_pixels(recipe)
    if given is None:
        given = faulty
    elif faulty is not None and given.shape == faulty.shape:  # a mask of another size is refused
        given = given | faulty
    return hide(pixels, given=given, find=recipe.faults == "auto", white_level=recipe.white_level)


def _in_profile(recipe: Recipe, pixels: Any, stated_white: int | None = None) -> Recipe:
    """The recipe for an array; for anything else, which is refused later, unchanged."""
    is_image = isinstance(pixels, np.ndarray) and pixels.ndim in (2, 3)
    return in_profile(recipe, pixels.dtype, pixels.shape, stated_white) if is_image else recipe


def _packed_mask(recipe: Recipe, shape: tuple[int, int]) -> PackedMask | None:
    """What is known to be hidden of an image of a shape (H, W) that stays on disk."""
    given, faulty = None if recipe.mask is None else read_packed_mask(recipe.mask, shape), faulty_pixels(recipe)
    if faulty is not None:
        given = PackedMask(shape) if given is None else given
        given.add(slice(0, shape[0]), slice(0, shape[1]), faulty)
    return given
