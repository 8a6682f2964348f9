"""Restoring an image window by window, all with one estimate of its blur.

A `WindowedMethod` gives windows that are what the whole image becomes, and they are put side by side. Others pool over
all they are shown, or transform it as a whole: their windows overlap and are blended, and by how much they disagree is
measured.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.levels import Levels
from pinsharp.images.windows import Span, Window, bands, windows
from pinsharp.methods.method import BlindMethod, Method, RestoreWindow, has_exact_windows

WHOLE_PIXELS = 6_000_000
"""Up to so many pixels an image is restored whole unless a window is asked for. `swift` takes up to 0.35 KiB a pixel
(colour, float32; half of it in bfloat16): 2 GiB here. Nets that work at full resolution take several times as much."""

DEFAULT_WINDOW = 2048
"""Side in pixels of the windows of larger images. The trunk of `swift` sees 2,160 x 2,160 of them: a tenth of its work
is halo, and it takes no more memory than the largest image that is restored whole."""

DISK_WINDOW = 1024
"""Side in pixels of the windows of images on disk: the trunk of `swift` sees 1,136 x 1,136 pixels of each (mono 1,096),
so that a fifth of its work is halo (a seventh)."""

BAND_VALUES = 20_000_000
"""Most values in a band of windows of such images, unless a window is asked for: of wider ones they are smaller."""

LEAST_WINDOW = 256

EXACT_STRIDE = 4
"""Windows that are put side by side begin on multiples of this, as the pixels of `swift`'s lowest resolution do."""

BLEND_STRIDE = 16
"""Windows that are blended begin on multiples of this: the peers' lowest resolution is a sixteenth."""

BLEND_HALO = 96
"""Pixels that methods without exact windows see around a window."""

BLEND_RAMP = 32
"""Half the width in pixels over which neighbouring windows are blended. What lies further out, within the halo, is
dropped: next to the border of what it is shown a method restores worst."""


@dataclass(frozen=True)
class Seam:
    """By how much neighbouring windows disagree where they are blended, in units of full scale.

    Attributes:
        rms: Root of the mean squared difference.
        maximum: Largest difference.
    """

    rms: float
    maximum: float


class SeamMeter:
    """Collects the differences between neighbouring windows."""

    def __init__(self) -> None:
        self._squares = 0.0
        self._count = 0
        self._maximum = 0.0

    def add(self, difference: Tensor) -> None:
        """Take in the differences of one border."""
        self._squares += float(difference.double().square().sum())
        self._count += difference.numel()
        self._maximum = max(self._maximum, float(difference.abs().max()) if difference.numel() else 0.0)

    @property
    def seam(self) -> Seam:
        """What was found so far; 0 where there was no border."""
        return Seam(math.sqrt(self._squares / max(self._count, 1)), self._maximum)


def choose_window(shape: tuple[int, int], window: int | None) -> int:
    """Choose the side of the windows for an image in memory, of a shape (H, W); 0 stands for the whole image.

    Args:
        shape: Height and width of the image.
        window: What was asked for: a side, 0, or None to go by the size.
    """
    if window is None:
        window = 0 if math.prod(shape) <= WHOLE_PIXELS else DEFAULT_WINDOW
    return 0 if window >= max(shape) else window


