"""Votes of windows: robust against windows that lie, honest about what they say together, as simple as they allow."""

import math

import pytest
import torch

from pinsharp.blur.votes import Votes, fit, join, scatter, weighted_median


def votes(log_width, std=0.1, side=128):
    """Windows on a square grid, row by row."""
    count = math.isqrt(len(log_width))
    rows, columns = torch.meshgrid(torch.arange(count), torch.arange(count), indexing="ij")
    places = torch.stack([rows.flatten() * side, columns.flatten() * side], dim=1)
    places = torch.cat([places, torch.full_like(places, side)], dim=1)
    same = torch.ones(len(log_width))
    return Votes(places, log_width, std * same, 0 * same, 0 * same, same, same / len(log_width))


def grid(count=7):
    """Rows and columns of windows, from -1 to 1."""
    place = torch.linspace(-1, 1, count)
    return place.repeat_interleave(count), place.repeat(count)


def test_equal_votes_are_joined_to_their_mean():
    values = torch.tensor([[0.9, 1.0, 1.1]])

    location, weights = join(values, torch.full_like(values, 0.1))

    assert float(location) == pytest.approx(1.0, abs=1e-6)
    assert float(weights.sum()) == pytest.approx(1)


def test_a_third_of_windows_that_lie_hardly_move_the_others():
    gen = torch.Generator().manual_seed(0)
    values = 0.7 + 0.05 * torch.randn(1, 30, generator=gen)
    honest = values.mean()
    values[:, ::3] = -1.5  # they call it sharp, and are as sure as the others

    location, _ = join(values, torch.full_like(values, 0.05))

    assert float(location) == pytest.approx(float(honest), abs=0.05)


def test_one_window_that_is_quite_sure_does_not_decide():
    values = torch.tensor([[0.7, 0.75, 0.65, 0.72, 0.68] * 4 + [-1.6]])
    std = torch.tensor([[0.1] * 20 + [1e-4]])

    location, _ = join(values, std)

    assert float(location) == pytest.approx(0.7, abs=0.06)


@pytest.mark.parametrize("weights, expected", [([1, 1, 1], 2.0), ([1, 1, 5], 3.0), ([7, 1, 1], 1.0)])
def test_the_weighted_median_is_where_half_of_the_weight_is_reached(weights, expected):
    found = weighted_median(torch.tensor([[3.0, 1.0, 2.0]]), torch.tensor([weights])[:, [2, 0, 1]].float())

    assert float(found) == expected


def test_scatter_is_one_where_votes_are_as_far_off_as_they_say():
    gen = torch.Generator().manual_seed(1)
    values = 0.2 * torch.randn(1, 4001, generator=gen)

    honest, vain = (scatter(values, torch.full_like(values, std), torch.zeros(1)) for std in (0.2, 0.05))

    assert float(honest) == pytest.approx(1, abs=0.05)
    assert float(vain) == pytest.approx(4, abs=0.2)


def test_even_votes_give_a_constant_field():
    gen = torch.Generator().manual_seed(2)

    found = fit(votes(0.7 + 0.1 * torch.randn(49, generator=gen)))

    assert found.shape == "constant"
    assert not found.outliers.any()


@pytest.mark.parametrize("spoilt", [0, 8])
def test_a_tilt_is_found_to_a_few_percent_even_with_windows_that_lie(spoilt):
    gen = torch.Generator().manual_seed(3)
    _, across = grid()
    truth = (2 + across).log()  # from 1 px at the left to 3 px at the right
    said = truth + 0.05 * torch.randn(49, generator=gen)
    said[:: 49 // spoilt if spoilt else 49][:spoilt] = -1.5
    seen = votes(said)

    found = fit(seen)

    assert found.shape != "constant"
    torch.testing.assert_close(found.at(seen.centres), truth.double().exp(), rtol=0.1, atol=0)
    assert int(found.outliers.sum()) == spoilt


def test_a_curved_field_is_smooth_not_plane():
    gen = torch.Generator().manual_seed(4)
    down, across = grid()
    truth = 0.1 + 0.7 * (down.square() + across.square())

    found = fit(votes(truth + 0.03 * torch.randn(49, generator=gen)))

    assert found.shape == "smooth"


def test_few_windows_give_a_constant_field():
    assert fit(votes(torch.tensor([0.1, 0.9, 0.1, 0.9]))).shape == "constant"
