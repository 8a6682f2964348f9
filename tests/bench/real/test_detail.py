"""Fine detail by octave: what a filter does to a band is what is read there."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pinsharp.bench.real.detail import OCTAVES, agreement, by_octave

SHARP = np.random.default_rng(0).random((160, 180))


def test_an_image_agrees_with_itself():
    for band in [*by_octave(SHARP, SHARP), agreement(SHARP, SHARP)]:
        assert (band.correlation, band.contrast) == (pytest.approx(1), pytest.approx(1))


def test_the_contrast_of_a_blurred_image_is_the_transfer_function_of_the_blur():
    sigma = 1.0
    blurred = gaussian_filter(SHARP, sigma, mode="wrap")

    for (low, high), band in zip(OCTAVES, by_octave(blurred, SHARP), strict=True):
        ends = [np.exp(-2 * (np.pi * sigma * frequency) ** 2) for frequency in (high, low)]
        assert ends[0] < band.contrast < ends[1]


def test_other_detail_of_the_same_strength_has_contrast_without_correlation():
    other = np.random.default_rng(1).random(SHARP.shape)

    for band in by_octave(other, SHARP)[:2]:
        assert abs(band.correlation) < 0.05
    half = agreement(SHARP + other, SHARP)
    assert half.correlation == pytest.approx(2**-0.5, abs=0.02)
    assert half.contrast == pytest.approx(1, abs=0.02)


def test_gain_shows_in_contrast_and_offset_nowhere():
    band = agreement(0.5 * SHARP + 0.3, SHARP)

    assert (band.correlation, band.contrast) == (pytest.approx(1), pytest.approx(0.5))


def test_where_there_is_nothing_to_compare_nothing_is_said():
    flat = np.full_like(SHARP, 0.5)

    assert agreement(SHARP, flat).contrast is None
    assert agreement(flat, SHARP).correlation is None
    assert agreement(flat, SHARP).contrast == 0
