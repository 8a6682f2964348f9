"""Restoring a video frame by frame with one blur, that of a fixed camera, or a blur of its own for each frame.

One blur is measured of a few frames spread over the whole, whose windows vote together. Frames are read, restored and
written one after another, so that memory does not grow with the length.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.blur.field import BlurField
from pinsharp.blur.verdict import LEFT_ALONE
from pinsharp.errors import ConfigError, ImageError, PinsharpError
from pinsharp.images.files import ImageFile
from pinsharp.images.video import Frame, open_clip, sample_frames
from pinsharp.images.video_writer import check_clip_output, dropped, open_sink
from pinsharp.restoration.disk import OnDisk
from pinsharp.restoration.planes import PlaneRestorer
from pinsharp.restoration.profiled import distance_figures
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.result import Restored

FRAMES = 8
"""Frames that a blur is measured of."""


def measured_frames(path: str | Path) -> list[ImageFile]:
    """The frames of a video that its blur is measured of.

    Raises:
        ImageError: If the video cannot be read.
    """
    return sample_frames(path, FRAMES)


def restore_clip(
    restorer: PlaneRestorer,
    informed: PlaneRestorer,
    source: Path,
    target: Path,
    *,
    overwrite: bool,
    progress: Callable[[int, int], object] | None = None,
) -> Restored:
    """Restore a video.

    Args:
        restorer: Its recipe says whether frames share a blur: unless `planes` is `each`.
        informed: The same without what helps to measure, to restore frames by the blur that they share.
        source: The video.
        target: The result, or the name of its images.
        overwrite: Replace an existing result.
        progress: Called after every frame with the pixels that are done and all pixels, as far as that is known.

    Returns:
        The result of the first frame, with the file, the time of all, and the reason if all stay as they are.

    Raises:
        ConfigError: If frames that share a blur are to be restored several times, or by channels of a file.
        ImageError: If the video cannot be read or restored.
        OutputError: If the result cannot be written.
    """
    shares = _shares_blur(restorer.recipe)
    check_clip_output(target, overwrite=overwrite)
    begun = time.perf_counter()
    blur = _shared_blur(restorer, source) if shares else None
    first, reasons, count = None, set[str](), 0
    with open_clip(source) as clip, open_sink(target, clip, overwrite=overwrite) as sink:
        for packet, frames in clip.packets():
            if packet is not None:
                sink.copy(packet)
            for frame in frames:
                result = _restored(informed if blur else restorer, frame, blur, count)
                sink.add(frame, _pixels(result))
                first, count = first or replace(result, held=_beginning(frame)), count + 1
                reasons.add(result.reason)
                if progress:
                    _tell(progress, frame, count, clip.count)
        lost = dropped(clip, target)
    assert first is not None  # a video without frames is refused
    held = OnDisk(target, first.held.shape, first.held.dtype)
    reason = first.reason if "" not in reasons else ""
    return replace(first, held=held, seconds=time.perf_counter() - begun, reason=reason, dropped=lost, frames=count)


def _shares_blur(recipe: Recipe) -> bool:
    """Whether all frames are restored with one blur that is measured.

    Raises:
        ConfigError: If such frames are to be restored several times, or by channels of a file.
    """
    if recipe.planes == "channel":
        raise ConfigError("frames of a video have no channel of their own, got --planes channel; say one or each")
    shares = recipe.planes != "each" and recipe.measures
    if shares and recipe.iterations > 1:
        raise ConfigError(
            f"--iterations above 1 measure each frame again, got {recipe.iterations} and frames that share a blur; say "
            "--planes each"
        )
    return shares


def _shared_blur(restorer: PlaneRestorer, source: Path) -> BlurField:
    """Measure the one blur of a video.

    Raises:
        ImageError: If the recipe is strict and no frame would be restored.
    """
    blur = restorer.measure(measured_frames(source))
    if blur.verdict in LEFT_ALONE and restorer.recipe.strict and blur.verdict != "sharp":
        assert blur.finding is not None
        raise ImageError(f"{source}: expected a video that can be restored, got {blur.finding.reason}")
    return blur


def _restored(restorer: PlaneRestorer, frame: Frame, blur: BlurField | None, number: int) -> Restored:
    """One frame with the blur that all share, or with its own."""
    recipe, image = restorer.recipe, frame.image
    try:
        if blur is None:
            return restorer(image)
        if blur.verdict in LEFT_ALONE and not recipe.force:
            assert blur.finding is not None
            return Restored(
                image.pixels, blur, (blur.sigma,), 0.0, reason=blur.finding.reason, light=frame.image.tags.light
            )
        if blur.verdict == "varying" and recipe.field == "auto":
            shape = image.pixels.shape[:2]
            result = restorer(image, field=blur.widths((shape[0], shape[1])))
        else:
            result = restorer(image, kernel=blur.kernel_array)
    except PinsharpError as error:
        raise type(error)(f"frame {number + 1}: {error}") from error
    return replace(result, defocus=blur, sigmas=(blur.sigma,), distance=distance_figures(blur, recipe))


def _pixels(result: Restored) -> NDArray[Any]:
    assert isinstance(result.held, np.ndarray)
    return result.held


def _beginning(frame: Frame) -> NDArray[Any]:
    """What has the shape and type of a frame and takes no memory."""
    pixels = frame.image.pixels
    return np.broadcast_to(np.zeros((), pixels.dtype), pixels.shape)


def _tell(progress: Callable[[int, int], object], frame: Frame, count: int, total: int) -> None:
    size = frame.source.width * frame.source.height
    progress(count * size, max(total, count) * size)
