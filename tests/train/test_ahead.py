"""Pairs made ahead: the same as made in between, errors in their own words, and nobody left behind."""

import multiprocessing
import os
import signal
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from pinsharp.errors import ImageError, PinsharpError
from pinsharp.train.ahead import ahead
from pinsharp.train.loop import WEIGHTS, train

STEPS = [range(4 * step, 4 * step + 4) for step in range(5)]


def thirds(indices):
    return torch.tensor([index / 3 for index in indices]), os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_values_come_in_order_from_other_processes(workers):
    found = list(ahead(thirds, STEPS, workers))

    for (value, process), (expected, _) in zip(found, map(thirds, STEPS), strict=True):
        assert torch.equal(value, expected)
        assert process != os.getpid()
    assert len({process for _, process in found}) == workers
    assert not multiprocessing.active_children()


def test_without_workers_each_is_made_when_it_is_asked_for():
    made = []
    values = ahead(lambda indices: made.append(indices) or indices, STEPS, 0)

    next(values)

    assert made == STEPS[:1]


def test_whoever_stops_in_between_leaves_no_process_behind():
    values = ahead(thirds, STEPS, 2)
    next(values)

    values.close()

    assert not multiprocessing.active_children()


def test_an_error_of_the_user_comes_in_its_own_words():
    def refused(indices):
        if indices.start == 8:
            raise ImageError("8.png: expected an image, got none")
        return indices

    values = ahead(refused, STEPS, 1)

    assert [next(values), next(values)] == STEPS[:2]
    with pytest.raises(ImageError, match=r"^8.png: expected an image, got none$"):
        next(values)


def test_a_process_that_dies_is_told_in_one_sentence():
    def dying(indices):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(PinsharpError, match=r"got one that has died.*--set run.workers=1"):
        list(ahead(dying, STEPS, 2))


def test_requests_to_stop_are_for_the_parent_alone():
    def asked(indices):
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        return indices

    assert list(ahead(asked, STEPS, 1)) == STEPS


@pytest.mark.slow
@pytest.mark.parametrize("kind, settings", [("deconv", {}), ("kernel", {"pairs": 6})])
def test_a_run_comes_to_the_same_weights_whoever_makes_its_pairs(
    tiny_run, stages, with_run, tmp_path, monkeypatch, kind, settings
):
    """Over a pool of pairs, too, of which the second round needs nothing new."""
    monkeypatch.setattr("pinsharp.train.loop.save_pictures", lambda *_, **__: None)
    config = replace(tiny_run, stage=(stages(kind, steps=5, **settings),))
    runs = [with_run(config, workers=workers, folder=str(tmp_path / str(workers))) for workers in (0, 2)]

    for run in runs:
        train(run, quiet=True)

    one, *others = (load_file(run.folder / WEIGHTS) for run in runs)
    assert all(torch.equal(value, other[name]) for other in others for name, value in one.items())
