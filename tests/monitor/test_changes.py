"""What the last images say about a change."""

import numpy as np
import pytest

from pinsharp.monitor.changes import change, forecast, rising


def scattered(count, seed=0):
    return np.random.default_rng(seed).standard_normal(count)


def test_a_step_is_told_from_a_drift():
    index = np.arange(200)

    step = change(0.5 * scattered(200) + 4 * (index >= 180))
    drift = change(0.5 * scattered(200) + 0.05 * np.maximum(0, index - 120))

    assert step.is_step
    assert step.since == 20
    assert not drift.is_step
    assert drift.since == pytest.approx(80, abs=25)


def test_a_drift_that_began_before_the_history_is_no_step():
    found = change(3 + 0.02 * np.arange(100) + 0.3 * scattered(100))

    assert not found.is_step
    assert found.since > 150


def rows(values, weights=None, every=1):
    count = len(values)
    return np.stack([every * np.arange(count) + 1.0, values, np.ones(count) if weights is None else weights])


def test_a_straight_line_reaches_the_limit_when_it_does():
    found = forecast(rows(1 + 0.01 * np.arange(100)), 1e-6, 3.0)

    assert found.images == pytest.approx(101, abs=0.1)  # 0.01 an image from 1.99 to 3
    assert found.earliest <= found.images <= found.latest


def test_images_that_were_skipped_count():
    found = forecast(rows(1 + 0.01 * np.arange(100), every=3), 1e-6, 3.0)

    assert found.images == pytest.approx(303, abs=0.3)


@pytest.mark.parametrize("slope", [0.0, -0.01])
def test_what_does_not_surely_rise_is_no_drift(slope):
    assert rising(rows(2 + slope * np.arange(400) + 0.05 * scattered(400)), 0.05) is None


def test_the_shortest_row_that_surely_rises_is_found():
    values = 1 + 0.05 * scattered(400) + 0.002 * np.maximum(0, np.arange(400) - 250)

    assert rising(rows(values), 0.05) in (100, 200)
    assert rising(rows(values[:150]), 0.05) is None


def test_what_falls_reaches_nothing():
    assert forecast(rows(2 - 0.01 * np.arange(50)), 0.01, 3.0) is None


def test_the_line_is_that_of_weighted_least_squares():
    rng = np.random.default_rng(1)
    values, weights = 1 + 0.02 * np.arange(25) + 0.02 * rng.standard_normal(25), rng.uniform(0.2, 1, 25)

    found = forecast(rows(values, weights), 0.01, 3.0)

    slope, start = np.polyfit(np.arange(25), values, 1, w=np.sqrt(weights))
    assert found.images == pytest.approx((3 - start) / slope - 24)


def test_the_interval_holds_the_truth_about_nine_times_of_ten():
    """Truth: 1 px at the first image, 3 px at image 400; 200 have been seen."""
    held = []
    for seed in range(200):
        found = forecast(rows(1 + 0.005 * np.arange(200) + 0.1 * scattered(200, seed)), 0.1, 3.0)
        held.append(found.earliest <= 201 <= (found.latest or np.inf))

    assert np.mean(held) > 0.8


def test_beyond_the_limit_it_is_reached_now():
    assert forecast(rows(3 + 0.1 * np.arange(50)), 0.01, 3.0).images == 0
