"""What is learnt of a series in control."""

import math

import numpy as np
import pytest

from pinsharp.monitor.baseline import learn, softened, softened_std, width_of


def test_level_and_scatter_are_found():
    values = 2 + 0.1 * np.random.default_rng(0).standard_normal(4000)

    found = learn(values, [0.1] * 4000, floor=0.01)

    assert found.level == pytest.approx(2, abs=0.005)
    assert found.scatter == pytest.approx(0.1, rel=0.05)
    assert found.likeness < 0.05


def test_odd_images_hardly_matter():
    values = 2 + 0.1 * np.random.default_rng(0).standard_normal(200)
    spoilt = values.copy()
    spoilt[::40] = 9

    clean, found = (learn(each, [0.1] * 200, floor=0.01) for each in (values, spoilt))

    assert found.level == pytest.approx(clean.level, abs=0.02)
    assert found.scatter < 1.4 * clean.scatter


@pytest.mark.parametrize("likeness", [0.3, 0.6])
def test_the_mean_of_many_alike_neighbours_varies_as_the_stretch_says(likeness):
    """What an EWMA or a CUSUM sees of them: the long-run standard deviation."""
    rng = np.random.default_rng(1)
    values = np.zeros(40_000)
    for index in range(1, len(values)):
        values[index] = likeness * values[index - 1] + math.sqrt(1 - likeness**2) * rng.standard_normal()

    found = learn(values[:4000], [0.1] * 4000, floor=0.01)

    means = values.reshape(-1, 100).mean(axis=1)
    assert 10 * means.std() == pytest.approx(found.scatter * found.stretch, rel=0.15)


def test_images_that_are_all_the_same_have_the_least_scatter():
    found = learn([1.0] * 30, [0.1] * 30, floor=0.02)

    assert (found.level, found.scatter) == (1.0, 0.02)


def test_less_sure_images_weigh_less_and_surer_ones_no_more():
    found = learn([1.0] * 30, [0.1] * 30, floor=0.02)

    assert found.weight(0.2) == pytest.approx(0.25)
    assert found.weight(0.01) == 1


@pytest.mark.parametrize("width", [0.05, 0.5, 1.7, 5.0])
def test_widths_come_back_and_their_std_is_the_derivative(width):
    assert width_of(softened(width)) == pytest.approx(width)
    step = 1e-5
    slope = (softened(width * math.exp(step)) - softened(width * math.exp(-step))) / (2 * step)
    assert softened_std(width, 0.3) == pytest.approx(0.3 * slope, rel=1e-6)


def test_below_half_a_pixel_a_factor_matters_less():
    assert softened(0.3) - softened(0.1) < 0.2 * math.log(3)
    assert softened(6) - softened(2) > 0.95 * math.log(3)
