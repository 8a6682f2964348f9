"""Draws: decided by (seed, index), within what the named cameras promise."""

import math
from collections import Counter

import pytest

from pinsharp.data.cameras.cameras import CAMERAS, MIXTURES
from pinsharp.data.cameras.draw import draw_pair
from pinsharp.errors import ConfigError

NAMES = [*CAMERAS, *MIXTURES]
COUNT = 400


def draws(camera, count=COUNT):
    return [draw_pair(camera, 0, index) for index in range(count)]


@pytest.mark.parametrize("camera", NAMES)
def test_seed_and_index_decide(camera):
    assert draw_pair(camera, 3, 17) == draw_pair(camera, 3, 17)
    assert draw_pair(camera, 3, 17) != draw_pair(camera, 3, 18)
    assert draw_pair(camera, 3, 17) != draw_pair(camera, 4, 17)


def test_a_draw_cannot_be_changed_and_can_be_a_key():
    draw = draw_pair("any", 0, 0)

    assert {draw: 1}[draw_pair("any", 0, 0)] == 1
    with pytest.raises(AttributeError):
        draw.seed = 1


@pytest.mark.parametrize("camera", CAMERAS)
def test_widths_noise_and_sizes_lie_in_their_ranges(camera):
    kind = CAMERAS[camera]
    for draw in draws(camera):
        lens, sensor, processing = draw.lens, draw.sensor, draw.processing
        if lens.radius:
            assert kind.radius[0] <= lens.radius <= kind.radius[1]
            assert lens.sigma <= 0.35 * kind.radius[1]
        elif lens.sigma:
            assert min(kind.sigma[0], kind.radius[0] / 2) <= lens.sigma <= max(kind.sigma[1], kind.radius[1] / 2)
        assert sensor.bits in kind.bits
        assert math.isinf(sensor.full_well) or kind.full_well[0] <= sensor.full_well <= kind.full_well[1]
        assert kind.read_noise[0] <= sensor.read_noise <= kind.read_noise[1]
        assert kind.resize[0] <= processing.resize <= 2
        assert processing.jpeg == 0 or kind.quality[0] <= processing.jpeg <= kind.quality[1]
        assert 0 <= lens.stretch <= (0.8 if kind.stretched else 0.1)
        assert 0 <= lens.core <= (0.4 if kind.cored else 0)
        assert lens.halo == 0 or (0.05 <= lens.halo <= 0.4 and not lens.core)
        assert lens.aperture == 0 or 0.25 <= lens.aperture / processing.resize <= 1
        assert sensor.stripes <= kind.stripes


@pytest.mark.parametrize("camera", CAMERAS)
def test_things_occur_as_often_as_the_camera_says(camera):
    kind, drawn = CAMERAS[camera], draws(camera)

    def share(claim):
        return sum(map(claim, drawn)) / COUNT

    slack = 4 * 0.5 / math.sqrt(COUNT)
    assert share(lambda draw: draw.lens.is_sharp) == pytest.approx(kind.sharp * (1 - kind.moved), abs=slack)
    assert share(lambda draw: draw.lens.motion > 0) == pytest.approx(kind.moved, abs=slack)
    assert share(lambda draw: draw.scene.drawing == "pattern") == pytest.approx(kind.patterns, abs=slack)
    assert share(lambda draw: draw.scene.drawing == "empty") == pytest.approx(kind.empty, abs=slack)
    assert share(lambda draw: draw.lens.stretch > 0.1) == pytest.approx(kind.stretched * (1 - kind.moved), abs=slack)
    assert share(lambda draw: draw.lens.core > 0) == pytest.approx(kind.cored, abs=slack)
    assert share(lambda draw: draw.lens.aperture > 0) == pytest.approx(kind.soft, abs=slack)
    blurred = (1 - kind.sharp) * (1 - kind.by_computer)
    assert share(lambda draw: draw.lens.halo > 0) == pytest.approx(kind.hazy * blurred * (1 - kind.cored), abs=slack)
    assert share(lambda draw: draw.scene.mono) == pytest.approx(kind.mono, abs=slack)
    assert share(lambda draw: draw.processing.jpeg > 0) == pytest.approx(kind.jpeg, abs=slack)
    assert share(lambda draw: draw.processing.amount > 0) == pytest.approx(kind.sharpened, abs=slack)
    assert share(lambda draw: draw.processing.resize < 1) == pytest.approx(kind.resized, abs=slack)
    assert share(lambda draw: math.isinf(draw.sensor.full_well)) == pytest.approx(kind.noiseless, abs=slack)
    assert share(lambda draw: draw.by_computer) == pytest.approx(kind.by_computer, abs=slack)
    assert share(lambda draw: draw.faults.seed != 0) == pytest.approx(kind.spoilt, abs=slack)
    drawn_share = 1 - (1 - kind.drawn) * (1 - kind.patterns) * (1 - kind.empty)
    assert share(lambda draw: draw.scene.drawing != "photograph") == pytest.approx(drawn_share, abs=slack)


@pytest.mark.parametrize("camera", CAMERAS)
def test_an_image_is_at_least_a_dozen_levels_and_a_dozen_times_its_noise_deep(camera):
    for draw in draws(camera):
        depth = draw.exposure.gain * draw.exposure.contrast
        bits = 8 if draw.processing.jpeg else draw.processing.bits
        if draw.exposure.gain < 0.9 and draw.exposure.contrast < 1:
            assert depth >= 0.999 * 12 / 2**bits
            assert depth >= 0.999 * 12 * draw.sensor.read_noise / draw.sensor.full_well
        assert 1 / 64 <= draw.exposure.gain <= 1.1


def test_dim_and_flat_images_occur_down_to_a_thirtieth():
    exposures = [draw.exposure for draw in draws("line-scan")]

    assert min(exposure.gain for exposure in exposures) < 1 / 30
    assert min(exposure.contrast for exposure in exposures) < 1 / 30


def test_the_lab_has_none_of_a_cameras_ways():
    for draw in draws("lab"):
        tone, processing = draw.processing.tone, draw.processing
        assert (tone.curve, tone.contrast, processing.jpeg, processing.amount, processing.resize) == (
            "linear",
            1,
            0,
            0,
            1,
        )
        assert (draw.lens.rim, draw.lens.coma, draw.lens.stretch, draw.lens.drift, draw.lens.aperture) == (0,) * 5
        assert (draw.exposure.gain, draw.exposure.contrast) == (1, 1)
        assert draw.scene.decoding.curve == "linear"


def test_any_camera_is_each_of_them_by_its_share():
    counts = Counter(draw.camera for draw in draws("any"))

    for name, share in MIXTURES["any"].items():
        assert counts[name] / COUNT == pytest.approx(share, abs=0.08)
    assert sum(MIXTURES["any"].values()) == pytest.approx(1)


def test_a_computers_blur_works_on_values_and_not_on_light():
    computers = [draw for draw in draws("mono", 1000) if draw.by_computer]

    assert computers
    for draw in computers:
        assert draw.lens.radius == 0 < draw.lens.sigma
        assert draw.scene.decoding.curve == draw.processing.tone.curve == "linear"


def test_an_unknown_camera_is_refused_with_the_list():
    with pytest.raises(ConfigError, match=r"one of lab, mono, .*, sem, .*, train, .*, any, got 'holga'"):
        draw_pair("holga", 0, 0)
