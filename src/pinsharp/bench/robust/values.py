"""Brightness, contrast, bit depth and size: what says nothing of the focus and must not change what is measured."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from pinsharp.bench.robust.case import Case, Situation, measurable, pixels
from pinsharp.bench.robust.scene import CAMERA, SIDE, Scene, middle
from pinsharp.data.cameras.light import Exposure
from pinsharp.data.cameras.sensor import quantised

_DEEP = replace(CAMERA, bits=16)


def plain(scene: Scene, *, colour: bool) -> Case:
    """Nothing special: 8 bits, light as it is."""
    taken = scene.taken(colour=colour)
    return Case(pixels(scene.exposed(taken.blurred)), taken.sharp, measurable(scene.width))


def rescaled(scene: Scene, *, exposure: Exposure, dtype: str = "uint16", may_fail: bool = False) -> Case:
    """An image whose values were made darker or flatter after it was taken, stored in an integer type."""
    taken = scene.taken()
    image = exposure.apply(scene.exposed(taken.blurred, _DEEP))
    truth = measurable(scene.width, *(("no-texture",) if may_fail else ()))
    return Case(pixels(image, dtype), exposure.apply(taken.sharp), truth)


def deep(scene: Scene, *, bits: int, says_white: bool = False) -> Case:
    """The bits of a camera in the lower bits of uint16; the user may say which value is white."""
    taken, white = scene.taken(), 2**bits - 1
    values = scene.exposed(taken.blurred, replace(CAMERA, bits=bits))[..., 0]
    image = np.rint(white * values).astype(np.uint16)
    options: dict[str, Any] = {"white_level": white} if says_white else {}
    return Case(image, taken.sharp * np.float32(white / 65535), measurable(scene.width), options=options)


def floats(scene: Scene) -> Case:
    """Floats as they come from a computation: not rounded."""
    taken = scene.taken()
    return Case(pixels(scene.exposed(taken.blurred, _DEEP), "float32"), taken.sharp, measurable(scene.width))


def part(scene: Scene, *, height: int = 0, across: int = 0, may_fail: bool = False) -> Case:
    """A part of an image: so many rows and columns from its middle, 0 for all."""
    taken = scene.taken()
    rows, columns = height or len(taken.sharp), across or len(taken.sharp)
    image = pixels(scene.exposed(middle(taken.blurred, rows, columns)))
    truth = measurable(scene.width, *(("no-texture",) if may_fail else ()))
    return Case(image, middle(taken.sharp, rows, columns), truth)


def few_levels(scene: Scene, *, bits: int) -> Case:
    """Fewer grey levels than a camera has, as some displays and compressors leave."""
    taken = scene.taken()
    return Case(
        pixels(quantised(scene.exposed(taken.blurred, _DEEP), bits)),
        taken.sharp,
        measurable(scene.width, "no-texture"),
    )


VALUES = (
    Situation("plain", "values", {"mono": partial(plain, colour=False), "colour": partial(plain, colour=True)}),
    Situation(
        "dim",
        "values",
        {
            "1/4": partial(rescaled, exposure=Exposure(1 / 4)),
            "1/64": partial(rescaled, exposure=Exposure(1 / 64)),
            "1/8, 8 bits": partial(rescaled, exposure=Exposure(1 / 8), dtype="uint8", may_fail=True),
        },
    ),
    Situation("offset", "values", {"+1/2": partial(rescaled, exposure=Exposure(1.0, 0.5, 1.0))}),
    Situation(
        "low contrast",
        "values",
        {
            "1/16": partial(rescaled, exposure=Exposure(1.0, 1 / 16)),
            "1/16, 8 bits": partial(rescaled, exposure=Exposure(1.0, 1 / 16), dtype="uint8", may_fail=True),
        },
    ),
    Situation(
        "bit depth",
        "values",
        {
            "10 of 16": partial(deep, bits=10),
            "12 of 16": partial(deep, bits=12),
            "12 of 16, white level": partial(deep, bits=12, says_white=True),
            "float": floats,
            "6 of 8": partial(few_levels, bits=6),
        },
    ),
    Situation(
        "strip",
        "size",
        {"32 rows": partial(part, height=32, may_fail=True), "64 rows": partial(part, height=64)},
    ),
    Situation(
        "small",
        "size",
        {f"{side} px": partial(part, height=side, across=side, may_fail=True) for side in (48, 96)}
        | {f"{SIDE // 2} px": partial(part, height=SIDE // 2, across=SIDE // 2)},
    ),
)
"""What changes numbers or size, and leaves the blur as it is."""
