"""The summary counts every image once, and the histogram every width."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinsharp.batch.job import Job, Outcome
from pinsharp.batch.summary import Summary, histogram, histogram_lines
from pinsharp.errors import ImageError


def outcome(state, **figures):
    error = ImageError("bad") if state == "failed" else None
    return Outcome(Job("a.png", "out/a.png"), state, figures, error)


@given(st.lists(st.floats(0, 50), min_size=1, max_size=60))
def test_every_width_is_counted_once_in_few_bins(sigmas):
    bins = histogram(sigmas)

    assert sum(count for *_, count in bins) == len(sigmas)
    assert 1 <= len(bins) <= 11
    assert all(high == pytest.approx(low) for (_, high, _), (low, *_) in pairwise(bins))
    assert bins[0][0] <= min(sigmas) + 1e-9
    assert max(sigmas) <= bins[-1][1] + 1e-9


def test_widths_fall_where_they_belong():
    assert histogram([1.1, 1.2, 2.6, 5.0]) == [
        (1.0, 1.5, 2),
        (1.5, 2.0, 0),
        (2.0, 2.5, 0),
        (2.5, 3.0, 1),
        (3.0, 3.5, 0),
        (3.5, 4.0, 0),
        (4.0, 4.5, 0),
        (4.5, 5.0, 0),
        (5.0, 5.5, 1),
    ]


def test_the_longest_bar_is_the_most_frequent_and_none_is_lost():
    lines = histogram_lines([1.0] * 400 + [1.3])

    assert lines[0].count("#") == 40
    assert lines[-1].count("#") == 1
    assert lines[-1].endswith(" 1")


def test_the_summary_counts_all_and_measures_what_was_done(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 10.0)
    summary = Summary()
    summary.add(outcome("done", sigma=2.0, megapixels=12.0))
    for _ in range(4):
        summary.add(outcome("skipped", sigma=1.0, megapixels=50.0))
    monkeypatch.setattr("time.monotonic", lambda: 14.0)
    summary.add(outcome("failed"))

    counts, title, *bars = summary.lines()

    assert counts == "1 done, 1 failed, 4 skipped; 12.00 megapixels in 4.0 s, 3.00 megapixels a second"
    assert (title, bars[0].split()[-1], bars[-1].split()[-1]) == ("sigma in pixels:", "4", "1")


def test_a_few_images_need_no_histogram():
    summary = Summary()
    for sigma in (1.0, 2.0, 3.0, 4.0):
        summary.add(outcome("skipped", sigma=sigma))

    assert summary.lines() == ["0 done, 0 failed, 4 skipped"]


def test_a_summary_of_nothing_is_one_line():
    assert Summary().lines() == ["0 done, 0 failed, 0 skipped"]
