"""Widths between photographs of one scene, and a stack whose planes of focus are known."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve

import focus_stacks
from pinsharp.blur.family import exact_kernels
from pinsharp.blur.measured import Blur
from pinsharp.errors import ImageError
from pinsharp.profiling import stack as stack_module
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


@pytest.mark.parametrize("change", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("grows", [True, False])
def test_distances_hold_whether_the_width_grows_with_the_scene_or_not(monkeypatch, change, grows):
    """Widths as the law has them, without photographs: what they stand for is the distance from best focus."""
    positions, best, slope, own = focus_stacks.POSITIONS, focus_stacks.BEST, focus_stacks.SLOPE, focus_stacks.OWN
    middle, sizes = np.mean(positions), [focus_stacks.size_at(z, change) for z in positions]
    grown = [size if grows else 1.0 for size in sizes]
    widths = [math.hypot(own, size * slope * (z - best)) for z, size in zip(positions, grown, strict=True)]
    sharp = int(np.argmin(widths))
    steps = []
    for z, width, size in zip(positions, widths, np.array(sizes) / sizes[sharp], strict=True):
        square = width**2 - size**2 * widths[sharp] ** 2
        place = Place(60.0, 60.0, Blur(0, 0, 0))
        steps.append(_Seen(z - middle, float(size), [(place, square, 0.02 + 0.02 * abs(square))]))
    monkeypatch.setattr(stack_module, "sharpest", lambda photos: sharp)
    monkeypatch.setattr(stack_module, "_all_against", lambda *_: steps)
    plain = np.full((100, 100), 0.5)

    known = Blur(widths[sharp], widths[sharp], widths[sharp])
    found = measure_stack([photo(plain)] * len(positions), positions, "um", known)

    assert found.focus.best == pytest.approx(best, abs=0.02)
    for z, size in zip(positions, grown, strict=True):
        side, width = (1 if z > best else -1), size * slope * abs(z - best)
        assert found.scale.distance(width, side) == pytest.approx(abs(z - best), rel=0.01)
        low, high = found.scale.interval(width, width)
        assert low < abs(z - best) < high
    assert (found.scale.growth > 0.001) is (grows and change > 0)


@pytest.mark.slow
def test_a_scene_that_becomes_larger_by_a_fifth_is_measured_on_the_part():
    photos, sharp = focus_stacks.taken(0.2, grows=True)

    found = measure_stack(photos, focus_stacks.POSITIONS, "um", Blur(sharp, sharp, sharp))

    assert found.focus.best == pytest.approx(focus_stacks.BEST, abs=0.5)
    assert found.scale.per_px == pytest.approx(1 / focus_stacks.SLOPE, rel=0.02)
    for z in (-15.0, 20.0):
        width = focus_stacks.SLOPE * abs(z - focus_stacks.BEST) * focus_stacks.size_at(z, 0.2)
        distance = found.scale.distance(width, 1 if z > 0 else -1)
        assert distance == pytest.approx(abs(z - focus_stacks.BEST), rel=0.03)
