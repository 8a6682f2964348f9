"""The loss of windows that vote: least at the truth, window by window, whoever's window it is."""

import math

import pytest
import torch

from pinsharp.nets.swift.looks import Judgement
from pinsharp.train.observed import Observed
from pinsharp.train.vote_loss import MOST_WIDTH, vote_losses

RINGS = 4


def batch(sigma=(2.0, 1.0), radius=(0.0, 3.0), windows=6):
    count = len(sigma)
    features = torch.arange(count * windows, dtype=torch.float32).reshape(count, windows, 1)
    return Observed(
        features,
        torch.ones(count, 1, 1, 1),
        torch.full((count, RINGS), 0.01),
        torch.tensor(sigma),
        torch.tensor(radius),
        torch.zeros(count),
    )


def says(width, std=0.1, share=0.0, noise=0.01):
    """An estimator that says the same of all windows; `width` may be that of each image."""

    def judge(features):
        count = features.shape[:2]
        said = torch.as_tensor(width).log().reshape(-1, 1).expand(count)
        each = torch.ones(count)
        log_noise = torch.full((*count, RINGS), math.log(noise))
        return Judgement(said, std * each, share * each, 0 * each, log_noise, said[:, 0], std * each[:, 0], each)

    return judge


def loss(judge, given, mixed=0.0, seed=0):
    return vote_losses(judge, given, torch.Generator().manual_seed(seed), mixed)


def test_the_truth_costs_least():
    given = batch(sigma=(2.0,), radius=(0.0,))

    costs = [float(loss(says(width), given)["loss"]) for width in (1.8, 2.0, 2.2)]

    assert costs[1] == min(costs)


def test_a_width_that_is_off_by_its_doubt_is_best_doubted_so_much():
    given = batch(sigma=(2.0,), radius=(0.0,))

    costs = {std: float(loss(says(2.0 * math.exp(0.2), std), given)["vote_loss"]) for std in (0.02, 0.2, 2.0)}

    assert min(costs, key=costs.get) == 0.2


@pytest.mark.parametrize("sigma", [20.0, 60.0])
def test_beyond_the_range_all_widths_are_the_same(sigma):
    far, most = (loss(says(MOST_WIDTH), batch((width,), (0.0,)))["loss"] for width in (sigma, MOST_WIDTH))

    torch.testing.assert_close(far, most)


def test_images_in_focus_have_a_finite_loss():
    assert math.isfinite(loss(says(0.25), batch((0.0,), (0.0,)))["loss"])


def test_a_foreign_window_is_judged_by_its_own_truth():
    """An estimator that knows each window by its feature costs as much however windows are exchanged."""
    given = batch(sigma=(2.0, 1.0), radius=(0.0, 0.0))
    widths = torch.tensor([2.0] * 6 + [1.0] * 6)

    def knows(features):
        said = widths[features[..., 0].long()].log()
        each = torch.ones_like(said)
        log_noise = torch.full((*said.shape, RINGS), math.log(0.01))
        return Judgement(said, 0.1 * each, 0 * each, 0 * each, log_noise, said[:, 0], each[:, 0], each)

    plain, mixed = loss(knows, given), loss(knows, given, mixed=1.0)

    torch.testing.assert_close(mixed["vote_loss"], plain["vote_loss"])
    assert float(loss(says(torch.tensor([2.0, 1.0])), given, mixed=1.0)["vote_loss"]) > float(plain["vote_loss"])
