"""Where pins are: bars are found with their extent, whatever is no bar is left out."""

from dataclasses import replace

import numpy as np
import pytest

from pinsharp.detect.pins import find_pins, mark_pins
from pinsharp.detect.settings import DetectorSettings
from pinsharp.detect.tables import Pin
from tiny_panels import GAP_LEVEL, MARGIN, PIN_LEVEL, PITCH, pin_middle, tiny_panel

SETTINGS = DetectorSettings()


def expected_pins(length):
    return [Pin(n + 1, MARGIN + n * PITCH, 0, MARGIN + n * PITCH + 10, length) for n in range(3)]


def test_pins_are_found_to_the_pixel_and_numbered_from_the_top():
    labels, pins = find_pins(tiny_panel(), SETTINGS)

    assert list(pins) == expected_pins(120)
    assert (labels == mark_pins(pins, labels.shape)).all()


def test_pins_along_columns_are_numbered_from_the_left():
    _, pins = find_pins(tiny_panel().T, SETTINGS)

    assert list(pins) == [Pin(p.number, p.left, p.top, p.right, p.bottom) for p in expected_pins(120)]


def test_shading_does_not_hide_pins():
    image = tiny_panel() * np.linspace(1, 0.6, 120, dtype=np.float32)

    assert list(find_pins(image, SETTINGS)[1]) == expected_pins(120)


def test_particles_do_not_tear_pins_nor_shorten_them():
    centres = [(pin_middle(n) + shift, column) for n in range(3) for column in (2, 40, 117) for shift in (-4, 4)]

    _, pins = find_pins(tiny_panel(*centres, height=0.3), SETTINGS)

    assert [(pin.left, pin.right) for pin in pins] == [(0, 120)] * 3


def test_traces_pads_and_spots_are_no_pins():
    image = np.full((120, 200), GAP_LEVEL, np.float32)
    image[10:13, :] = PIN_LEVEL  # a trace
    image[30:70, 20:60] = PIN_LEVEL  # a pad
    image[80:88, 20:30] = PIN_LEVEL  # a spot
    image[100:110, 20:120] = PIN_LEVEL  # a pin
    image[104:107, 120:] = PIN_LEVEL  # its trace

    _, pins = find_pins(image, SETTINGS)

    assert pins == (Pin(1, 100, 20, 110, 121),) or pins == (Pin(1, 100, 20, 110, 120),)


def test_pins_that_touch_are_left_out_rather_than_judged_as_one():
    image = tiny_panel()
    image[MARGIN : MARGIN + PITCH + 10, 50:60] = PIN_LEVEL

    assert find_pins(image, SETTINGS)[1] == (replace(expected_pins(120)[2], number=1),)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_an_image_of_one_brightness_shows_no_pins(noise):
    image = 0.5 + noise * np.random.default_rng(0).standard_normal((60, 80))

    labels, pins = find_pins(image.astype(np.float32), SETTINGS)

    assert pins == ()
    assert not labels.any()


def test_where_boxes_overlap_the_later_pin_wins():
    labels = mark_pins([Pin(7, 0, 0, 4, 4), Pin(9, 2, 0, 6, 4)], (6, 5))

    assert labels[:, 0].tolist() == [1, 1, 2, 2, 2, 2]
    assert not labels[:, 4].any()
