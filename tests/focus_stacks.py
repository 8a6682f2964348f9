"""Focus stacks of dots in closed form, in which the scene may change its size while the lens stays as it is."""

import math

import numpy as np
from scipy.signal import fftconvolve

from pinsharp.blur.family import exact_kernels
from slanted_edges import photo

POSITIONS = (-15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0)
BEST, SLOPE, OWN = 1.5, 0.2, 0.8
"""Position of best focus, pixels of width that the blur gains with each unit, and the camera's own softness."""

_SIDE, _ROOM, _DOTS, _DOT = 200, 40, 900, 1.0


def size_at(z, change):
    """Size of the scene, 1 in best focus: it goes with one over the distance, and changes by that share in all."""
    near, far = POSITIONS[0] - BEST, POSITIONS[-1] - BEST
    growth = change / ((1 + change) * far - near)
    return 1 / (1 - growth * (z - BEST))


def taken(change, *, grows, seed=0):
    """Photographs at all positions, and the width of the sharpest one; the defocus grows with the size, or does not."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(-0.8, 0.8, (2, _DOTS)) * (_SIDE / 2 + _ROOM)
    light = rng.uniform(0.3, 1.0, _DOTS)
    photos = []
    for z in POSITIONS:
        size = size_at(z, change)
        width = SLOPE * abs(z - BEST) * (size if grows else 1.0)
        seen = _blurred(size * places, light, math.hypot(size * _DOT, OWN), width)
        noisy = 0.1 + 0.4 * seen + rng.normal(0, 0.5 / 255, seen.shape)
        photos.append(photo(np.round(np.clip(noisy, 0, 1) * 255) / 255))
    nearest = min(POSITIONS, key=lambda z: abs(z - BEST))
    return photos, math.hypot(OWN, SLOPE * abs(nearest - BEST) * (size_at(nearest, change) if grows else 1.0))


def _blurred(places, light, sigma, width):
    """Dots, Gaussians of that sigma, through a disc of that width."""
    at = np.arange(_SIDE + 2 * _ROOM) - (_SIDE + 2 * _ROOM - 1) / 2
    down, across = (np.exp(-((at[:, None] - one) ** 2) / (2 * sigma**2)) for one in places)
    kernel = exact_kernels(0.0, 2 * width, 2 * math.ceil(2 * width) + 3)[0, 0].numpy()
    seen = fftconvolve((down * light / sigma**2) @ across.T, kernel, mode="same")
    return seen[_ROOM:-_ROOM, _ROOM:-_ROOM]
