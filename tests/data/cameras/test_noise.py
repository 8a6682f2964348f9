"""Noise is measured: its level, its growth with brightness, its spectrum."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pinsharp.data.cameras.draw import draw_pair
from pinsharp.data.cameras.noise import BINS, KINDS, brightness, measure, noise_kind, radial_spectrum


def white(shape=(128, 128), sigma=0.02, seed=0):
    return (sigma * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def everywhere(shape=(128, 128)):
    return np.ones(shape, bool)


@pytest.mark.parametrize("shape", [(128, 128), (97, 140), (128, 65)])
def test_white_noise_has_its_variance_at_all_frequencies(shape):
    spectrum = np.mean([radial_spectrum(white(shape, seed=seed)) for seed in range(10)], axis=0)

    np.testing.assert_allclose(spectrum, 0.02**2, rtol=0.15)


@pytest.mark.parametrize("period", [32, 8, 4])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_wave_lies_in_the_ring_of_its_frequency(period, axis):
    wave = np.cos(2 * np.pi * np.arange(128) / period).astype(np.float32)
    image = np.broadcast_to(np.expand_dims(wave, 1 - axis), (128, 128))

    spectrum = radial_spectrum(image)

    assert spectrum.argmax() == int(2 * BINS / period)
    assert spectrum.max() > 0.999 * spectrum.sum()


def test_smooth_noise_falls_with_frequency_as_the_square_of_its_filter():
    noise = np.mean([radial_spectrum(cv2.GaussianBlur(white(seed=seed), (0, 0), 0.8)) for seed in range(10)], axis=0)

    frequency = (np.arange(BINS - 1) + 0.5) / BINS / 2
    expected = 0.02**2 * np.exp(-((2 * np.pi * 0.8 * frequency) ** 2))
    np.testing.assert_allclose(noise[:11], expected[:11], rtol=0.2)


@pytest.mark.parametrize("slope", [0.0, 0.002])
def test_growth_with_brightness_is_found(slope):
    clean = np.broadcast_to(np.linspace(0, 1, 256, dtype=np.float32), (256, 256))
    image = clean + np.sqrt(1e-4 + slope * clean) * white((256, 256), 1.0)

    noise = measure(image, clean, everywhere(clean.shape), "white")

    assert noise.slope == pytest.approx(slope, abs=1e-4)
    assert noise.sigma == pytest.approx(np.sqrt(1e-4 + slope / 2), rel=0.02)


def test_only_pixels_that_count_are_measured():
    valid = everywhere()
    valid[:, :40] = False
    image = 0.5 + white()
    spoilt = np.where(valid, image, 0)

    noise = measure(spoilt, np.full_like(image, 0.5), valid, "coloured")

    assert noise.kind == "coloured"
    assert noise.sigma == pytest.approx(0.02, rel=0.03)
    np.testing.assert_allclose(noise.spectrum[2:], 0.02**2, rtol=0.3)


def test_an_image_without_pixels_that_count_has_no_noise():
    noise = measure(white(), white(), ~everywhere(), "white")

    assert noise.sigma == 0
    assert not noise.spectrum.any()


def test_every_kind_of_noise_occurs():
    assert {noise_kind(draw_pair("any", 0, index)) for index in range(200)} == {*KINDS}


def test_compression_outweighs_everything_else():
    draw = draw_pair("sem", 0, 0)

    kinds = [noise_kind(replace(draw, processing=replace(draw.processing, jpeg=quality))) for quality in (0, 80)]
    assert kinds == ["multiplicative", "compressed"]


def test_brightness_of_mono_is_itself():
    image = white((4, 5, 1))

    np.testing.assert_array_equal(brightness(image), image[..., 0])
    np.testing.assert_allclose(brightness(np.repeat(image, 3, axis=-1)), image[..., 0], atol=1e-7)
