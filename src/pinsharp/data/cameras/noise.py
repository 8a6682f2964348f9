"""What an image has beside what its light explains: its level, how it grows with brightness, and its spectrum."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pinsharp.data.cameras.choices import Draw
from pinsharp.data.cameras.faults import Mask
from pinsharp.data.cameras.light import Array, shaped

BINS = 16
"""Rings of spatial frequency in a spectrum, each 1/32 cycle a pixel wide; the last holds the corners too."""

NoiseKind = Literal["white", "coloured", "striped", "multiplicative", "compressed"]
KINDS: tuple[NoiseKind, ...] = ("white", "coloured", "striped", "multiplicative", "compressed")
"""Kinds of noise; in a batch a kind is its number here."""


@dataclass(frozen=True)
class Noise:
    """The noise of an image's brightness, rounding and errors of compression included.

    Args:
        kind: What made it.
        sigma: Standard deviation in units of full scale.
        slope: Growth of its variance with brightness: 1 / full_well for electrons alone.
        spectrum: Power at `BINS` frequencies, (BINS,); for white noise of variance v it is v everywhere.
    """

    kind: NoiseKind
    sigma: float
    slope: float
    spectrum: Array


def measure(image: Array, clean: Array, valid: Mask, kind: NoiseKind) -> Noise:
    """Measure the noise of an image against the same image without.

    Args:
        image: Brightness (H, W) as it is.
        clean: Brightness (H, W) as it would be.
        valid: Pixels (H, W) that count.
        kind: Said of the noise.
    """
    share = float(valid.mean())
    if share == 0:
        return Noise(kind, 0.0, 0.0, np.zeros(BINS, np.float32))
    inner = np.where(valid, image - clean, 0)
    inner = inner - valid * (inner.sum() / valid.sum())
    squares, light = inner[valid] ** 2, clean[valid]
    spread = float(light.var())
    slope = float(((light - light.mean()) * squares).mean()) / spread if spread > 1e-8 else 0.0
    return Noise(kind, float(np.sqrt(squares.mean())), slope, radial_spectrum(inner) / np.float32(share))


def noise_kind(draw: Draw) -> NoiseKind:
    """Name what shapes the noise of a pair most."""
    if draw.processing.jpeg:
        return "compressed"
    if draw.sensor.kind == "sem":
        return "multiplicative"
    if draw.sensor.stripes:
        return "striped"
    shaped = draw.processing.denoising != "none" or draw.processing.amount or draw.processing.resize != 1
    return "coloured" if shaped or draw.sensor.kind == "bayer" else "white"


def radial_spectrum(noise: Array) -> Array:
    """Mean power of noise (H, W) in each of `BINS` rings of spatial frequency.

    Taken of differences as they are, without a window: noise does not leak as edges do.
    """
    power = torch.fft.rfft2(torch.from_numpy(np.ascontiguousarray(noise, np.float32))).abs().square().numpy()
    ring, weight = _rings(*noise.shape)
    total = np.bincount(ring, (power.ravel() * weight), BINS)
    count = np.bincount(ring, weight, BINS)
    return (total / np.maximum(count, 1) / noise.size).astype(np.float32)


def brightness(image: Array) -> Array:
    """Brightness (H, W) of an image (H, W, 1 or 3)."""
    return image[..., 0] if image.shape[-1] == 1 else shaped(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), image.shape[:2])


@lru_cache(maxsize=8)
def _rings(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Ring of each frequency of a real transform, and how often it counts; the mean itself counts nothing."""
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    ring = np.minimum(np.hypot(down, across) * 2 * BINS, BINS - 1).astype(np.intp)
    twice = np.where((across == 0) | (across == 0.5), 1.0, 2.0) * np.ones_like(down)
    twice[0, 0] = 0
    return ring.ravel(), twice.ravel()
