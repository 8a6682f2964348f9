"""Slanted edges of known blur: width and transfer function come back, and what is no such edge is explained."""

import math

import numpy as np
import pytest
from scipy.special import j1

from pinsharp.errors import ImageError
from pinsharp.profiling.edge_search import find_edges
from pinsharp.profiling.optics import Shape, edge_profile, falls_to
from slanted_edges import disk, edge, gaussian, photo


def one(image):
    ((line, found),) = find_edges(photo(image))
    return line, found


def half(shape_of, sigma, angle):
    """Frequency at which an edge has half of its contrast, pixels and all, by the formulas."""
    f = np.linspace(1e-6, 0.5, 50_001)
    x = 4 * math.pi * sigma * f
    blur = np.exp(-2 * (math.pi * sigma * f) ** 2) if shape_of is gaussian else np.abs(2 * j1(x) / x)
    turn = math.radians(angle)
    contrast = blur * np.sinc(f * math.cos(turn)) * np.sinc(f * math.sin(turn))
    return float(f[np.argmax(contrast < 0.5)])


@pytest.mark.parametrize("shape_of", [gaussian, disk])
@pytest.mark.parametrize("sigma, angle", [(0.6, 5.0), (1.2, -2.0), (1.2, 12.0), (3.0, 5.0)])
def test_width_and_transfer_function_come_back(shape_of, sigma, angle):
    line, found = one(edge(shape_of, sigma, angle))

    assert found.blur.sigma == pytest.approx(sigma, rel=0.005)
    assert found.mtf.mtf50 == pytest.approx(half(shape_of, sigma, angle), rel=0.005)
    assert line.tilt == pytest.approx(-angle, abs=0.05)
    assert found.blur.disk_share == pytest.approx(float(shape_of is disk), abs=0.05)
    assert found.spread.overshoot < 0.01


@pytest.mark.parametrize("shape_of", [gaussian, disk])
@pytest.mark.parametrize("sigma", [0.6, 1.5, 3.0])
def test_noise_moves_it_by_less_than_one_and_two_percent(shape_of, sigma):
    noisy = edge(shape_of, sigma, 5.0, shape=(320, 70)) + np.random.default_rng(3).normal(0, 2 / 255, (320, 70))

    _, found = one(noisy)

    assert found.blur.sigma == pytest.approx(sigma, rel=0.02)
    assert found.mtf.mtf50 == pytest.approx(half(shape_of, sigma, 5.0), rel=0.01)
    assert found.blur.low < sigma < found.blur.high


def test_neither_direction_nor_polarity_nor_gain_matter():
    image = edge(gaussian, 1.2, 5.0)
    _, plain = one(image)

    for other in (image.T, image[:, ::-1], image[::-1], 0.9 - 0.5 * image):
        assert one(np.ascontiguousarray(other))[1].mtf.mtf50 == pytest.approx(plain.mtf.mtf50, rel=2e-3)


def test_a_sharpened_edge_shows_its_overshoot_and_a_contrast_above_one():
    fine, coarse = (edge(gaussian, sigma, 5.0) for sigma in (1.0, 2.0))
    f = np.linspace(0, 0.5, 501)

    _, found = one(2 * fine - coarse)

    turn = math.radians(5)
    blur = 2 * np.exp(-2 * (math.pi * f) ** 2) - np.exp(-2 * (math.pi * 2 * f) ** 2)
    contrast = blur * np.sinc(f * math.cos(turn)) * np.sinc(f * math.sin(turn))
    assert found.mtf.mtf50 == pytest.approx(falls_to(f, contrast, 0.5), rel=0.02)
    assert max(found.mtf.contrast) == pytest.approx(contrast.max(), abs=0.03)
    assert found.spread.overshoot == pytest.approx(0.106, abs=0.02)


def test_the_edge_profile_is_the_closed_form():
    distance = np.linspace(-8, 8, 400)
    boxed = np.mean([gaussian(distance + at, 1.3) for at in (np.arange(64) + 0.5) / 64 - 0.5], axis=0)

    np.testing.assert_allclose(edge_profile(Shape(1.3, 0.0), 0.0, 8).at(distance), boxed, atol=2e-4)


def test_every_edge_of_a_field_is_found():
    """Four turned squares have sixteen edges."""
    row, column = np.mgrid[0:480, 0:480]
    image = np.full((480, 480), 0.7)
    turn = math.radians(6)
    for middle in np.ndindex(2, 2):
        y, x = row - 120 - 240 * middle[0], column - 120 - 240 * middle[1]
        u, v = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
        inside = [gaussian(60 - np.abs(each), 1.5) for each in (u, v)]
        image -= 0.5 * inside[0] * inside[1]

    found = find_edges(photo(image))

    assert len(found) == 16
    widths = [each.blur.sigma for _, each in found]
    assert widths == pytest.approx([math.sqrt(1.5**2 - 1 / 12)] * 16, rel=0.02)  # drawn without pixels
    assert sorted(round(line.tilt) for line, _ in found) == [-84] * 8 + [6] * 8


def test_faulty_pixels_have_no_say():
    image = edge(gaussian, 1.2, 5.0)
    faulty = np.zeros(image.shape, bool)
    faulty[:, 44] = True
    image[faulty] = 0.9

    ((_, found),) = find_edges(photo(image, faulty=faulty))

    assert found.blur.sigma == pytest.approx(1.2, rel=0.01)


@pytest.mark.parametrize(
    "image, sentence",
    [
        (np.full((60, 60), 0.5), "expected a straight slanted edge, got none"),
        (edge(gaussian, 1.2, 0.0), "1 to 44 degrees off rows and columns, got one of 0"),
        (edge(gaussian, 1.2, 45.0), "1 to 44 degrees off rows and columns, got one of 4[45]"),
        (edge(gaussian, 1.2, math.degrees(math.atan(0.5))), "meets the pixels at many places"),
        (np.clip(edge(gaussian, 1.2, 5.0, high=1.2), 0, 1), "saturated one: its bright side is at white"),
        (np.clip(edge(gaussian, 1.2, 5.0, low=-0.2), 0, 1), "saturated one: its dark side is at 0"),
        (edge(gaussian, 1.2, 5.0, shape=(15, 40)), "at least 20 pixels a side, got 40 x 15"),
        (np.random.default_rng(0).random((60, 60)), "expected"),
    ],
)
def test_what_shows_no_such_edge_is_explained(image, sentence):
    with pytest.raises(ImageError, match=f"photo.png: .*{sentence}"):
        find_edges(photo(image))
