"""The charts against tables of the literature, and against other ways to compute them."""

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from pinsharp.monitor.charts import Cusum, Ewma, Occurrences


def run_length(chart, is_over, shift, rng):
    count = 0
    while not is_over(chart):
        chart.take(shift + rng.standard_normal())
        count += 1
    return count


@pytest.mark.parametrize(
    "h, shift, expected", [(4, 0, 168), (4, 0.5, 26.6), (4, 1, 8.38), (4, 2, 3.34), (5, 1, 10.4), (5, 2, 4.01)]
)
def test_run_lengths_of_the_cusum_are_those_of_montgomerys_table(h, shift, expected):
    """Introduction to Statistical Quality Control, two-sided tabular CUSUM with k = 0.5."""
    rng = np.random.default_rng(1)
    runs = [
        run_length(Cusum(0.5), lambda chart: max(chart.up, chart.down) > h, shift, rng)
        for _ in range(600 if shift == 0 else 2000)
    ]

    assert np.mean(runs) == pytest.approx(expected, rel=0.1 if shift == 0 else 0.06)


@pytest.mark.parametrize(
    "rate, limit, shift, expected",
    [
        (0.1, 2.814, 0.5, 31.3),
        (0.1, 2.814, 1, 10.3),
        (0.1, 2.814, 2, 4.36),
        (0.4, 3.054, 1, 14.3),
        (0.05, 2.615, 1, 11.4),
    ],
)
def test_run_lengths_of_the_ewma_are_those_of_lucas_and_saccucci(rate, limit, shift, expected):
    """Technometrics 32 (1990), with the limit that the average reaches after long."""
    rng = np.random.default_rng(2)
    reach = limit * math.sqrt(rate / (2 - rate))
    runs = [run_length(Ewma(rate), lambda chart: abs(chart.value) > reach, shift, rng) for _ in range(1500)]

    assert np.mean(runs) == pytest.approx(expected, rel=0.07)


def test_the_ewma_is_the_linear_filter():
    z = np.random.default_rng(3).standard_normal(50)
    chart = Ewma(0.2)
    for each in z:
        chart.take(each)

    assert chart.value == pytest.approx(lfilter([0.2], [1, -0.8], z)[-1])


def test_the_std_of_a_weighted_ewma_is_that_of_the_sum_it_is():
    """A z of weight w has variance 1 / w, and the average is a sum of all with known coefficients."""
    weights = np.random.default_rng(4).uniform(0.1, 1, 30)
    chart = Ewma(0.3)
    for weight in weights:
        chart.take(1.0, float(weight))

    shares = 0.3 * weights
    coefficients = [share * np.prod(1 - shares[index + 1 :]) for index, share in enumerate(shares)]
    assert chart.std == pytest.approx(math.sqrt(sum(c**2 / w for c, w in zip(coefficients, weights, strict=True))))
    assert chart.value == pytest.approx(sum(coefficients))


def test_a_cusum_is_the_largest_sum_of_last_excesses():
    rng = np.random.default_rng(5)
    z, weights = rng.standard_normal(60), rng.uniform(0.2, 1, 60)
    chart = Cusum(0.7)
    for each, weight in zip(z, weights, strict=True):
        chart.take(float(each), float(weight))

    for side, found in ((1, chart.up), (-1, chart.down)):
        excess = weights * (side * z - 0.7)
        assert found == pytest.approx(max(0.0, *np.cumsum(excess[::-1])))


def test_occurrences_in_control_stay_below_their_bound():
    """Lorden's: a limit of h is reached once in e^h samples at the most."""
    rng = np.random.default_rng(6)
    runs = []
    for _ in range(200):
        chart, count = Occurrences(0.1, 0.5), 0
        while chart.evidence < math.log(50):
            chart.take(happened=bool(rng.random() < 0.1))
            count += 1
        runs.append(count)

    assert np.mean(runs) > 50


def test_occurrences_that_become_frequent_are_found_soon():
    chart, count = Occurrences(0.02, 0.51), 0
    while chart.evidence < math.log(1e5):
        chart.take(happened=True)
        count += 1

    assert count == math.ceil(math.log(1e5) / math.log(0.51 / 0.02))
