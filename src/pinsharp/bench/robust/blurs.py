"""Blurs other than an even defocus: no blur, motion, astigmatism, tilt, two exposures; and defocus out of range."""

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.bench.robust.case import NEARLY_SHARP, Case, Said, Situation, Truth, measurable, pixels
from pinsharp.bench.robust.scene import SIDE, Scene, edge_of, places, varying
from pinsharp.blur.verdict import MOST_WIDTH
from pinsharp.data.cameras.lens import Lens, render, width
from pinsharp.data.cameras.light import Array
from pinsharp.data.cameras.processing import sharpened
from pinsharp.data.cameras.sensor import mosaic

_LEAST, _MOST = 1.0, 3.0  # sigma in pixels at both ends of a blur that varies
_ENDLESS = 100.0  # pixels; any width that no restoration reaches
_NOT_DEFOCUS: tuple[Said, ...] = ("motion-or-astigmatism", "contradictory")


def in_focus(scene: Scene, *, amount: float = 0.0) -> Case:
    """A sharp image, maybe sharpened on top by unsharp masking."""
    taken = scene.taken(lens=Lens())
    image = sharpened(scene.exposed(taken.sharp), amount, 1.0) if amount else scene.exposed(taken.sharp)
    return Case(pixels(image), taken.sharp, Truth(("sharp",), (0.0, NEARLY_SHARP)))


def wide(scene: Scene, *, sigma: float) -> Case:
    """A Gaussian near the end of the range, or beyond."""
    lens = Lens(sigma=sigma)
    taken = scene.taken(lens=lens)
    image = pixels(scene.exposed(taken.blurred))
    if sigma < MOST_WIDTH:
        return Case(image, taken.sharp, measurable(width(render(lens))))
    return Case(image, taken.sharp, Truth(("too-blurred", "no-texture"), (MOST_WIDTH, _ENDLESS)))


def uneven(scene: Scene, *, lens: Lens) -> Case:
    """A lens whose blur is longer than wide, turned at random: nothing that a restoration of defocus may touch."""
    taken = scene.taken(lens=replace(lens, angle=scene.rng(2).uniform(0, math.pi)))
    return Case(pixels(scene.exposed(taken.blurred)), taken.sharp, Truth(_NOT_DEFOCUS))


def tilted(scene: Scene) -> Case:
    """A part that is tilted: sigma rises from one side to the other."""
    return _varying(scene, (places(SIDE)[1] + 1) / 2)


def curved(scene: Scene) -> Case:
    """A curved field: sharpest in the middle."""
    down, across = places(SIDE)
    return _varying(scene, (down**2 + across**2) / 2)


def doubled(scene: Scene, *, shift: int) -> Case:
    """Two exposures on one another, moved by so many columns."""
    taken = scene.taken()
    first, second = _moved(taken.blurred, shift)
    image = scene.exposed(np.asarray((first + second) / 2, np.float32))
    return Case(pixels(image), _moved(taken.sharp, shift)[0], measurable(scene.width, *_NOT_DEFOCUS))


def interlaced(scene: Scene, *, shift: int) -> Case:
    """Two half images: between them the scene has moved by so many columns."""
    taken = scene.taken()
    image, second = _moved(taken.blurred, shift)
    image[1::2] = second[1::2]
    sharp = _moved(taken.sharp, shift)[0]
    return Case(pixels(scene.exposed(image)), sharp, measurable(scene.width, *_NOT_DEFOCUS))


def raw(scene: Scene) -> Case:
    """A Bayer mosaic that was not demosaiced: mono, of a pattern of two pixels."""
    taken = scene.taken(colour=True)
    image = pixels(scene.exposed(mosaic(taken.blurred)))
    return Case(image, mosaic(taken.sharp), measurable(scene.width, "periodic", "contradictory"))


def _varying(scene: Scene, share: NDArray[np.floating[Any]]) -> Case:
    sigmas = np.asarray(_LEAST + (_MOST - _LEAST) * share, np.float32)
    light = scene.light(SIDE + 2 * edge_of(_MOST))
    room = min(SIDE, len(light) - 2 * edge_of(_MOST))
    trim = slice((SIDE - room) // 2, (SIDE - room) // 2 + room)
    taken = varying(light, sigmas[trim, trim])
    return Case(pixels(scene.exposed(taken.blurred)), taken.sharp, Truth(("varying",), (_LEAST, _MOST)))


def _moved(light: Array, shift: int) -> tuple[Array, Array]:
    """The same light (H, W - shift, C) at two places."""
    return light[:, shift:].copy(), light[:, : light.shape[1] - shift]


BLURS = (
    Situation(
        "in focus",
        "blurs",
        {"as it is": in_focus} | {f"sharpened {amount:g}": partial(in_focus, amount=amount) for amount in (0.5, 1.0)},
        True,
    ),
    Situation(
        "wide", "blurs", {f"sigma {sigma:g}": partial(wide, sigma=sigma) for sigma in (4.0, 7.0, 9.0, 12.0)}, True
    ),
    Situation(
        "motion",
        "blurs",
        {f"{length} px": partial(uneven, lens=Lens(sigma=0.7, motion=length)) for length in (5, 15)},
        True,
    ),
    Situation(
        "astigmatism",
        "blurs",
        # The lens stretches one axis and shrinks the other by the same factor.
        {f"1 to {ratio}": partial(uneven, lens=Lens(sigma=1.8, stretch=ratio**0.5 - 1)) for ratio in (2, 3)},
        True,
    ),
    Situation("tilt", "blurs", {"sigma 1 to 3": tilted}, True),
    Situation("curved field", "blurs", {"sigma 1 to 3": curved}, True),
    Situation("double exposure", "blurs", {f"{shift} px": partial(doubled, shift=shift) for shift in (6, 20)}),
    Situation("interlaced", "blurs", {"6 px": partial(interlaced, shift=6)}),
    Situation("raw mosaic", "blurs", {"RGGB": raw}),
)
"""What blurs, where that is no even defocus within the range."""
