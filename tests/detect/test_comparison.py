"""Two inspections compared: what is new, lost and in both, and which pins change their verdict."""

import json
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinsharp.detect.comparison import compare
from pinsharp.detect.comparison_figures import figures, figures_of_all, total_scores, total_wrong_pins, totals
from pinsharp.detect.particles import DetectorSettings, Inspection
from pinsharp.detect.tables import Particle, Pin
from pinsharp.errors import ConfigError, ImageError

SETTINGS = DetectorSettings(minimum_per_pin=2)
PINS = (Pin(1, 0, 0, 20, 100), Pin(2, 30, 0, 50, 100))


def particle(row, column, strength=5.0):
    pin = next((pin.number for pin in PINS if pin.contains(row, column)), None)
    return Particle(float(row), float(column), 6.0, float(strength), pin)


def compared(before, after, *, pins=(PINS, PINS), shape=(60, 100), **options):
    """A comparison of what a detector is said to have found."""
    found = [Inspection(tuple(each), tuple(on), SETTINGS) for each, on in zip((before, after), pins, strict=True)]
    with patch("pinsharp.detect.comparison.inspect", side_effect=found):
        return compare(np.zeros(shape, np.uint8), np.zeros(shape, np.uint8), SETTINGS, **options)


PLACES = st.lists(st.builds(particle, st.integers(0, 59), st.integers(0, 99), st.integers(1, 9)), max_size=12)


@settings(deadline=None, max_examples=40)
@given(PLACES, PLACES)
def test_swapping_the_images_swaps_new_and_lost(before, after):
    one, other = compared(before, after), compared(after, before)

    assert (len(one.new), len(one.lost)) == (len(other.lost), len(other.new))
    assert len(one.changed_pins) == len(other.changed_pins)
    assert [pin.verdicts for pin in one.pins] == [pin.verdicts[::-1] for pin in other.pins]


@settings(deadline=None, max_examples=40)
@given(PLACES)
def test_an_image_does_not_differ_from_itself(particles):
    comparison = compared(particles, particles)

    assert not comparison.new
    assert not comparison.lost
    assert not comparison.changed_pins


def test_what_is_new_and_lost_comes_strongest_first():
    kept = particle(5, 5)
    before = [kept, particle(35, 50, 4), particle(35, 80, 9)]
    after = [particle(6, 6), particle(5, 50, 3), particle(5, 80, 8), particle(15, 80, 5)]

    comparison = compared(before, after)

    assert comparison.matching.pairs == ((after[0], kept),)
    assert comparison.new == (after[2], after[3], after[1])
    assert comparison.lost == (before[2], before[1])


def test_a_pin_changes_its_verdict_when_its_count_passes_the_minimum():
    before = [particle(5, 5), particle(35, 5), particle(35, 50)]
    after = [particle(5, 5), particle(5, 50), particle(35, 5), particle(35, 50), particle(35, 80)]

    first, second = compared(before, after).pins

    assert (first.before, first.after, first.verdicts, first.changes) == (1, 2, (False, True), True)
    assert (second.before, second.after, second.verdicts, second.changes) == (2, 3, (True, True), False)


def test_pins_are_compared_by_place_and_those_of_one_image_only_are_said_to_be():
    renumbered = (Pin(7, 31, 2, 51, 100),)

    after = [Particle(35.0, 50.0, 6.0, 5.0, 7)]
    both, gone = compared([particle(35, 5), particle(35, 50)], after, pins=(PINS, renumbered)).pins

    assert (both.number, both.before, both.after, both.verdicts) == (7, 2, 1, (True, False))
    assert (gone.number, gone.before, gone.after, gone.verdicts) == (1, 0, None, (False, None))
    assert gone.changes


def test_without_truth_there_are_no_scores():
    comparison = compared([particle(5, 5)], [])

    assert comparison.scores is None
    assert comparison.wrong_pins is None
    assert [pin.truth for pin in comparison.pins] == [None, None]
    assert total_scores([comparison]) is None


