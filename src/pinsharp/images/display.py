"""Images of any depth as what a screen shows: 8 bits, dark ones brightened, large ones reduced."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.images.arrays import FULL_SCALE, split_alpha

Picture = NDArray[np.uint8]

DARK = 0.25
"""Images whose brightest pixels stay below this share of full scale (12 bits in 16) are shown brighter."""


@dataclass(frozen=True, eq=False)
class Small:
    """A small picture of an image.

    Attributes:
        picture: (h, w, 3), RGB.
        gain: How many times brighter it is shown.
        scale: Its side over that of the image, at most 1.
    """

    picture: Picture
    gain: float
    scale: float


def small(image: NDArray[Any], side: int, gain: float | None = None) -> Small:
    """Reduce an image (H, W) or (H, W, C) to at most `side` pixels a side, brightened by `gain`, or as it needs."""
    scale = min(1.0, side / max(image.shape[:2]))
    if scale < 1:
        height, width = (max(1, round(length * scale)) for length in image.shape[:2])
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    gain = brightening(image) if gain is None else gain
    return Small(display(image, gain), gain, scale)


def brightening(image: NDArray[Any]) -> float:
    """Factor by which a dark image has to be brightened to be seen; 1 for an ordinary one."""
    white = float(np.percentile(split_alpha(image)[0], 99.9)) / FULL_SCALE[image.dtype.newbyteorder("=")]
    return float(np.floor(1 / white)) if 0 < white < DARK else 1.0


def display(image: NDArray[Any], gain: float) -> Picture:
    """The image in 8-bit RGB (H, W, 3), without alpha, brightened by `gain`."""
    colour = split_alpha(image)[0]
    colour = colour.reshape(*colour.shape[:2], -1)
    if image.dtype != np.uint8 or gain > 1:
        factor = np.float32(255 * gain / FULL_SCALE[image.dtype.newbyteorder("=")])
        colour = np.clip(np.rint(colour * factor), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3)))
