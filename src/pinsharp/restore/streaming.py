"""Restoring a TIFF that is larger than memory: the blur measured once on a sample, then window by window to a new file.

In memory are one window, one band of windows before and after, and the strips or tiles that two bands share: that grows
with the width of the image, not with its length.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.allocator import release_freed_memory
from pinsharp.errors import ConfigError, ImageError, OutputError
from pinsharp.images.bigtiff import LargeTiff, open_large
from pinsharp.images.bigtiff_writer import check_large_output, write_large
from pinsharp.images.files import same_file
from pinsharp.images.windows import Span, Window, bands
from pinsharp.methods import KernelEstimate, SampledMethod
from pinsharp.restore.defocus import Defocus, describe
from pinsharp.restore.restorer import Kernel, Restorer, read_kernel
from pinsharp.restore.sample import sample
from pinsharp.restore.tiled import EXACT_STRIDE, Cut, Seam, SeamMeter, cut, restored_rows

LARGE_VALUES = 100_000_000
"""Values (pixels times channels) above which a TIFF is restored by bands: in memory it would take some 2 GiB."""

STREAM_WINDOW = 1024
"""Side in pixels of the windows unless another is asked for: with the halo of `swift` a window takes some 400 MiB
(mono, float32), and two fifths of the work are halo."""

BAND_VALUES = 2**24
"""Most values in a band of windows, unless a window is asked for: of wider images the windows are smaller."""

LEAST_WINDOW = 256

ROWS_AT_ONCE = 64
"""Rows that are turned back into pixels together; each takes several times its size on the way."""

Progress = Callable[[int, int], None]
"""Is told how many of how many pixels are done."""


@dataclass(frozen=True, eq=False)
class StreamedResult:
    """What was found out while a file was restored.

    Attributes:
        defocus: The blur of the input; of green, where each channel was restored by itself.
        megapixels: Size of the image.
        seconds: Time that it took, reading and writing included.
        window: Side in pixels of the windows that it was restored by.
        seam: By how much neighbouring windows disagreed where they were blended; None where they were exact.
        channels: The blur of red, green and blue, where each was restored by itself. Empty otherwise.
    """

    defocus: Defocus
    megapixels: float
    seconds: float
    window: int
    seam: Seam | None = None
    channels: tuple[Defocus, ...] = ()


def is_large(path: str | Path) -> bool:
    """Whether a file is to be restored by bands: a TIFF of more than 100 million values that can be read so.

    Only its tags are read. What is no TIFF, or a damaged one, is not large: whoever reads it as a whole says why.
    """
    try:
        with open_large(path) as image:
            return math.prod(image.shape) > LARGE_VALUES
    except ImageError:
        return False


def restore_file(
    source: str | Path,
    target: str | Path,
    restorer: Restorer,
    *,
    kernel: Kernel = "auto",
    progress: Progress | None = None,
    overwrite: bool = False,
) -> StreamedResult:
    """Restore a TIFF of any size to a TIFF of the same kind, tags and layout.

    Args:
        source: The input, never changed.
        target: The result; it appears whole or not at all.
        restorer: The loaded model, with its window (None and 0 take 1024, or less for very wide images) and colour
            options. The blur of the image is measured once, on a sample of at most 16 megapixels (see `sample`).
        kernel: As for `Restorer`.
        progress: Called after every window.
        overwrite: Replace an existing result.

    Raises:
        ConfigError: If the model cannot measure and restore in two steps.
        ImageError: If the file cannot be read by windows, a part of it is damaged, or its pixels cannot be restored.
        KernelError: If `kernel` is none, or is given to a model that takes none.
        OutputError: If the result is no TIFF, exists, or cannot be written.
    """
    method = _sampled(restorer)
    restorer.check_options(kernel=kernel)
    if same_file(source, target):
        raise OutputError(f"{target}: expected a result beside its input, got the input itself; choose another place")
    check_large_output(target, overwrite=overwrite)
    start = time.perf_counter()
    with open_large(source) as image:
        window = _window(image, restorer.window)
        plan = cut(method, (image.height, image.width), window)
        image.keep(_shared_bytes(image, plan))
        blurs = _Blurs.of(image, method, restorer, kernel)
        work = _Work(image, restorer, method, blurs.estimates, progress)
        meter = SeamMeter() if plan.ramp else None
        write_large(target, work.bands(plan, meter), like=image, overwrite=overwrite)
    return StreamedResult(
        blurs.main,
        megapixels=image.height * image.width / 1e6,
        seconds=time.perf_counter() - start,
        window=window,
        seam=meter.seam if meter else None,
        channels=blurs.found if len(blurs.found) > 1 else (),
    )


@dataclass(frozen=True, eq=False)
class _Blurs:
    """The blur of an image, or of each of its channels."""

    estimates: tuple[KernelEstimate, ...]
    found: tuple[Defocus, ...]

    @property
    def main(self) -> Defocus:
        """The only one, or that of green."""
        return self.found[len(self.found) // 2]

    @classmethod
    def of(cls, image: LargeTiff, method: SampledMethod, restorer: Restorer, kernel: Kernel) -> "_Blurs":
        """Measure it on a sample; a kernel that is given takes the place of the measured one."""
        given = read_kernel(kernel)
        try:
            parts = restorer.colour.split(sample(image, restorer.colour))
            estimates = tuple(method.estimate_parts(part, given) for part in parts)
        except ImageError as error:
            raise _named(image, error) from error
        kernels = [found.kernel if given is None else given for found in estimates]
        is_given = given is not None
        found = tuple(
            describe(kernel, estimate, is_given=is_given) for kernel, estimate in zip(kernels, estimates, strict=True)
        )
        return cls(estimates, found)


@dataclass
class _Work:
    """An image being restored, window by window."""

    image: LargeTiff
    restorer: Restorer
    method: SampledMethod
    estimates: tuple[KernelEstimate, ...]
    progress: Progress | None
    done: int = field(default=0, init=False)
    _rows: slice | None = field(default=None, init=False)
    _pixels: NDArray[Any] | None = field(default=None, init=False)

    def bands(self, plan: Cut, meter: SeamMeter | None) -> Iterator[NDArray[Any]]:
        """Finished rows of the result, from top to bottom, of the input's kind."""
        top = 0
        for band in restored_rows(plan, self._restored, meter) if plan.ramp else self._side_by_side(plan):
            for rows in torch.split(band, ROWS_AT_ONCE, dim=-2):
                bottom = top + rows.shape[-2]
                yield self.restorer.colour.leave(rows, self._like(top, bottom))
                top = bottom

    def _side_by_side(self, plan: Cut) -> Iterator[Tensor]:
        """Bands (1, C, h, W) of exact windows, each put into the memory of the one before.

        A new piece of memory for each window's result would lie where the large buffers of the next one have to go: the
        process grew to twice the size. For the same reason all windows read equally much.
        """
        release_freed_memory()  # what the sample took
        plan = _equal(plan, (self.image.height, self.image.width))
        first = plan.windows[0]
        memory = torch.empty((1, _colours(self.image), first.bottom - first.top, self.image.width))
        for row in bands(plan.windows):
            band = memory[..., : row[0].bottom - row[0].top, :]
            for window in row:
                band[..., window.columns] = self._restored(window)[..., window.inner_rows, window.inner_columns]
            yield band

    def _read(self, window: Window) -> NDArray[Any]:
        """All that a window reads. The rows of its band are read together, when the first window asks for them."""
        if self._rows != window.outer_rows:
            self._rows, self._pixels = window.outer_rows, None
            self._pixels = self.image.read(window.outer_rows, slice(0, self.image.width))
        assert self._pixels is not None
        return self._pixels[:, window.outer_columns]

    def _restored(self, window: Window) -> Tensor:
        """Restored pixels (1, C, h, w) of all that a window reads."""
        colour = self.restorer.colour
        try:
            blurred = colour.enter(self._read(window))
        except ImageError as error:
            rows, columns = window.outer_rows, window.outer_columns
            where = f"in rows {rows.start} to {rows.stop}, columns {columns.start} to {columns.stop}"
            raise _named(self.image, error, where) from error
        parts = zip(colour.split(blurred), self.estimates, strict=True)
        restored = colour.join(blurred, [self.method.deconvolve(part, known).image for part, known in parts])
        self.done += (window.bottom - window.top) * (window.right - window.left)
        if self.progress:
            self.progress(self.done, self.image.height * self.image.width)
        return restored

    def _like(self, top: int, bottom: int) -> NDArray[Any]:
        """What says the kind of rows: the rows themselves, if they have alpha, or none of them."""
        has_alpha = self.image.samples in (2, 4)
        return self.image.read(slice(top, bottom if has_alpha else top), slice(0, self.image.width))


