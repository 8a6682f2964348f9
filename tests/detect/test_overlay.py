"""The picture of what was found: marks where things are, failed pins told by more than colour."""

import numpy as np
import pytest

from pinsharp.detect import overlay
from pinsharp.detect.overlay import BLUE, VERMILLION, YELLOW, draw
from pinsharp.detect.particles import DetectorSettings, Inspection
from pinsharp.detect.tables import Particle, Pin
from pinsharp.errors import ImageError

ROWS = (Pin(1, 5, 10, 15, 90), Pin(2, 25, 10, 35, 90))
COLUMNS = tuple(Pin(pin.number, pin.left, pin.top, pin.right, pin.bottom) for pin in ROWS)


def inspection(pins=ROWS, on=1, minimum=1):
    """One particle on pin `on`, none on the other."""
    pin = next((pin for pin in pins if pin.number == on), None)
    middle = ((pin.top + pin.bottom) / 2, (pin.left + pin.right) / 2) if pin else (20.0, 20.0)
    particle = Particle(*middle, 6.0, 8.0, on)
    return Inspection((particle,), tuple(pins), DetectorSettings(minimum_per_pin=minimum))


def share(picture, colour):
    """Share of the pixels that have a colour."""
    return (picture == np.array(colour, np.uint8)).all(axis=-1).mean()


def test_failed_pins_are_hatched_and_passed_ones_are_not():
    grey = np.full((40, 100), 90, np.uint8)

    picture = draw(grey, inspection())

    zoom = 4
    left = picture.shape[1] - 100 * zoom  # the margin with the names
    passed = picture[5 * zoom : 15 * zoom, left + 10 * zoom : left + 90 * zoom]
    failed = picture[25 * zoom : 35 * zoom, left + 10 * zoom : left + 90 * zoom]
    assert share(failed, VERMILLION) > 0.08
    assert share(passed, VERMILLION) == 0
    assert share(picture, BLUE) > 0


@pytest.mark.parametrize("pins", [ROWS, COLUMNS])
def test_failed_pins_are_named_in_a_margin(monkeypatch, pins):
    named = []
    real = overlay.ImageDraw.ImageDraw.text
    monkeypatch.setattr(
        overlay.ImageDraw.ImageDraw, "text", lambda self, at, text, **o: (named.append(text), real(self, at, text, **o))
    )

    draw(np.full((100, 100), 90, np.uint8), inspection(pins))

    assert named == [
        "pin 2: 0 FAIL",
        "1 particle (circles) on 2 pins (frames)",
        "1 pin with fewer than 1: FAIL (hatched)",
    ]


def test_a_particle_is_circled_and_its_middle_left_free():
    grey = np.full((40, 100), 90, np.uint8)

    picture = draw(grey, inspection(minimum=0))

    ring = (picture == np.array(YELLOW, np.uint8)).all(axis=-1)
    rows, columns = np.nonzero(ring)
    assert rows.mean() == pytest.approx((10 + 0.5) * 4, abs=1)
    assert columns.mean() == pytest.approx((50 + 0.5) * 4, abs=1)
    assert (picture[42, 202] == 90).all()


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((1, 1), np.uint8),
        np.full((30, 40, 3), 0.5, np.float32),
        np.full((30, 40, 4), 9, np.uint16),
        np.full((3, 2500), 9, np.uint8),
    ],
)
def test_every_image_can_be_shown_without_pins(image):
    picture = draw(image, inspection(pins=(), on=None))

    assert picture.dtype == np.uint8
    assert picture.ndim == 3


def test_twelve_bits_in_sixteen_are_shown_bright():
    image = np.tile(np.linspace(0, 4095, 100).astype(np.uint16), (40, 1))

    picture = draw(image, inspection(pins=(), on=None))

    assert picture[:100, 396].min() > 240


def test_what_is_no_image_is_refused():
    with pytest.raises(ImageError, match="expected uint8, uint16 or float32"):
        draw(np.zeros((4, 4)), inspection())
