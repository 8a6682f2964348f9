"""The detector: dipoles are found where they are, whatever the camera; what has one lobe only is not."""

import numpy as np
import pytest
from scipy import ndimage

from pinsharp.detect.matching import match
from pinsharp.detect.particles import DetectorSettings, inspect
from pinsharp.detect.simulate import CameraSettings, PanelSettings, expose, simulate_panel
from pinsharp.detect.tables import Pin
from pinsharp.errors import ConfigError, ImageError
from tiny_panels import levels, pin_middle, tiny_panel

CENTRES = [(pin_middle(0), 20.0), (pin_middle(0) + 1.3, 70.4), (pin_middle(1) - 0.6, 40.5), (pin_middle(2), 99.7)]


def positions(inspection):
    """Rows and columns (N, 2), from the top."""
    return np.array(sorted((particle.row, particle.column) for particle in inspection.particles))


@pytest.mark.parametrize("dtype, white", [("uint8", None), ("uint16", None), ("uint16", 4095), ("float32", None)])
@pytest.mark.parametrize("length", [120, 133])
def test_particles_are_found_to_a_fraction_of_a_pixel_on_their_pins(dtype, white, length):
    found = inspect(levels(tiny_panel(*CENTRES, length=length), dtype, white))

    assert positions(found) == pytest.approx(np.array(sorted(CENTRES)), abs=0.35)
    assert found.counts == {1: 2, 2: 1, 3: 1}
    assert [particle.diameter for particle in found.particles] == pytest.approx([1.4 * 4.2] * 4, rel=0.2)


def test_larger_particles_are_said_to_be_larger():
    small, large = (inspect(tiny_panel((pin_middle(0), 60), sigma=sigma)).particles[0] for sigma in (1.2, 1.8))

    assert large.diameter > 1.2 * small.diameter


def test_the_surest_comes_first():
    strengths = [particle.strength for particle in inspect(tiny_panel(*CENTRES)).particles]

    assert strengths == sorted(strengths, reverse=True)


def test_exposure_does_not_matter():
    """Half the light, noise and all, gives the same particles of the same strength."""
    image = tiny_panel(*CENTRES)

    full, half = inspect(image), inspect(image / 2)

    assert positions(half) == pytest.approx(positions(full), abs=1e-3)
    assert [p.strength for p in half.particles] == pytest.approx([p.strength for p in full.particles], rel=1e-3)


def test_a_panel_on_its_side_gives_the_same_on_its_side():
    """Transposing exchanges rows and columns, and mirrors the light at the diagonal."""
    image = tiny_panel(*CENTRES)

    upright = inspect(image.T, DetectorSettings(direction_deg=90 - DetectorSettings().direction_deg))

    assert np.array(sorted((c, r) for r, c in positions(upright))) == pytest.approx(positions(inspect(image)), abs=1e-3)
    assert upright.counts == inspect(image).counts


def test_colour_is_seen_as_mono_and_alpha_is_not_seen():
    mono = levels(tiny_panel(*CENTRES), "uint8")
    noise = np.random.default_rng(1).integers(0, 255, mono.shape, np.uint8)

    expected = positions(inspect(mono))

    assert positions(inspect(np.stack([mono] * 3, axis=-1))) == pytest.approx(expected, abs=1e-3)
    assert (positions(inspect(np.stack([mono, noise], axis=-1))) == expected).all()


@pytest.mark.parametrize("height", [0.2, -0.2])
def test_spots_of_one_lobe_are_no_particles(height):
    """Dirt is dark, a reflection bright; a filter alone would answer at their rims."""
    image = tiny_panel()
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    image += height * np.exp(-((rows - pin_middle(1)) ** 2 + (columns - 50) ** 2) / 4)

    assert inspect(image).particles == ()


def test_a_dent_is_no_particle():
    """Its bright lobe lies towards the light."""
    assert inspect(tiny_panel(*CENTRES, direction_deg=215)).particles == ()


def test_pins_without_particles_have_none():
    assert inspect(tiny_panel(noise=0.02)).counts == {1: 0, 2: 0, 3: 0}


