"""Trends: the side that is wider, by how much, and what kind of part does that."""

import math

import pytest
import torch

from pinsharp.blur.trend import trend
from pinsharp.blur.verdict import find
from pinsharp.blur.votes import Votes

SIDE, COUNT = 100, 7


def seen(widths, noise=0.02, weights=None):
    """What windows on a grid say of widths (COUNT, COUNT) in pixels, and the trend of it."""
    gen = torch.Generator().manual_seed(0)
    log_width = widths.flatten().log() + noise * torch.randn(COUNT**2, generator=gen)
    rows, columns = torch.meshgrid(torch.arange(COUNT), torch.arange(COUNT), indexing="ij")
    places = torch.stack([rows.flatten(), columns.flatten()], dim=1) * SIDE
    places = torch.cat([places, torch.full_like(places, SIDE)], dim=1)
    same = torch.ones(COUNT**2)
    votes = Votes(
        places,
        log_width,
        0.05 * same,
        0 * same,
        0 * same,
        same,
        same / COUNT**2 if weights is None else weights.flatten(),
    )
    return trend(votes, find(votes, float(log_width.median()), 0.1))


def axes():
    """Rows and columns of the windows' centres, from 0 at one border of what they see to 1 at the other."""
    axis = (torch.arange(COUNT) + 0.5) / COUNT
    return axis[:, None].expand(COUNT, COUNT), axis[None].expand(COUNT, COUNT)


DOWN, ACROSS = axes()
RADIUS = (2 * DOWN - 1) ** 2 + (2 * ACROSS - 1) ** 2


@pytest.mark.parametrize(
    "widths, words",
    [
        (1 + 2 * ACROSS, "the right edge is 2.0 px wider than the left: a tilt"),
        (3 - 2 * ACROSS, "the left edge is 2.0 px wider than the right: a tilt"),
        (3 - 1.5 * DOWN, "the upper edge is 1.5 px wider than the lower one: a tilt"),
        (1 + DOWN + ACROSS, "the lower right corner is 2.0 px wider than the upper left one: a tilt"),
        (1 + RADIUS, "the corners are 2.0 px wider than the middle: curvature"),
        (3 - RADIUS, "the middle is 2.0 px wider than the corners: curvature"),
        (torch.where(DOWN < 0.4, 1.0, 2.4), "two planes: 1.0 px and 2.4 px"),
        (torch.where(DOWN + ACROSS < 0.8, 2.6, 1.8), "two planes: 1.8 px and 2.6 px"),
        (torch.where(RADIUS < 0.5, 3.0, 1.0), "two planes: 1.0 px and 3.0 px"),
    ],
)
def test_a_trend_is_said_in_a_sentence(widths, words):
    found = seen(widths).words

    number = [float(word) for word in words.split() if word.replace(".", "").isdigit()]
    said = [float(word) for word in found.split() if word.replace(".", "").isdigit()]
    assert said == pytest.approx(number, abs=0.16)
    assert [word for word in found.split() if not word[0].isdigit()] == [
        word for word in words.split() if not word[0].isdigit()
    ]


def test_a_plane_whose_texture_the_blur_took_is_said_too():
    """Windows of the wider half weigh almost nothing."""
    weights = torch.where(ACROSS < 0.5, 1.0, 0.005)
    found = seen(torch.where(ACROSS < 0.5, 1.2, 3.0), weights=weights / weights.sum()).words

    assert found == "two planes: 1.2 px and 3.0 px"


def test_an_even_blur_has_none():
    assert seen(torch.full((COUNT, COUNT), 2.0)).words == "no tilt or curvature: 2.0 px all over"


def test_a_tilt_and_a_curvature_are_both_said():
    assert seen(1 + ACROSS + 0.5 * RADIUS).words.count(";") == 1


def test_a_tilt_is_not_taken_for_two_planes():
    """Nor is a slope as steep as between planes: its windows lie between them."""
    assert not seen(math.e ** (1.1 * ACROSS)).planes


@pytest.mark.parametrize(
    "widths",
    [
        torch.where((7 * DOWN).long() % 2 == 0, 1.0, 2.4),  # every second row
        torch.where(torch.rand(COUNT, COUNT, generator=torch.Generator().manual_seed(3)) < 0.4, 1.0, 2.4),
        torch.where((DOWN < 0.2) & (ACROSS < 0.3), 2.4, 1.0),  # two windows
        torch.where(DOWN < 0.4, 0.2, 0.45),  # narrower than pixels tell apart
        torch.where(DOWN < 0.4, 2.0, 2.2),
        0.5 + 4 * DOWN,
        0.8 + 2 * RADIUS,
    ],
)
def test_what_is_no_two_planes_is_not_called_so(widths):
    assert seen(widths).planes == ()


def test_one_odd_window_in_each_plane_does_not_hide_them():
    widths = torch.where(DOWN < 0.4, 1.0, 2.4)
    widths[0, 0], widths[6, 6] = 4.0, 0.7

    assert seen(widths).planes == pytest.approx((1.0, 2.4), rel=0.1)
