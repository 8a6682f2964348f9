"""Sharpness: falls with blur, takes no notice of noise, gain and offset, where a gradient measure does."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, sobel

from pinsharp.bench.real.sharpness import sharpness
from pinsharp.errors import ImageError

RNG = np.random.default_rng(0)
IMAGE = gaussian_filter(RNG.random((400, 390)), 1.5)
NOISE = RNG.normal(0, 0.5 * IMAGE.std(), IMAGE.shape)


def test_every_further_blur_lowers_it():
    figures = [sharpness(gaussian_filter(IMAGE, sigma)) for sigma in (0, 0.5, 1, 2, 4)]

    assert figures == sorted(figures, reverse=True)
    assert figures[-1] < 0.2 * figures[0]


def test_white_noise_leaves_it_where_it_raises_the_energy_of_the_gradient():
    def gradient(image):
        return float(np.mean(sobel(image, 0) ** 2 + sobel(image, 1) ** 2))

    assert sharpness(IMAGE + NOISE) == pytest.approx(sharpness(IMAGE), rel=0.02)
    assert gradient(IMAGE + NOISE) > 1.25 * gradient(IMAGE)


def test_exposure_leaves_it():
    assert sharpness(0.3 * IMAGE + 0.2) == pytest.approx(sharpness(IMAGE), rel=1e-9)


def test_it_is_the_share_of_the_autocorrelations_of_a_known_process():
    image = gaussian_filter(np.random.default_rng(1).normal(size=(1500, 1500)), 2.0)

    near, far = (np.exp(-(lag**2) / (4 * 2.0**2)) for lag in (1, 2))

    assert sharpness(image) == pytest.approx((near - far) / near, rel=0.03)


def test_rows_and_columns_count_alike():
    assert sharpness(IMAGE.T) == pytest.approx(sharpness(IMAGE), rel=1e-9)


def test_stripes_from_pixel_to_pixel_count_as_artefacts():
    stripes = np.tile([0.0, 1.0], (50, 25))

    assert sharpness(IMAGE[:50, :50] + 0.2 * stripes) < 0


def test_an_even_image_has_none():
    assert sharpness(np.full((5, 5), 0.5)) == 0


@pytest.mark.parametrize("shape", [(2, 9), (9, 2), (9, 9, 3)])
def test_what_has_no_lag_of_two_pixels_is_refused(shape):
    with pytest.raises(ImageError, match="one channel of at least 3 x 3 pixels"):
        sharpness(np.zeros(shape))
