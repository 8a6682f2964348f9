"""The Python interface: measure how far an image is out of focus and bring it back."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from pinsharp.allocator import keep_freed_memory
from pinsharp.blur.field import BlurField
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.files import same_file
from pinsharp.images.light import Light
from pinsharp.images.masks import is_masked, masked_like
from pinsharp.images.mosaic_file import is_mosaic, read_mosaic
from pinsharp.images.packed_mask import PackedMask
from pinsharp.images.places import disk_path
from pinsharp.images.video_names import is_video
from pinsharp.methods.method import BlindMethod, Method, check_takes_kernel, has_exact_windows, measures_first
from pinsharp.methods.table import load_method
from pinsharp.restoration.notebook import Preview, preview
from pinsharp.restoration.options import check_names, takes
from pinsharp.restoration.pipeline import Progress, Sink
from pinsharp.restoration.pipeline import restore as restore_source
from pinsharp.restoration.planes import read_planes, restore_planes
from pinsharp.restoration.recipe import OPTIONS, Recipe
from pinsharp.restoration.remarks import of_blur, remarks
from pinsharp.restoration.result import Restored
from pinsharp.restoration.sources import ArraySource, PixelsOf, Source, check_map, collected, memory_errors, open_source
from pinsharp.restoration.together import are_several, measure_one, measure_together

__all__ = ["Restored", "Restorer"]


@takes(*OPTIONS)
class Restorer:
    """Restores images, one after another, with a model that is loaded once.

        restorer = Restorer(white_level=4095)
        result = restorer(array)  # (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); uint8, uint16, or float32 in [0, 1]

    With `swift` the result by windows is the same (to the last bit where it was tried); for others see `Restored.seam`.

    Args:
        model: As below; or a method that is loaded already, which knows its device, precision and runtime.
        recipe: All options in one; options that are given too replace its own.
        keep_memory: Let this process keep the memory that it frees (Linux with glibc), which makes large images a
            fifth faster or more.
        options: As below.

    Raises:
        ConfigError: If an option is impossible, two contradict each other, or they do not go with the model.
        KernelError: If `kernel` is not a valid kernel, or is given to a model that takes none.
        MissingExtra: If the runtime is not installed.
        WeightsError: If the weights are missing or damaged.
    """

    def __init__(
        self,
        model: str | Path | Method | None = None,
        *,
        recipe: Recipe | None = None,
        keep_memory: bool = True,
        **options: Any,
    ) -> None:
        check_names(options, "Restorer")
        _check_process()
        if isinstance(model, str | Path):
            options["model"] = model
        elif model is not None and recipe is None:
            options["model"] = model.name
        recipe = replace(recipe or Recipe(), **options)
        if keep_memory:
            keep_freed_memory()
        self.method: Method = _load(recipe) if model is None or isinstance(model, str | Path) else model
        self.recipe = self._checked(recipe)

    def __repr__(self) -> str:
        changes = replace(self.recipe, model=Recipe.model).changes()
        return f"Restorer({', '.join(filter(None, [repr(self.method.name), changes]))})"

    def __call__(
        self, image: PixelsOf, *, kernel: Any = None, field: Any = None, iterations: int | None = None
    ) -> Restored:
        """Restore one image.

        Args:
            image: (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), uint8, uint16, or float32 in [0, 1]; an image of Pillow;
                or a file. Alpha is kept. Masked pixels of a masked array are ignored, and come back unchanged under the
                same mask.
            kernel: For this image, instead of the recipe's: `auto`, `gaussian:2`, `disk:3.5`, a file, or an array
                (K, K).
            field: For this image, instead of the recipe's: `auto`, `off`, a file, or widths in pixels (rows, columns)
                that are stretched over the image, such as `BlurField.widths` gives them.
            iterations: For this image, instead of the recipe's.

        Returns:
            The restored image, of the same dtype and shape, and the blur of the input.

        Raises:
            ConfigError: If `iterations` is below 1 or, with a given kernel, above 1.
            ImageError: If the image cannot be restored: wrong dtype or shape, NaN, too small to measure a blur by, too
                large for the memory.
            KernelError: If `kernel` is not a valid kernel, or is given to a model that takes none.
        """
        _check_process()
        recipe = self._recipe_for(kernel=kernel, field=field, iterations=iterations)
        with open_source(image, recipe) as source, memory_errors(source.shape):
            sink = partial(collected, shape=source.shape)
            result = restore_source(source, self.method, recipe, sink, progress=None, folder=None)
            before = _preview(source, image, recipe)
            all_remarks = (*remarks(source, recipe, image), *of_blur(result.defocus, recipe))
            result = replace(result, remarks=all_remarks, before=before)
        return replace(result, held=masked_like(result.image, image)) if is_masked(image) else result

    def restore_rows(
        self,
        image: PixelsOf,
        sink: Sink,
        *,
        kernel: Any = None,
        progress: Progress | None = None,
        folder: Path | None = None,
    ) -> Restored:
        """Restore one image and hand the rows of the result, from top to bottom, to `sink`, perhaps more than once.

        Args:
            image: As for calling.
            sink: Takes the rows, and returns what the result holds.
            kernel: As for calling.
            progress: As for `restore_file`.
            folder: Where passes of images larger than memory are kept.

        Raises:
            ImageError: As for calling.
        """
        _check_process()
        recipe = self._recipe_for(kernel=kernel)
        with open_source(image, recipe) as source, memory_errors(source.shape):
            return restore_source(source, self.method, recipe, sink, progress=progress, folder=folder)

    def restore_file(
        self,
        source: str | Path,
        target: str | Path,
        *,
        kernel: Any = None,
        field: Any = None,
        iterations: int | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Restored:
        """Restore a file of any size to a file with the same tags; one larger than memory band by band.

        Larger than memory may be TIFFs, HDF5 (`FILE.h5::/path`) and OME-Zarr (`X.zarr`).

        A video is restored frame by frame, with one blur unless `planes` is `each`.

        Args:
            source: The input, never changed.
            target: The result, written completely or not at all; its folder is made. Beside it lie, while several
                iterations of an image larger than memory are made, up to two files without a name of 4 bytes a value.
            kernel: As for calling.
            field: As for calling.
            iterations: As for calling.
            overwrite: Replace an existing result.
            progress: Called after every window with the pixels that are done and all pixels.

        Raises:
            ConfigError: As for calling, or if the file is larger than memory and the model sees only whole images.
            ImageError: If the file cannot be read or restored.
            KernelError: As for calling.
            OutputError: If the result exists, is the input, or cannot be written.
        """
        _check_process()
        recipe = self._recipe_for(kernel=kernel, field=field, iterations=iterations)
        source, target = Path(source), Path(target)
        if same_file(source, target):
            raise OutputError(
                f"{target}: expected a result beside its input, got the input itself; choose another place"
            )
        before = Preview(source, recipe.reading)
        result = self._by_planes(source, target, recipe, overwrite=overwrite, progress=progress)
        if result is not None:
            return replace(result, before=before)
        with open_source(source, recipe) as opened, memory_errors(opened.shape):
            opened.check_target(target, overwrite=overwrite)
            sink = partial(opened.take, target, overwrite=overwrite)
            folder = disk_path(target).parent
            result = restore_source(opened, self.method, recipe, sink, progress=progress, folder=folder)
            opened.save(target, result.held, overwrite=overwrite)
            all_remarks = (*remarks(opened, recipe, source), *of_blur(result.defocus, recipe))
            return replace(result, remarks=all_remarks, before=before)

    def measure(self, image: PixelsOf | Sequence[PixelsOf]) -> BlurField:
        """Measure the blur of an image without restoring it; for models that cannot measure, `swift` does.

        It is measured in the light that would be restored, in green if channels are restored separately. Of a file
        larger than memory a sample of at most 16 megapixels is measured; to find faults all of it is read once.

        Args:
            image: As for restoring. Or a list or tuple of images that one camera took at one focus, of one size, all
                mono or all in colour: the windows of all of them vote for one blur, whose field is over the frame.
                Exposures may differ.

        Raises:
            ConfigError: If the model finds the blur only while it restores, or measures images only one by one.
            ImageError: If an image cannot be used, as for restoring, or several do not go together.
        """
        return self.measure_with_light(image)[0]

    def measure_channels(self, image: PixelsOf | Sequence[PixelsOf]) -> tuple[BlurField, BlurField, BlurField]:
        """Measure the blur of red, green and blue separately, as `measure` does; three times the work.

        A lens with longitudinal colour focuses them at different distances. A mosaic and a JPEG's colours blur red and
        blue too, so small differences need not be the lens's.

        Raises:
            ConfigError: As `measure`.
            ImageError: As `measure`, or if an image is mono.
        """
        each = Restorer(self.method, recipe=replace(self.recipe, channels="each"), keep_memory=False)
        red, green, blue = (each.measure_with_light(image, part=number)[0] for number in range(3))
        return red, green, blue

    def measure_with_light(
        self, image: PixelsOf | Sequence[PixelsOf], *, part: int | None = None
    ) -> tuple[BlurField, Light]:
        """Measure as `measure` does, or one of the `channels` that are taken by themselves; and say in which light."""
        _check_process()
        method = self.check_measurable()
        if isinstance(image, str | Path) and is_mosaic(image, self.recipe.reading):
            image = read_mosaic(image, self.recipe.reading).planes
        elif isinstance(image, str | Path) and is_video(image):
            from pinsharp.restoration.clips import measured_frames

            image = measured_frames(image)
        if are_several(image):
            return measure_together(cast(Sequence[PixelsOf], image), method, self.recipe, part)
        return measure_one(cast(PixelsOf, image), method, self.recipe, part)

    def check_map(self, image: PixelsOf, target: str | Path) -> None:
        """Find out before the work whether an evidence map of an image could be written to a file of that name.

        Raises:
            OutputError: If the image is larger than memory and the name is not that of a TIFF.
        """
        check_map(image, Path(target), self.recipe)

    def remarks(self, image: PixelsOf) -> tuple[str, ...]:
        """Options that may not fit an image, or have no effect on it, each in a sentence; mostly empty.

        Raises:
            ImageError: If the image cannot be used.
        """
        if not (self.recipe.profile or self.recipe.raw or self.recipe.planes or self.recipe.channels != "joint"):
            return ()  # so that nothing is read again for it
        with open_source(image, replace(self.recipe, mask=None, faults="off")) as source:
            return remarks(source, self.recipe, image)

    def in_light(self, light: str | float) -> "Restorer":
        """Restore with the same model, which is not loaded again, images of another light.

        Raises:
            ConfigError: If `light` is not one that a recipe takes.
        """
        return Restorer(self.method, recipe=self.recipe, keep_memory=False, light=light)

    def hidden(self, image: PixelsOf) -> NDArray[np.bool_] | PackedMask:
        """Say which pixels (H, W) are not light and are ignored: given ones, and those that `faults` finds.

        Of a TIFF larger than memory the mask is packed: `numpy.asarray` unpacks it.

        Raises:
            ImageError: If the image cannot be used for restoring.
        """
        with open_source(image, self.recipe) as source:
            if source.mask is not None:
                return source.mask
            height, width = source.shape[:2]
            return np.zeros((height, width), bool) if isinstance(source, ArraySource) else PackedMask((height, width))

    def check_measurable(self) -> BlindMethod:
        """The method, unless it cannot tell the blur without restoring.

        Raises:
            ConfigError: If the model finds the blur only while it restores.
        """
        if not measures_first(self.method):
            raise ConfigError(f"the model {self.method.name} finds the blur only while it restores; measure with swift")
        return self.method

    def settings(self) -> dict[str, object]:
        """What decides the pixels of results, apart from their inputs, as plain values; files count by content."""
        is_blended = measures_first(self.method) and not has_exact_windows(self.method)
        return self.recipe.settings(window_matters=is_blended)

    def _by_planes(
        self, source: Path, target: Path, recipe: Recipe, *, overwrite: bool, progress: Progress | None
    ) -> Restored | None:
        """Restore the frames of a video, or the planes of a file that holds several; None of any other file."""
        file = None if is_video(source) else read_planes(source, recipe)
        if file is None and not is_video(source):
            return None
        asked, informed = (
            Restorer(self.method, recipe=each, keep_memory=False)
            for each in (recipe, replace(recipe, reference=None, beyond_camera=False))
        )
        if file is not None:
            return restore_planes(asked, informed, file, target, overwrite=overwrite, progress=progress)
        from pinsharp.restoration.clips import restore_clip

        return restore_clip(asked, informed, source, target, overwrite=overwrite, progress=progress)

    def _recipe_for(self, **asked: Any) -> Recipe:
        """The recipe for one image."""
        changes = {name: value for name, value in asked.items() if value is not None}
        return self._checked(replace(self.recipe, **changes)) if changes else self.recipe

    def _checked(self, recipe: Recipe) -> Recipe:
        """The same recipe, if it goes with the model."""
        if not recipe.measures:
            check_takes_kernel(self.method)
        if recipe.reference is not None and (not measures_first(self.method) or self.method.kernel_from == "nobody"):
            raise ConfigError(
                f"the model {self.method.name} measures no blur before it restores, got --reference to measure it by; "
                "restore with swift"
            )
        if recipe.window and not measures_first(self.method):
            raise ConfigError(
                f"the model {self.method.name} fits each image as a whole, got --window {recipe.window}; leave it out"
            )
        return recipe


def _preview(source: Source, image: PixelsOf, recipe: Recipe) -> Preview | None:
    """What shows the image before: a small picture; where it stays on disk, its file."""
    if isinstance(source, ArraySource):
        return preview(source.pixels)
    return Preview(Path(image), recipe.reading) if isinstance(image, str | Path) else None


def _load(recipe: Recipe) -> Method:
    return load_method(recipe.model, device=recipe.device, precision=recipe.precision, runtime=recipe.runtime)


_USED_IN: list[int] = []


def _check_process() -> None:
    """Refuse to compute in a fork of a process that has computed: it would wait for ever for threads that are gone.

    Raises:
        ConfigError: If this process is such a fork.
    """
    if not _USED_IN:
        _USED_IN.append(os.getpid())
    if _USED_IN[0] != os.getpid():
        raise ConfigError(
            "expected a process of its own, got a fork of one that has used pinsharp: its threads are not there; "
            "use spawn: multiprocessing.get_context('spawn')"
        )
