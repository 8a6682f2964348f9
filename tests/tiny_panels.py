"""Panels of a few pins with known dipoles, drawn by hand: the detector's tests need no simulator."""

import math

import numpy as np

LIGHT_DEG = 35.0
PIN_HEIGHT, PITCH, MARGIN = 10, 20, 8
PIN_LEVEL, GAP_LEVEL = 0.7, 0.15


def tiny_panel(*centres, pins=3, length=120, height=0.2, sigma=1.4, direction_deg=LIGHT_DEG, noise=0.005, seed=0):
    """Pins along rows from border to border and dipoles on them, float32 in [0, 1].

    Args:
        centres: Row and column of each dipole.
        pins: How many pins.
        length: Their length, which is the image's width.
        height: Of the dipoles' lobes.
        sigma: Distance of the lobes from the centre in pixels.
        direction_deg: Of the bright lobe, seen from the dark one.
        noise: Standard deviation.
        seed: Of the noise.
    """
    shape = (2 * MARGIN + pins * PITCH - (PITCH - PIN_HEIGHT), length)
    image = np.full(shape, GAP_LEVEL)
    for number in range(pins):
        image[pin_rows(number)] = PIN_LEVEL
    for row, column in centres:
        image += height * dipole(shape, row, column, sigma, direction_deg)
    image += noise * np.random.default_rng(seed).standard_normal(shape)
    return image.clip(0, 1).astype(np.float32)


def pin_rows(number):
    """Rows of pin 0, 1, ..."""
    top = MARGIN + number * PITCH
    return slice(top, top + PIN_HEIGHT)


def pin_middle(number):
    """Row of the middle of pin 0, 1, ..."""
    return MARGIN + number * PITCH + PIN_HEIGHT / 2 - 0.5


def dipole(shape, row, column, sigma, direction_deg):
    """The derivative of a Gaussian with lobes of height 1."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    down, right = math.sin(math.radians(direction_deg)), math.cos(math.radians(direction_deg))
    along = (rows - row) * down + (columns - column) * right
    square = (rows - row) ** 2 + (columns - column) ** 2
    return along / sigma * np.exp((1 - square / sigma**2) / 2)


def levels(image, dtype, white=None):
    """A float image in [0, 1] as another type."""
    if dtype == "float32":
        return image.astype(np.float32)
    return np.rint(image * (white or np.iinfo(dtype).max)).astype(dtype)
