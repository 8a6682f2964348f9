"""One level of a focus series with the sharp one brought to it: what every restoration of the level is judged by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.bench.real.registration import Plane, Registration, local_sigmas, overlap, register, registered
from pinsharp.bench.real.series import brightness
from pinsharp.bench.real.sharpness import sharpness
from pinsharp.bench.show.sheet import Box
from pinsharp.errors import ImageError
from pinsharp.metrics import mse, psnr
from pinsharp.restoration.restorer import Restorer

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


def set_scene(image: NDArray[Any], sharp: Plane, detail: Box, *, is_reference: bool) -> Scene:
    """Bring the sharp level, in luma, to another one as it was taken; `detail` is in pixels of the sharp one.

    Raises:
        ImageError: If they cannot be registered.
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
    widths = [] if is_reference else local_sigmas(plane, brought)
    return Scene(image, brought, found, widths, overlap(found, shape, other), (spans[0], spans[1]))


def judge(scene: Scene, image: NDArray[Any], estimator: Restorer) -> dict[str, Any]:
    """Compare an image of a scene, as it was taken or restored, with the sharp one: figures of `LevelFigures`.

    Raises:
        ImageError: If the image has another size than the scene, or its blur cannot be measured.
    """
    plane = brightness(image)
    if plane.shape != scene.sharp.shape:
        raise ImageError(f"expected a restored image of {scene.sharp.shape} pixels, got {plane.shape}")
    seen, sharp = plane[scene.part], scene.sharp[scene.part]
    measured = estimator.measure(image)
    return {
        "sigma": measured.sigma,
        "sigma_relative_std": measured.sigma_relative_std,
        "mse": float(mse(as_tensor(seen), as_tensor(sharp))),
        "psnr": float(psnr(as_tensor(seen), as_tensor(sharp))),
        "sharpness": sharpness(seen),
        "reference_sharpness": sharpness(sharp),
    }


def as_tensor(plane: Plane) -> Tensor:
    """One channel (H, W) as a tensor (1, 1, H, W)."""
    return torch.from_numpy(np.ascontiguousarray(plane))[None, None]


def _around(centre: float, length: int, size: int) -> slice:
    """So many pixels about a position, moved into an image of a size where they would leave it."""
    length = min(length, size)
    begin = min(max(round(centre - (length - 1) / 2), 0), size - length)
    return slice(begin, begin + length)
