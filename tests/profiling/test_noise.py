"""Noise of known gain and read noise, in flat places and between photographs."""

import numpy as np
import pytest

from pinsharp.profiling.noise import measure_noise
from slanted_edges import edge, gaussian, photo

GAIN, READ = 1e-4, 0.004


def exposed(seed, texture=0.0):
    """A stair of brightness, half of it covered by structure."""
    scene = np.repeat(np.linspace(0.05, 0.9, 12), 40)[None] * np.ones((320, 1))
    scene[160:] *= 1 + texture * np.random.default_rng(99).uniform(-1, 1, (160, 480))
    rng = np.random.default_rng(seed)
    return photo(np.clip(scene + rng.normal(0, 1, scene.shape) * np.sqrt(READ**2 + GAIN * scene), 0, 1))


@pytest.mark.parametrize("count, texture", [(1, 0.0), (1, 0.1), (2, 0.1), (4, 0.1)])
def test_gain_and_read_noise_come_back(count, texture):
    noise = measure_noise([exposed(seed, texture) for seed in range(count)])

    assert noise.way == ("flat places" if count == 1 else "photon transfer")
    assert noise.std_at(0.0) == pytest.approx(READ, rel=0.15)
    assert noise.std_at(0.9) == pytest.approx(np.sqrt(READ**2 + GAIN * 0.9), rel=0.08)


def test_a_saturated_image_says_nothing():
    assert measure_noise([photo(np.ones((64, 64)))]) is None


def test_edges_between_two_levels_do_not_lift_the_line():
    """A chart is dark and bright; whatever lies between is structure, and variance above the line."""
    rng = np.random.default_rng(0)
    scene = np.tile(edge(gaussian, 1.0, 5, shape=(160, 80), low=0.12, high=0.75), (3, 6))
    noise = measure_noise([photo(scene + rng.normal(0, 1, scene.shape) * np.sqrt(READ**2 + GAIN * scene))])

    assert noise.std_at(0.12) == pytest.approx(np.sqrt(READ**2 + GAIN * 0.12), rel=0.03)
    assert noise.std_at(0.75) == pytest.approx(np.sqrt(READ**2 + GAIN * 0.75), rel=0.03)
