"""What a user brings, and what is right of it: an image, its sharp counterpart, its width, acceptable verdicts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pinsharp.bench.robust.scene import Scene
from pinsharp.blur.verdict import MOST_WIDTH, SHARP_BELOW, Verdict
from pinsharp.data.cameras.faults import Mask
from pinsharp.data.cameras.light import Array

Kind = Literal["faults", "values", "processing", "size", "scenes", "blurs"]
Said = Verdict | Literal["refused"]
"""What may be said of an image; `refused` for an error that tells the user what to do."""

UNMEASURED: tuple[Said, ...] = ("no-texture", "periodic", "contradictory", "motion-or-astigmatism", "refused")
"""Verdicts that claim no width, so that none can be wrong."""

NEARLY_SHARP = 1.5 * SHARP_BELOW
"""Pixels below which `sharp` is acceptable too, whatever the width is called."""

NEARLY_LOST = 0.8 * MOST_WIDTH
"""Pixels above which `too-blurred` is acceptable too."""

FULL_SCALE = {"uint8": 255, "uint16": 65535, "float32": 1}


@dataclass(frozen=True)
class Truth:
    """What is right of an image.

    Args:
        verdicts: Acceptable verdicts.
        widths: Least and most width in pixels of the image that are right, alike where there is one; None where there
            is no width to measure.
    """

    verdicts: tuple[Said, ...]
    widths: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Case:
    """One image as a user has it.

    Args:
        image: Pixels as they are given: uint8, uint16 or float32, (H, W) or (H, W, C), maybe masked.
        sharp: What a perfect restoration would give, in [0, 1] of the image's full scale, (H, W, C) without alpha.
        truth: What is right.
        seen: True for pixels (H, W) that stem from the scene and are judged; None for all.
        options: Those that the user sets; see `pinsharp.restoration.recipe.Recipe`.
        file: Content of the file that holds the image, where it comes from one.
        suffix: Of that file.
    """

    image: NDArray[Any]
    sharp: Array
    truth: Truth
    seen: Mask | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    file: bytes | None = None
    suffix: str = ""


Make = Callable[[Scene], Case]


@dataclass(frozen=True)
class Situation:
    """Something that occurs in practice.

    Args:
        name: What it is called.
        kind: What it is about.
        makes: What makes an image of it, by strength.
        has_own_blur: Whether it says itself how it is blurred; else it is made with every blur of the study.
    """

    name: str
    kind: Kind
    makes: Mapping[str, Make]
    has_own_blur: bool = False


def measurable(width: float, *also: Said) -> Truth:
    """What is right of an image with one width in pixels; `also` are further acceptable verdicts."""
    if width < NEARLY_SHARP:
        return Truth(("sharp", "restorable", *also), (0.0, NEARLY_SHARP))
    return Truth(("restorable", *(("too-blurred",) if width > NEARLY_LOST else ()), *also), (width, width))


def pixels(values: Array, dtype: str = "uint8") -> NDArray[Any]:
    """Values (H, W, C) in [0, 1] as a user's array: clipped and rounded, mono as (H, W)."""
    scaled = np.clip(values, 0, 1) * np.float32(FULL_SCALE[dtype])
    rounded = scaled if dtype == "float32" else np.rint(scaled)
    return np.ascontiguousarray((rounded[..., 0] if values.shape[2] == 1 else rounded).astype(dtype))