def _sampled(restorer: Restorer) -> SampledMethod:
    if not isinstance(restorer.method, SampledMethod):
        raise ConfigError(
            f"expected a model that restores by windows for a file of any size, got {restorer.method.name}, which sees "
            "the whole image; choose another, such as swift"
        )
    return restorer.method


def _window(image: LargeTiff, wanted: int | None) -> int:
    """Side of the windows: what is wanted, or as much as bands of so wide an image allow."""
    return wanted or min(STREAM_WINDOW, max(LEAST_WINDOW, BAND_VALUES // (image.width * _colours(image))))


def _colours(image: LargeTiff) -> int:
    return 3 if image.samples >= 3 else 1


def _equal(plan: Cut, shape: tuple[int, int]) -> Cut:
    """The same exact windows, those at the image's borders reading as much as the others, inwards.

    Their buffers are of one size then, and each takes the place of the one before.
    """
    rows, columns = (
        _stretched({getattr(window, axis) for window in plan.windows}, length)
        for axis, length in zip(("vertical", "horizontal"), shape, strict=True)
    )
    return replace(plan, windows=[Window(rows[w.vertical], columns[w.horizontal]) for w in plan.windows])


def _stretched(spans: set[Span], length: int) -> dict[Span, Span]:
    side = max(span.outer_stop - span.outer_start for span in spans)
    side = min(side + (length - side) % EXACT_STRIDE, length)  # so that the last one begins on a whole stride too
    starts = {span: min(span.outer_start, length - side) for span in spans}
    return {span: replace(span, outer_start=start, outer_stop=start + side) for span, start in starts.items()}


def _shared_bytes(image: LargeTiff, plan: Cut) -> int:
    """Memory for the strips or tiles that two bands share: none is to be decoded twice."""
    first = plan.windows[0].vertical
    rows = 2 * (first.outer_stop - first.stop) + 2 * image.segment_shape[0]
    row_bytes = image.width * image.samples * image.dtype.itemsize
    return int(rows * row_bytes)


def _named(image: LargeTiff, error: ImageError, where: str = "") -> ImageError:
    """The same error, its sentence beginning with the file."""
    if str(image.path) in str(error):
        return error
    return ImageError(f"{image.path}: {where + ': ' if where else ''}{error}")
