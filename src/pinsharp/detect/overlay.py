"""A picture of what was found on an image: particles as circles, pins as frames, failed pins hatched and named.

Colours are those of Okabe and Ito. Failed pins differ in hatching and in words too, so that the picture also works for
the colour-blind and in black and white.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pinsharp.detect.pins import lies_along_rows
from pinsharp.detect.tables import Particle, Pin
from pinsharp.images.arrays import FULL_SCALE, check_image, split_alpha

if TYPE_CHECKING:
    from pinsharp.detect.particles import Inspection

Picture = NDArray[np.uint8]

BLUE, VERMILLION, YELLOW, BLACK = (86, 180, 233), (213, 94, 0), (240, 228, 66), (0, 0, 0)

_LARGE, _MOST = 2000, 4
"""Images are enlarged by a whole number, up to four times and to about 2000 pixels, so that marks hide nothing."""

_DARK = 0.25
"""Images whose brightest pixels stay below this share of full scale (12 bits in 16) are shown brighter."""

_FONT_SIZE = 14
_HATCH = 8
"""Pixels between the lines of a hatching."""

_LINE, _AIR = 18, 6
"""Height of a line of words and what is left free around it."""


def draw(image: NDArray[Any], found: Inspection) -> Picture:
    """Draw an image with what was found on it: (H, W, 3), uint8; alpha is not shown.

    It is enlarged if it is small, with a caption below, and margins with the names and counts of the pins that failed.

    Raises:
        ImageError: If `check_image` refuses the image.
    """
    check_image(image)
    shown = _display(image)
    zoom = max(1, min(_MOST, _LARGE // max(shown.shape[:2])))
    picture = Image.fromarray(shown.repeat(zoom, axis=0).repeat(zoom, axis=1))
    pencil = ImageDraw.Draw(picture)
    for pin in found.pins:
        _frame(picture, pin, zoom, has_failed=not found.passed(pin))
    for particle in found.particles:
        _circle(pencil, particle, zoom)
    return _with_words(picture, found, zoom)


def _display(image: NDArray[Any]) -> Picture:
    """The image in 8-bit RGB (H, W, 3), without alpha, dark ones brightened."""
    colour = split_alpha(image)[0]
    values = colour.reshape(*colour.shape[:2], -1) / np.float32(FULL_SCALE[image.dtype.newbyteorder("=")])
    white = float(np.percentile(values, 99.9))
    gain = 1 / white if 0 < white < _DARK else 1.0
    levels = np.clip(np.rint(values * np.float32(255 * gain)), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(levels, (*levels.shape[:2], 3)))


def _frame(picture: Image.Image, pin: Pin, zoom: int, *, has_failed: bool) -> None:
    """Frame a pin from outside, and hatch it if it has failed."""
    box = (pin.left * zoom - 1, pin.top * zoom - 1, pin.right * zoom, pin.bottom * zoom)
    if has_failed:
        _hatch(picture, (box[0], box[1], box[2] + 1, box[3] + 1))
    colour, width = (VERMILLION, 2) if has_failed else (BLUE, 1)
    ImageDraw.Draw(picture).rectangle(box, outline=colour, width=width)


def _hatch(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Slanting lines inside a box, which leave every particle to be seen between them."""
    left, top, right, bottom = max(0, box[0]), max(0, box[1]), min(picture.width, box[2]), min(picture.height, box[3])
    part = picture.crop((left, top, right, bottom))
    pencil = ImageDraw.Draw(part)
    for start in range(-part.height, part.width, _HATCH):
        pencil.line((start, part.height, start + part.height, 0), fill=VERMILLION)
    picture.paste(part, (left, top))


def _circle(pencil: ImageDraw.ImageDraw, particle: Particle, zoom: int) -> None:
    """A circle around a particle, yellow on black, so that it is seen on every brightness."""
    x, y = ((place + 0.5) * zoom for place in (particle.column, particle.row))
    radius = max(0.6 * particle.diameter * zoom, 3)
    for grow, colour in ((1, BLACK), (0, YELLOW)):
        reach = radius + grow
        pencil.ellipse((x - reach, y - reach, x + reach, y + reach), outline=colour, width=1)


def _with_words(picture: Image.Image, found: Inspection, zoom: int) -> Picture:
    """The picture with a caption below, and with the failed pins named in margins, beside or above them."""
    failed = found.failed_pins
    rows = [pin for pin in failed if lies_along_rows(pin)]
    columns = [pin for pin in failed if not lies_along_rows(pin)]
    left = _names([(pin, (pin.top + pin.bottom) * zoom // 2) for pin in rows], found, picture.height)
    top = _names([(pin, (pin.left + pin.right) * zoom // 2) for pin in columns], found, picture.width)
    top = top.transpose(Image.Transpose.ROTATE_90)  # reads upwards, and its first pin is the left one
    caption = _lines(_caption(found))
    canvas = Image.new(
        "RGB", (max(left.width + picture.width, caption.width), top.height + picture.height + caption.height), "white"
    )
    canvas.paste(picture, (left.width, top.height))
    canvas.paste(left, (0, top.height))
    canvas.paste(top, (left.width, 0))
    canvas.paste(caption, (0, top.height + picture.height))
    return np.asarray(canvas)


def _names(pins: list[tuple[Pin, int]], found: Inspection, height: int) -> Image.Image:
    """A margin that names pins, each at its height in pixels, or lower if there is no room."""
    font = ImageFont.load_default(_FONT_SIZE)
    names = [f"pin {pin.number}: {found.counts[pin.number]} FAIL" for pin, _ in pins]
    width = max((round(font.getlength(name)) + 2 * _AIR for name in names), default=0)
    margin = Image.new("RGB", (width, height), "white")
    pencil, free = ImageDraw.Draw(margin), 0
    for name, (_, middle) in zip(names, pins, strict=True):
        y = max(free, min(middle, height - _LINE // 2) - _LINE // 2)
        pencil.text((_AIR, y), name, fill=BLACK, font=font)
        free = y + _LINE
    return margin


def _lines(lines: list[str]) -> Image.Image:
    font = ImageFont.load_default(_FONT_SIZE)
    width = round(max(map(font.getlength, lines))) + 2 * _AIR
    picture = Image.new("RGB", (width, _LINE * len(lines) + _AIR), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(picture).text((_AIR, number * _LINE + _AIR // 2), line, fill=BLACK, font=font)
    return picture


def _caption(found: Inspection) -> list[str]:
    particles, pins, failed = (
        f"{number} {name}{'s' * (number != 1)}"
        for number, name in (
            (len(found.particles), "particle"),
            (len(found.pins), "pin"),
            (len(found.failed_pins), "pin"),
        )
    )
    if not found.pins:
        return [f"{particles} (circles); no pins in the image,", "nothing to judge"]
    return [
        f"{particles} (circles) on {pins} (frames)",
        f"{failed} with fewer than {found.settings.minimum_per_pin}: FAIL (hatched)",
    ]
