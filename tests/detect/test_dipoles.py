"""The filters: the matched filter is a least-squares fit, the running median that of a plain one."""

import numpy as np
import pytest
from scipy import ndimage

from pinsharp.detect.dipoles import DIAMETER_PER_SIGMA, dipole_height, lobes, measure_diameters, running_median
from tiny_panels import dipole


@pytest.mark.parametrize("shape", [(1, 30), (7, 30), (30, 8)])
@pytest.mark.parametrize("length", [3, 8, 9, 61])
def test_the_running_median_is_that_of_scipy(shape, length):
    plane = np.random.default_rng(0).random(shape, np.float32)
    odd = 2 * min(length // 2, shape[1]) + 1

    median = running_median(plane, length, along_rows=True)

    np.testing.assert_array_equal(median, ndimage.median_filter(plane, size=(1, odd), mode="nearest"))
    np.testing.assert_array_equal(running_median(plane.T, length, along_rows=False), median.T)


@pytest.mark.parametrize("sigma", [1.2, 2.0])
@pytest.mark.parametrize("direction", [0, 35, 90, 200])
def test_the_filter_answers_with_the_height_of_the_dipole_that_fits_best(sigma, direction):
    """Against least squares on a noisy plane with the sampled dipole as the only column."""
    plane = 0.05 * np.random.default_rng(0).standard_normal((41, 37))
    plane += 0.3 * dipole(plane.shape, 20, 18, sigma, direction)
    template = dipole(plane.shape, 20, 18, sigma, direction).ravel()
    (expected,), *_ = np.linalg.lstsq(template[:, None], plane.ravel(), rcond=None)

    found = dipole_height(plane.astype(np.float32), sigma * DIAMETER_PER_SIGMA, direction)

    assert found[20, 18] == pytest.approx(expected, rel=0.03)


def test_a_turned_dipole_answers_as_its_negative():
    plane = dipole((31, 31), 15, 15, 1.5, 35).astype(np.float32)

    np.testing.assert_allclose(dipole_height(plane, 6, 215), -dipole_height(plane, 6, 35), atol=1e-6)


@pytest.mark.parametrize("sigma", [1.0, 1.4, 2.0])
def test_the_diameter_is_that_of_the_dipole(sigma):
    plane = 0.2 * dipole((41, 41), 20, 20, sigma, 35).astype(np.float32)

    (diameter,) = measure_diameters(plane, np.array([[20, 20]]), 6.0, 35)

    assert diameter == pytest.approx(sigma * DIAMETER_PER_SIGMA, rel=0.08)


def test_both_lobes_are_told_apart():
    """The bright one made twice as high as the dark one; smoothing takes a third of both."""
    plane = dipole((41, 41), 20, 20, 1.5, 35).astype(np.float32)
    plane[plane > 0] *= 2

    dark, bright = lobes(plane, np.array([[20, 20]]), 1.5 * DIAMETER_PER_SIGMA, 35)

    assert bright == pytest.approx(2 * dark, rel=0.1)
    assert 0.6 < dark < 1


def test_no_centres_have_no_lobes_and_no_diameters():
    nowhere, plane = np.empty((0, 2), int), np.zeros((9, 9), np.float32)

    assert [len(each) for each in lobes(plane, nowhere, 6, 0)] == [0, 0]
    assert len(measure_diameters(plane, nowhere, 6, 0)) == 0