def choose_disk_window(shape: tuple[int, int, int], window: int | None) -> int:
    """The same for an image on disk, of a shape (C, H, W): what was asked for, or as much as its bands allow."""
    return window or min(DISK_WINDOW, max(LEAST_WINDOW, BAND_VALUES // (shape[2] * shape[0])))


def reach(method: Method) -> int:
    """How many pixels around a window its restoration is shown."""
    return method.traits.halo or BLEND_HALO


class Planes(Protocol):
    """What is restored by itself: all channels of an image, its brightness, or one channel."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""

    def read(self, rows: slice, columns: slice) -> Tensor:
        """Give a part, (1, C, h, w) in [0, 1]; cheapest from top to bottom."""


def restored_bands(
    planes: Planes,
    method: BlindMethod,
    estimate: BlurField,
    window: int,
    *,
    levels: Levels | None = None,
    meters: list[SeamMeter],
    guards: list[Tensor] | None = None,
    tell: Callable[[int], object] = lambda pixels: None,
) -> Iterator[Tensor]:
    """Restore planes window by window, so that only one band of windows is in memory beside what is given.

    Args:
        planes: What is restored.
        method: What restores.
        estimate: The blur, measured for all windows together.
        window: Side of the windows in pixels; 0 for the whole at once.
        levels: The blur place by place, where it varies; only for a method with exact windows.
        meters: Gets one more where windows are blended, which collects their differences.
        guards: Gets what a guard trusted; see `WindowedMethod.finished`.
        tell: Called with the number of pixels of each window that is done.

    Yields:
        Bands (1, C, h, W) from top to bottom; the next one may lie in the memory of the one before.
    """
    channels, height, width = planes.shape
    if has_exact_windows(method):
        tiles = windows((height, width), window or max(height, width), 0, EXACT_STRIDE)
        largest = (tiles[0].vertical.stop, tiles[0].horizontal.stop)
        restore = method.window_restorer(planes.read, planes.shape, estimate, largest=largest, levels=levels)
        made = _side_by_side(restore, tiles, channels * method.layers, tell)
        yield from method.finished(made, planes.shape, estimate, [] if guards is None else guards, levels)
        return
    if window == 0:
        yield method.deconvolve(planes.read(slice(0, height), slice(0, width)), estimate).image
        return
    known = replace(estimate, continuations=None)  # a window goes on where the image does

    def restored(part: Window) -> Tensor:
        image = method.deconvolve(planes.read(part.outer_rows, part.outer_columns), known).image
        tell(_length(part.rows) * _length(part.columns))
        return image

    meters.append(SeamMeter())
    yield from restored_rows(windows((height, width), window, BLEND_HALO, BLEND_STRIDE), restored, meters[-1])


def _side_by_side(
    restore: RestoreWindow, tiles: list[Window], channels: int, tell: Callable[[int], object]
) -> Iterator[Tensor]:
    """Bands of exact windows, each put into the memory of the one before.

    A new piece of memory for each window's result would lie where the large buffers of the next one have to go: the
    process grew to twice the size.
    """
    memory = torch.empty((1, channels, tiles[0].vertical.stop, tiles[-1].horizontal.stop))
    for row in bands(tiles):
        band = memory[..., : _length(row[0].rows), :]
        for window in row:
            band[..., window.columns] = restore(window.rows, window.columns)
            tell(_length(window.rows) * _length(window.columns))
        yield band


def restored_rows(
    plan: list[Window], restore: Callable[[Window], Tensor], meter: SeamMeter | None = None, ramp: int = BLEND_RAMP
) -> Iterator[Tensor]:
    """Restore windows and join them, from top to bottom.

    Args:
        plan: The windows, in row order.
        restore: Gives the restored pixels (1, C, h, w) of all that a window reads, `outer_rows` by `outer_columns`.
        meter: Collects the differences where windows are blended.
        ramp: Half the width in pixels over which they are blended.

    Yields:
        Finished rows (1, C, h, W), as many as are finished after each band; together the image.
    """

    def restored_part(window: Window) -> Tensor:
        kept = [_within(span.blended(ramp), span) for span in (window.vertical, window.horizontal)]
        return restore(window)[..., kept[0], kept[1]].contiguous()

    def whole_band(band: list[Window]) -> Tensor:
        parts = ((window.horizontal, restored_part(window)) for window in band)
        return torch.cat(list(_join(parts, -1, ramp, meter)), dim=-1)

    return _join(((band[0].vertical, whole_band(band)) for band in bands(plan)), -2, ramp, meter)


def worst(seams: Iterable[Seam | None]) -> Seam | None:
    """The largest of several seams, number by number; None if there is none."""
    found = [seam for seam in seams if seam is not None]
    return Seam(max(seam.rms for seam in found), max(seam.maximum for seam in found)) if found else None


def _join(parts: Iterable[tuple[Span, Tensor]], axis: int, ramp: int, meter: SeamMeter | None) -> Iterator[Tensor]:
    """Join parts along an axis, in order, each the restored pixels where its span has weight.

    Weighted sums go on in `pending`, which begins at pixel `begin`; whatever no later part touches is handed out.
    """
    pending: Tensor | None = None
    previous: tuple[slice, Tensor] | None = None
    begin = 0
    for span, part in parts:
        place = span.blended(ramp)
        weighted = part * _along(span.weights(ramp), axis, part) if ramp else part
        if meter and previous:
            meter.add(_difference(previous, (place, part), axis))
        previous = (place, part)
        if pending is None:
            pending = weighted
            continue
        done = place.start - begin
        if done:
            yield pending.narrow(axis, 0, done)
        left = pending.narrow(axis, done, pending.shape[axis] - done)
        weighted.narrow(axis, 0, left.shape[axis]).add_(left)  # nobody else holds it: without a ramp nothing is left
        pending, begin = weighted, place.start
    if pending is not None:
        yield pending


def _difference(first: tuple[slice, Tensor], second: tuple[slice, Tensor], axis: int) -> Tensor:
    """What two neighbours say of the pixels that both have, one subtracted from the other."""
    (one, before), (other, after) = first, second
    common = max(one.stop - other.start, 0)
    return after.narrow(axis, 0, common) - before.narrow(axis, before.shape[axis] - common, common)


def _along(weights: object, axis: int, like: Tensor) -> Tensor:
    shape = (-1, 1) if axis == -2 else (1, -1)
    return torch.as_tensor(weights, device=like.device).reshape(shape)


def _within(part: slice, span: Span) -> slice:
    """A part of the image, counted in what a window read."""
    return slice(part.start - span.outer_start, part.stop - span.outer_start)


def _length(part: slice) -> int:
    return int(part.stop - part.start)
