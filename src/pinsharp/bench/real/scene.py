"""One level of a focus series with the sharp one brought to it: what every restoration of the level is judged by."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.bench.real.detail import agreement, by_octave
from pinsharp.bench.real.series import brightness
from pinsharp.bench.real.sharpness import sharpness
from pinsharp.bench.show.sheet import Box
from pinsharp.blur.between import Fit, fit_width
from pinsharp.errors import ImageError
from pinsharp.images.registration import Plane, Registration, Shape, local_sigmas, overlap, register, registered
from pinsharp.metrics import mse, psnr, ssim
from pinsharp.restoration.restorer import Restorer

SAME_SCENE = 0.95
"""Correlation with the blurred sharp level below which an image does not count as registered: a tenth of what varies
in it would be unexplained, and differences from the sharp level would say little about its blur."""

Part = tuple[slice, slice]  # rows and columns of an image


@dataclass(frozen=True, eq=False)
class Scene:
    """One level, and the sharp one brought to it."""

    image: NDArray[Any]  # the level as it was taken, as in its file
    sharp: Plane  # the registered sharp level in luma, (H, W) as the image
    found: Registration  # how it was brought there
    widths: list[float]  # blur of the sharp level that matches, in parts of the image; see `local_sigmas`
    part: Part  # what is judged: what both show, the border cut
    detail: Part  # what is shown
    region: Part | None  # what is judged by itself; None if nothing is, or the image does not show all of it
    light: str  # in which it is restored
    fitted: Fit | None  # the blur between both; None for the sharp level itself, and where they do not match
    # PSNR of Richardson-Lucy by the kernel, in bytes: rows that use the same kernel share it.
    solved: dict[bytes, float] = field(default_factory=dict)

    @property
    def is_registered(self) -> bool:
        """Whether what the sharp level shows, blurred, is what the image shows."""
        return self.found.correlation >= SAME_SCENE


def set_scene(
    image: NDArray[Any],
    sharp: Plane,
    detail: Box,
    *,
    is_reference: bool,
    region: Box | None = None,
    light: str = "linear",
) -> Scene:
    """Bring the sharp level, in luma, to another one as it was taken; detail and region are in pixels of the sharp one.

    Raises:
        ImageError: If the two images cannot be registered.
    """
    plane = brightness(image)
    shape, other = (plane.shape[0], plane.shape[1]), (sharp.shape[0], sharp.shape[1])
    found = Registration() if is_reference else register(plane, sharp)
    brought = sharp if is_reference else registered(sharp, found, shape)
    centre = (detail.top + (detail.height - 1) / 2, detail.left + (detail.width - 1) / 2)
    at = found.position_in_image(centre, shape, other)
    spans = [
        _around(position, length, size)
        for position, length, size in zip(at, (detail.height, detail.width), shape, strict=True)
    ]
    part = overlap(found, shape, other)
    matches = not is_reference and found.correlation >= SAME_SCENE
    return Scene(
        image,
        brought,
        found,
        local_sigmas(plane, brought) if matches else [],
        part,
        (spans[0], spans[1]),
        None if region is None else _brought(region, found, shape, other),
        light,
        fit_width(plane, brought, part) if matches else None,
    )


def judge(scene: Scene, image: NDArray[Any], estimator: Restorer) -> dict[str, Any]:
    """Compare an image of a scene, as it was taken or restored, with the sharp one: figures of `LevelFigures`.

    Where the sharp one could not be registered there is but the width that is measured in the image.

    Raises:
        ImageError: If the image has another size than the scene, or its blur cannot be measured.
    """
    plane = brightness(image)
    if plane.shape != scene.sharp.shape:
        raise ImageError(f"expected a restored image of {scene.sharp.shape} pixels, got {plane.shape}")
    measured = estimator.in_light(scene.light).measure(image)
    width = {"sigma": measured.sigma, "sigma_relative_std": measured.sigma_relative_std}
    if not scene.is_registered:
        return {**width, "mse": math.nan, "psnr": math.nan, "sharpness": sharpness(plane), "reference_sharpness": 0.0}
    seen, sharp = plane[scene.part], scene.sharp[scene.part]
    one, two = as_tensor(seen), as_tensor(sharp)
    return {
        **width,
        "mse": float(mse(one, two)),
        "psnr": float(psnr(one, two)),
        "ssim": float(ssim(one, two)),
        "sharpness": sharpness(seen),
        "reference_sharpness": sharpness(sharp),
        "octaves": by_octave(seen, sharp),
        "region": None if scene.region is None else agreement(plane[scene.region], scene.sharp[scene.region]),
    }


def psnr_of(scene: Scene, image: NDArray[Any]) -> float:
    """PSNR of an image of a scene, as `judge` has it."""
    return float(psnr(as_tensor(brightness(image)[scene.part]), as_tensor(scene.sharp[scene.part])))


def as_tensor(plane: Plane) -> Tensor:
    """One channel (H, W) as a tensor (1, 1, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(plane))[None, None]


def _brought(region: Box, found: Registration, shape: Shape, reference: Shape) -> Part | None:
    """Where a region of the sharp level lies in the image; None if the image does not show all of it."""
    first = found.position_in_image((region.top, region.left), shape, reference)
    last = found.position_in_image((region.top + region.height, region.left + region.width), shape, reference)
    rows, columns = (slice(round(begin), round(end)) for begin, end in zip(first, last, strict=True))
    is_inside = min(rows.start, columns.start) >= 0 and rows.stop <= shape[0] and columns.stop <= shape[1]
    return (rows, columns) if is_inside else None


def _around(centre: float, length: int, size: int) -> slice:
    """So many pixels about a position, moved into an image of a size where they would leave it."""
    length = min(length, size)
    begin = min(max(round(centre - (length - 1) / 2), 0), size - length)
    return slice(begin, begin + length)
