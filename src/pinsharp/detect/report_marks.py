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
    shapes = [
        _lines(kind, shape(_inside(particles, box), (top, left), scale, smallest))
        for kind, shape, particles in (
            ("agreed", _circles, marks.agreed),
            ("missed", _triangles, marks.missed),
            ("extra", _squares, marks.extra),
        )
    ]
    return (
        f'<svg class="view" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{len(marks.agreed)} agreed, {len(marks.extra)} extra, {len(marks.missed)} missed">'
        f"{embedded(cut, width, height, '.jpg')}{''.join(shapes)}</svg>"
    )


def _inside(particles: Sequence[Particle], box: Box) -> tuple[Particle, ...]:
    top, left, bottom, right = box
    return tuple(each for each in particles if top <= each.row < bottom and left <= each.column < right)


def _circles(particles: Sequence[Particle], origin: tuple[int, int], scale: float, smallest: float) -> str:
    return "".join(
        f"M{x - r:.1f} {y:.1f}a{r:.1f} {r:.1f} 0 1 0 {2 * r:.1f} 0a{r:.1f} {r:.1f} 0 1 0 {-2 * r:.1f} 0"
        for x, y, r in _centres(particles, origin, scale, smallest)
    )


def _squares(particles: Sequence[Particle], origin: tuple[int, int], scale: float, smallest: float) -> str:
    return "".join(
        f"M{x - r:.1f} {y - r:.1f}h{2 * r:.1f}v{2 * r:.1f}h{-2 * r:.1f}z"
        for x, y, r in _centres(particles, origin, scale, smallest)
    )


def _triangles(particles: Sequence[Particle], origin: tuple[int, int], scale: float, smallest: float) -> str:
    return "".join(
        f"M{x:.1f} {y - 1.1 * r:.1f}l{r:.1f} {1.8 * r:.1f}h{-2 * r:.1f}z"
        for x, y, r in _centres(particles, origin, scale, smallest)
    )


def _centres(
    particles: Sequence[Particle], origin: tuple[int, int], scale: float, smallest: float
) -> list[tuple[float, float, float]]:
    """x, y and half the size of marks in the picture, whose pixel (0, 0) has its centre at (0.5, 0.5)."""
    return [
        (
            (each.column + 0.5 - origin[1]) * scale,
            (each.row + 0.5 - origin[0]) * scale,
            max(0.75 * each.diameter * scale, smallest),
        )
        for each in particles
    ]


def _lines(kind: str, path: str) -> str:
    """A path, and a darker, wider one below it, which separates it from bright pixels."""
    return f'<path class="under" d="{path}"/><path class="{kind}" d="{path}"/>' if path else ""


def legend(kind: str) -> str:
    """A mark as a small picture: agreed, extra or missed."""
    here = (Particle(7, 7, 7, 0, None),)
    shape = {"agreed": _circles, "extra": _squares, "missed": _triangles}[kind](here, (0, 0), 1, 0)
    return f'<svg class="icon" viewBox="0 0 15 15" aria-hidden="true">{_lines(kind, shape)}</svg>'


def _levels(plane: Plane) -> NDArray[np.uint8]:
    """[0, 1] as 8 bits; grey where there is no pixel."""
    return np.clip(np.rint(np.nan_to_num(plane, nan=0.5) * 255), 0, 255).astype(np.uint8)


def embedded(plane: Plane, width: int, height: int, suffix: str) -> str:
    """An image (H, W) in [0, 1] inside an SVG of that size in its units; what is beyond is clipped, NaN is grey.

    The suffix is .jpg, smaller, or .png, which keeps every pixel.
    """
    levels = _levels(plane)
    address = jpeg_address(levels, _QUALITY) if suffix == ".jpg" else png_address(levels)
    return f'<image width="{width}" height="{height}" preserveAspectRatio="none" href="{address}"/>'
