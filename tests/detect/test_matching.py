"""Matching and its figures: one to one, as many pairs as possible, and the same as trying everything."""

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinsharp.detect.matching import (
    average_precision,
    count_on_pins,
    judged_wrongly,
    match,
    match_pins,
    score,
)
from pinsharp.detect.tables import Particle, Pin
from pinsharp.errors import ConfigError

TOLERANCE = 3.0


def particle(row, column, strength=1.0, pin=None):
    return Particle(float(row), float(column), 6.0, float(strength), pin)


# Coarse grids make equal distances, equal places and equal strengths, and every kind of crowd.
PLACES = st.builds(particle, st.integers(0, 7), st.integers(0, 7), st.integers(1, 4))
FEW = st.lists(PLACES, max_size=5)
MANY = st.lists(st.builds(particle, st.floats(0, 60), st.floats(0, 60), st.floats(1, 9)), max_size=40)


def distance(one, other):
    return math.hypot(one.row - other.row, one.column - other.column)


def every_matching(found, truth, tolerance):
    """All ways to pair within the tolerance, as lists of index pairs."""
    if not found:
        yield []
        return
    last = len(found) - 1
    for rest in every_matching(found[:-1], truth, tolerance):
        yield rest
        taken = {j for _, j in rest}
        for j, each in enumerate(truth):
            if j not in taken and distance(found[last], each) <= tolerance:
                yield [*rest, (last, j)]


def most_pairs(found, truth, tolerance=TOLERANCE):
    return max(len(pairs) for pairs in every_matching(found, truth, tolerance))


def positions(particles):
    return sorted((each.row, each.column, each.strength) for each in particles)


@settings(deadline=None)
@given(MANY, MANY)
def test_every_particle_is_in_one_pair_or_left_over(found, truth):
    result = match(found, truth, tolerance=TOLERANCE)

    assert positions([one for one, _ in result.pairs] + list(result.extra)) == positions(found)
    assert positions([other for _, other in result.pairs] + list(result.missed)) == positions(truth)


@settings(deadline=None)
@given(MANY, MANY, st.floats(0, 30))
def test_no_pair_is_farther_apart_than_the_tolerance(found, truth, tolerance):
    result = match(found, truth, tolerance=tolerance)

    assert all(apart <= tolerance for apart in result.distances)
    assert not any(distance(one, other) <= tolerance for one in result.extra for other in result.missed)


@settings(deadline=None)
@given(FEW, FEW, st.sampled_from([0, 1, 2, 3, 5]))
def test_no_other_matching_has_more_pairs_or_as_many_that_are_closer(found, truth, tolerance):
    result = match(found, truth, tolerance=tolerance)

    best = min(
        (-len(pairs), sum(distance(found[i], truth[j]) for i, j in pairs))
        for pairs in every_matching(found, truth, tolerance)
    )
    assert (-len(result.pairs), sum(result.distances)) == pytest.approx(best)


@settings(deadline=None)
@given(MANY, MANY)
def test_swapping_the_sides_swaps_extra_and_missed(found, truth):
    one, other = match(found, truth, tolerance=TOLERANCE), match(truth, found, tolerance=TOLERANCE)

    assert (len(one.extra), len(one.missed)) == (len(other.missed), len(other.extra))
    assert sum(one.distances) == pytest.approx(sum(other.distances))


def test_swapping_the_sides_swaps_the_very_particles():
    rng = np.random.default_rng(0)
    found, truth = ([particle(*place) for place in rng.uniform(0, 80, (300, 2))] for _ in range(2))

    one, other = match(found, truth, tolerance=TOLERANCE), match(truth, found, tolerance=TOLERANCE)

    assert positions(one.extra) == positions(other.missed)
    assert positions(one.missed) == positions(other.extra)
    assert sorted(one.distances) == sorted(other.distances)


def test_a_pair_more_counts_more_than_closeness():
    found = [particle(0, 0), particle(0, 2)]
    truth = [particle(0, 1.9), particle(0, 4.9)]

    result = match(found, truth, tolerance=TOLERANCE)

    assert result.pairs == ((found[0], truth[0]), (found[1], truth[1]))
    assert not result.extra
    assert not result.missed


def test_the_same_on_both_sides_is_matched_with_itself():
    same = [particle(row, column) for row in range(12) for column in range(12)]

    result = match(same, same, tolerance=TOLERANCE)

    assert all(one is other for one, other in result.pairs)
    assert len(result.pairs) == len(same)


def test_a_tolerance_reaches_its_own_distance():
    assert len(match([particle(0, 0)], [particle(0, 3)], tolerance=3).pairs) == 1
    assert len(match([particle(0, 0)], [particle(0, math.nextafter(3, 4))], tolerance=3).pairs) == 0
    assert len(match([particle(2, 5)], [particle(2, 5)], tolerance=0).pairs) == 1


@pytest.mark.parametrize("tolerance", [-1, math.nan, math.inf])
def test_a_tolerance_that_is_no_distance_is_refused(tolerance):
    with pytest.raises(ConfigError, match="a distance in pixels, 0 or more"):
        match([particle(0, 0)], [], tolerance=tolerance)


def curve_area(found, truth, tolerance):
    """Average precision as scikit-learn defines it, each threshold matched by trying everything."""
    area, recall_before = 0.0, 0.0
    for threshold in sorted({each.strength for each in found}, reverse=True):
        kept = [each for each in found if each.strength >= threshold]
        pairs = most_pairs(kept, truth, tolerance)
        area += (pairs / len(truth) - recall_before) * pairs / len(kept)
        recall_before = pairs / len(truth)
    return area


