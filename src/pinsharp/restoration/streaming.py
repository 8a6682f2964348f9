"""Restoring a TIFF that is larger than memory: the blur measured once on a sample, then window by window to a new file.

In memory are one window, one band of windows before and after, and with `swift` one band of what its Wiener bank makes
and a row of the bank's blocks more: that grows with the width of the image, not with its length.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.allocator import release_freed_memory
from pinsharp.blur.field import BlurField
from pinsharp.errors import ImageError, OutputError
from pinsharp.images.bigtiff import LargeTiff, open_large
from pinsharp.images.bigtiff_writer import check_large_output, write_large
from pinsharp.images.files import same_file
from pinsharp.images.windows import Window, bands, windows
from pinsharp.methods.method import BlindMethod, RestoreWindow
from pinsharp.restoration.large_blur import measure_large, named, sampled_method
from pinsharp.restoration.restorer import Kernel, Restorer, main_part
from pinsharp.restoration.row_reader import RowReader
from pinsharp.restoration.tiled import (
    BLEND_HALO,
    EXACT_STRIDE,
    Seam,
    SeamMeter,
    cut,
    extent,
    restored_rows,
    window_restorer,
)

LARGE_VALUES = 100_000_000
"""Values (pixels times channels) above which a TIFF is restored by bands: in memory it would take some 2 GiB."""

STREAM_WINDOW = 1024
"""Side in pixels of the windows unless another is asked for: the trunk of `swift` sees 1,136 x 1,136 pixels of each
(mono 1,096), so that a fifth of its work is halo (a seventh)."""

BAND_VALUES = 20_000_000
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

    defocus: BlurField
    megapixels: float
    seconds: float
    window: int
    seam: Seam | None = None
    channels: tuple[BlurField, ...] = ()


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
    method = sampled_method(restorer)
    restorer.check_options(kernel=kernel)
    if same_file(source, target):
        raise OutputError(f"{target}: expected a result beside its input, got the input itself; choose another place")
    check_large_output(target, overwrite=overwrite)
    start = time.perf_counter()
    with open_large(source) as image:
        window = _window(image, restorer.window)
        blurs = measure_large(image, restorer, kernel)
        work = _Work(image, restorer, method, blurs, window, progress)
        write_large(target, work.bands(), like=image, overwrite=overwrite)
    return StreamedResult(
        main_part(blurs),
        megapixels=image.height * image.width / 1e6,
        seconds=time.perf_counter() - start,
        window=window,
        seam=work.meter.seam if work.meter else None,
        channels=blurs if len(blurs) > 1 else (),
    )


class _Work:
    """An image being restored, window by window."""

    def __init__(
        self,
        image: LargeTiff,
        restorer: Restorer,
        method: BlindMethod,
        estimates: Sequence[BlurField],
        window: int,
        progress: Progress | None,
    ) -> None:
        self.image, self.colour, self.method, self.estimates = image, restorer.colour, method, estimates
        self.window, self.progress, self.done = window, progress, 0
        self.shape = (image.height, image.width)
        self.plan = windows(self.shape, window, 0, EXACT_STRIDE)
        self.pixels = RowReader(image)
        self.meter: SeamMeter | None = None

    def bands(self) -> Iterator[NDArray[Any]]:
        """Finished rows of the result, from top to bottom, of the input's kind."""
        release_freed_memory()  # what the sample took
        halo = self.method.traits.halo or BLEND_HALO
        top = 0
        for band in self._restored_bands():
            for rows in torch.split(band, ROWS_AT_ONCE, dim=-2):
                bottom = top + rows.shape[-2]
                yield self.colour.leave(rows, self._like(top, bottom))
                top = bottom
            self.pixels.drop(above=top - halo)

    def _restored_bands(self) -> Iterator[Tensor]:
        """Bands (1, C, h, W), put side by side where the method's windows are exact."""
        restorers = [self._window_restorer(number) for number in range(len(self.estimates))]
        exact = [restore for restore in restorers if restore is not None]
        if exact:
            return self._side_by_side(exact)
        self.meter = SeamMeter()
        return restored_rows(cut(self.shape, self.window), self._restored_window, self.meter)

    def _window_restorer(self, number: int) -> RestoreWindow | None:
        """What restores windows of a part of the image: of all channels, or of one."""

        def read(rows: slice, columns: slice) -> Tensor:
            return self.colour.split(self._enter(rows, columns))[number]

        channels = _colours(self.image) if self.colour.channels == "joint" else 1
        return window_restorer(
            self.method, read, (channels, *self.shape), self.estimates[number], largest=extent(self.plan)
        )

    def _side_by_side(self, restorers: Sequence[RestoreWindow]) -> Iterator[Tensor]:
        """Bands of exact windows, each put into the memory of the one before.

        A new piece of memory for each window's result would lie where the large buffers of the next one have to go: the
        process grew to twice the size.
        """
        memory = torch.empty((1, _colours(self.image), self.plan[0].vertical.stop, self.image.width))
        for row in bands(self.plan):
            band = memory[..., : row[0].vertical.length, :]
            for window in row:
                parts = [restore(window.rows, window.columns) for restore in restorers]
                band[..., window.columns] = self._joined(parts, window.rows, window.columns)
                self._tell(window)
            yield band

    def _restored_window(self, window: Window) -> Tensor:
        """Restored pixels (1, C, h, w) of all that a window reads."""
        blurred = self._enter(window.outer_rows, window.outer_columns)
        known = zip(self.colour.split(blurred), self.estimates, strict=True)
        parts = [self.method.deconvolve(part, estimate).image for part, estimate in known]
        self._tell(window)
        return self.colour.join(blurred, parts)

    def _joined(self, parts: Sequence[Tensor], rows: slice, columns: slice) -> Tensor:
        """The restored parts of a window put together; only with luma does that take the image."""
        like = self._enter(rows, columns) if self.colour.channels == "luma" else parts[0]
        return self.colour.join(like, parts) if len(parts) == 1 else torch.cat(list(parts), dim=1)

    def _enter(self, rows: slice, columns: slice) -> Tensor:
        """Pixels as they are restored, (1, C, h, w)."""
        try:
            return self.colour.enter(self.pixels.read(rows, columns))
        except ImageError as error:
            where = f"in rows {rows.start} to {rows.stop}, columns {columns.start} to {columns.stop}"
            raise named(self.image, error, where) from error

    def _tell(self, window: Window) -> None:
        self.done += window.vertical.length * window.horizontal.length
        if self.progress:
            self.progress(self.done, self.image.height * self.image.width)

    def _like(self, top: int, bottom: int) -> NDArray[Any]:
        """What says the kind of rows: the rows themselves, if they have alpha, or none of them."""
        has_alpha = self.image.samples in (2, 4)
        return self.pixels.read(slice(top, bottom if has_alpha else top), slice(0, self.image.width))


def _window(image: LargeTiff, wanted: int | None) -> int:
    """Side of the windows: what is wanted, or as much as bands of so wide an image allow."""
    return wanted or min(STREAM_WINDOW, max(LEAST_WINDOW, BAND_VALUES // (image.width * _colours(image))))


def _colours(image: LargeTiff) -> int:
    return 3 if image.samples >= 3 else 1
