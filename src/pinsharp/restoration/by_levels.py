"""A blur that varies, for methods that know one kernel at a time: restored level by level, each where it contributes.

The image is cut into sections, which depend on its shape alone: whatever windows are asked for, and in memory as on
disk, the result is the same. In a section each level is restored in the smallest rectangle that holds all pixels which
it has a share in, with as much of the image around it as methods look at.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from pinsharp.blur.continuation import ContinuedImage
from pinsharp.blur.levels import Levels, Part
from pinsharp.images.windows import Window, windows
from pinsharp.methods.method import BlindMethod
from pinsharp.restoration.windows import BLEND_HALO, BLEND_RAMP, BLEND_STRIDE, Planes, SeamMeter, restored_rows

SECTION = 512
"""Longest side in pixels of a section. Larger ones have less around them to look at, and hold more levels."""


def restored_by_levels(
    planes: Planes, method: BlindMethod, levels: Levels, meter: SeamMeter, tell: Callable[[int], object]
) -> Iterator[Tensor]:
    """Restore planes by levels of the width; arguments and bands as of `restored_bands`."""
    (rule,) = levels.whole.continuations or (None,)
    image = ContinuedImage(planes.read, planes.shape, rule, BLEND_HALO)

    def restored(section: Window) -> Tensor:
        """All that a section reads, (1, C, h, w): restored where it contributes, and 0 elsewhere."""
        axes = (section.vertical, section.horizontal)
        made = torch.zeros(1, planes.shape[0], *(axis.outer_stop - axis.outer_start for axis in axes))
        asked = [axis.blended(BLEND_RAMP) for axis in axes]
        rows, columns = (_moved(part, -axis.outer_start) for part, axis in zip(asked, axes, strict=True))
        target = made[..., rows, columns]
        for part in levels.parts(*asked):
            places = [
                image.inside(_moved(one, of.start)) for one, of in zip((part.rows, part.columns), asked, strict=True)
            ]
            target[..., part.rows, part.columns] += part.share * _level(image, method, part, places)
        tell(section.vertical.length * section.horizontal.length)
        return made

    plan = windows((planes.shape[1], planes.shape[2]), SECTION, BLEND_HALO, BLEND_STRIDE)
    return restored_rows(plan, restored, meter)


def _level(image: ContinuedImage, method: BlindMethod, part: Part, places: list[slice]) -> Tensor:
    """Rows and columns of an image restored with the blur of one level, (1, C, h, w)."""
    if part.blur is None:
        return image(*places)
    outer = []
    for place, length in zip(places, image.shape[1:], strict=True):
        start = max(place.start - BLEND_HALO, 0)
        outer.append(slice(start - start % BLEND_STRIDE, min(place.stop + BLEND_HALO, length)))
    # Past the border of the image go pixels that are read, so that the rule need not be known here.
    restored = method.deconvolve(image(*outer), replace(part.blur, continuations=None)).image
    rows, columns = (_moved(place, -around.start) for place, around in zip(places, outer, strict=True))
    return restored[..., rows, columns]


def _moved(part: slice, by: int) -> slice:
    return slice(part.start + by, part.stop + by)
