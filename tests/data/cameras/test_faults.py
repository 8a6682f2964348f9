"""Faults: each says truly which pixels it has taken away."""

import cv2
import numpy as np
import pytest

from pinsharp.data.cameras.covers import COVERS
from pinsharp.data.cameras.faults import SENSOR_FAULTS, Faults, add_glints, clipped, spoil_page, spoil_sensor
from pinsharp.errors import ConfigError

SIDE, MARGIN = 160, 12


def scene(channels=3):
    return (0.2 + 0.5 * np.random.default_rng(0).random((SIDE, SIDE, channels))).astype(np.float32)


@pytest.mark.parametrize("name", COVERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_what_the_page_still_shows_is_unchanged_and_the_rest_is_covered(name, channels):
    image = scene(channels)
    for seed in range(10):
        spoilt, shown = spoil_page(image, Faults(page=(name,), seed=seed), MARGIN)

        assert (spoilt[shown] == image[shown]).all()
        assert (spoilt[~shown] != image[~shown]).any(axis=-1).all()
        assert 0 <= spoilt.min() <= spoilt.max() <= 1


@pytest.mark.parametrize("name", COVERS)
def test_covers_reach_into_the_crop_and_leave_something_of_it(name):
    shares = []
    for seed in range(20):
        _, shown = spoil_page(scene(1), Faults(page=(name,), seed=seed), MARGIN)
        shares.append(shown[MARGIN:-MARGIN, MARGIN:-MARGIN].mean())

    assert min(shares) > 0.1
    assert np.median(shares) < 1


@pytest.mark.parametrize("name", SENSOR_FAULTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_away_from_faults_of_the_sensor_are_unchanged(name, channels):
    raw = scene(channels)
    for seed in range(10):
        spoilt, seen = spoil_sensor(raw, Faults(sensor=(name,), seed=seed))

        changed = (spoilt != raw).any(axis=-1)
        assert changed.any()
        assert not (changed & seen).any()
        assert seen.mean() > 0.2


def test_room_around_a_fault_of_the_sensor_is_taken_away_too():
    raw = scene(1)

    spoilt, seen = spoil_sensor(raw, Faults(sensor=("dead-line",), seed=1))

    dead = (spoilt == 0).all(axis=-1)
    assert ((cv2.dilate(dead.astype(np.uint8), np.ones((5, 5))) == 0) == seen).all()


def test_a_sound_image_stays_as_it_is():
    image = scene()

    assert spoil_page(image, Faults())[0] is image
    assert spoil_sensor(image, Faults())[0] is image
    assert add_glints(image, Faults()) is image
    assert spoil_page(image, Faults())[1].all()
    assert spoil_sensor(image, Faults())[1].all()


def test_glints_are_few_and_brighter_than_the_sensor_can_say():
    light = scene()

    lit = add_glints(light, Faults(glints=5, seed=3))

    changed = (lit != light).any(axis=-1)
    assert 5 <= changed.sum() < 5 * 30
    assert (lit[changed] > 3).all()
    np.testing.assert_array_equal(lit[~changed], light[~changed])


def test_clipped_in_one_colour_is_clipped():
    values = np.full((1, 3, 3), 0.5, np.float32)
    values[0, 1, 2] = 1

    assert clipped(values).tolist() == [[False, True, False]]


@pytest.mark.parametrize("faults", [Faults(page=("label", "frame"), seed=4), Faults(sensor=SENSOR_FAULTS, seed=4)])
def test_the_seed_decides(faults):
    spoil = spoil_page if faults.page else spoil_sensor

    first, again = spoil(scene(), faults), spoil(scene(), faults)
    other = spoil(scene(), Faults(faults.sensor, faults.page, seed=5))

    np.testing.assert_array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


def test_an_unknown_fault_is_refused():
    with pytest.raises(ConfigError, match="got \\['coffee'\\]"):
        Faults(page=("coffee",))
