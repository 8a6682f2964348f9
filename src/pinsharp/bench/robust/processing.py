"""What cameras and programs do to images: colours, tone curves, sharpening, resizing, JPEG, and blurs by computers."""

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

from pinsharp.bench.robust.case import Case, Situation, Truth, measurable, pixels
from pinsharp.bench.robust.scene import SIDE, Scene
from pinsharp.data.cameras.lens import Lens, width
from pinsharp.data.cameras.light import SRGB, Tone
from pinsharp.data.cameras.processing import Resizing, computer_kernel, resized, sharpened
from pinsharp.data.cameras.sensor import Demosaicing, demosaic, mosaic

_IN_FOCUS = Lens()
_REACH = 1.0  # sigma of unsharp masking in pixels
_RICHARDSON_LUCY = 15  # iterations

Program = tuple[Callable[[NDArray[np.uint8], float], NDArray[Any]], Callable[[float], float]]
"""A blur of 8-bit pixels (H, W) for a wanted width in pixels, and the width that it has."""


def jpeg(scene: Scene, *, quality: int) -> Case:
    """A photograph in colour, blurred as light, in a JPEG file as Pillow writes it."""
    taken = scene.taken(colour=True, tone=SRGB)
    image = pixels(SRGB.encode(scene.exposed(taken.blurred)))
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(buffer))
    sharp = SRGB.encode(taken.sharp)
    return Case(decoded, sharp, measurable(scene.width), file=buffer.getvalue(), suffix=".jpg")


def demosaiced(scene: Scene, *, method: Demosaicing) -> Case:
    """Colours in linear light, interpolated from a Bayer mosaic."""
    taken = scene.taken(colour=True)
    image = demosaic(scene.exposed(mosaic(taken.blurred)), method)
    return Case(pixels(image), taken.sharp, measurable(scene.width))


def toned(scene: Scene, *, tone: Tone, light: str = "linear") -> Case:
    """Light behind a tone curve; the user may say so by `light`, or not know of it."""
    taken = scene.taken(colour=True, tone=SRGB)
    image = pixels(tone.encode(scene.exposed(taken.blurred)))
    return Case(image, tone.encode(taken.sharp), measurable(scene.width), options={"light": light})


def unsharp(scene: Scene, *, amount: float) -> Case:
    """A blurred image that the camera has sharpened by unsharp masking."""
    taken = scene.taken()
    image = sharpened(scene.exposed(taken.blurred), amount, _REACH)
    return Case(pixels(image), taken.sharp, measurable(scene.width))


def scaled(scene: Scene, *, factor: float, kind: Resizing) -> Case:
    """A blurred image that was enlarged or reduced: its width is so too, in pixels of the result."""
    taken = scene.taken(side=round(SIDE / max(factor, 1)))
    side = round(factor * len(taken.sharp))
    image = resized(scene.exposed(taken.blurred), side, kind)
    return Case(pixels(image), resized(taken.sharp, side, kind), measurable(factor * scene.width))


def by_program(scene: Scene, *, program: Program) -> Case:
    """A sharp 8-bit image that a program has blurred, its border included."""
    blur, width_of = program
    sharp = scene.taken(lens=_IN_FOCUS).sharp
    image = blur(pixels(sharp), scene.width)
    return Case(image, sharp, measurable(width_of(scene.width)))


def restored(scene: Scene) -> Case:
    """A blurred image that somebody has restored already, by Richardson-Lucy with the right kernel."""
    from skimage.restoration import richardson_lucy  # half a second to import

    taken = scene.taken()
    image = richardson_lucy(  # type: ignore[no-untyped-call]
        scene.exposed(taken.blurred)[..., 0], scene.kernel, num_iter=_RICHARDSON_LUCY
    )
    truth = Truth(("sharp", "restorable", "contradictory"), (0.0, scene.width))
    return Case(pixels(image[..., None].astype(np.float32)), taken.sharp, truth)


def _opencv(image: NDArray[np.uint8], sigma: float) -> NDArray[Any]:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma))


def _pillow(image: NDArray[np.uint8], sigma: float) -> NDArray[Any]:
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(sigma)))


def _pillow_box(image: NDArray[np.uint8], sigma: float) -> NDArray[Any]:
    return np.asarray(Image.fromarray(image).filter(ImageFilter.BoxBlur(_box_radius(sigma))))


def _scipy(image: NDArray[np.uint8], sigma: float) -> NDArray[Any]:
    return np.asarray(ndimage.gaussian_filter(image, sigma))


def _skimage(image: NDArray[np.uint8], sigma: float) -> NDArray[Any]:
    from skimage.filters import gaussian

    return np.asarray(gaussian(image, sigma), np.float32)  # type: ignore[no-untyped-call]


def _box_radius(sigma: float) -> float:
    """Radius of Pillow's box, which is 2 * radius + 1 pixels long, of about this width."""
    return float((np.sqrt(12 * sigma**2 + 1) - 1) / 2)


def _box_width(sigma: float) -> float:
    """Width of that box: pixels at its ends count in part."""
    radius = _box_radius(sigma)
    whole = int(radius)
    offsets = np.arange(1, whole + 2)
    weights = np.append(np.ones(whole), radius - whole)
    return float(np.sqrt(2 * (weights * offsets**2).sum() / (2 * radius + 1)))


def _opencv_width(sigma: float) -> float:
    return width(computer_kernel(sigma))


def _same(sigma: float) -> float:
    return sigma


PROGRAMS: dict[str, Program] = {
    "OpenCV": (_opencv, _opencv_width),
    "Pillow": (_pillow, _same),
    "Pillow, box": (_pillow_box, _box_width),
    "SciPy": (_scipy, _same),
    "scikit-image": (_skimage, _same),
}

PROCESSING = (
    Situation("JPEG", "processing", {str(quality): partial(jpeg, quality=quality) for quality in (95, 90, 80, 75, 60)}),
    Situation(
        "demosaicing",
        "processing",
        {"bilinear": partial(demosaiced, method="bilinear"), "edge-aware": partial(demosaiced, method="edge-aware")},
    ),
    Situation(
        "tone curve",
        "processing",
        {
            "sRGB": partial(toned, tone=SRGB),
            "sRGB, --light srgb": partial(toned, tone=SRGB, light="srgb"),
            "gamma 2.2": partial(toned, tone=Tone("gamma", gamma=2.2)),
            "sRGB, S-curve": partial(toned, tone=Tone("srgb", contrast=1.5)),
        },
    ),
    Situation("sharpened", "processing", {f"{amount:g}": partial(unsharp, amount=amount) for amount in (0.5, 1.0)}),
    Situation(
        "resized",
        "processing",
        {
            "twice, linear": partial(scaled, factor=2, kind="linear"),
            "twice, cubic": partial(scaled, factor=2, kind="cubic"),
            "half": partial(scaled, factor=0.5, kind="area"),
        },
    ),
    Situation("restored already", "processing", {"Richardson-Lucy": restored}),
    Situation("by computer", "processing", {name: partial(by_program, program=PROGRAMS[name]) for name in PROGRAMS}),
)
"""What happens to an image between the sensor and the user."""
