"""Widths along and across the radius come back from edges and points, and only where a lens makes them differ."""

import math

import numpy as np
import pytest

from pinsharp.blur.measured import Blur
from pinsharp.profiling.directions import Seen, astigmatism
from pinsharp.profiling.points import find_points
from slanted_edges import photo

SHAPE = (900, 1200)
HALF = math.hypot(*SHAPE) / 2


def edges(square, *, scatter=0.01, seed=0):
    """Widths of the four sides of twelve squares; `square` gives the squared width by direction, radius and share."""
    rng = np.random.default_rng(seed)
    seen = []
    for row in (120, 450, 780):
        for column in (150, 450, 750, 1050):
            for angle in np.radians((5, 95, 185, 275)):
                down, right = row - (SHAPE[0] - 1) / 2, column - (SHAPE[1] - 1) / 2
                width = math.sqrt(square(angle, math.atan2(down, right), math.hypot(down, right) / HALF))
                width *= 1 + scatter * rng.standard_normal()
                seen.append(Seen(row, column, angle, Blur(width, width * 0.98, width * 1.02)))
    return seen


def test_sagittal_and_tangential_widths_come_back():
    seen = edges(lambda angle, radius, share: 1 + share**2 + 0.8 * share**2 * math.cos(2 * (angle - radius)))

    found = astigmatism(seen, SHAPE)

    share = found.distance / HALF
    assert found.course == "radial"
    assert 0.3 < share < 1
    assert found.tangential.sigma == pytest.approx(math.sqrt(1 + 1.8 * share**2), rel=0.02)
    assert found.sagittal.sigma == pytest.approx(math.sqrt(1 + 0.2 * share**2), rel=0.02)


def test_a_blur_that_is_long_in_one_direction_is_told_from_a_radial_one():
    seen = edges(lambda angle, radius, share: 2 + 0.8 * math.cos(2 * (angle - math.radians(5))))

    found = astigmatism(seen, SHAPE)

    assert found.course == "even"
    assert found.sagittal is None
    assert found.angle == pytest.approx(5, abs=3)
    assert (found.along.sigma, found.across.sigma) == pytest.approx((math.sqrt(2.8), math.sqrt(1.2)), rel=0.02)


def test_a_round_blur_is_called_so_in_nearly_all_of_a_hundred_draws():
    curved = [edges(lambda angle, radius, share: 1 + share**2, scatter=0.05, seed=seed) for seed in range(100)]

    assert sum(astigmatism(seen, SHAPE) is not None for seen in curved) <= 2


def test_few_edges_say_nothing():
    assert astigmatism(edges(lambda angle, radius, share: 2 + math.cos(2 * angle))[:4], SHAPE) is None


def test_points_show_both_widths_of_a_blur_that_is_longer_than_wide():
    image = np.zeros((160, 160))
    part = (np.arange(10) + 0.5) / 10 - 0.5
    row, column = ((np.arange(160)[:, None] + part).ravel() for _ in range(2))
    for y in (30.3, 79.6, 130.4):
        for x in (30.7, 80.2, 129.9):
            light = np.exp(-((column[None] - x) ** 2 / (2 * 2.0**2)) - (row[:, None] - y) ** 2 / (2 * 1.2**2))
            image += light.reshape(160, 10, 160, 10).mean(axis=(1, 3))
    noisy = 0.05 + 0.7 * image / image.max() + np.random.default_rng(0).normal(0, 1 / 255, image.shape)

    found = astigmatism([each for point in find_points(photo(noisy)) for each in point.directed], image.shape)

    assert found.course == "even"
    assert math.sin(math.radians(found.angle)) < 0.05
    assert (found.along.sigma, found.across.sigma) == pytest.approx((2.0, 1.2), rel=0.03)
