"""Simulated runs: by hand where nothing is random, and worse where more goes wrong."""

from dataclasses import replace

import pytest

from cluster_cost import Rates, fewest, simulate

CALM = Rates(seconds=2.0, spread=0.0, head=0.0, boot=100.0, life=1e12, cores=4)


def test_cores_share_the_images():
    seconds, lost = simulate(8000, 5, CALM)
    assert seconds == pytest.approx(100 + 8000 * 2 / 20, rel=0.01)
    assert lost == 0


def test_the_head_bounds_the_pace():
    assert simulate(8000, 100, replace(CALM, head=0.5))[0] == pytest.approx(100 + 8000 * 0.5, rel=0.01)
    assert fewest(8000, 3600, replace(CALM, head=0.5)) is None


def test_nodes_that_go_cost_time_and_images():
    seconds, lost = simulate(8000, 5, replace(CALM, life=500.0))
    assert lost > 0
    assert seconds > simulate(8000, 5, CALM)[0]


def test_the_fewest_nodes_are_enough_and_one_less_is_not():
    count = fewest(8000, 600, CALM)
    assert simulate(8000, count, CALM)[0] <= 600 < simulate(8000, count - 1, CALM)[0]
