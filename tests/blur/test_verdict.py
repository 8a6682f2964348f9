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
