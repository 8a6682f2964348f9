"""Restoring a file of several planes: with one blur for all, one for each channel, or one for each plane.

That are the pages of a TIFF, the planes of an array, and the four colour planes of a Bayer mosaic.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from pinsharp.blur.field import BlurField
from pinsharp.blur.verdict import LEFT_ALONE
from pinsharp.errors import ConfigError, ImageError, PinsharpError
from pinsharp.images.array_stack import ArrayStack, ArrayStackWriter
from pinsharp.images.files import ImageFile
from pinsharp.images.held_planes import HeldPlanes
from pinsharp.images.mosaic_file import MosaicFile, is_mosaic, read_mosaic
from pinsharp.images.places import PlaneOf, disk_path
from pinsharp.images.stack import Stack, is_stack, open_planes
from pinsharp.restoration.disk import OnDisk
from pinsharp.restoration.profiled import distance_figures
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.result import Restored

Planes = Stack | ArrayStack | MosaicFile
"""A file of several planes, in memory or not."""

Plane = ImageFile | PlaneOf
"""A plane in memory, or where it is."""

Sink = Callable[[Iterator[NDArray[Any]]], NDArray[Any] | OnDisk]
"""Takes the rows of a result from top to bottom."""

Progress = Callable[[int, int], object]
"""Called with the number of pixels done and of all pixels."""


class PlaneRestorer(Protocol):
    """What restores a plane and measures several together: a `Restorer`."""

    recipe: Recipe

    def __call__(self, image: ImageFile, *, kernel: Any = None, field: Any = None) -> Restored:
        """Restore one to memory."""

    def restore_rows(
        self,
        image: Plane,
        sink: Sink,
        *,
        kernel: Any = None,
        progress: Progress | None = None,
        folder: Path | None = None,
    ) -> Restored:
        """Restore one."""

    def measure(self, image: Sequence[Plane]) -> BlurField:
        """Measure the blur of several together."""


def read_planes(path: Path, recipe: Recipe) -> Planes | None:
    """Read a file that is to be restored plane by plane; None if this one is not.

    Raises:
        ImageError: If the file cannot be read.
    """
    if recipe.planes is not None and is_stack(path):
        return open_planes(path, recipe.reading)
    return read_mosaic(path, recipe.reading) if is_mosaic(path, recipe.reading) else None


def restore_planes(
    restorer: PlaneRestorer,
    informed: PlaneRestorer,
    file: Planes,
    target: Path,
    *,
    overwrite: bool,
    progress: Progress | None = None,
) -> Restored:
    """Restore all planes of a file.

    Args:
        restorer: Its recipe says which planes share a blur.
        informed: The same without what helps to measure, to restore planes by the kernel that they share.
        file: The file, as `read_planes` gives it.
        target: The result.
        overwrite: Replace an existing result.
        progress: Called after every window with the pixels that are done and all pixels.

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
    blurs = _shared(restorer, file) if shares else {}
    first, seconds, is_left = None, 0.0, True
    with file.writing(target, overwrite=overwrite) as writer:
        for number in range(len(file.planes)):
            blur = blurs.get(_group(recipe, file, number))
            work = _Work(restorer if blur is None else informed, recipe, file, writer, number, disk_path(target).parent)
            result = work.restored(blur, progress)
            first, seconds, is_left = first or result, seconds + result.seconds, is_left and bool(result.reason)
    assert first is not None
    held = _held(file, writer.shown(), recipe)
    return replace(first, held=held, seconds=seconds, reason=first.reason if is_left else "")


def _held(file: Planes, taken: NDArray[Any] | Path, recipe: Recipe) -> NDArray[Any] | OnDisk:
    """What a result holds: pixels, or where they are."""
    if not isinstance(file, ArrayStack):
        assert not isinstance(taken, Path)
        return taken
    assert isinstance(taken, Path)
    return OnDisk(taken, file.shape, file.dtype, recipe.reading)


def _shared(restorer: PlaneRestorer, file: Planes) -> dict[int, BlurField]:
    """The blur of each group of planes."""
    planes: Sequence[Plane] = file.planes
    groups = [_group(restorer.recipe, file, number) for number in range(len(planes))]
    return {
        group: restorer.measure([plane for plane, own in zip(planes, groups, strict=True) if own == group])
        for group in sorted(set(groups))
    }


def _group(recipe: Recipe, file: Planes, number: int) -> int:
    return file.channels[number] if recipe.planes == "channel" else 0


@dataclass(frozen=True)
class _Work:
    """A plane that is restored."""

    restorer: PlaneRestorer
    recipe: Recipe
    file: Planes
    writer: HeldPlanes | ArrayStackWriter
    number: int
    folder: Path

    def restored(self, blur: BlurField | None, progress: Progress | None) -> Restored:
        """Restore it with a blur that it shares, or with its own."""
        kernel = None if blur is None else blur.kernel_array
        told = None if progress is None else self._told(progress)
        plane = self.file.planes[self.number]
        try:
            result = self.restorer.restore_rows(plane, self._take, kernel=kernel, progress=told, folder=self.folder)
        except PinsharpError as error:
            detail = str(error).removeprefix(f"{self.file.path}: ")
            raise type(error)(f"{self.file.path}: plane {self.number + 1}: {detail}") from error
        if blur is None:
            return result
        result = replace(result, distance=distance_figures(blur, self.recipe), defocus=blur, sigmas=(blur.sigma,))
        finding = blur.finding
        if finding is None or blur.verdict not in LEFT_ALONE or self.recipe.force:
            return result
        if self.recipe.strict and blur.verdict != "sharp":
            raise ImageError(f"{self.file.path}: expected planes that can be restored, got {finding.reason}")
        return replace(result, held=_held(self.file, self.writer.keep(self.number), self.recipe), reason=finding.reason)

    def _take(self, rows: Iterator[NDArray[Any]]) -> NDArray[Any] | OnDisk:
        return _held(self.file, self.writer.take(self.number, rows), self.recipe)

    def _told(self, progress: Progress) -> Progress:
        """Count the pixels of all planes."""
        return lambda done, total: progress(self.number * total + done, len(self.file.planes) * total)
