"""Distances, and the side of best focus, against the geometry of a tilted plane of focus."""

import numpy as np
import pytest

from pinsharp.blur.measured import Blur, DistanceScale, Focus, FocusStep
from pinsharp.blur.profile import Profile
from pinsharp.monitor.monitor import start, take_all
from pinsharp.monitor.optics import Optics, optics_of
from pinsharp.monitor.rules import Rules
from watched import seen

HEIGHT, WIDTH, PER_PX = 400, 600, 5.0


def profile(tilt_rows=0.0, tilt_columns=0.0, *, own=True, scale=True):
    blur = Blur(1.0, 0.9, 1.1)
    return Profile(
        HEIGHT,
        WIDTH,
        own_softness=blur if own else None,
        focus=Focus("um", (FocusStep(0.0, blur),), 0.0, -1.0, 1.0, 1 / PER_PX, tilt_rows, tilt_columns),
        distance_scale=DistanceScale(PER_PX, 4.5, 5.5, "um") if scale else None,
    )


def at_focus(position, tilt_rows, tilt_columns):
    """Mean width and its rises down and across, by the defocus of each place: the best position is tilted."""

    def width(row, column):
        return abs(position - tilt_rows * row - tilt_columns * column) / PER_PX

    down = width(HEIGHT / 2, 0) - width(-HEIGHT / 2, 0)
    across = width(0, WIDTH / 2) - width(0, -WIDTH / 2)
    return width(0, 0), down, across


@pytest.mark.parametrize("tilts", [(0.005, 0.0), (-0.005, 0.003), (0.0, -0.004)])
@pytest.mark.parametrize("position", [-10.0, 10.0])
def test_a_tilted_focus_tells_the_side(tilts, position):
    width, down, across = at_focus(position, *tilts)
    optics = optics_of(profile(*tilts))

    assert optics.side(width, (down, across), (0.02, 0.02)) == np.sign(position)
    assert f"move by {-position:+.3g}" in optics.words(width, int(np.sign(position)))


def test_a_straight_focus_tells_no_side():
    optics = optics_of(profile())

    assert optics.side(2.0, (0.3, 0.1), (0.02, 0.02)) == 0
    assert optics.words(2.0, 0) == "10 um out of focus (9 to 11), on either side"


def test_distances_on_both_sides_differ_where_the_scene_changes_its_size():
    optics = Optics(DistanceScale(5.0, 4.5, 5.5, "um", growth=0.02))

    assert optics.words(2.0, 1) == "8.33 um out of focus (7.63 to 9.02), beyond it: move by -8.33"
    assert optics.words(2.0, -1) == "12.5 um out of focus (11 to 14.1), before it: move by +12.5"
    assert optics.words(2.0, 0) == "10 um out of focus (7.63 to 14.1), on either side"


def test_a_tilt_that_is_not_the_profiles_tells_no_side():
    optics = optics_of(profile(0.005))
    _, down, _ = at_focus(10.0, 0.005, 0.0)

    assert optics.side(2.0, (10 * down, 0.0), (0.02, 0.02)) == 0
    assert optics.side(2.0, (0.0, 0.0), (0.02, 0.02)) == 0


def test_without_a_scale_or_the_cameras_softness_there_are_no_distances():
    assert optics_of(profile(own=False)) is None
    assert optics_of(profile(scale=False)) is None


@pytest.mark.parametrize("position", [-12.0, 12.0])
def test_the_alarm_says_how_far_and_where_to(position):
    tilts = (0.006, 0.0)
    rng = np.random.default_rng(0)
    images = []
    for index in range(140):
        width, down, across = at_focus(position * (0.7 if index < 100 else 1.2), *tilts)
        noise = rng.standard_normal(3)
        images.append(seen(index, width * np.exp(0.03 * noise[0]), down=down + 0.1 * noise[1], across=across))

    alarms = take_all(start(Rules(optics=optics_of(profile(*tilts)))), images)

    assert alarms[0].kind == "step"
    side = "beyond" if position > 0 else "before"
    assert f"{side} it: move by {'-' if position > 0 else '+'}1" in alarms[0].words
