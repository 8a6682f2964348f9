"""What cameras and programs make of a sensor's values: colours, denoising, sharpening, size, files."""

import cv2
import numpy as np
import pytest
import skimage.data
import skimage.filters
import skimage.transform

from pinsharp.data.cameras.light import SRGB
from pinsharp.data.cameras.processing import (
    Colour,
    Processing,
    blurred_by_computer,
    computer_kernel,
    denoised,
    develop,
    resized,
    sharpened,
    store,
    through_jpeg,
)
from pinsharp.errors import ConfigError

PHOTOGRAPH = skimage.data.astronaut()[:160, 160:320].astype(np.float32) / 255


def error(image, reference=PHOTOGRAPH):
    return float(np.sqrt(np.square(image - reference).mean()))


def noisy_flat(shape=(64, 64, 3), level=0.5, sigma=0.03):
    return (level + sigma * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("colour", [Colour(), Colour(2.2, 1.5), Colour(1.8, 1.4, crosstalk=0.4)])
def test_white_balance_undoes_what_the_filters_take(colour):
    np.testing.assert_allclose(colour.from_sensor(colour.to_sensor(PHOTOGRAPH)), PHOTOGRAPH, atol=2e-6)


def test_filters_leave_less_red_and_blue_and_mix_colours():
    red = np.zeros((1, 1, 3), np.float32)
    red[..., 0] = 1

    np.testing.assert_allclose(Colour(2.0, 1.5).to_sensor(red)[0, 0], [0.5, 0, 0])
    np.testing.assert_allclose(Colour(crosstalk=0.3).to_sensor(red)[0, 0], [0.8, 0.1, 0.1], rtol=1e-6)


def test_clipped_highlights_stay_white():
    """Red and blue of a clipped pixel are still multiplied: without a limit it would turn magenta."""
    np.testing.assert_allclose(Colour(2.0, 1.8, 0.3).from_sensor(np.ones((1, 1, 3), np.float32)), 1, rtol=1e-5)


def test_separating_colours_amplifies_noise():
    noise = noisy_flat()

    assert Colour(crosstalk=0.4).from_sensor(noise).std() > 1.2 * noise.std()


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["gaussian", "median", "bilateral"])
def test_denoising_takes_noise_away_and_keeps_brightness(kind, channels):
    noise = noisy_flat((64, 64, channels))

    smooth = denoised(noise, kind, 1.0)

    assert smooth.shape == noise.shape
    assert smooth.std() < 0.8 * noise.std()
    assert smooth.mean() == pytest.approx(noise.mean(), abs=2e-3)


def test_denoising_of_colours_leaves_brightness():
    smooth = denoised(PHOTOGRAPH, "chroma", 1.0)

    np.testing.assert_allclose(*(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (smooth, PHOTOGRAPH)), atol=1e-5)
    assert error(smooth) > 0.005


@pytest.mark.parametrize("amount, reach", [(0.5, 1.0), (1.5, 1.8)])
def test_sharpening_is_the_unsharp_masking_of_scikit_image(amount, reach):
    planes = [skimage.filters.unsharp_mask(PHOTOGRAPH[..., c].copy(), reach, amount) for c in range(3)]

    made = np.clip(sharpened(PHOTOGRAPH, amount, reach), 0, 1)

    # Both cut their Gaussians, at 3 to 4 sigmas.
    np.testing.assert_allclose(made[8:-8, 8:-8], np.stack(planes, -1)[8:-8, 8:-8], atol=0.005)


def test_reducing_to_half_averages_four_pixels():
    reference = skimage.transform.downscale_local_mean(PHOTOGRAPH, (2, 2, 1))

    np.testing.assert_allclose(resized(PHOTOGRAPH, 80), reference, atol=1e-6)


@pytest.mark.parametrize("kind", ["area", "linear", "cubic"])
@pytest.mark.parametrize("side", [60, 75, 100, 160])
def test_resizing_keeps_everything_in_its_place(kind, side):
    """A ramp is the same ramp on the coarser grid: it is not shifted by half a pixel."""
    centres = (np.arange(100, dtype=np.float32) + 0.5) / 100
    ramp = np.tile(centres, (100, 1))[..., None]

    made = resized(ramp, side, kind)

    expected = (np.arange(side) + 0.5) / side
    np.testing.assert_allclose(made[side // 2, 4:-4, 0], expected[4:-4], atol=0.25 / side)


def test_errors_grow_as_the_quality_of_a_jpeg_falls():
    errors = [error(through_jpeg(PHOTOGRAPH, quality)) for quality in (98, 90, 80, 70, 60)]

    assert errors == sorted(errors)
    assert 0.002 < errors[0] < errors[-1] < 0.05


def test_subsampling_costs_colour_and_not_brightness():
    whole, half, quarter = (through_jpeg(PHOTOGRAPH, 95, kind) for kind in ("444", "422", "420"))

    colour_errors = [
        error(image[..., 0] - image[..., 1], PHOTOGRAPH[..., 0] - PHOTOGRAPH[..., 1])
        for image in (whole, half, quarter)
    ]
    assert colour_errors == sorted(colour_errors)
    assert colour_errors[2] > 1.2 * colour_errors[0]
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (PHOTOGRAPH, whole, quarter)]
    assert error(grey[2], grey[0]) < 1.5 * error(grey[1], grey[0])


@pytest.mark.parametrize("shape", [(16, 24, 1), (17, 9, 3)])
def test_a_jpeg_keeps_shape_and_flat_values(shape):
    flat = np.full(shape, 100 / 255, np.float32)

    np.testing.assert_allclose(through_jpeg(flat, 90), flat, atol=1 / 255)


def test_a_lossless_file_is_rounded_to_its_bits():
    assert (
        len(np.unique(store(np.linspace(0, 1, 5000, dtype=np.float32).reshape(50, 100, 1), Processing(bits=10))))
        == 1024
    )
    np.testing.assert_array_equal(store(PHOTOGRAPH, Processing(bits=8)), PHOTOGRAPH)


@pytest.mark.parametrize("sigma", [0.6, 1.5, 3.2])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_computers_blur_is_opencvs_and_its_kernel_explains_it(sigma, channels):
    values = PHOTOGRAPH[..., :channels]
    edge = len(computer_kernel(sigma)) // 2

    blurred = blurred_by_computer(values, sigma)

    pixels = np.rint(values * 255).astype(np.uint8)
    whole = cv2.GaussianBlur(pixels, (0, 0), sigma).reshape(values.shape)
    np.testing.assert_array_equal(np.rint(blurred * 255), whole[edge:-edge, edge:-edge])
    explained = cv2.filter2D(values, -1, computer_kernel(sigma)).reshape(values.shape)[edge:-edge, edge:-edge]
    np.testing.assert_allclose(blurred, explained, atol=1.6 / 255)


def test_a_camera_without_processing_changes_nothing():
    np.testing.assert_array_equal(develop(PHOTOGRAPH, Processing(), 160), PHOTOGRAPH)


def test_tone_comes_before_sharpening_and_size():
    processing = Processing(tone=SRGB, amount=0.7, reach=1.2, resize=0.5)

    expected = resized(np.clip(sharpened(SRGB.encode(PHOTOGRAPH), 0.7, 1.2), 0, 1), 80)
    np.testing.assert_allclose(develop(PHOTOGRAPH, processing, 80), expected, atol=1e-6)


@pytest.mark.parametrize("choice, sentence", [({"resize": 0.1}, "got 0.1"), ({"jpeg": 101}, "got 101")])
def test_processing_that_cannot_be_is_refused(choice, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Processing(**choice)
