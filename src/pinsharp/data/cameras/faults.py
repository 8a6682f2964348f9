"""What spoils images: dead pixels and lines, glints, labels, frames. Each says which pixels it takes away.

Faults of the sensor come before its colours are made, those of the page after the image has its size.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from pinsharp.data.cameras.covers import COVERS
from pinsharp.data.cameras.light import Array
from pinsharp.errors import ConfigError

Mask = NDArray[np.bool_]
SensorFault = Literal["dead-line", "stuck-line", "weak-lines", "hot-pixels", "dead-pixels"]
SENSOR_FAULTS: tuple[SensorFault, ...] = ("dead-line", "stuck-line", "weak-lines", "hot-pixels", "dead-pixels")
CLIPPED = 0.998
"""Values from here on are clipped: they no longer say how much light there was."""

_SENSOR_REACH = 2  # pixels that demosaicing and denoising spread a fault of the sensor over


@dataclass(frozen=True)
class Faults:
    """The faults of one image.

    Args:
        sensor: Those of the sensor.
        page: Those of the page, names in `pinsharp.data.cameras.covers.COVERS`.
        glints: How many bright spots the scene has, brighter than the sensor can say.
        seed: Decides where all of them lie.
    """

    sensor: tuple[SensorFault, ...] = ()
    page: tuple[str, ...] = ()
    glints: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        unknown = {*self.sensor} - {*SENSOR_FAULTS} | {*self.page} - COVERS.keys()
        if unknown:
            raise ConfigError(f"faults must be of {[*SENSOR_FAULTS, *COVERS]}, got {sorted(unknown)}")


def add_glints(light: Array, faults: Faults) -> Array:
    """Put spots of 3 to 30 times full scale, one to four pixels wide, into the light (H, W, C) of a scene."""
    if not faults.glints:
        return light
    rng, lit = _rng(faults, 0), light.copy()
    for _ in range(faults.glints):
        height, wide = light.shape[:2]
        place = (int(rng.integers(wide)), int(rng.integers(height)))
        brightness = float(10 ** rng.uniform(0.5, 1.5))
        cv2.circle(lit, place, int(rng.integers(0, 3)), (brightness,) * 3, -1)
    return lit.reshape(light.shape)


def spoil_sensor(raw: Array, faults: Faults) -> tuple[Array, Mask]:
    """Give a sensor's values (H, W, C) its dead, stuck, weak and hot pixels and lines.

    Returns:
        The values, and a mask (H, W) that is True where they still stem from light, with a little room around faults.
    """
    bad = np.zeros(raw.shape[:2], np.uint8)
    if not faults.sensor:
        return raw, bad == 0
    rng, spoilt = _rng(faults, 1), raw.copy()
    for fault in faults.sensor:
        places, values = _DEFECTS[fault](spoilt, rng)
        spoilt[places] = values
        bad[places] = 1
    room = np.ones((2 * _SENSOR_REACH + 1,) * 2, np.uint8)
    return np.clip(spoilt, 0, 1), cv2.dilate(bad, room) == 0


def spoil_page(image: Array, faults: Faults, margin: int = 0) -> tuple[Array, Mask]:
    """Draw labels, frames and the like over an image (H, W, C).

    Args:
        image: Values in [0, 1].
        faults: The faults.
        margin: Pixels at each side that are cut off later; what lies at the border lies inside of them.

    Returns:
        The image, and a mask (H, W) that is True where it still shows the scene.
    """
    shown = np.ones(image.shape[:2], bool)
    rng, drawn = _rng(faults, 2), image
    for fault in faults.page:
        cover, values = COVERS[fault](image.shape[0], margin, rng)
        drawn = drawn + cover[..., None] * (values[..., None] - drawn)
        shown &= cover == 0
    return np.asarray(drawn, np.float32), shown


def clipped(values: Array) -> Mask:
    """Say which pixels (H, W) of values (H, W, C) are clipped in any colour."""
    channels = [values[..., channel] >= CLIPPED for channel in range(values.shape[-1])]
    return np.asarray(np.logical_or.reduce(channels))


Places = tuple[NDArray[np.intp] | slice | int, NDArray[np.intp] | slice | int]


def _line(raw: Array, rng: np.random.Generator) -> Places:
    """A whole column or, less often, row."""
    is_row = rng.random() < 0.3
    number = int(rng.integers(raw.shape[0 if is_row else 1]))
    return (number, slice(None)) if is_row else (slice(None), number)


def _dead_line(raw: Array, rng: np.random.Generator) -> tuple[Places, Array]:
    place = _line(raw, rng)
    return place, np.zeros_like(raw[place])


def _stuck_line(raw: Array, rng: np.random.Generator) -> tuple[Places, Array]:
    place = _line(raw, rng)
    return place, np.full_like(raw[place], rng.uniform(0.3, 1))


def _weak_lines(raw: Array, rng: np.random.Generator) -> tuple[Places, Array]:
    """Two or three neighbouring lines that see 40 to 90 % of the light."""
    first = int(rng.integers(raw.shape[1] - 3))
    places: Places = (slice(None), slice(first, first + int(rng.integers(1, 4))))
    return places, raw[places] * np.float32(rng.uniform(0.4, 0.9))


def _hot_pixels(raw: Array, rng: np.random.Generator) -> tuple[Places, Array]:
    places = _scattered(raw, rng)
    seen = raw[places]
    return places, np.asarray(seen + rng.uniform(0.2, 1, (len(seen), 1)), np.float32)


def _dead_pixels(raw: Array, rng: np.random.Generator) -> tuple[Places, Array]:
    places = _scattered(raw, rng)
    return places, np.zeros_like(raw[places])


def _scattered(raw: Array, rng: np.random.Generator) -> Places:
    count = int(10 ** rng.uniform(0, 1.7))
    return rng.integers(raw.shape[0], size=count), rng.integers(raw.shape[1], size=count)


_DEFECTS = {
    "dead-line": _dead_line,
    "stuck-line": _stuck_line,
    "weak-lines": _weak_lines,
    "hot-pixels": _hot_pixels,
    "dead-pixels": _dead_pixels,
}


def _rng(faults: Faults, stage: int) -> np.random.Generator:
    return np.random.default_rng((faults.seed, stage))
