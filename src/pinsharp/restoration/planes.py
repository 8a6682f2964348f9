"""Restoring a file of several planes: with one blur for all, one for each channel, or one for each plane.

That are the pages of a TIFF, and the four colour planes of a Bayer mosaic.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import make_folder
from pinsharp.blur.field import BlurField
from pinsharp.blur.verdict import LEFT_ALONE
from pinsharp.errors import ConfigError, ImageError, PinsharpError
from pinsharp.images.files import ImageFile
from pinsharp.images.mosaic_file import MosaicFile, is_mosaic, read_mosaic
from pinsharp.images.stack import Stack, is_stack, read_stack
from pinsharp.restoration.profiled import distance_figures
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.result import Restored

Planes = Stack | MosaicFile


class PlaneRestorer(Protocol):
    """What restores a plane and measures several together: a `Restorer`."""

    recipe: Recipe

    def __call__(self, image: ImageFile, *, kernel: Any = None, field: Any = None) -> Restored:
        """Restore one."""

    def measure(self, image: Sequence[ImageFile]) -> BlurField:
        """Measure the blur of several together."""


def read_planes(path: Path, recipe: Recipe) -> Planes | None:
    """Read a file that is to be restored plane by plane; None if this one is not.

    Raises:
        ImageError: If it cannot be read.
    """
    if recipe.planes is not None and is_stack(path):
        return read_stack(path, recipe.reading)
    return read_mosaic(path, recipe.reading) if is_mosaic(path, recipe.reading) else None


def restore_planes(
    restorer: PlaneRestorer,
    informed: PlaneRestorer,
    file: Planes,
    target: Path,
    *,
    overwrite: bool,
    progress: Callable[[int, int], object] | None = None,
) -> Restored:
    """Restore all planes of a file.

    Args:
        restorer: Its recipe says which planes share a blur.
        informed: The same without what helps to measure, to restore planes by the kernel that they share.
        file: The file, as `read_planes` gives it.
        target: The result.
        overwrite: Replace an existing result.
        progress: Called after every plane with the pixels that are done and all pixels.

    Returns:
        The result of the first plane, with the pixels that stand for all, the time of all, and the reason if all stay.

    Raises:
        ConfigError: If planes that share a blur are to be restored several times.
        ImageError: If the file or one of the planes cannot be read or restored.
        OutputError: If the result cannot be written.
    """
    recipe = restorer.recipe
    shares = recipe.planes != "each" and recipe.measures
    if shares and recipe.iterations > 1:
        raise ConfigError(
            f"--iterations above 1 measure each plane again, got {recipe.iterations} and planes that share a blur; say "
            "--planes each"
        )
    file.check_output(target, overwrite=overwrite)
    results: list[Restored] = []
    blurs = _shared(restorer, file) if shares else {}
    for number, plane in enumerate(file.planes):
        blur = blurs.get(_group(recipe, file, number))
        results.append(_restored(restorer if blur is None else informed, recipe, plane, number, blur))
        if progress:
            pixels = plane.pixels.shape[0] * plane.pixels.shape[1]
            progress((number + 1) * pixels, len(file.planes) * pixels)
    make_folder(target.parent)
    planes = [_pixels(result) for result in results]
    file.write(target, planes, overwrite=overwrite)
    is_left = all(result.reason for result in results)
    seconds = sum(result.seconds for result in results)
    return replace(results[0], held=file.shown(planes), seconds=seconds, reason=results[0].reason if is_left else "")


def _shared(restorer: PlaneRestorer, file: Planes) -> dict[int, BlurField]:
    """The blur of each group of planes."""
    groups = [_group(restorer.recipe, file, number) for number in range(len(file.planes))]
    return {
        group: restorer.measure([plane for plane, own in zip(file.planes, groups, strict=True) if own == group])
        for group in sorted(set(groups))
    }


def _group(recipe: Recipe, file: Planes, number: int) -> int:
    return file.channels[number] if recipe.planes == "channel" else 0


def _restored(
    restorer: PlaneRestorer, recipe: Recipe, plane: ImageFile, number: int, blur: BlurField | None
) -> Restored:
    """One plane with a blur that it shares, or with its own."""
    try:
        if blur is None:
            return restorer(plane)
        result = restorer(plane, kernel=blur.kernel_array)
    except PinsharpError as error:
        raise type(error)(f"{plane.path}: plane {number + 1}: {error}") from error
    finding = blur.finding
    result = replace(result, distance=distance_figures(blur, recipe))
    if finding is not None and blur.verdict in LEFT_ALONE and not recipe.force:
        if recipe.strict and blur.verdict != "sharp":
            raise ImageError(f"{plane.path}: expected planes that can be restored, got {finding.reason}")
        return replace(result, held=plane.pixels.copy(), defocus=blur, sigmas=(blur.sigma,), reason=finding.reason)
    return replace(result, defocus=blur, sigmas=(blur.sigma,))


def _pixels(result: Restored) -> NDArray[Any]:
    assert isinstance(result.held, np.ndarray)
    return result.held
