"""Marks over a picture inside a page: pixels are embedded, marks are lines over them, which stay sharp on paper.

A mark's shape says what it means; its colour only repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.detect.tables import Particle
from pinsharp.pages import jpeg_address, png_address

Plane = NDArray[np.float32]
Box = tuple[int, int, int, int]  # top, left, bottom, right

LONGEST = 1600
"""Longest side in pixels of the picture of a whole image."""

_QUALITY = 85


@dataclass(frozen=True)
class Marks:
    """Positions on one image, compared with a reference: the truth, or the other image."""

    agreed: tuple[Particle, ...]  # in both
    extra: tuple[Particle, ...]  # not in the reference
    missed: tuple[Particle, ...]  # only in the reference


def marked(plane: Plane, marks: Marks, box: Box) -> str:
    """Draw a part of an image (H, W) in [0, 1] with marks over it, at most `LONGEST` pixels long, as SVG."""
    top, left, bottom, right = box
    cut = plane[top:bottom, left:right]
    scale = min(1.0, LONGEST / max(cut.shape))
    width, height = max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale))
    if scale < 1:
        cut = np.asarray(cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    smallest = max(width, height) / 330  # a mark has to be seen on paper, 18 cm wide
    shapes = []
    for kind, particles in (("agreed", marks.agreed), ("missed", marks.missed), ("extra", marks.extra)):
        inside = [each for each in particles if top <= each.row < bottom and left <= each.column < right]
        shapes.append(_lines(kind, inside, (top, left), scale, smallest))
    return (
        f'<svg class="view" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{len(marks.agreed)} agreed, {len(marks.extra)} extra, {len(marks.missed)} missed">'
        f"{embedded(cut, width, height, '.jpg')}{''.join(shapes)}</svg>"
    )


def _lines(kind: str, particles: Sequence[Particle], origin: tuple[int, int], scale: float, smallest: float) -> str:
    """A path of marks, and a darker, wider one below it, which separates it from bright pixels."""
    path = ""
    for each in particles:  # pixel (0, 0) of the picture has its centre at (0.5, 0.5)
        x, y = (each.column + 0.5 - origin[1]) * scale, (each.row + 0.5 - origin[0]) * scale
        path += _SHAPES[kind](x, y, max(0.75 * each.diameter * scale, smallest))
    return f'<path class="under" d="{path}"/><path class="{kind}" d="{path}"/>' if path else ""


def _circle(x: float, y: float, r: float) -> str:
    return f"M{x - r:.1f} {y:.1f}a{r:.1f} {r:.1f} 0 1 0 {2 * r:.1f} 0a{r:.1f} {r:.1f} 0 1 0 {-2 * r:.1f} 0"


def _square(x: float, y: float, r: float) -> str:
    return f"M{x - r:.1f} {y - r:.1f}h{2 * r:.1f}v{2 * r:.1f}h{-2 * r:.1f}z"


def _triangle(x: float, y: float, r: float) -> str:
    return f"M{x:.1f} {y - 1.1 * r:.1f}l{r:.1f} {1.8 * r:.1f}h{-2 * r:.1f}z"


_SHAPES = {"agreed": _circle, "extra": _square, "missed": _triangle}


def legend(kind: str) -> str:
    """A mark as a small picture: agreed, extra or missed."""
    lines = _lines(kind, [Particle(7, 7, 7, 0, None)], (0, 0), 1, 0)
    return f'<svg class="icon" viewBox="0 0 15 15" aria-hidden="true">{lines}</svg>'


def embedded(plane: Plane, width: int, height: int, suffix: str) -> str:
    """An image (H, W) in [0, 1] inside an SVG of that size in its units; what is beyond is clipped, NaN is grey.

    The suffix is .jpg, smaller, or .png, which keeps every pixel.
    """
    levels = np.clip(np.rint(np.nan_to_num(plane, nan=0.5) * 255), 0, 255).astype(np.uint8)
    address = jpeg_address(levels, _QUALITY) if suffix == ".jpg" else png_address(levels)
    return f'<image width="{width}" height="{height}" preserveAspectRatio="none" href="{address}"/>'
