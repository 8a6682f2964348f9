"""A pool of training pairs: the same pairs as without it, each made once, in another order every round."""

import pytest
import torch

import pinsharp.train.pool
from pinsharp.data.corpus import Corpus
from pinsharp.data.synthesis import SynthesisConfig, make_batch
from pinsharp.nets.swift.spectrum_net import SpectrumConfig, SpectrumNet
from pinsharp.train.pool import Pool

CONFIG = SynthesisConfig(max_sigma=1.0, max_radius=1.0)
PAIRS, BLOCK = 12, 4


def corpus():
    gen = torch.Generator().manual_seed(0)
    images = tuple(torch.randint(0, 256, (3, 90, 90), generator=gen, dtype=torch.uint8) for _ in range(3))
    return Corpus(images, ("a.png", "b.png", "c.png"))


def estimator(windows=16):
    return SpectrumNet(SpectrumConfig(window=16, max_windows=windows, hidden=8, directions=4))


def pool(**changes):
    settings = {"size": 48, "pairs": PAIRS, "block": BLOCK, "seed": 5} | changes
    return Pool(estimator(), corpus(), CONFIG, **settings)


def truths(made, first=0, count=PAIRS):
    """What tells pairs apart."""
    batch = made.batch(range(first, first + count))
    return [tuple(one) for one in torch.stack([batch.noise, batch.sigma, batch.radius], dim=1).tolist()]


def test_the_first_round_is_what_an_estimator_observes_of_the_pairs_in_turn():
    net = estimator()
    for first in (0, 4, 8):
        pairs = make_batch(corpus(), CONFIG, size=48, indices=range(first, first + BLOCK), seed=5)
        observed = net.observe(pairs.blurred)

        found = pool().batch(range(first, first + BLOCK))

        kept = found.features.shape[1]
        torch.testing.assert_close(found.features, observed[:, :kept], atol=0.02, rtol=2e-3)  # kept as float16
        torch.testing.assert_close(found.noise, pairs.noise)
        torch.testing.assert_close(found.kernel, pairs.kernel, atol=1e-6, rtol=0)
        assert torch.equal(found.sigma, pairs.sigma)
        assert torch.equal(found.radius, pairs.radius)


def test_every_round_has_every_pair_once_in_an_order_of_its_own():
    made = pool()

    rounds = [truths(made, PAIRS * turn) for turn in range(4)]

    assert len(set(rounds[0])) == PAIRS
    assert all(sorted(turn) == sorted(rounds[0]) for turn in rounds)
    assert len({tuple(turn) for turn in rounds}) == 4


def test_a_pair_is_made_once(monkeypatch):
    made, calls = pool(), []

    def counted(*arguments, indices, **settings):
        calls.append(indices)
        return make_batch(*arguments, indices=indices, **settings)

    monkeypatch.setattr(pinsharp.train.pool, "make_pairs", counted)
    for first in range(0, 5 * PAIRS, 3):
        made.batch(range(first, first + 3))

    assert sorted(calls, key=lambda block: block.start) == [range(4), range(4, 8), range(8, 12)]


@pytest.mark.parametrize("first", [0, 7, 13, 30])
def test_a_sample_is_the_same_wherever_a_run_begins(first):
    """What makes a run resumable."""
    whole = pool()
    for start in range(first):
        whole.batch(range(start, start + 1))

    assert torch.equal(whole.batch(range(first, first + 2)).features, pool().batch(range(first, first + 2)).features)


def test_steps_read_different_numbers_of_windows():
    made = pool()

    counts = {made.batch(range(first, first + 2)).features.shape[1] for first in range(0, 120, 2)}

    assert min(counts) == SpectrumNet.LEAST_WINDOWS
    assert max(counts) == 16
    assert len(counts) > 5


def test_processes_that_share_a_step_read_as_many_windows_as_one_alone():
    alone, shared, counts = pool(), pool(), set()
    for first in range(0, 8 * BLOCK, BLOCK):
        whole = alone.batch(range(first, first + BLOCK)).features

        halves = [shared.batch(range(start, start + BLOCK // 2), first) for start in (first, first + BLOCK // 2)]

        assert torch.equal(torch.cat([half.features for half in halves]), whole)
        counts.add(whole.shape[1])
    assert len(counts) > 1
