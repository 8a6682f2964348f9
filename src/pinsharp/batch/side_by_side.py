"""A picture of a blurred image beside its restoration, with a detail of both, enlarged pixel by pixel."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pinsharp.images.display import Picture, brightening, display
from pinsharp.restoration.maps import evidence_colours, evidence_picture, widths_picture
from pinsharp.words import verdict_in_words

Box = tuple[int, int, int, int]  # top, left, height, width
Cell = tuple[Picture, str]  # an image, and the label above it

MARGIN = 16
LINE_HEIGHT, LABEL_SPACE = 26, 8
"""Height in pixels of a line of a label, and of what is free below the last."""
FONT_SIZE = 20
NARROW_LETTER = 5
"""Pixels of the narrowest letters, so that no line has more of them."""
SMALLEST, LARGEST = 420, 900
"""Width in pixels of a narrow and of a wide panel: labels have to fit, and two panels on a screen."""
DETAIL_ZOOM = 4

_INK = (20, 20, 20)
_FRAME = (230, 159, 0)  # orange of Okabe and Ito's palette


@dataclass(frozen=True, eq=False)
class Found:
    """What was found of an image."""

    figures: Mapping[str, Any]  # of the job: the verdict with its reason, the field of widths
    unsupported: NDArray[np.float32] | None = None  # evidence map of what is shown, (H, W); None if none is wanted


def draw(
    blurred: NDArray[Any],
    restored: NDArray[Any],
    *,
    labels: tuple[str, str],
    details: tuple[str, str] = ("Blurred", "Restored"),
    found: Found | None = None,
) -> Picture:
    """Draw both images side by side (below each other if they are very wide), and below them the most textured detail.

    `labels` name the images, `details` what is shown enlarged of each. What was found comes below: the verdict, the
    widths over the image, and the evidence map with the same detail. Both images are as `check_image` wants them, of
    one dtype and shape; alpha is not shown. The picture is (H, W, 3), uint8.
    """
    gain = brightening(blurred)
    images = [display(image, gain) for image in (blurred, restored)]
    height, width = images[0].shape[:2]
    is_wide = width > 3 * height
    panel = LARGEST * 2 + MARGIN if is_wide else LARGEST
    scale = _scale(height, width, panel)
    box = _textured_box(images[0], max(SMALLEST, min(LARGEST, round(width * scale))) // DETAIL_ZOOM)
    overviews = [_framed(_resize(image, scale), box, scale) for image in images]
    enlarged = [_enlarge(_cut(image, box)) for image in images]
    brighter = f", shown {gain:.0f} times brighter" if gain > 1 else ""
    cells = [(overview, label + brighter) for overview, label in zip(overviews, labels, strict=True)]
    zoom = enlarged[0].shape[1] // box[3]
    captions = [f"{what}, the framed detail {zoom} times enlarged" for what in details]
    rows = [[cell] for cell in cells] if is_wide else [cells]
    rows.append(list(zip(enlarged, captions, strict=True)))
    if found:
        rows += _found(found, box, scale, overviews[0].shape, is_wide=is_wide)
    return _joined([_row(row) for row in rows], axis=0)


def _found(found: Found, box: Box, scale: float, size: tuple[int, ...], *, is_wide: bool) -> list[list[Cell]]:
    """Rows of cells of what was found; `size` is that of an overview."""
    words, field = verdict_in_words(found.figures), found.figures.get("width_map")
    cells: list[Cell] = []
    if field:
        widths = widths_picture(field, (size[0], size[1]))
        cells.append((widths, f"Widths ({field['shape']}), and what windows say"))
    if found.unsupported is not None:
        cells.append((evidence_picture(found.unsupported, scale), "Evidence: dark recovered, bright found likely"))
        detail = _enlarge(_cut(evidence_colours(found.unsupported), box))
        cells.append((detail, f"Evidence, the framed detail {detail.shape[1] // box[3]} times enlarged"))
    rows = [[cell] for cell in cells] if is_wide else [cells[:2], cells[2:]]
    verdict = [(np.full((1, 2 * SMALLEST + MARGIN, 3), 255, np.uint8), words)] if words else []
    return [row for row in (verdict, *rows) if row]


def _scale(height: int, width: int, panel: int) -> float:
    """Factor that fits an image into a panel; a small one is enlarged by a whole number."""
    scale = min(panel / width, LARGEST / height)
    return max(1, min(int(scale), 8)) if scale >= 1 else scale


def _resize(image: Picture, scale: float) -> Picture:
    height, width = image.shape[:2]
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(
        cv2.resize(image, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST), np.uint8
    )


def _textured_box(image: Picture, side: int) -> Box:
    """Where a window of about `side` pixels, a third wider than high, holds the strongest gradients."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    width = min(side, grey.shape[1])
    height = min(max(1, side * 3 // 4), grey.shape[0])
    energy = np.zeros_like(grey)
    energy[:, 1:] += np.diff(grey, axis=1) ** 2
    energy[1:] += np.diff(grey, axis=0) ** 2
    sums = cv2.boxFilter(energy, -1, (width, height), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    inside = sums[: grey.shape[0] - height + 1, : grey.shape[1] - width + 1]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return int(top), int(left), height, width


def _cut(image: Picture, box: Box) -> Picture:
    top, left, height, width = box
    return image[top : top + height, left : left + width]


def _enlarge(detail: Picture) -> Picture:
    """Every pixel becomes a square, so that nothing is smoothed."""
    zoom = max(DETAIL_ZOOM, min(SMALLEST // detail.shape[1], 16))
    return detail.repeat(zoom, axis=0).repeat(zoom, axis=1)


def _framed(overview: Picture, box: Box, scale: float) -> Picture:
    top, left, height, width = (round(value * scale) for value in box)
    cv2.rectangle(overview, (left, top), (left + width - 1, top + height - 1), _FRAME, 2)
    return overview


def _row(cells: list[Cell]) -> Picture:
    """Images beside each other, each with its label above, in as many lines as the longest needs."""
    widths = [max(image.shape[1], SMALLEST) for image, _ in cells]
    labels = [_lines(label, width) for (_, label), width in zip(cells, widths, strict=True)]
    top = LINE_HEIGHT * max(map(len, labels)) + LABEL_SPACE
    return _joined(
        [_cell(image, lines, (width, top)) for (image, _), lines, width in zip(cells, labels, widths, strict=True)],
        axis=1,
    )


def _cell(image: Picture, lines: list[str], size: tuple[int, int]) -> Picture:
    """An image below the lines of its label, which have `size` (width, height), on white."""
    width, top = size
    canvas = Image.new("RGB", (width, top + image.shape[0]), "white")
    ink = ImageDraw.Draw(canvas)
    for number, line in enumerate(lines):
        ink.text((0, 4 + LINE_HEIGHT * number), line, fill=_INK, font=_font())
    canvas.paste(Image.fromarray(image), (0, top))
    return np.asarray(canvas)


def _lines(label: str, width: int) -> list[str]:
    """A label in lines of at most `width` pixels, broken between words, or within one that is too long for a line."""
    for count in range(width // NARROW_LETTER, 0, -1):
        lines = textwrap.wrap(label, count, break_on_hyphens=False)
        if all(_font().getlength(line) <= width for line in lines):
            break
    return lines


@cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_SIZE)


def _joined(parts: list[Picture], *, axis: int) -> Picture:
    """Parts below (axis 0) or beside each other (axis 1) on white, with margins between and around them."""
    size = max(part.shape[1 - axis] for part in parts)
    gap = np.full((size, MARGIN, 3) if axis else (MARGIN, size, 3), 255, np.uint8)
    joined = [gap]
    for part in parts:
        missing = [(0, 0), (0, 0), (0, 0)]
        missing[1 - axis] = (0, size - part.shape[1 - axis])
        joined += [np.pad(part, missing, constant_values=255), gap]
    return np.concatenate(joined, axis=axis)
