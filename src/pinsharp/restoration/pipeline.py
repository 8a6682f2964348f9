"""The one way from pixels to restored pixels: measured, restored pass by pass, from top to bottom, whatever the size.

Each part of an image (all channels, brightness, or one channel) is measured and restored by itself. All passes but the
last are kept, in memory or in a file as the source says; rows of the last one go to the result as they are finished.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.blur.levels import Levels
from pinsharp.blur.other_width import careful
from pinsharp.blur.verdict import LEFT_ALONE
from pinsharp.errors import ImageError
from pinsharp.methods.method import BlindMethod, Method, has_exact_windows, measures_first
from pinsharp.restoration.by_levels import restored_by_levels
from pinsharp.restoration.disk import OnDisk
from pinsharp.restoration.measure import estimate, given_blur, local_blur, whole
from pinsharp.restoration.narrower import SHARES, narrowed
from pinsharp.restoration.own import own_softness
from pinsharp.restoration.profiled import distance_figures
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.reference import Own
from pinsharp.restoration.residual import Residual, is_refuted
from pinsharp.restoration.result import Restored, RestoredField, channels_of
from pinsharp.restoration.rows import main, rows_of
from pinsharp.restoration.sources import Source, SourcePlanes
from pinsharp.restoration.windows import SeamMeter, reach, restored_bands, worst

POINT = 0.15
"""Second-moment width in pixels below which a given kernel is a point."""

SHARP_SIGMA = 0.5
"""Width in pixels below which a restored image counts as sharp, so that no further pass is made."""

REFUTED = "the blur is probably of another kind: blurred again, the result does not match the image"
"""Why an image stays as it is whose result was refuted."""

Progress = Callable[[int, int], object]
"""Called with the number of pixels done and of all pixels, those of each part and pass counted."""

Tell = Callable[[int], None]
"""Called with the number of pixels of each window that is done."""

Sink = Callable[[Iterator[NDArray[Any]]], NDArray[Any] | OnDisk]
"""Takes the rows of a result from top to bottom."""


@dataclass(eq=False)
class Passes:
    """One part of an image after all passes but the last.

    Attributes:
        planes: What the last pass restores, or the result if it is sharp already.
        own: What is known of the camera's own softness.
        blurs: The blur that each pass found, or was given.
        levels: The blur of the first pass place by place; None where one kernel restores the whole.
        bands: Finished rows of the last pass, made as they are taken; None if no further pass is made.
        meters: What blended windows disagree by.
        reason: Why the planes stay as they are; empty if they do not.
        guards: How much of each place each pass trusted; see `WindowedMethod.finished`.
    """

    planes: SourcePlanes
    own: Own | None = None
    blurs: list[BlurField] = field(default_factory=list)
    levels: Levels | None = None
    bands: Iterator[Tensor] | None = None
    meters: list[SeamMeter] = field(default_factory=list)
    guards: list[Tensor] = field(default_factory=list)
    reason: str = ""


class _RefutedError(Exception):
    """Ends the writing of rows whose image refutes them."""


def restore(
    source: Source, method: Method, recipe: Recipe, sink: Sink, *, progress: Progress | None, folder: Path | None
) -> Restored:
    """Restore a source.

    Args:
        source: The image.
        method: What measures and restores.
        recipe: How.
        sink: Where rows of the result go. Where the image refutes them it is stopped before the last of them, and
            called again.
        progress: Called after every window.
        folder: Where passes of images on disk are kept; None for the system's folder for such files.
    """
    # Methods with somebody else's kernel may stop half way, as Richardson-Lucy does: their residual refutes nothing.
    judges = recipe.measures and not recipe.force and method.kernel_from == "itself"
    result = _attempt(source, method, recipe, sink, judges=judges, progress=progress, folder=folder)
    return _second_try(result, source, method, recipe, sink) if judges and result.is_refuted else result


def _attempt(
    source: Source,
    method: Method,
    recipe: Recipe,
    sink: Sink,
    *,
    judges: bool,
    progress: Progress | None = None,
    folder: Path | None = None,
) -> Restored:
    """Restore a source as `restore` does, once. If it `judges`, a result that is refuted holds nothing."""
    window = source.choose_window(recipe.window) if measures_first(method) else 0
    tell = _counter(progress, math.prod(source.shape[:2]) * len(source.parts) * recipe.iterations)
    owns = own_softness(source, method, recipe)
    parts = [
        _passes(planes, own, method, recipe, window, tell, folder)
        for planes, own in zip(list[SourcePlanes](source.parts), owns, strict=True)
    ]
    planes = main(list[SourcePlanes](source.parts))
    blurs, levels = main(parts).blurs, main(parts).levels
    left = Residual(planes.shape, blurs[0].kernel, levels) if len(blurs) == 1 else None
    is_left = all(part.reason for part in parts)
    rows = rows_of(source, parts, left, reach(method))
    if judges and left is not None and not is_left:
        rows = _unless_refuted(rows, source, left, blurs[0])
    try:
        held = sink(rows)
    except _RefutedError:
        held = np.broadcast_to(np.zeros((), np.uint8), source.shape)
    return _as_restored(held, source, parts, left, recipe, window)


def _as_restored(
    held: NDArray[Any] | OnDisk,
    source: Source,
    parts: list["Passes"],
    left: Residual | None,
    recipe: Recipe,
    window: int,
) -> Restored:
    """The result of finished `parts`, with all that was found out on the way."""
    blurs, levels = main(parts).blurs, main(parts).levels
    is_left = all(part.reason for part in parts)
    return Restored(
        held,
        defocus=blurs[0],
        sigmas=tuple(found.sigma for found in blurs),
        seconds=time.perf_counter() - source.begun,
        window=window,
        seam=worst(meter.seam for part in parts for meter in part.meters),
        field=RestoredField(levels.widths, *levels.ends) if levels else None,
        levels=levels,
        further=tuple(found.kernel for found in blurs[1:]),
        channels=tuple(part.blurs[0] for part in parts) if len(parts) > 1 else (),
        residual=left.value(main(list[SourcePlanes](source.parts)).look) if left else None,
        typical_residual=left.typical if left else None,
        dropped=source.dropped,
        reason=main(parts).reason if is_left else "",
        guard=guards[0].numpy() if (guards := main(parts).guards) else None,
        light=source.light,
        mask=source.mask,
        faults=source.faults,
        white_level=source.recipe.white_level,
        distance=distance_figures(blurs[0], recipe),
    )


def _unless_refuted(
    rows: Iterator[NDArray[Any]], source: Source, left: Residual, blur: BlurField
) -> Iterator[NDArray[Any]]:
    """Rows of a result, up to where the image refutes them.

    Raises:
        _RefutedError: If the image refutes the result.
    """
    is_judged = False
    for part in rows:
        if not is_judged and left.is_complete:
            is_judged = True
            left.value(main(list[SourcePlanes](source.parts)).look)
            if is_refuted(left.typical, blur, channels_of(source.shape)):
                raise _RefutedError
        yield part


def _second_try(result: Restored, source: Source, method: Method, recipe: Recipe, sink: Sink) -> Restored:
    """A refuted result with a narrower kernel, or the image as it is where that is refuted too.

    Raises:
        ImageError: If every result is refuted, and the recipe is strict.
    """
    if recipe.strict:
        raise ImageError(f"expected an image that can be restored, got {REFUTED}")
    for share in SHARES:
        kernel = f"gaussian:{share * result.sigma:.6f}"
        tried = replace(recipe, kernel=kernel, iterations=1, reference=None, beyond_camera=False)
        again = _attempt(source, method, tried, sink, judges=True)
        if not again.is_refuted:
            blur = narrowed(result.defocus, again.defocus, share)
            return replace(again, defocus=blur, sigmas=(blur.sigma,), refuted_sigma=result.sigma)
    return replace(result, held=sink(source.untouched()), reason=REFUTED, field=None, levels=None)


def _passes(
    planes: SourcePlanes,
    own: Own | None,
    method: Method,
    recipe: Recipe,
    window: int,
    tell: Tell,
    folder: Path | None,
) -> Passes:
    """Measure and restore, again and again, until one pass is left or the result is sharp.

    Raises:
        ImageError: If the image would stay as it is, and the recipe is strict.
    """
    made = Passes(planes, own)
    while True:
        found, bands = _find(made, method, recipe, window, tell)
        if not made.blurs and not recipe.force and (found.verdict in LEFT_ALONE or _is_point(found)):
            return _left_alone(made, found, recipe)
        if made.blurs and found.sigma < SHARP_SIGMA:
            return made
        made.blurs.append(found)
        bands = _dropping(made.planes, bands, reach(method))
        if len(made.blurs) == recipe.iterations:
            made.bands = bands
            return made
        made.planes = made.planes.stored(bands, folder)


def _left_alone(made: Passes, found: BlurField, recipe: Recipe) -> Passes:
    """The planes as they are: nothing can be gained, or nothing trusted."""
    made.blurs.append(found)
    if found.finding is None:
        made.reason = "the given kernel is a point, which blurs nothing"
        return made
    if recipe.strict and found.verdict != "sharp":
        raise ImageError(f"expected an image that can be restored, got {found.finding.reason}")
    made.reason = found.finding.reason
    return made


def _is_point(found: BlurField) -> bool:
    """Whether a kernel was given that blurs nothing, where a network would still smooth."""
    return found.is_given and float(kernel_sigma(found.kernel)[0]) < POINT


def _find(made: Passes, method: Method, recipe: Recipe, window: int, tell: Tell) -> tuple[BlurField, Iterator[Tensor]]:
    """Find the blur of planes; with it comes what restores them."""
    planes = made.planes
    if measures_first(method):
        known, levels = _known(planes, method, recipe, made.own)
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


def _known(
    planes: SourcePlanes, method: BlindMethod, recipe: Recipe, own: Own | None
) -> tuple[BlurField, Levels | None]:
    """The blur of planes as a whole, and place by place where it varies and is to be restored so."""
    widths = recipe.given_widths()
    if widths is not None:
        return given_blur(planes, method, widths)
    known = estimate(planes, method, recipe.given_kernel(), own)
    levels = local_blur(method, known, planes.shape[1:]) if recipe.field == "auto" else None
    is_left = known.verdict in LEFT_ALONE and not recipe.force
    return (known if is_left or levels is not None else careful(known)), levels


def _dropping(planes: SourcePlanes, bands: Iterator[Tensor], halo: int) -> Iterator[Tensor]:
    """The same bands; after each the planes need not keep what lies above it."""
    bottom = 0
    for band in bands:
        bottom += band.shape[-2]
        yield band
        planes.drop(bottom - halo)


def _counter(progress: Progress | None, total: int) -> Tell:
    """What counts the pixels that are done, for whoever wants to know."""
    done = 0

    def tell(pixels: int) -> None:
        nonlocal done
        done += pixels
        if progress:
            progress(done, total)

    return tell
