"""What lies over an image and shows nothing of the scene: labels, scale bars, frames, cross hairs, round fields.

Each function draws one on a square of `side` pixels, of which `margin` at every border are cut off later. It returns
how much of each pixel it covers (0 to 1) and with which value, both (side, side).
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.data.cameras.light import Array

Cover = tuple[Array, Array]
_LETTERS = np.array(list("ABCDEFGHKLMNPRSTUXYZ0123456789 .:-/xum"))


def label(side: int, margin: int, rng: np.random.Generator) -> Cover:
    """A line or two of letters, every second time on a plate of its own colour."""
    cover, values = _nothing(side)
    words = ["".join(rng.choice(_LETTERS, int(rng.integers(3, 12)))) for _ in range(int(rng.integers(1, 3)))]
    scale, bright = float(rng.uniform(0.35, 1.0)), bool(rng.random() < 0.6)
    thick = 1 if scale < 0.6 else 2
    (wide, high), _ = cv2.getTextSize(max(words, key=len), cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    left, top = (int(rng.integers(margin, max(margin + 1, side - margin - length))) for length in (wide, 2 * high))
    if rng.random() < 0.5:
        cover[top : top + len(words) * (high + 6) + 4, left : left + wide + 6] = 1
        values[:] = 0 if bright else 1
    ink = np.zeros((side, side), np.uint8)  # letters are drawn in 8 bits only
    for row, word in enumerate(words):
        foot = (left + 3, top + (row + 1) * (high + 6) - 2)
        cv2.putText(ink, word, foot, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick, cv2.LINE_AA)
    return _inked(cover, values, ink, float(bright))


def scale_bar(side: int, margin: int, rng: np.random.Generator) -> Cover:
    """A bar with its length, often on a strip that takes the whole width."""
    cover, values = _nothing(side)
    at_top, bright = bool(rng.random() < 0.2), bool(rng.random() < 0.7)
    high = int(rng.integers(14, 34))
    top = margin if at_top else side - margin - high
    if rng.random() < 0.6:
        cover[slice(0, top + high) if at_top else slice(top, side)] = 1
        values[:] = 0 if bright else 1
    ink = np.zeros((side, side), np.uint8)
    left, wide = margin + int(rng.integers(4, 60)), int(rng.integers(30, 120))
    cv2.rectangle(ink, (left, top + high - 8), (left + wide, top + high - 5), 255, -1)
    words = f"{rng.choice([1, 2, 5, 10, 20, 50, 100, 200, 500])} {rng.choice(['um', 'nm', 'mm'])}"
    cv2.putText(ink, words, (left + wide + 6, top + high - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1, cv2.LINE_AA)
    return _inked(cover, values, ink, float(bright))


def frame(side: int, margin: int, rng: np.random.Generator) -> Cover:
    """Borders of one value on one to four sides, 1 to 40 pixels wide."""
    cover, values = _nothing(side)
    values[:] = _plain(rng)
    sides = rng.permutation(4)[: int(rng.integers(1, 5))]
    thick = margin + int(np.exp(rng.uniform(0, np.log(40))))
    for turn in sides:
        np.rot90(cover, int(turn))[:thick] = 1
    return cover, values


def letterbox(side: int, margin: int, rng: np.random.Generator) -> Cover:
    """Two bars, above and below or left and right, of a tenth to a third of the image."""
    cover, values = _nothing(side)
    values[:] = 0 if rng.random() < 0.8 else 1
    thick = margin + int((side - 2 * margin) * rng.uniform(0.1, 0.33))
    view = cover if rng.random() < 0.7 else cover.T
    view[:thick] = view[side - thick :] = 1
    return cover, values


def round_field(side: int, margin: int, rng: np.random.Generator) -> Cover:
    """The dark around the round field of a microscope or a borescope."""
    _, values = _nothing(side)
    values[:] = rng.uniform(0, 0.05)
    inner = side - 2 * margin
    centre = tuple(int(margin + inner * part) for part in rng.uniform(0.3, 0.7, 2))
    field = np.zeros((side, side), np.uint8)
    cv2.circle(field, centre, int(inner * rng.uniform(0.4, 0.75)), 255, -1, cv2.LINE_AA)
    return np.asarray(1 - field / np.float32(255), np.float32), values


def transparent(side: int, margin: int, rng: np.random.Generator) -> Cover:
    """A part cut out by hand: what is transparent around it holds one value."""
    cover, values = _nothing(side)
    values[:] = _plain(rng)
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 12))))
    far = (side / 2 - margin) * rng.uniform(0.7, 1.5, len(angles))
    corners = side / 2 + np.stack([far * np.cos(angles), far * np.sin(angles)], axis=-1)
    cover[:] = 1
    cv2.fillPoly(cover, [np.rint(corners).astype(np.int32)], 0)
    return cover, values


def cross_hair(side: int, margin: int, rng: np.random.Generator) -> Cover:
    """Two thin lines that cross, as viewers and measuring programs draw them."""
    cover, values = _nothing(side)
    values[:] = float(rng.choice([0.0, 1.0, rng.random()]))
    down, across = (int(place) for place in rng.integers(margin, side - margin, 2))
    thick = int(rng.integers(1, 3))
    cover[down : down + thick] = cover[:, across : across + thick] = 1
    return cover, values


COVERS: dict[str, Callable[[int, int, np.random.Generator], Cover]] = {
    "label": label,
    "scale-bar": scale_bar,
    "frame": frame,
    "letterbox": letterbox,
    "round-field": round_field,
    "transparent": transparent,
    "cross-hair": cross_hair,
}
"""What may lie over an image, by name."""


def _nothing(side: int) -> Cover:
    return np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)


def _inked(cover: Array, values: Array, drawing: NDArray[np.uint8], value: float) -> Cover:
    """Ink of one value, in 8 bits, on what covers an image already."""
    ink = drawing.astype(np.float32) / 255
    joined = cover + ink - cover * ink
    share = np.divide(ink, joined, out=np.zeros_like(ink), where=joined > 0)
    return np.asarray(joined, np.float32), np.asarray(values + share * (np.float32(value) - values), np.float32)


def _plain(rng: np.random.Generator) -> float:
    """Black, white or a grey."""
    return float(rng.choice([0.0, 0.0, 1.0, rng.random()]))
