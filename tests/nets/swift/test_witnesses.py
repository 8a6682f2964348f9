"""What single windows show beside their spectrum: edges, blocks, mosaics, clipping; never brightness or contrast."""

import io
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from pinsharp.nets.swift.witnesses import COUNT, QUANTILES, REBLURS, periodicity, structure, witnesses

EDGES = len(REBLURS) * len(QUANTILES)
BLOCKS, MOSAIC, EXTREMES = slice(EDGES + 1, EDGES + 3), EDGES + 3, slice(EDGES + 4, COUNT)


def scene(side=128):
    """Squares of all kinds of grey, with edges at many places."""
    rng = np.random.default_rng(0)
    image = np.full((side, side), 0.5)
    for _ in range(60):
        top, left, height, width = rng.integers(0, side - 20), rng.integers(0, side - 20), *rng.integers(8, 40, 2)
        image[top : top + height, left : left + width] = rng.uniform(0.1, 0.9)
    return image


def seen(image):
    return witnesses(torch.from_numpy(np.asarray(image, np.float32))[None])[0]


def test_edges_lose_less_by_another_blur_the_wider_they_are():
    found = [seen(gaussian_filter(scene(), sigma))[:EDGES] for sigma in (0.5, 1, 2, 4)]

    for sharper, softer in pairwise(found):
        assert (softer[2::5] < sharper[2::5]).all()  # the medians


def test_an_edge_alone_tells_the_width_as_the_formula_says():
    """Of a step of width s, blurred once more by q, the steepness falls by sqrt(s^2 + q^2) / s."""
    image = np.repeat((np.arange(128) > 63.5).astype(float)[None], 128, axis=0)
    sigma, first = 2.0, 0.8

    median = seen(gaussian_filter(image, (0, sigma)))[len(QUANTILES) + 4]  # the steepest, for a reblur by 2

    before, after = np.hypot(sigma, first), np.sqrt(sigma**2 + first**2 + 2.0**2)
    assert float(median) == pytest.approx(np.log(after / before), abs=0.03)


@pytest.mark.parametrize("gain, offset", [(0.25, 0.3), (2.0, -0.4)])
def test_brightness_and_contrast_do_not_count(gain, offset):
    image = gaussian_filter(scene(), 1) + 0.01 * np.random.default_rng(1).normal(size=(128, 128))

    torch.testing.assert_close(seen(gain * image + offset), seen(image), atol=2e-2, rtol=0)


def test_blocks_of_a_jpeg_stand_out():
    image = gaussian_filter(scene(), 2)
    buffer = io.BytesIO()
    Image.fromarray((255 * image).astype(np.uint8)).save(buffer, "JPEG", quality=30)

    stored = np.asarray(Image.open(buffer)) / 255.0

    assert (seen(stored)[BLOCKS] > seen(image)[BLOCKS] + 0.5).all()


def test_a_mosaic_stands_out():
    rng = np.random.default_rng(2)
    image = rng.normal(0.5, 0.1, (128, 128))
    mosaic = image.copy()
    mosaic[::2, ::2] = 0.25 * (image[::2, ::2] + np.roll(image, 1, 0)[::2, ::2] + image[1::2, ::2] + image[::2, 1::2])

    assert seen(mosaic)[MOSAIC] > seen(image)[MOSAIC] + 0.3


def test_clipping_stands_out():
    image = gaussian_filter(scene(), 1)

    clipped = seen(np.minimum(image, np.quantile(image, 0.9)))[EXTREMES]

    assert float(clipped[1].exp()) == pytest.approx(0.1, abs=0.02)
    assert float(clipped[0]) == pytest.approx(float(seen(image)[EXTREMES][0]), abs=0.01)


def repeats(image):
    return float(periodicity(torch.from_numpy(np.asarray(image, np.float32))[None])[0])


@pytest.mark.parametrize("period", [6, 10, 20])
@pytest.mark.parametrize("sigma", [0.5, 1.5])
def test_what_repeats_itself_stands_out(period, sigma):
    row, column = np.mgrid[:128, :128]
    checker = (row // (period // 2) + column // (period // 2)) % 2
    bars = (column // (period // 2)) % 2
    slanted = np.sin(2 * np.pi * (0.98 * column + 0.17 * row) / period) > 0

    patterns = [repeats(gaussian_filter(pattern.astype(float), sigma)) for pattern in (checker, bars, slanted)]

    assert min(patterns) > repeats(gaussian_filter(scene(), sigma)) + 0.3


@pytest.mark.parametrize("angle", [0.0, 0.4, np.pi / 2])
def test_structure_is_what_a_slope_leaves(angle):
    row, column = np.mgrid[:128, :128] / 128
    slope = column * np.cos(angle) + row * np.sin(angle)
    detail = np.sin(2 * np.pi * 9 * column)

    found = [
        float(structure(torch.from_numpy(np.asarray(image, np.float32))[None])[0])
        for image in (slope, slope + 0.1 * detail, detail, 0 * slope)
    ]

    share = 0.1 * detail.std() / (slope + 0.1 * detail).std()
    assert found == pytest.approx([0, share, 1, 0], abs=0.02)
