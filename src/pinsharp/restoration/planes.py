"""Restoring a file of several planes: with one blur for all, one for each channel, or one for each plane."""

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
from pinsharp.images.stack import Stack, check_stack_output, read_stack, write_stack
from pinsharp.restoration.profiled import distance_figures
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.result import Restored


class PlaneRestorer(Protocol):
    """What restores a plane and measures several together: a `Restorer`."""

    recipe: Recipe

    def __call__(self, image: ImageFile, *, kernel: Any = None) -> Restored:
        """Restore one."""

    def measure(self, image: Sequence[ImageFile]) -> BlurField:
        """Measure the blur of several together."""


def restore_planes(
    restorer: PlaneRestorer,
    informed: PlaneRestorer,
    source: Path,
    target: Path,
    *,
    overwrite: bool,
    progress: Callable[[int, int], object] | None = None,
) -> Restored:
    """Restore all planes of a file.

    Args:
        restorer: Its recipe says which planes share a blur.
        informed: The same without what helps to measure, to restore planes by the kernel that they share.
        source: The file.
        target: The result.
        overwrite: Replace an existing result.
        progress: Called after every plane with the pixels that are done and all pixels.

    Returns:
        The result of the first plane, with the time of all, and the reason if all stay as they are.

    Raises:
        ConfigError: If planes that share a blur are to be restored several times.
        ImageError: If the file or one of the planes cannot be read or restored.
        OutputError: If the result cannot be written.
    """
    recipe = restorer.recipe
    shares = recipe.planes != "each" and recipe.measures
    if shares and recipe.iterations > 1:
        raise ConfigError(
            f"--iterations above 1 measure each plane again, got {recipe.iterations} and --planes {recipe.planes}; say "
            "--planes each"
        )
    check_stack_output(target, overwrite=overwrite)
    stack = read_stack(source, recipe.reading)
    results: list[Restored] = []
    blurs = _shared(restorer, stack) if shares else {}
    for number, plane in enumerate(stack.planes):
        blur = blurs.get(_group(recipe, stack, number))
        results.append(_restored(restorer if blur is None else informed, recipe, plane, number, blur))
        if progress:
            pixels = plane.pixels.shape[0] * plane.pixels.shape[1]
            progress((number + 1) * pixels, len(stack.planes) * pixels)
    make_folder(target.parent)
    write_stack(target, [_pixels(result) for result in results], like=stack, overwrite=overwrite)
    is_left = all(result.reason for result in results)
    seconds = sum(result.seconds for result in results)
    return replace(results[0], seconds=seconds, reason=results[0].reason if is_left else "")


def _shared(restorer: PlaneRestorer, stack: Stack) -> dict[int, BlurField]:
    """The blur of each group of planes."""
    groups = [_group(restorer.recipe, stack, number) for number in range(len(stack.planes))]
    return {
        group: restorer.measure([plane for plane, own in zip(stack.planes, groups, strict=True) if own == group])
        for group in sorted(set(groups))
    }


def _group(recipe: Recipe, stack: Stack, number: int) -> int:
    return stack.channels[number] if recipe.planes == "channel" else 0


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
