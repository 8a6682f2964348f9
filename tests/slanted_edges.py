"""Edges of known blur through square pixels, by averaging 64 samples a pixel of their closed form."""

import math

import numpy as np
from scipy.special import ndtr

from pinsharp.images.light import SAYS_NOTHING
from pinsharp.profiling.photo import Photo

FINE = 8


def gaussian(distance, sigma):
    return ndtr(distance / sigma)


def disk(distance, sigma):
    """A disc of twice the width's radius."""
    x = np.clip(distance / (2 * sigma), -1, 1)
    return 0.5 + (x * np.sqrt(1 - x * x) + np.arcsin(x)) / math.pi


def edge(shape_of, sigma, angle, *, shape=(110, 80), low=0.2, high=0.7, off=0.37):
    """An edge in linear light, some degrees off the columns."""
    part = (np.arange(FINE) + 0.5) / FINE - 0.5
    row, column = (((np.arange(size) - (size - 1) / 2)[:, None] + part).ravel() for size in shape)
    turn = math.radians(angle)
    level = shape_of(column[None] * math.cos(turn) - row[:, None] * math.sin(turn) - off, sigma)
    return low + (high - low) * level.reshape(shape[0], FINE, shape[1], FINE).mean(axis=(1, 3))


def photo(plane, **changes):
    """A photograph of a plane of linear light."""
    from dataclasses import replace
    from pathlib import Path

    none = np.zeros(plane.shape, bool)
    made = Photo(Path("photo.png"), plane, none, (plane >= 0.998) | (plane <= 0), SAYS_NOTHING, 8, 255.0, "mono", "0")
    return replace(made, **changes)
