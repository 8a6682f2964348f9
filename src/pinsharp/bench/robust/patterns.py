"""Scenes other than photographs: gratings, boards, dots, text, and scenes that show nothing."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.bench.robust.case import Case, Said, Situation, Truth, measurable, pixels
from pinsharp.bench.robust.scene import CAMERA, SIDE, Scene, seen_by
from pinsharp.data.cameras.lens import kernel_side
from pinsharp.data.cameras.light import Array
from pinsharp.data.cameras.sensor import quantised

_FINE = 4  # samples a pixel, along each axis, by which borders are drawn
_DARK, _BRIGHT = 0.2, 0.8
_GREY = 128 / 255  # a level that 8 bits have
_LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz    "))
_LINE, _MARGIN = 18, 12  # pixels
_UNKNOWABLE: tuple[Said, ...] = ("periodic", "no-texture")

Draw = Callable[[int, np.random.Generator], Array]
"""Draws light in focus (side, side, 1)."""


def drawn(scene: Scene, *, draw: Draw, also: tuple[Said, ...] = ()) -> Case:
    """Take what is drawn, again for each photograph, through the scene's lens."""
    light = draw(SIDE + 2 * (kernel_side(scene.lens) // 2), scene.rng(2))
    taken = seen_by(light, scene.lens)
    return Case(pixels(scene.exposed(taken.blurred)), taken.sharp, measurable(scene.width, *also))


def grating(side: int, rng: np.random.Generator, *, period: float) -> Array:
    """Bars of one period in pixels, half of it bright, at a random angle."""
    angle = rng.uniform(0, math.pi)
    down, across = _fine_places(side)
    position = (across * math.cos(angle) + down * math.sin(angle)) / period + rng.random()
    return _two_levels(position % 1 < 0.5)


def checker(side: int, rng: np.random.Generator, *, period: float) -> Array:
    """A board of squares, two of which are one period in pixels."""
    down, across = (place / period + rng.random() for place in _fine_places(side))
    return _two_levels((down % 1 < 0.5) ^ (across % 1 < 0.5))


def dots(side: int, rng: np.random.Generator, *, period: float) -> Array:
    """Round dots in rows, a quarter of the period in radius."""
    down, across = ((place / period + rng.random()) % 1 - 0.5 for place in _fine_places(side))
    return _two_levels(np.hypot(down, across) < 0.25)


def text(side: int, rng: np.random.Generator) -> Array:
    """A page of dark letters."""
    ink = np.zeros((side, side), np.uint8)
    for foot in range(_LINE, side - _MARGIN // 2, _LINE):
        words = "".join(rng.choice(_LETTERS, side // 8))
        cv2.putText(ink, words, (_MARGIN, foot), cv2.FONT_HERSHEY_SIMPLEX, 0.42, 255, 1, cv2.LINE_AA)
    return np.float32(0.9) - np.float32(0.8 / 255) * ink[..., None].astype(np.float32)


def flat(scene: Scene, *, is_noisy: bool) -> Case:
    """An even grey."""
    light = np.full((SIDE, SIDE, 1), _GREY, np.float32)
    return _nothing(light, scene.exposed(light) if is_noisy else light)


def ramp(scene: Scene, *, bits: int = 0) -> Case:
    """Brightness that rises evenly to one side: in so many bits without noise, or as a camera sees it."""
    light = np.broadcast_to(np.linspace(0.1, 0.9, SIDE, dtype=np.float32)[None, :, None], (SIDE, SIDE, 1))
    image = quantised(light, bits) if bits else scene.exposed(light)
    return _nothing(light, image, "uint16" if bits > 8 else "uint8")


def noise(scene: Scene, *, sigma: float) -> Case:
    """Nothing but white noise on grey, its standard deviation in units of full scale."""
    light = np.full((SIDE, SIDE, 1), _GREY, np.float32)
    camera = replace(CAMERA, full_well=1e6, read_noise=1e6 * sigma)
    return _nothing(light, scene.exposed(light, camera))


def _nothing(light: Array, image: Array, dtype: str = "uint8") -> Case:
    return Case(pixels(image, dtype), light, Truth(("no-texture",)))


def _fine_places(side: int) -> tuple[Array, Array]:
    """Rows (n, 1) and columns (1, n) of the samples, in pixels."""
    axis = (np.arange(_FINE * side, dtype=np.float32) + 0.5) / _FINE
    return axis[:, None].astype(np.float32), axis[None, :].astype(np.float32)


def _two_levels(is_bright: NDArray[np.bool_]) -> Array:
    """Means (side, side, 1) over the finer samples of two grey levels."""
    side = len(is_bright) // _FINE
    share = is_bright.reshape(side, _FINE, side, _FINE).mean(axis=(1, 3), dtype=np.float32)
    return np.asarray(_DARK + (_BRIGHT - _DARK) * share[..., None], np.float32)


SCENES = (
    Situation(
        "grating",
        "scenes",
        {
            f"period {period}": partial(drawn, draw=partial(grating, period=period), also=_UNKNOWABLE)
            for period in (8, 20)
        },
    ),
    Situation("checker", "scenes", {"period 24": partial(drawn, draw=partial(checker, period=24), also=_UNKNOWABLE)}),
    Situation("dots", "scenes", {"period 24": partial(drawn, draw=partial(dots, period=24), also=_UNKNOWABLE)}),
    Situation("text", "scenes", {"page": partial(drawn, draw=text)}),
    Situation(
        "flat", "scenes", {"constant": partial(flat, is_noisy=False), "noisy": partial(flat, is_noisy=True)}, True
    ),
    Situation("ramp", "scenes", {"noisy": ramp} | {f"{bits} bits": partial(ramp, bits=bits) for bits in (8, 16)}, True),
    Situation(
        "noise only", "scenes", {f"{level} of 255": partial(noise, sigma=level / 255) for level in (3, 20)}, True
    ),
)
"""What is before the camera, where that is no photograph."""
