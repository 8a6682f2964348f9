"""Finished rows of a result, from top to bottom, as the last pass of each part gives them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.restoration.disk import ROWS_AT_ONCE
from pinsharp.restoration.residual import Residual

if TYPE_CHECKING:
    from pinsharp.restoration.pipeline import Passes
    from pinsharp.restoration.sources import Source

_Part = TypeVar("_Part")


def main(parts: Sequence[_Part]) -> _Part:
    """The part that speaks for an image: the only one, or that of green, which makes up most of what is seen."""
    return parts[len(parts) // 2]


def rows_of(source: "Source", parts: list["Passes"], left: Residual | None, halo: int) -> Iterator[NDArray[Any]]:
    """Finished rows of the result, from top to bottom, of the input's kind."""
    source.rewind()
    top = 0
    for bands in _last_pass(parts):
        if left is not None:
            left.add(main(bands))
        for restored in zip(*(torch.split(band, ROWS_AT_ONCE, dim=-2) for band in bands), strict=True):
            yield source.leave(restored, top)
            top += restored[0].shape[-2]
        source.drop(top - halo)


def _last_pass(parts: list["Passes"]) -> Iterator[list[Tensor]]:
    """Rows of all parts, as many of each: finished ones as they come, of others those that were kept."""
    _, height, width = parts[0].planes.shape
    running = [part.bands for part in parts if part.bands is not None]
    top = 0
    while top < height:
        finished = [next(bands) for bands in running]
        bottom = top + finished[0].shape[-2] if finished else min(top + ROWS_AT_ONCE, height)
        following = iter(finished)
        yield [
            part.planes.read(slice(top, bottom), slice(0, width)) if part.bands is None else next(following)
            for part in parts
        ]
        for part in parts:
            if part.bands is None:
                part.planes.drop(bottom)
        top = bottom
