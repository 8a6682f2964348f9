"""By how much red and blue are blurred more than green comes back from nearly grey scenes, and from no others."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter, shift

from pinsharp.blur.colours import of_brightness
from pinsharp.nets.swift.colour_spectra import beyond_green

SIDE = 128


def windows(widths, shifts=(0.0, 0.0, 0.0), *, colourful=0.0, count=6):
    """Windows (N, 3, SIDE, SIDE), each colour blurred and shifted to the right by itself."""
    rng = np.random.default_rng(0)
    scene = rng.standard_normal((SIDE + 32, count * SIDE + 32))
    planes = []
    for width, right in zip(widths, shifts, strict=True):
        light = scene + colourful * rng.standard_normal(scene.shape)
        planes.append(shift(gaussian_filter(light, width), (0, right))[16:-16, 16:-16])
    seen = 0.5 + 0.1 * np.stack(planes) + rng.normal(0, 0.0003, (3, SIDE, count * SIDE))
    return torch.tensor(seen, dtype=torch.float32).unflatten(2, (count, SIDE)).movedim(2, 0)


@pytest.mark.parametrize("shifts", [(0.0, 0.0, 0.0), (0.6, 0.0, -0.4)])
@pytest.mark.parametrize("widths", [(1.6, 1.3, 1.1), (2.0, 2.0, 2.0), (1.7, 2.0, 2.4)])
def test_squared_widths_beyond_green_come_back_wherever_colours_lie(widths, shifts):
    red, green, blue = (width**2 for width in widths)

    found = beyond_green(windows(widths, shifts), widths[1])[0].tolist()

    assert found[0] == pytest.approx(red - green, rel=0.05, abs=0.02)
    assert found[2] == pytest.approx(blue - green, rel=0.05, abs=0.02)


def test_the_widths_of_colours_are_told_where_they_differ_and_only_there():
    told = of_brightness(2.0, 0.05, tuple(beyond_green(windows((1.6, 2.0, 2.4)), 2.0)[0, :2].tolist()), (1.76, 0.02))
    alike = beyond_green(windows((2.0, 2.0, 2.0)), 2.0)[0].tolist()

    assert told.red.sigma < told.green.sigma < told.blue.sigma
    assert told.red.low < told.red.sigma < told.red.high
    assert told.blue.sigma**2 - told.red.sigma**2 == pytest.approx(2.4**2 - 1.6**2, rel=0.05)
    assert of_brightness(2.0, 0.05, tuple(alike[:2]), tuple(alike[2:])) is None


@pytest.mark.parametrize("seen", [windows((1.6, 1.3, 1.1), colourful=1.0), windows((1.6, 1.3, 1.1), count=2)])
def test_scenes_of_many_colours_and_few_windows_tell_nothing(seen):
    red, red_std, blue, blue_std = beyond_green(seen, 1.3)[0].tolist()

    assert red_std == blue_std == math.inf
    assert of_brightness(1.3, 0.05, (red, red_std), (blue, blue_std)) is None
