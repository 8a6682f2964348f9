"""Faults that images come with: dead lines, hot pixels, frames, clipped light, scale bars, holes."""

from functools import partial

import numpy as np

from pinsharp.bench.robust.case import Case, Situation, Truth, measurable, pixels
from pinsharp.bench.robust.scene import Scene, places
from pinsharp.data.cameras.covers import scale_bar, transparent
from pinsharp.data.cameras.faults import Mask
from pinsharp.data.cameras.light import Array

_FADE = 0.25  # width of a soft field's border, in shares of half the side
_DARK = 0.02  # what is around a round field


def lines(scene: Scene, *, gain: float, offset: float = 0.0, count: int = 1, is_row: bool = False) -> Case:
    """Neighbouring columns, or rows, that see a share `gain` of the light and add an offset."""
    taken = scene.taken()
    image, bad = scene.exposed(taken.blurred), np.zeros(taken.sharp.shape[:2], bool)
    first = int(scene.rng(2).integers(len(bad) // 4, 3 * len(bad) // 4))
    bad[(slice(first, first + count), slice(None)) if is_row else (slice(None), slice(first, first + count))] = True
    image[bad] = gain * image[bad] + offset
    return Case(pixels(image), taken.sharp, measurable(scene.width), ~bad)


def hot_pixels(scene: Scene, *, share: float) -> Case:
    """A share of pixels that are brighter by a fifth to all of the range."""
    taken, rng = scene.taken(), scene.rng(2)
    image, bad = scene.exposed(taken.blurred), rng.random(taken.sharp.shape[:2]) < share
    image[bad] += rng.uniform(0.2, 1, (int(bad.sum()), 1)).astype(np.float32)
    return Case(pixels(image), taken.sharp, measurable(scene.width), ~bad)


def framed(scene: Scene, *, rows: float, columns: float, value: float) -> Case:
    """Bars of one value above and below, left and right; thicknesses in pixels, or as shares of the side below 1."""
    taken = scene.taken()
    side = len(taken.sharp)
    thick = [round(length * side) if length < 1 else int(length) for length in (rows, columns)]
    shown = np.zeros((side, side), bool)
    shown[thick[0] : side - thick[0], thick[1] : side - thick[1]] = True
    return _covered(scene, taken.blurred, taken.sharp, shown, value)


def round_field(scene: Scene, *, is_soft: bool) -> Case:
    """The round field of a microscope or a borescope, dark around; its border is hard, or fades."""
    taken = scene.taken()
    down, across = places(len(taken.sharp))
    distance = np.hypot(down, across)
    if not is_soft:
        return _covered(scene, taken.blurred, taken.sharp, distance < 0.9, _DARK)
    share = np.clip((0.95 - distance) / _FADE, 0, 1)[..., None].astype(np.float32)
    share = share * share * (3 - 2 * share)
    image = scene.exposed(taken.blurred * share)
    return Case(pixels(image), taken.sharp * share, measurable(scene.width), share[..., 0] > 0.1)


def cut_out(scene: Scene, *, value: float) -> Case:
    """A part cut out by hand: RGB with alpha, one value where it is transparent."""
    taken = scene.taken(colour=True)
    cover, _ = transparent(len(taken.sharp), 0, scene.rng(2))
    shown = cover == 0
    image = np.where(shown[..., None], scene.exposed(taken.blurred), np.float32(value))
    return Case(pixels(np.dstack([image, shown])), taken.sharp, measurable(scene.width), shown)


def clipped(scene: Scene, *, share: float) -> Case:
    """So much light that a share of all pixels is clipped to white."""
    taken = scene.taken()
    gain = np.float32(1 / np.quantile(taken.blurred, 1 - share))
    shown = gain * taken.blurred[..., 0] < 1
    image = scene.exposed(gain * taken.blurred)
    return Case(pixels(image), np.clip(gain * taken.sharp, 0, 1), measurable(scene.width), shown)


def labelled(scene: Scene) -> Case:
    """A scale bar, as electron microscopes draw it."""
    taken = scene.taken()
    cover, values = scale_bar(len(taken.sharp), 0, scene.rng(2))
    image = scene.exposed(taken.blurred)
    image += cover[..., None] * (values[..., None] - image)
    return Case(pixels(image), taken.sharp, measurable(scene.width), cover == 0)


def hole(scene: Scene, *, is_masked: bool) -> Case:
    """A square without light: NaN in an array of floats, which may be refused, or masked with noise below."""
    taken, rng = scene.taken(), scene.rng(2)
    side = len(taken.sharp)
    top, left = (int(place) for place in rng.integers(side // 8, side // 2, 2))
    shown = np.ones((side, side), bool)
    shown[top : top + side // 4, left : left + side // 4] = False
    image = scene.exposed(taken.blurred)[..., 0]
    if is_masked:
        image[~shown] = rng.random(int((~shown).sum()))
        masked = np.ma.MaskedArray(pixels(image[..., None]), ~shown)
        return Case(masked, taken.sharp, measurable(scene.width), shown)
    image[~shown] = np.nan
    truth = measurable(scene.width)
    return Case(image, taken.sharp, Truth((*truth.verdicts, "refused"), truth.widths), shown)


def _covered(scene: Scene, blurred: Array, sharp: Array, shown: Mask, value: float) -> Case:
    image = np.where(shown[..., None], scene.exposed(blurred), np.float32(value))
    return Case(pixels(image), sharp, measurable(scene.width), shown)


FAULTS = (
    Situation(
        "lines",
        "faults",
        {
            "dead column": partial(lines, gain=0.0),
            "three dead columns": partial(lines, gain=0.0, count=3),
            "stuck row": partial(lines, gain=0.0, offset=1.0, is_row=True),
            "weak columns": partial(lines, gain=0.7, count=2),
        },
    ),
    Situation("hot pixels", "faults", {f"{share:.2%}": partial(hot_pixels, share=share) for share in (1e-4, 3e-3)}),
    Situation(
        "frame",
        "faults",
        {
            "2 px": partial(framed, rows=2, columns=2, value=0.0),
            "20 px": partial(framed, rows=20, columns=20, value=0.0),
            "white, left and right": partial(framed, rows=0, columns=30, value=1.0),
        },
    ),
    Situation(
        "letterbox",
        "faults",
        {
            "black": partial(framed, rows=0.2, columns=0, value=0.0),
            "grey": partial(framed, rows=0.2, columns=0, value=0.5),
        },
    ),
    Situation(
        "round field",
        "faults",
        {"hard": partial(round_field, is_soft=False), "soft": partial(round_field, is_soft=True)},
    ),
    Situation("cut-out", "faults", {"black": partial(cut_out, value=0.0), "white": partial(cut_out, value=1.0)}),
    Situation("clipped", "faults", {f"{share:.0%}": partial(clipped, share=share) for share in (0.05, 0.25)}),
    Situation("scale bar", "faults", {"drawn": labelled}),
    Situation("hole", "faults", {"NaN": partial(hole, is_masked=False), "masked": partial(hole, is_masked=True)}),
)
"""What is wrong with pixels, not with the blur."""
