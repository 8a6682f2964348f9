"""Ratios of sums and their intervals: known cases, an independent formula, and panels that two rows share."""

import math

import numpy as np
import pytest

from pinsharp.bench.engine.bootstrap import Estimate, ratio_of_sums


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution_where_there_are_many():
    values = np.random.default_rng(0).gamma(4.0, 1.0, 200)

    found = ratio_of_sums(values)

    half = 1.96 * values.std(ddof=1) / math.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)


def test_the_interval_of_a_ratio_is_that_of_the_delta_method_where_there_are_many():
    rng = np.random.default_rng(1)
    wholes = rng.uniform(1, 3, 300)
    parts = 0.4 * wholes + rng.uniform(0, 0.5, 300)

    found = ratio_of_sums(parts, wholes)

    ratio = parts.sum() / wholes.sum()
    half = 1.96 * np.std(parts - ratio * wholes, ddof=1) / wholes.mean() / math.sqrt(300)
    assert (found.low, found.high) == pytest.approx((ratio - half, ratio + half), abs=0.15 * half)


def test_what_two_rows_share_of_a_panel_is_no_chance():
    sharp = np.random.default_rng(0).uniform(0.5, 1, 9)

    found = ratio_of_sums(0.8 * sharp, sharp)

    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.8, 0.8))
    assert ratio_of_sums(sharp, sharp) == Estimate(1.0, 1.0, 1.0)


def test_the_same_numbers_have_the_same_interval_in_any_company():
    values = [0.2, 0.5, 0.9, 0.4]

    first = ratio_of_sums(values)
    ratio_of_sums([1.0, 2.0, 3.0])

    assert ratio_of_sums(values) == first
    assert first.low < first.value < first.high


def test_one_panel_has_no_interval_and_none_no_figure():
    assert ratio_of_sums([0.5]) == Estimate(0.5)
    assert ratio_of_sums([]) is None
    assert ratio_of_sums([1.0, 2.0], [0.0, 0.0]) is None


def test_a_denominator_that_may_vanish_leaves_the_interval_open():
    found = ratio_of_sums([3.0, 3.0, 3.0], [0.0, 0.0, 1.0])

    assert found.value == 9
    assert found.low == 3
    assert found.high == math.inf


def test_equal_numbers_leave_nothing_open():
    assert ratio_of_sums([0.0, 0.0, 0.0]) == Estimate(0.0, 0.0, 0.0)


def test_the_root_is_that_of_figure_and_interval():
    assert Estimate(4.0, 1.0, 9.0).root() == Estimate(2.0, 1.0, 3.0)
    assert Estimate(4.0).root() == Estimate(2.0)
    assert Estimate(4.0, 1.0, math.inf).root().high == math.inf
