"""Slanted edges: a synthetic edge of known transfer function, sampled without interpolation, is the oracle."""

import math

import numpy as np
import pytest
from scipy.special import ndtr

from pinsharp.bench.edges.slanted import FREQUENCIES, kernel_mtf50, read_edge
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.errors import ImageError


def edge(sigma, angle=5.0, shape=(120, 90), low=0.2, high=0.7):
    """An edge blurred by a Gaussian, at every pixel the very value of its profile."""
    row, column = (np.arange(size) - (size - 1) / 2 for size in shape)
    turn = math.radians(angle)
    distance = column[None] * math.cos(turn) - row[:, None] * math.sin(turn)
    return low + (high - low) * ndtr(distance / sigma)


def mtf50_of(sigma):
    return math.sqrt(math.log(2) / 2) / (math.pi * sigma)


@pytest.mark.parametrize("sigma", [0.6, 0.9, 1.6, 3.0])
@pytest.mark.parametrize("angle", [3.0, -5.5, 12.0])
def test_the_transfer_function_of_a_gaussian_edge_comes_back(sigma, angle):
    found = read_edge(edge(sigma, angle))

    assert found.mtf50 == pytest.approx(mtf50_of(sigma), rel=0.015)
    expected = np.exp(-2 * (np.pi * sigma * np.array(FREQUENCIES)) ** 2)
    np.testing.assert_allclose(found.mtf, expected, atol=0.02)
    assert found.angle == pytest.approx(abs(angle), abs=0.1)
    assert found.overshoot < 0.002


def test_neither_direction_nor_polarity_nor_gain_matter():
    plain = read_edge(edge(1.2))

    for other in (edge(1.2).T, edge(1.2)[:, ::-1], 0.9 - 0.5 * edge(1.2)):
        assert read_edge(other).mtf50 == pytest.approx(plain.mtf50, rel=1e-3)


def test_noise_moves_it_little():
    noisy = edge(1.2) + np.random.default_rng(0).normal(0, 2 / 255, (120, 90))

    found = read_edge(noisy)

    assert found.mtf50 == pytest.approx(mtf50_of(1.2), rel=0.03)
    assert found.overshoot < 0.02


def test_overshoot_is_how_far_a_sharpened_edge_leaves_its_levels():
    """Unsharp masking by two Gaussians has a profile, and so an overshoot, that is known exactly."""
    amount, fine, coarse = 1.0, 1.0, 2.0
    sharpened = edge(fine) + amount * (edge(fine) - edge(coarse))
    distance = np.linspace(-10, 10, 4001)
    profile = (1 + amount) * ndtr(distance / fine) - amount * ndtr(distance / coarse)

    found = read_edge(sharpened)

    assert found.overshoot == pytest.approx(profile.max() - 1, rel=0.1)
    assert max(found.mtf) > 1.1


def test_an_edge_sharper_than_half_a_cycle_has_no_such_frequency():
    assert read_edge(edge(0.2)).mtf50 == math.inf


@pytest.mark.parametrize("sigma", [0.8, 1.5, 3.0])
def test_the_frequency_of_a_kernel_is_that_of_its_formula(sigma):
    assert kernel_mtf50(gaussian_kernel(sigma)[0, 0].numpy()) == pytest.approx(mtf50_of(sigma), rel=0.01)
    radius = 2 * sigma
    # 2 J1(x) / x is a half at x = 2.2150.
    assert kernel_mtf50(disk_kernel(radius)[0, 0].numpy()) == pytest.approx(2.2150 / (2 * math.pi * radius), rel=0.03)


@pytest.mark.parametrize(
    "image, sentence",
    [
        (np.full((40, 40), 0.5), "rows without any"),
        (edge(1.0, angle=0.2), "1 to 44 degrees off rows or columns, got 0.2"),
        (np.random.default_rng(0).random((60, 60)), "an edge between two plain sides"),
        (edge(1.0, shape=(60, 90))[:, 38:80], "8 pixels on each side"),
        (np.zeros((10, 40)), "at least 20 pixels a side"),
    ],
)
def test_what_shows_no_such_edge_is_explained(image, sentence):
    with pytest.raises(ImageError, match=sentence):
        read_edge(image)
