"""The one way from pixels to restored pixels: measured, restored pass by pass, from top to bottom, whatever the size.

Each part of an image (all channels, brightness, or one channel) is measured and restored by itself. All passes but the
last are kept, in memory or in a file as the source says; rows of the last one go to the result as they are finished.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.levels import Levels
from pinsharp.blur.verdict import LEFT_ALONE
from pinsharp.errors import ImageError
from pinsharp.methods.method import BlindMethod, Method, has_exact_windows, measures_first
from pinsharp.restoration.by_levels import restored_by_levels
from pinsharp.restoration.disk import OnDisk
from pinsharp.restoration.measure import estimate, given_blur, local_blur, whole
from pinsharp.restoration.narrower import SHARES, narrowed
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.residual import Residual
from pinsharp.restoration.result import Restored, RestoredField
from pinsharp.restoration.sources import ArraySource, Source, SourcePlanes
from pinsharp.restoration.windows import SeamMeter, reach, restored_bands, worst

SHARP_SIGMA = 0.5
"""Width in pixels below which a restored image counts as sharp, so that no further pass is made."""

REFUTED = "the blur is of another kind: what was restored, blurred again, is another image"
"""Why an image stays as it is whose result was refuted."""

ROWS_AT_ONCE = 64
"""Rows that are turned back into pixels together; each takes several times its size on the way."""

Progress = Callable[[int, int], object]
"""Is told how many of how many pixels are done, those of each part and pass counted."""

Tell = Callable[[int], None]
"""Is told how many pixels a window has that is done."""

Sink = Callable[[Iterator[NDArray[Any]]], NDArray[Any] | OnDisk]
"""Takes the rows of a result from top to bottom."""

_Part = TypeVar("_Part")


@dataclass(eq=False)
class _Passes:
    """One part of an image after all passes but the last.

    Attributes:
        planes: What the last pass restores, or the result if it is sharp already.
        blurs: The blur that each pass found, or was given.
        levels: The blur of the first pass place by place; None where one kernel restores the whole.
        bands: Finished rows of the last pass, made as they are taken; None if no further pass is made.
        meters: What blended windows disagree by.
        reason: Why the planes stay as they are; empty if they do not.
        guards: How much of each place each pass believed; see `WindowedMethod.finished`.
    """

    planes: SourcePlanes
    blurs: list[BlurField] = field(default_factory=list)
    levels: Levels | None = None
    bands: Iterator[Tensor] | None = None
    meters: list[SeamMeter] = field(default_factory=list)
    guards: list[Tensor] = field(default_factory=list)
    reason: str = ""


def restore(
    source: Source, method: Method, recipe: Recipe, sink: Sink, *, progress: Progress | None, folder: Path | None
) -> Restored:
    """Restore a source.

    Args:
        source: The image.
        method: What measures and restores.
        recipe: How.
        sink: Where rows of the result go.
        progress: Called after every window.
        folder: Where passes of images on disk are kept; None for the system's folder for such files.
    """
    window = source.choose_window(recipe.window) if measures_first(method) else 0
    tell = _counter(progress, math.prod(source.shape[:2]) * len(source.parts) * recipe.iterations)
    parts = [_passes(planes, method, recipe, window, tell, folder) for planes in source.parts]
    planes = main(list[SourcePlanes](source.parts))
    blurs, levels = main(parts).blurs, main(parts).levels
    left = Residual(planes.shape, blurs[0].kernel, levels) if len(blurs) == 1 else None
    held = sink(_rows(source, parts, left, reach(method)))
    result = Restored(
        held,
        defocus=blurs[0],
        sigmas=tuple(found.sigma for found in blurs),
        seconds=time.perf_counter() - source.begun,
        window=window,
        seam=worst(meter.seam for part in parts for meter in part.meters),
        field=RestoredField(levels.widths, *levels.ends) if levels else None,
        levels=levels,
        channels=tuple(part.blurs[0] for part in parts) if len(parts) > 1 else (),
        residual=left.value(planes.look) if left else None,
        typical_residual=left.typical if left else None,
        dropped=source.dropped,
        reason=main(parts).reason if all(part.reason for part in parts) else "",
        guard=guards[0].numpy() if (guards := main(parts).guards) else None,
        light=source.light,
        mask=source.mask,
        faults=source.faults,
        white_level=source.recipe.white_level,
    )
    is_asked_for = recipe.force or not recipe.measures
    if is_asked_for or method.kernel_from != "itself" or not isinstance(source, ArraySource) or not result.is_refuted:
        return result
    return _second_try(result, source, method, recipe, sink)


def _second_try(result: Restored, source: ArraySource, method: Method, recipe: Recipe, sink: Sink) -> Restored:
    """A refuted result with a narrower kernel, or the image as it is where that is refuted too.

    Methods with somebody else's kernel may stop half way, as Richardson-Lucy does: their residual refutes nothing.

    Raises:
        ImageError: If it is refuted, and the recipe is strict.
    """
    if recipe.strict:
        raise ImageError(f"expected an image that can be restored, got {REFUTED}")
    for share in SHARES:
        tried = replace(recipe, kernel=f"gaussian:{share * result.sigma:.6f}", iterations=1)
        again = restore(source, method, tried, sink, progress=None, folder=None)
        if not again.is_refuted:
            blur = narrowed(result.defocus, again.defocus, share)
            return replace(again, defocus=blur, sigmas=(blur.sigma,), refuted_sigma=result.sigma)
    return replace(result, held=source.pixels.copy(), reason=REFUTED, field=None, levels=None)


def main(parts: Sequence[_Part]) -> _Part:
    """The part that speaks for an image: the only one, or that of green, which makes up most of what is seen."""
    return parts[len(parts) // 2]


def _passes(
    planes: SourcePlanes, method: Method, recipe: Recipe, window: int, tell: Tell, folder: Path | None
) -> _Passes:
    """Measure and restore, again and again, until one pass is left or the result is sharp.

    Raises:
        ImageError: If the image would stay as it is, and the recipe is strict.
    """
    made = _Passes(planes)
    while True:
        found, bands = _find(made, method, recipe, window, tell)
        if not made.blurs and not recipe.force and found.verdict in LEFT_ALONE:
            return _left_alone(made, found, recipe)
        if made.blurs and found.sigma < SHARP_SIGMA:
            return made
        made.blurs.append(found)
        bands = _dropping(made.planes, bands, reach(method))
        if len(made.blurs) == recipe.iterations:
            made.bands = bands
            return made
        made.planes = made.planes.stored(bands, folder)


def _left_alone(made: _Passes, found: BlurField, recipe: Recipe) -> _Passes:
    """The planes as they are: nothing can be gained, or nothing trusted."""
    assert found.finding is not None
    if recipe.strict and found.verdict != "sharp":
        raise ImageError(f"expected an image that can be restored, got {found.finding.reason}")
    made.blurs.append(found)
    made.reason = found.finding.reason
    return made


def _find(made: _Passes, method: Method, recipe: Recipe, window: int, tell: Tell) -> tuple[BlurField, Iterator[Tensor]]:
    """Find the blur of planes; with it comes what restores them."""
    planes = made.planes
    if measures_first(method):
        known, levels = _known(planes, method, recipe)
        if not made.blurs:
            made.levels = levels
        if levels is not None and not has_exact_windows(method):
            made.meters.append(SeamMeter())
            return known, restored_by_levels(planes, method, levels, made.meters[-1], tell)
        return known, restored_bands(
            planes, method, known, window, levels=levels, meters=made.meters, guards=made.guards, tell=tell
        )
    result = method(whole(planes, method))
    assert result.kernel is not None  # what has no estimate finds a kernel while it restores
    return BlurField(result.kernel), iter([result.image])


def _known(planes: SourcePlanes, method: BlindMethod, recipe: Recipe) -> tuple[BlurField, Levels | None]:
    """The blur of planes as a whole, and place by place where it varies and is to be restored so."""
    widths = recipe.given_widths()
    if widths is not None:
        return given_blur(planes, method, widths)
    known = estimate(planes, method, recipe.given_kernel())
    return known, local_blur(method, known, planes.shape[1:]) if recipe.field == "auto" else None


def _dropping(planes: SourcePlanes, bands: Iterator[Tensor], halo: int) -> Iterator[Tensor]:
    """The same bands; after each the planes need not keep what lies above it."""
    bottom = 0
    for band in bands:
        bottom += band.shape[-2]
        yield band
        planes.drop(bottom - halo)


def _rows(source: Source, parts: list[_Passes], left: Residual | None, halo: int) -> Iterator[NDArray[Any]]:
    """Finished rows of the result, from top to bottom, of the input's kind."""
    source.rewind()
    top = 0
    for bands in _last_pass(parts):
        if left is not None:
            left.add(main(bands))
        for restored in zip(*(torch.split(band, ROWS_AT_ONCE, dim=-2) for band in bands), strict=True):
            yield source.leave(restored, top)
            top += restored[0].shape[-2]
        source.drop(top - halo)


def _last_pass(parts: list[_Passes]) -> Iterator[list[Tensor]]:
    """Rows of all parts, as many of each: finished ones as they come, of others those that were kept."""
    _, height, width = parts[0].planes.shape
    running = [part.bands for part in parts if part.bands is not None]
    top = 0
    while top < height:
        finished = [next(bands) for bands in running]
        bottom = top + finished[0].shape[-2] if finished else min(top + ROWS_AT_ONCE, height)
        following = iter(finished)
        yield [
            part.planes.read(slice(top, bottom), slice(0, width)) if part.bands is None else next(following)
            for part in parts
        ]
        for part in parts:
            if part.bands is None:
                part.planes.drop(bottom)
        top = bottom


def _counter(progress: Progress | None, total: int) -> Tell:
    """What counts the pixels that are done, for whoever wants to know."""
    done = 0

    def tell(pixels: int) -> None:
        nonlocal done
        done += pixels
        if progress:
            progress(done, total)

    return tell