def test_the_truth_judges_both_sides():
    truth = [particle(5, 5), particle(5, 50), particle(35, 5)]
    before, after = [particle(5, 5)], [particle(5, 5), particle(5, 50), particle(45, 90)]

    comparison = compared(before, after, truth=truth, pins=(PINS, PINS))

    assert [each.recall for each in comparison.scores] == pytest.approx([1 / 3, 2 / 3])
    assert [each.false_alarms for each in comparison.scores] == [0, 1]
    assert [pin.truth for pin in comparison.pins] == [2, 1]
    assert comparison.wrong_pins is None  # the true pins are not known


def test_pins_are_judged_wrongly_only_where_the_true_ones_are_known():
    truth = [particle(5, 5), particle(5, 50), particle(35, 5)]
    with patch("pinsharp.detect.comparison.inspect") as inspect:
        inspect.side_effect = [Inspection((), PINS, SETTINGS), Inspection(tuple(truth), PINS, SETTINGS)]
        image = np.zeros((60, 100), np.uint8)
        comparison = compare(image, image, SETTINGS, truth=truth, pins=PINS)

    assert comparison.wrong_pins == (1, 0)
    assert [call.kwargs["pins"] for call in inspect.call_args_list] == [PINS, PINS]
    assert total_wrong_pins([comparison, comparison]) == (2, 0)


def test_images_of_two_shapes_are_refused():
    with pytest.raises(ImageError, match="one shape, got 4 x 5 pixels before and 5 x 4 after"):
        compare(np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8), SETTINGS)


@pytest.mark.parametrize("row, column", [(60, 5), (5, 100), (-1, 5), (5, -0.6)])
def test_the_truth_of_another_image_is_refused(row, column):
    with pytest.raises(ConfigError, match=r"inside the image of 60 x 100 pixels, got one at row .* another image"):
        compared([], [], truth=[particle(5, 5), particle(row, column)])


def test_particles_at_the_very_border_belong_to_the_image():
    assert compared([], [], truth=[particle(-0.5, 99.5), particle(59.5, -0.5)]).scores[0].missed == 2


@settings(deadline=None, max_examples=40)
@given(PLACES, PLACES)
def test_the_total_of_an_image_twice_is_as_good_as_the_image(found, truth):
    comparison = compared(found, found, truth=truth)

    [once, _], [twice, _] = comparison.scores, total_scores([comparison, comparison])

    assert (twice.pairs, twice.false_alarms, twice.missed) == (2 * once.pairs, 2 * once.false_alarms, 2 * once.missed)
    for name in ("precision", "recall", "f1", "average_precision", "localisation_rms", "false_alarms_per_megapixel"):
        assert getattr(twice, name) == (None if getattr(once, name) is None else pytest.approx(getattr(once, name)))


def test_images_do_not_meet_in_the_total():
    """What ends one image is no neighbour of what begins the next."""
    lower = compared([particle(59, 5)], [], truth=[])
    upper = compared([], [], truth=[particle(0, 5)])

    before, _ = total_scores([lower, upper])

    assert (before.pairs, before.false_alarms, before.missed) == (0, 1, 1)


def test_figures_are_json_and_add_up():
    truth = [particle(5, 5), particle(5, 50)]
    comparison = compared([particle(35, 5)], [particle(5, 5)], truth=truth, name="a.png")

    document = json.loads(json.dumps(figures_of_all([comparison, comparison]), allow_nan=False))

    assert document["images"][0] == json.loads(json.dumps(figures(comparison)))
    found = totals([comparison, comparison])
    assert (document["in_both"], document["new"], document["lost"]) == (found.both, found.new, found.lost) == (0, 2, 2)
    assert document["images"][0]["new"] == [{"row": 5, "column": 5, "diameter": 6, "strength": 5, "pin": 1}]
    assert [pin["verdict_after"] for pin in document["images"][0]["pins"]] == ["fail", "fail"]
    assert document["scores"]["after"]["recall"] == 0.5
    assert document["scores"]["before"]["localisation_rms"] is None