@settings(deadline=None)
@given(FEW, FEW.filter(bool), st.sampled_from([1, 2, 4]))
def test_average_precision_is_the_area_below_the_curve_of_all_thresholds(found, truth, tolerance):
    area = average_precision(found, truth, tolerance=tolerance)

    assert area == pytest.approx(curve_area(found, truth, tolerance))


@settings(deadline=None)
@given(MANY, MANY.filter(bool))
def test_average_precision_looks_at_the_order_of_strengths_only(found, truth):
    squeezed = [particle(each.row, each.column, math.log(each.strength)) for each in found]
    order = sorted({each.strength for each in found})

    if len({each.strength for each in squeezed}) == len(order):
        assert average_precision(found, truth) == average_precision(squeezed, truth)


def test_false_alarms_that_are_weaker_than_all_particles_cost_no_average_precision():
    truth = [particle(10 * i, 0) for i in range(5)]
    found = [particle(10 * i, 1, 9 - i) for i in range(5)]
    false = [particle(10 * i, 30, 1) for i in range(7)]

    weak = score(found + false, truth, area_px=1e4)
    strong = score([particle(each.row, each.column, 99) for each in false] + found, truth, area_px=1e4)

    assert weak.average_precision == 1
    assert strong.average_precision == pytest.approx(sum(i / (7 + i) for i in range(1, 6)) / 5)
    assert weak.f1 == strong.f1 == pytest.approx(2 * 5 / (12 + 5))


def test_a_strong_detection_is_no_false_alarm_because_a_weak_one_is_closer():
    found = [particle(0, 2, 9), particle(0, 0.5, 1)]

    assert average_precision(found, [particle(0, 0)]) == 1


def test_scores_are_what_their_names_say():
    truth = [particle(0, 0), particle(0, 20), particle(0, 40), particle(0, 60)]
    found = [particle(1, 0), particle(0, 22), particle(0, 30)]

    scores = score(found, truth, tolerance=3, area_px=250_000)

    assert (scores.pairs, scores.false_alarms, scores.missed) == (2, 1, 2)
    assert scores.precision == pytest.approx(2 / 3)
    assert scores.recall == pytest.approx(2 / 4)
    assert scores.f1 == pytest.approx(2 / (1 / scores.precision + 1 / scores.recall))
    assert scores.localisation_rms == pytest.approx(math.sqrt((1 + 4) / 2))
    assert scores.false_alarms_per_megapixel == 4


@pytest.mark.parametrize(
    "found, truth, expected",
    [([], [], (1, 1, 1, 1)), ([particle(0, 0)], [], (0, 1, 0, 0)), ([], [particle(0, 0)], (1, 0, 0, 0))],
    ids=["neither", "nothing to find", "nothing found"],
)
def test_empty_sides_have_figures_too(found, truth, expected):
    scores = score(found, truth, area_px=100)

    assert (scores.precision, scores.recall, scores.f1, scores.average_precision) == expected
    assert scores.localisation_rms is None
    assert (scores.false_alarms, scores.missed) == (len(found), len(truth))


def bars(*tops, height=10, first=1):
    return [Pin(first + i, top, 0, top + height, 100) for i, top in enumerate(tops)]


def test_pins_are_paired_by_area_whatever_their_numbers():
    truth, found = bars(0, 20, 40), list(reversed(bars(1, 19, 42, first=7)))

    pairs = match_pins(found, truth)

    assert sorted((one.number, other.number) for one, other in pairs) == [(7, 1), (8, 2), (9, 3)]


def test_two_pins_seen_as_one_are_no_pair():
    assert match_pins([Pin(1, 0, 0, 30, 100)], bars(0, 20)) == ()
    assert match_pins([], bars(0)) == match_pins(bars(0), []) == ()


def test_positions_decide_on_which_pin_a_particle_counts():
    pins = bars(0, 20)

    counts = count_on_pins([particle(5, 5, pin=99), particle(21, 0), particle(29.4, 99), particle(15, 3, pin=1)], pins)

    assert counts == {1: 1, 2: 2}


@pytest.mark.parametrize(
    "counts, wrong",
    [
        ({11: 3, 12: 1}, 0),  # as in truth: one passes, one fails
        ({11: 9, 12: 0}, 0),  # other counts, same verdicts
        ({11: 1, 12: 1}, 1),
        ({11: 1, 12: 3}, 2),
        ({11: 3}, 0),  # a pin without particles may be left out of the counts
    ],
)
def test_a_pin_is_judged_wrongly_if_its_verdict_differs(counts, wrong):
    truth = [particle(5, column) for column in (10, 30, 50)] + [particle(25, 10)]
    inspection = SimpleNamespace(pins=bars(0, 20, first=11), counts=counts)

    assert judged_wrongly(inspection, truth, bars(0, 20), 2) == wrong


def test_a_pin_that_was_not_found_is_judged_wrongly():
    inspection = SimpleNamespace(pins=bars(0), counts={1: 0})

    assert judged_wrongly(inspection, [], bars(0, 20), 2) == 1


def test_many_particles_need_little_memory():
    """20,000 on either side: as one matrix of distances that would be 3 GB."""
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 5_000, (20_000, 2))
    found = [particle(*place) for place in places]
    truth = [particle(*place) for place in places + rng.normal(0, 0.3, places.shape)]

    assert len(match(found, truth, tolerance=TOLERANCE).pairs) > 19_950


def test_brute_force_is_brute():
    """The oracle sees all three matchings of one detection with two neighbours."""
    pairs = list(every_matching([particle(0, 0)], [particle(0, 1), particle(1, 0)], 3))

    assert sorted(itertools.chain.from_iterable(pairs)) == [(0, 0), (0, 1)]
    assert len(pairs) == 3
