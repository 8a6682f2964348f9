"""Widths between photographs of one scene, and a stack whose planes of focus are known."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve

from pinsharp.blur.family import exact_kernels
from pinsharp.blur.measured import Blur
from pinsharp.errors import ImageError
from pinsharp.profiling.pairs import Place, measure_pair
from pinsharp.profiling.stack import _best_law, _Seen, measure_stack, sharpest
from slanted_edges import photo

SCENE = gaussian_filter((np.random.default_rng(1).random((260, 260)) < 0.03).astype(float) * 8, 0.7)
ROOM = 40


def seen(sigma, radius, seed=0):
    """The scene through a camera, without its border."""
    kernel = exact_kernels(sigma, radius, 61)[0, 0].numpy()
    light = fftconvolve(np.clip(0.1 + 0.2 * SCENE, 0, 0.9), kernel, mode="same")[ROOM:-ROOM, ROOM:-ROOM]
    noisy = light + np.random.default_rng(seed).normal(0, 0.5 / 255, light.shape)
    return np.round(noisy * 255) / 255


@pytest.mark.parametrize("sigma, radius", [(1.5, 0.0), (0.0, 4.0)])
def test_the_width_between_two_photographs_comes_back(sigma, radius):
    places = measure_pair(seen(sigma, radius), seen(0.0, 0.0, seed=9), "a.png")

    widths = [place.blur.sigma for place in places]
    assert np.median(widths) == pytest.approx(math.hypot(sigma, radius / 2), rel=0.02)


def test_other_scenes_are_refused():
    other = gaussian_filter(np.random.default_rng(5).random((180, 180)), 2)

    with pytest.raises(ImageError, match=r"a\.png: expected"):
        measure_pair(other, seen(0.0, 0.0), "a.png")


@pytest.fixture(scope="module")
def stack():
    """Steps of 5 um, best focus at 3.4 um, 0.3 px of width a um, own softness 0.8 px."""
    positions = (-10.0, -5.0, 0.0, 5.0, 10.0, 15.0)
    photos = [photo(seen(0.8, 2 * 0.3 * abs(z - 3.4), seed=n)) for n, z in enumerate(positions)]
    known = math.hypot(0.8, 0.3 * 1.6)
    return positions, photos, measure_stack(photos, positions, "um", Blur(known, known, known))


@pytest.mark.slow
def test_best_focus_is_found_to_a_tenth_of_a_step(stack):
    positions, photos, found = stack

    assert positions[sharpest(photos)] == 5
    assert found.focus.best == pytest.approx(3.4, abs=0.5)
    assert found.focus.best_low < 3.4 < found.focus.best_high
    assert found.focus.tilt_rows is None or abs(found.focus.tilt_rows) * 180 < 0.5


@pytest.mark.slow
def test_the_width_is_linear_outside_of_focus(stack):
    _, _, found = stack

    for step in found.focus.steps:
        if abs(step.position - 3.4) > 6:
            assert step.blur.sigma == pytest.approx(math.hypot(0.8, 0.3 * (step.position - 3.4)), rel=0.05)
    assert found.focus.slope == pytest.approx(0.3, rel=0.03)
    assert found.scale.low < 1 / 0.3 < found.scale.high
    assert found.own.sigma == pytest.approx(0.8, rel=0.1)


def test_a_stack_without_a_best_focus_is_refused():
    photos = [photo(seen(0.8, 2 + n, seed=n)) for n in range(4)]

    with pytest.raises(ImageError, match=r"best focus.*photo\.png at 0, photo\.png at 1, photo\.png at 2, \.\.\."):
        measure_stack([photos[0]] * 4, (0.0, 1.0, 2.0, 3.0), "um", Blur(1, 1, 1))


def test_photographs_of_different_sizes_are_refused():
    with pytest.raises(ImageError, match=r"expected 180 x 180 pixels as photo\.png, got 170 x 180"):
        measure_stack([photo(seen(0, 0)), photo(seen(0, 0)[:, :170])], (0.0, 1.0), "um", Blur(1, 1, 1))


@pytest.mark.parametrize("approaches", [True, False])
def test_the_defocus_of_a_part_that_comes_nearer_grows_with_its_size(approaches):
    """A thin lens at 60 mm: sizes go with one over the distance."""
    own, slope, best = 0.6, 0.06, 1.0
    steps = []
    for z in np.arange(-20.0, 21.0, 4.0):
        size = 60 / (60 - z) if approaches else 1.0
        width, sharp = slope * abs(z - best), slope * best  # on the part; the sharpest image is at 0
        square = own**2 + (size * width) ** 2 - size**2 * (own**2 + sharp**2)
        place = Place(60.0, 60.0, Blur(0, 0, 0))
        steps.append(_Seen(float(z), size, [(place, square, 0.02 + 0.02 * abs(square))]))

    law, is_scaled = _best_law(steps, own)

    assert is_scaled is approaches
    assert law.whole.values[2] == pytest.approx(slope**2, rel=1e-3)
    (curve,) = law.curves.values()
    assert curve.best == pytest.approx(best, abs=0.01)
