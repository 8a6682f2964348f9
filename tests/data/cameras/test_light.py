"""Tone curves with their inverses, exposure and contrast."""

import numpy as np
import pytest
import skimage.color

from pinsharp.data.cameras.light import LINEAR, SRGB, Exposure, Tone
from pinsharp.errors import ConfigError

LEVELS = np.linspace(0, 1, 1001, dtype=np.float32)
TONES = [LINEAR, SRGB, Tone("gamma", 1.8), Tone("gamma", 2.4), Tone("srgb", contrast=1.6), Tone(contrast=0.8)]


def test_srgb_is_that_of_scikit_image():
    grey = np.repeat(LEVELS[None, :, None], 3, axis=-1).astype(np.float64)

    reference = skimage.color.rgb2xyz(grey)[0, :, 1]  # luminance of greys is their light

    np.testing.assert_allclose(SRGB.decode(LEVELS), reference, atol=2e-6)


def test_gamma_is_a_power_law():
    np.testing.assert_allclose(Tone("gamma", 2.2).encode(LEVELS), LEVELS ** (1 / 2.2), atol=1e-6)


@pytest.mark.parametrize("tone", TONES)
def test_decoding_undoes_encoding(tone):
    np.testing.assert_allclose(tone.encode(tone.decode(LEVELS)), LEVELS, atol=1e-4)


@pytest.mark.parametrize("tone", TONES)
def test_curves_rise_from_black_to_white(tone):
    values = tone.encode(LEVELS)

    assert (np.diff(values) > 0).all()
    assert values[0] == 0
    assert values[-1] == pytest.approx(1)


@pytest.mark.parametrize("steepness", [0.8, 1.3, 1.7])
def test_an_s_curve_keeps_middle_grey_and_is_as_steep_there_as_it_says(steepness):
    values = Tone(contrast=steepness).encode(np.array([0.499, 0.5, 0.501], np.float32))

    assert values[1] == pytest.approx(0.5)
    assert (values[2] - values[0]) / 0.002 == pytest.approx(steepness, rel=1e-3)


def test_light_outside_the_range_is_clipped():
    np.testing.assert_allclose(SRGB.encode(np.array([-1, 2], np.float32)), [0, 1], atol=1e-6)


@pytest.mark.parametrize("shape", [(5, 4, 1), (5, 4, 3), (1, 1, 3)])
def test_shape_and_dtype_are_kept(shape):
    light = np.full(shape, 0.25, np.float32)

    values = Tone("srgb", contrast=1.2).encode(light)

    assert values.shape == shape
    assert values.dtype == np.float32


@pytest.mark.parametrize("gain", [1 / 64, 0.5, 1.1])
@pytest.mark.parametrize("contrast", [1 / 64, 1.0])
def test_an_exposure_gives_brightness_and_contrast_and_keeps_its_pivot(gain, contrast):
    black, pivot, white = Exposure(gain, contrast, 0.25).apply(np.array([0, 0.25, 1], np.float32))

    assert white - black == pytest.approx(gain * contrast, rel=1e-4)
    assert pivot == pytest.approx(gain * 0.25, rel=1e-5)


@pytest.mark.parametrize(
    "choice, sentence",
    [({"curve": "log"}, "'linear', 'srgb' or 'gamma', got 'log'"), ({"gamma": 0.0}, "must be above 0, got 0.0")],
)
def test_a_curve_that_is_none_is_refused(choice, sentence):
    with pytest.raises(ConfigError, match=sentence):
        Tone(**choice)
