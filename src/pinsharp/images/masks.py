"""Pixels that are not light: given or found, filled before anything is measured or restored, and put back after it.

In a mask file white (any value but 0) hides a pixel, as True does in masked arrays of numpy and white in inpainting.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import check_free, whole_or_nothing
from pinsharp.errors import ImageError
from pinsharp.images.arrays import check_below_white, check_image, split_alpha
from pinsharp.images.bigtiff import open_large
from pinsharp.images.faults import find_faults
from pinsharp.images.files import read_image, write_image
from pinsharp.images.fill import fill
from pinsharp.images.packed_mask import PackedMask
from pinsharp.images.png import write_grey

Mask = NDArray[np.bool_]

_BAND = 256  # rows of a mask that are read or written together


@dataclass(frozen=True, eq=False)
class Hidden:
    """An image without what is not light.

    Attributes:
        pixels: The image with hidden pixels filled.
        cover: Which values are put back, (H, W) or of the image's shape; None if none are.
        mask: (H, W), True where any value of a pixel is hidden; None if none is.
        silent: (H, W), what is ignored in measuring: the mask, and clipped highlights; None if all pixels count.
        faults: What was found, in words.
    """

    pixels: NDArray[Any]
    cover: Mask | None = None
    mask: Mask | None = None
    silent: Mask | None = None
    faults: str = ""

    def put_back(self, restored: NDArray[Any], original: NDArray[Any], rows: slice) -> NDArray[Any]:
        """Rows of a result, (h, W) or (h, W, C), with the values of the whole `original` where they are hidden."""
        if self.cover is None or not self.cover[rows].any():
            return restored
        cover = self.cover[rows]
        cover = cover if cover.ndim == restored.ndim else cover[..., None]
        return np.where(cover, np.ma.getdata(original)[rows], restored)


def hide(image: NDArray[Any], *, given: Mask | None, find: bool, white_level: int | None = None) -> Hidden:
    """Take what is not light out of an image.

    Args:
        image: An image as `check_image` wants it, or a masked array that is one where it is not masked. If faults are
            looked for, fewer than half of its pixels may be NaN or infinite.
        given: (H, W), True where a pixel is hidden, besides those of a masked array.
        find: Look for faults too.
        white_level: The value that stands for white; None for the largest of its type.

    Raises:
        ImageError: If `image` is not an image, all of it is hidden, or the mask has another size.
    """
    data, cover = np.ma.getdata(image), None
    if is_masked(image):
        cover = np.ma.getmaskarray(image)
    known = _flat(cover)
    if given is not None:
        _check_size((given.shape[0], given.shape[1]), data.shape)
        known = given if known is None else known | given
        cover = given if cover is None else cover | (given if given.ndim == cover.ndim else given[..., None])
    safe = data if known is None else np.where(known if data.ndim == 2 else known[..., None], data.dtype.type(0), data)
    check_image(safe, holes=find)
    if white_level is not None:
        check_below_white(split_alpha(safe)[0], white_level)  # before a pixel above it is taken for a hot one
    if known is not None and known.all():
        raise ImageError("expected pixels that are not masked, got none; check the mask")
    silent, words = known, ""
    if find:
        found = find_faults(safe, white_level=white_level, hidden=known)
        words = found.words
        if found.mask.any():
            also = found.mask if cover is None or cover.ndim == 2 else found.mask[..., None]
            cover = also if cover is None else cover | also
        silent = found.mask | found.clipped if known is None else known | found.mask | found.clipped
    mask = _flat(cover)
    if cover is None or mask is None or not mask.any():
        return Hidden(data, silent=_if_any(silent))
    return Hidden(fill(data, cover), cover, mask, _if_any(silent), words)


def is_masked(image: object) -> "TypeGuard[np.ma.MaskedArray[Any, Any]]":
    """Whether it is an array with a mask, be it empty."""
    return isinstance(image, np.ma.MaskedArray)


def masked_like(restored: NDArray[Any], image: "np.ma.MaskedArray[Any, Any]") -> "np.ma.MaskedArray[Any, Any]":
    """A restored image with the mask of its input, and under it what lay there."""
    pixels = np.where(np.ma.getmaskarray(image), np.ma.getdata(image), restored)
    return np.ma.MaskedArray(pixels, np.ma.getmask(image), fill_value=image.fill_value)


def read_mask(path: str | Path) -> Mask:
    """Read a mask (H, W): True where the file is not 0 in any channel; alpha does not count.

    Raises:
        ImageError: If the file is not an image.
    """
    return _any_value(read_image(path).pixels)


def read_packed_mask(path: str | Path, shape: tuple[int, int]) -> PackedMask:
    """Read the mask of an image of a shape (H, W): a TIFF by bands, any other file as a whole.

    Raises:
        ImageError: If the file is not an image, or of another size.
    """
    mask = PackedMask(shape)
    try:
        with open_large(path) as image:
            _check_size((image.height, image.width), shape)
            for top in range(0, shape[0], _BAND):
                rows, columns = slice(top, min(top + _BAND, shape[0])), slice(0, shape[1])
                mask.add(rows, columns, _any_value(image.read(rows, columns)))
    except ImageError:  # no TIFF, or one that is not read by bands
        whole = read_mask(path)
        _check_size((whole.shape[0], whole.shape[1]), shape)
        mask.add(slice(0, shape[0]), slice(0, shape[1]), whole)
    return mask


def write_mask(path: str | Path, mask: Mask | PackedMask, *, overwrite: bool = False) -> None:
    """Write a mask as a PNG that `read_mask` reads: 255 where a pixel is hidden, else 0; a packed one by bands.

    Raises:
        OutputError: If `path` cannot be written.
    """
    if isinstance(mask, PackedMask):
        check_free(Path(path), overwrite=overwrite)
        with whole_or_nothing(Path(path), mask.shape[0] * mask.shape[1]) as file:
            write_grey(file, mask.shape, (_as_grey(part) for part in mask.bands(_BAND)))
        return
    write_image(path, _as_grey(mask), overwrite=overwrite)


def _as_grey(mask: Mask) -> NDArray[np.uint8]:
    return mask.astype(np.uint8) * np.uint8(255)


def _any_value(pixels: NDArray[Any]) -> Mask:
    """Where (H, W) an image is not 0 in any channel; alpha does not count."""
    return np.asarray(split_alpha(pixels)[0].reshape(*pixels.shape[:2], -1).any(axis=2))


def _flat(cover: Mask | None) -> Mask | None:
    return cover if cover is None or cover.ndim == 2 else np.asarray(cover.any(axis=2))


def _if_any(mask: Mask | None) -> Mask | None:
    return mask if mask is not None and mask.any() else None


def _check_size(mask: tuple[int, int], image: tuple[int, ...]) -> None:
    if mask != image[:2]:
        raise ImageError(
            f"expected a mask as large as the image, {image[1]} x {image[0]}, got {mask[1]} x {mask[0]}; give the "
            "mask of this image"
        )