def test_what_is_too_faint_is_no_particle_however_clean_the_image():
    """Of a noiseless image, noise alone decides nothing."""
    assert inspect(tiny_panel(*CENTRES, height=0.02, noise=0)).particles == ()
    assert len(inspect(tiny_panel(*CENTRES, height=0.2, noise=0)).particles) == len(CENTRES)


def test_pins_pass_from_the_minimum_on():
    found = inspect(tiny_panel(*CENTRES), DetectorSettings(minimum_per_pin=2))

    assert [found.passed(pin) for pin in found.pins] == [True, False, False]
    assert found.failed_pins == found.pins[1:]
    assert found.passed(1)


def test_given_pins_keep_their_numbers_and_nothing_is_searched_elsewhere():
    top = int(pin_middle(1)) - 4
    pin = Pin(0, top, 0, top + 10, 120)

    found = inspect(tiny_panel(*CENTRES), pins=[pin])

    assert found.pins == (pin,)
    assert found.counts == {0: 1}
    assert len(found.particles) == 1


def test_given_pins_need_not_lie_wholly_inside():
    found = inspect(tiny_panel(*CENTRES), pins=[Pin(5, -9, -9, 25, 500)])

    assert found.counts == {5: 2}


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (5, 3), (1, 40), (40, 1), (6, 5, 3), (6, 5, 2)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_tiny_and_constant_images_hold_nothing(shape, dtype):
    for value in (0.0, 0.5, 1.0):
        found = inspect(levels(np.full(shape, value), dtype))

        assert (found.particles, found.pins, found.failed_pins) == ((), (), ())


def test_an_image_without_pins_is_searched_as_a_whole_and_nothing_is_judged():
    """A strip cut out of a pin, as cameras that know where their pins are deliver it."""
    strip = tiny_panel((pin_middle(0), 30), (pin_middle(0), 90), pins=1)[8:18]

    found = inspect(strip)

    assert [particle.pin for particle in found.particles] == [None, None]
    assert (found.pins, found.counts) == ((), {})


def test_the_longer_side_of_a_strip_is_its_direction():
    strip = tiny_panel((pin_middle(0), 30), (pin_middle(0), 90), pins=1)[8:18]
    settings = DetectorSettings(direction_deg=90 - DetectorSettings().direction_deg)

    assert len(inspect(strip.T, settings).particles) == 2


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    image = tiny_panel(*CENTRES)
    image[3, 4] = value

    with pytest.raises(ImageError, match=r"the first at \(row, column\) \(3, 4\)"):
        inspect(image)


@pytest.mark.parametrize(
    "pins, reason",
    [
        ([Pin(4, 500, 0, 510, 120)], "got pin 4 in rows 500 to 510 .* are these another image's pins"),
        ([Pin(4, 0, 0, 10, 120), Pin(4, 20, 0, 30, 120)], r"expected pins of different numbers, got \[4, 4\]"),
    ],
)
def test_pins_that_do_not_fit_are_refused(pins, reason):
    with pytest.raises(ConfigError, match=reason):
        inspect(tiny_panel(), pins=pins)


def test_the_input_stays_as_it_was():
    image = levels(tiny_panel(*CENTRES), "uint8")
    before = image.copy()

    inspect(image)

    assert (image == before).all()


def test_a_slanting_pin_is_searched_to_its_end():
    """Four degrees: the box of each pin reaches over its neighbours, its pixels do not."""
    image = tiny_panel(*[(pin_middle(n), column) for n in range(3) for column in (30, 75, 120, 165)], length=200)

    found = inspect(ndimage.rotate(image, -4, reshape=False, mode="nearest", order=1))

    assert found.counts == {1: 4, 2: 4, 3: 4}
    assert found.pins[1].top < found.pins[0].bottom


def test_a_simulated_panel_in_focus_is_read_nearly_without_mistakes():
    """Dirt, specks and scratches included; a seed that the defaults were not chosen on."""
    panel = simulate_panel(PanelSettings(pins=8), 2000)
    image = expose(panel, CameraSettings(), 2000)

    given, found = inspect(image, pins=panel.pins), inspect(image)

    for each in (given, found):
        matching = match(each.particles, panel.particles, tolerance=3.0)
        assert len(matching.pairs) >= 0.9 * len(panel.particles)
        assert len(matching.extra) <= 0.04 * len(panel.particles)
    assert len(found.pins) == len(panel.pins)
