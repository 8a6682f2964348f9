"""Two images row by row, and the mosaic of a colour sensor: found, and never where a lens alone was at work."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, shift

from pinsharp.nets.swift.interleaved import MOST_SHIFT, combed, mosaic
from pinsharp.restoration.restorer import Restorer

SIDE = 128
NOISE = 0.003


def scene(seed=0, side=SIDE, sigma=1.5):
    """Squares of all kinds of grey behind a lens."""
    rng = np.random.default_rng(seed)
    image = np.full((side, side), 0.5)
    for _ in range(side // 2):
        top, left, height, width = rng.integers(0, side - 20), rng.integers(0, side - 20), *rng.integers(8, 40, 2)
        image[top : top + height, left : left + width] = rng.uniform(0.1, 0.9)
    return gaussian_filter(image, sigma)


def seen(image, seed=1):
    """As a sensor with a little noise has it."""
    return image + NOISE * np.random.default_rng(seed).normal(size=image.shape)


def interlaced(image, by):
    both = image.copy()
    both[1::2] = shift(image, (0, by), order=3, mode="nearest")[1::2]
    return both


def bayer(image):
    """Under a light of other colours than the sensor's."""
    gains = np.ones(image.shape)
    gains[::2, ::2], gains[1::2, 1::2] = 0.6, 0.8
    return gains * image


def found(witness, *images):
    return witness(torch.from_numpy(np.stack(images).astype(np.float32))).tolist()


@pytest.mark.parametrize(
    "by, sigma", [(-MOST_SHIFT, 0.8), (-6, 0.8), (-1, 0.8), (1, 1.5), (1, 3), (4, 3), (-MOST_SHIFT, 3)]
)
def test_rows_that_were_moved_are_found_and_columns_too(by, sigma):
    image = seen(interlaced(scene(sigma=sigma), by))

    assert found(combed, image, image.T) == [1, 1]


@pytest.mark.parametrize("sigma", [0.6, 1.5, 5.0])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.3])
def test_a_lens_and_noise_alone_are_no_two_images(sigma, noise):
    image = scene(sigma=sigma) + noise * np.random.default_rng(2).normal(size=(SIDE, SIDE))

    assert found(combed, image) == [0]
    assert found(mosaic, image) == [0]


@pytest.mark.parametrize("period", [2, 3, 4, 7])
def test_fine_patterns_are_no_two_images(period):
    row, column = np.indices((SIDE, SIDE)) // 1
    lines = 0.5 + 0.4 * np.cos(2 * np.pi * row / period)
    checker = 0.5 + 0.4 * np.cos(2 * np.pi * row / period) * np.cos(2 * np.pi * column / period)

    assert found(combed, *(seen(each) for each in (lines, lines.T, checker))) == [0, 0, 0]
    assert found(mosaic, *(seen(each) for each in (lines, lines.T, checker))) == [0, 0, 0]


def test_taps_of_another_gain_are_neither():
    """Sensors are read out by two amplifiers, one for every other column."""
    image = scene()
    image[:, 1::2] *= 1.05

    assert found(combed, seen(image)) == [0]
    assert found(mosaic, seen(image)) == [0]


def test_a_mosaic_is_found_wherever_it_begins():
    image = seen(bayer(scene()))

    assert found(mosaic, image, np.roll(image, 1, 0), np.roll(image, (1, 1), (0, 1))) == [1, 1, 1]
    assert found(combed, image) == [0]


@pytest.mark.parametrize("gain, offset", [(0.01, 0.3), (5.0, -2.0)])
def test_brightness_and_contrast_do_not_count(gain, offset):
    images = [gain * seen(image) + offset for image in (interlaced(scene(), 3), bayer(scene()), scene())]

    assert found(combed, *images) == [1, 0, 0]
    assert found(mosaic, *images) == [0, 1, 0]


@pytest.mark.parametrize("period, degrees", [(2.3, 5), (2.3, 20), (2.7, 10), (3, 20)])
def test_fine_slanted_lines_are_not_taken_for_two_images(period, degrees):
    """Half a period to the side, the odd rows are like those between the even ones."""
    row, column = np.indices((256, 256))
    across = row * np.cos(np.deg2rad(degrees)) + column * np.sin(np.deg2rad(degrees))
    lines = 0.5 + 0.35 * gaussian_filter(np.sign(np.sin(2 * np.pi * across / period + 0.3)), 0.8)

    blur = Restorer().measure((255 * seen(lines)).clip(0, 255).astype(np.uint8))

    assert "interlaced" not in blur.finding.reason


@pytest.mark.parametrize("spoil, word", [(lambda image: interlaced(image, 4), "interlaced"), (bayer, "mosaic")])
def test_such_images_stay_as_they_are_and_the_reason_is_said(spoil, word):
    image = (255 * seen(spoil(scene(side=256)))).clip(0, 255).astype(np.uint8)

    result = Restorer()(image)

    assert result.defocus.verdict == "contradictory"
    assert word in result.reason
    np.testing.assert_array_equal(result.image, image)
