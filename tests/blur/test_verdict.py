"""Verdicts: each of them from votes that call for it, with a reason in words."""

import math
from dataclasses import replace

import pytest
import torch
from tests.blur.test_votes import grid, votes

from pinsharp.blur.verdict import LEFT_ALONE, find


def judged(log_width, std=0.03, longer=0.0, repeats=0.1, beside_slopes=0.8):
    said = replace(
        votes(log_width),
        elongation=torch.full_like(log_width, longer),
        periodicity=torch.full_like(log_width, repeats),
        structure=torch.full_like(log_width, beside_slopes),
    )
    return find(said, float(log_width.median()), std)


def even(width):
    gen = torch.Generator().manual_seed(0)
    return math.log(width) + 0.05 * torch.randn(49, generator=gen)


def shuffled():
    """Widths from 0.4 to 2.7 pixels, without any order."""
    order = torch.randperm(49, generator=torch.Generator().manual_seed(1))
    return torch.linspace(-1, 1, 49)[order]


@pytest.mark.parametrize(
    "found, verdict",
    [
        (judged(even(2.0)), "restorable"),
        (judged(even(0.3)), "sharp"),
        (judged(even(8.0)), "too-blurred"),
        (judged(even(8.0), std=0.35), "too-blurred"),
        (judged(even(0.3), std=0.4), "sharp"),
        (judged(even(0.6), std=0.4), "sharp"),  # one chance in three
        (judged(even(0.6), std=0.1), "restorable"),
        (judged(even(1.0), std=0.4), "restorable"),
        (judged(even(2.0), longer=0.9), "motion-or-astigmatism"),
        (judged(even(2.0), std=0.7), "no-texture"),
        (judged(even(2.0), beside_slopes=0.02), "no-texture"),
        (judged(even(2.0), std=0.6, repeats=0.95), "periodic"),
        (judged((2 + grid()[1]).log()), "varying"),
        (judged(even(0.15), std=1.1), "sharp"),  # what is left beyond a camera's own softness
        (judged(shuffled()), "contradictory"),
    ],
)
def test_each_verdict_follows_from_what_the_windows_say(found, verdict):
    assert found.verdict == verdict
    assert found.reason


def test_an_image_that_is_as_sharp_as_its_camera_in_one_part_alone_is_not_called_sharp():
    """Half of it is far out of focus: whatever is said, not that there is nothing to gain."""
    across = grid()[1]
    widths = torch.where(across > float(across.median()), 2.5, 0.15)

    assert judged(widths.log() + 0.02 * across, std=1.1).verdict != "sharp"


def test_the_interval_holds_the_width():
    found = judged(even(2.0), std=0.1)

    assert found.low == pytest.approx(2 * math.exp(-0.1645), rel=0.05)
    assert found.high == pytest.approx(2 * math.exp(0.1645), rel=0.05)


def test_what_can_be_restored_is_not_left_alone():
    assert "restorable" not in LEFT_ALONE
    assert "varying" not in LEFT_ALONE


@pytest.mark.parametrize("longer, named, verdict", [(0.0, False, "restorable"), (0.2, True, "restorable")])
def test_astigmatism_is_a_word_beside_the_width_where_spectra_and_edges_agree(longer, named, verdict):
    found = find(turned(longer, 0.9), math.log(2), 0.03)

    assert (found.astigmatism is not None) is named
    assert found.verdict == verdict


def test_strong_astigmatism_is_no_defocus():
    found = find(turned(0.3, 2.5), math.log(2), 0.03)

    assert found.verdict == "motion-or-astigmatism"
    assert found.astigmatism.angle == pytest.approx(0, abs=1)


def test_where_edges_point_elsewhere_spectra_say_nothing():
    found = find(replace(turned(0.2, 2.5), edge_turn=-turned(0.2, 2.5).edge_turn), math.log(2), 0.03)

    assert found.astigmatism is None


def turned(longer, square):
    """Windows of 2 px whose squared widths along rows exceed the mean by some pixels squared, and whose edges agree."""
    said = replace(votes(even(2.0)), elongation=torch.full((49,), longer), structure=torch.full((49,), 0.8))
    turn = torch.tensor([square, 0.0, 0.1]).expand(49, 3)
    return replace(said, spectrum_turn=turn, edge_turn=turn / 4)
