"""What a sensor makes of light: electrons with their noise, stripes, colour filters, and a number of bits."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from pinsharp.data.cameras.light import Array, shaped
from pinsharp.errors import ConfigError

Kind = Literal["plain", "bayer", "line", "sem"]
Demosaicing = Literal["bilinear", "edge-aware", "vng"]

FEW_ELECTRONS = 1000
"""Below this full well electrons are counted by Poisson's law; above it a Gaussian is as good, and faster."""

PATTERNS = ("RGGB", "BGGR", "GRBG", "GBRG")
"""Bayer patterns, named by their first two rows."""

_SCAN_SMEAR = np.array([0.15, 0.7, 0.15], np.float32)  # of noise along an electron microscope's lines
_SUFFIX: dict[Demosaicing, str] = {"bilinear": "", "edge-aware": "_EA", "vng": "_VNG"}


@dataclass(frozen=True)
class Sensor:
    """A sensor.

    Args:
        kind: `plain` (one well for each value: mono, or three chips), `bayer` (a mosaic of colours), `line` (a line
            camera: every column is one pixel of it) or `sem` (an electron microscope: few electrons, lines of uneven
            brightness, noise that grows with the signal).
        bits: Depth of its values, 8 to 16.
        full_well: Electrons at full scale; infinity for no noise at all.
        read_noise: Standard deviation in electrons.
        stripes: `line`: standard deviation of the pixels' gains; `sem`: of the lines'.
        lies_down: Whether the stripes are rows rather than columns.
        speckle: Standard deviation of the noise that grows with the signal: of single pixels' gains, or of a beam.
        demosaicing: `bayer`: how the colours in between are made.
        pattern: `bayer`: number in `PATTERNS`.
        imbalance: `bayer`: how much more the green pixels of blue's rows see than those of red's, as a share.
    """

    kind: Kind = "plain"
    bits: int = 12
    full_well: float = 20_000.0
    read_noise: float = 5.0
    stripes: float = 0.0
    lies_down: bool = False
    speckle: float = 0.0
    demosaicing: Demosaicing = "bilinear"
    pattern: int = 0
    imbalance: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in ("plain", "bayer", "line", "sem"):
            raise ConfigError(f"a sensor must be 'plain', 'bayer', 'line' or 'sem', got {self.kind!r}")
        if not 8 <= self.bits <= 16:
            raise ConfigError(f"bits of a sensor must be from 8 to 16, got {self.bits}")
        if self.full_well <= 0 or self.read_noise < 0:
            raise ConfigError(f"electrons must be positive, got {self.full_well} and read noise {self.read_noise}")


def read_out(light: Array, sensor: Sensor, rng: np.random.Generator) -> Array:
    """Turn light into what a sensor reads.

    Args:
        light: Light (H, W, C) at the sensor, 1 for full scale; C is 3 for `bayer`.
        sensor: The sensor.
        rng: Source of all noise.

    Returns:
        Values (H, W, C) in [0, 1] of its depth; (H, W, 1) behind a mosaic.
    """
    caught = mosaic(light, sensor.pattern, sensor.imbalance) if sensor.kind == "bayer" else light
    if sensor.stripes:
        caught = _striped(caught, sensor, rng)
    if np.isfinite(sensor.full_well):
        caught = count_electrons(caught, sensor, rng)
    return quantised(caught, sensor.bits)


def count_electrons(light: Array, sensor: Sensor, rng: np.random.Generator) -> Array:
    """Add shot noise, read noise and speckle to light (H, W, C)."""
    light = np.maximum(light, 0)
    if sensor.full_well < FEW_ELECTRONS:
        noise = rng.poisson(light * sensor.full_well).astype(np.float32) / np.float32(sensor.full_well) - light
        variance = np.zeros_like(light)
    else:
        noise, variance = np.zeros_like(light), light / np.float32(sensor.full_well)
    variance += np.float32((sensor.read_noise / sensor.full_well) ** 2)
    if sensor.speckle:
        variance += (light * np.float32(sensor.speckle)) ** 2
    noise += _normal(light, rng) * np.sqrt(variance)
    if sensor.kind == "sem":
        noise = shaped(cv2.filter2D(noise, -1, _SCAN_SMEAR[None]), noise.shape)
    return np.asarray(light + noise, np.float32)


def mosaic(light: Array, pattern: int = 0, imbalance: float = 0.0) -> Array:
    """Keep the colour (H, W, 1) that the filter over each pixel of light (H, W, 3) lets through."""
    caught = np.empty((*light.shape[:2], 1), np.float32)
    colours = PATTERNS[pattern]
    for place, colour in enumerate(colours):
        down, across = divmod(place, 2)
        is_blues_green = colour == "G" and "B" in colours[2 * down : 2 * down + 2]
        gain = np.float32(1 + imbalance * is_blues_green)
        caught[down::2, across::2, 0] = gain * light[down::2, across::2, "RGB".index(colour)]
    return caught


def demosaic(raw: Array, method: Demosaicing, pattern: int = 0) -> Array:
    """Make colours (H, W, 3) of a mosaic (H, W, 1) with values in [0, 1].

    OpenCV has variable number of gradients for 8 bits only: these hold the square root of light, whose noise is the
    same at all levels.
    """
    code = getattr(cv2, f"COLOR_Bayer{PATTERNS[pattern]}2RGB{_SUFFIX[method]}")
    if method == "vng":
        roots = cv2.demosaicing(np.rint(255 * np.sqrt(raw[..., 0])).astype(np.uint8), code)
        return shaped(roots, (*raw.shape[:2], 3)) ** 2 / np.float32(255**2)
    levels = np.rint(65535 * raw[..., 0]).astype(np.uint16)
    return shaped(cv2.demosaicing(levels, code), (*raw.shape[:2], 3)) / np.float32(65535)


def quantised(values: Array, bits: int) -> Array:
    """Clip values to [0, 1] and round them to a number of bits."""
    levels = np.float32(2**bits - 1)
    return np.asarray(np.rint(np.clip(values, 0, 1) * levels) / levels, np.float32)


def _striped(light: Array, sensor: Sensor, rng: np.random.Generator) -> Array:
    """Give each pixel of a line, or each line of a scan, a gain of its own and a trace of an offset."""
    shape = (light.shape[0], 1, 1) if sensor.lies_down else (1, light.shape[1], 1)
    gains = 1 + sensor.stripes * rng.standard_normal(shape, dtype=np.float32)
    offsets = sensor.stripes / 10 * rng.standard_normal(shape, dtype=np.float32)
    return np.asarray(light * gains + offsets, np.float32)


def _normal(like: Array, rng: np.random.Generator) -> Array:
    return rng.standard_normal(like.shape, dtype=np.float32)
