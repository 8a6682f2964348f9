"""The images: pairs of simulated cameras, and photographs that were processed in one way each; all with their truth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pinsharp.bench.robust.scene import SIDE, Scene
from pinsharp.data.cameras.faults import Mask
from pinsharp.data.cameras.lens import Lens, central_kernel, lens_kernels
from pinsharp.data.cameras.light import LINEAR, SRGB, Array, Tone
from pinsharp.data.cameras.pair import make_pair
from pinsharp.data.cameras.processing import computer_kernel, resized, through_jpeg
from pinsharp.data.cameras.sensor import demosaic, mosaic
from pinsharp.data.corpus import Corpus

CAMERAS = ("lab", "mono", "line-scan", "photo", "phone", "sem")
"""Simulated cameras whose images can be restored."""

LENSES: dict[str, Lens] = {
    "gaussian:2.2": Lens(sigma=2.2),
    "disk:2": Lens(radius=2.0),
    "disk:3": Lens(radius=3.0),
    "disk:5": Lens(radius=5.0),
}
"""Blurs of the images that are processed."""

LEAST_WIDTH, MOST_WIDTH = 0.5, 5.0
"""Widths in pixels between which there is something to restore."""

_NOISE = 1 / 255
_SEED = 177


@dataclass(frozen=True, eq=False)
class Subject:
    """One image and what is true of it.

    Args:
        image: As its file holds it, (H, W, C), float32 in [0, 1].
        sharp: What a perfect restoration would give, (H, W, C).
        kernel: True kernel (K, K) of light, in pixels of the image.
        gamma: Exponent of the tone curve: 1 for linear light, 2.2 for sRGB.
        seen: True for pixels (H, W) that stem from the scene and are judged.
    """

    image: Array
    sharp: Array
    kernel: Array
    gamma: float
    seen: Mask


def of_camera(photographs: Corpus, camera: str, number: int) -> Subject:
    """Take a pair of a camera: the `number`th, 0 or more, whose blur is between `LEAST_WIDTH` and `MOST_WIDTH`."""
    index = found = 0
    while True:
        pair = make_pair(photographs, camera, size=SIDE, seed=_SEED, index=index)
        if LEAST_WIDTH < pair.sigma < MOST_WIDTH:
            if found == number:
                gamma = float(pair.draw.processing.tone.nominal_gamma)
                return Subject(pair.image, pair.sharp, pair.kernel, gamma, pair.mask)
            found += 1
        index += 1


def of_process(photographs: Corpus, process: str, lens: str, number: int) -> Subject:
    """See the middle of a photograph, by its number, through a lens of `LENSES` and process it."""
    pixels = photographs.images[number % len(photographs.images)].permute(1, 2, 0).numpy()
    return PROCESSES[process](Scene(pixels, LENSES[lens], seed=_SEED + number))


def _noisy(scene: Scene, light: Array) -> Array:
    noise = scene.rng().normal(0, _NOISE, light.shape)
    return np.clip(light + noise, 0, 1).astype(np.float32)


def _subject(scene: Scene, image: Array, sharp: Array, kernel: Array | None = None, gamma: float = 1.0) -> Subject:
    levels = np.rint(255 * np.clip(image, 0, 1)).astype(np.float32) / np.float32(255)
    seen = np.ones(image.shape[:2], bool)
    return Subject(levels, sharp, scene.kernel if kernel is None else kernel, gamma, seen)


def _toned(scene: Scene, *, tone: Tone, quality: int = 0) -> Subject:
    """Behind a tone curve, and in a JPEG if a quality is given: of values as they are, in light that is linear."""
    taken = scene.taken(colour=True, tone=tone)
    image = tone.encode(_noisy(scene, taken.blurred))
    image = through_jpeg(image, quality) if quality else image
    return _subject(scene, image, tone.encode(taken.sharp), gamma=tone.nominal_gamma)


def _demosaiced(scene: Scene) -> Subject:
    taken = scene.taken(colour=True)
    raw = _noisy(scene, mosaic(taken.blurred))
    return _subject(scene, demosaic(raw, "bilinear"), taken.sharp)


def _by_opencv(scene: Scene) -> Subject:
    """Blurred by OpenCV in 8 bits; a disc is blurred by the Gaussian of its width."""
    import cv2

    sharp = scene.taken(lens=Lens()).sharp
    levels = np.rint(255 * _noisy(scene, sharp)).astype(np.uint8)
    image = np.asarray(cv2.GaussianBlur(levels, (0, 0), scene.width), np.float32)[..., None] / np.float32(255)
    return _subject(scene, image, sharp, computer_kernel(scene.width))


def _enlarged(scene: Scene) -> Subject:
    """Enlarged to twice its size, linearly; the kernel is the lens's of the result, and what interpolation adds."""
    taken = scene.taken(side=SIDE // 2)
    side = 2 * len(taken.sharp)
    image = resized(_noisy(scene, taken.blurred), side, "linear")
    kernel = central_kernel(lens_kernels(scene.lens, 2.0, 1))
    return _subject(scene, image, resized(taken.sharp, side, "linear"), kernel)


Process = Callable[[Scene], Subject]

PROCESSES: dict[str, Process] = {
    **{f"JPEG {quality}": partial(_toned, tone=SRGB, quality=quality) for quality in (95, 85, 75)},
    **{f"JPEG {quality}, linear": partial(_toned, tone=LINEAR, quality=quality) for quality in (95, 75)},
    "bilinear demosaicing": _demosaiced,
    "OpenCV, 8 bits": _by_opencv,
    "enlarged twice": _enlarged,
    "sRGB": partial(_toned, tone=SRGB),
}
"""What becomes of an image with noise of 1/255, by name."""


def given(image: Array) -> NDArray[Any]:
    """An image (H, W, C) as restorers take it: mono without its axis of channels."""
    return np.ascontiguousarray(image[..., 0] if image.shape[-1] == 1 else image)


def psnr(image: Array, subject: Subject) -> float:
    """PSNR in dB over the pixels that are seen."""
    values = torch.from_numpy(np.asarray(image, np.float32)).reshape(subject.sharp.shape).numpy()
    error = float(np.square((values - subject.sharp)[subject.seen], dtype=np.float64).mean())
    return float(-10 * np.log10(max(error, 1e-12)))
