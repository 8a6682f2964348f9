"""Batches made ahead in other processes are those that one process makes, in their order."""

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from fake_cameras import Dying
from pinsharp.data.cameras.ahead import Recipe, made_ahead
from pinsharp.errors import ConfigError

BATCHES = [range(3), range(3, 6), range(6, 9), range(9, 12), range(3)]


@pytest.fixture
def recipe(tmp_path):
    astronaut = cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2BGR)
    for number in range(12):
        cv2.imwrite(str(tmp_path / f"photograph{number:03}.png"), np.roll(astronaut[:200, :200], 17 * number, axis=1))
    return Recipe(tmp_path, "mono", size=48, seed=4)


@pytest.mark.slow
def test_batches_are_the_same_and_in_order(recipe):
    make = recipe.maker()

    for indices, batch in zip(BATCHES, made_ahead(recipe.maker, BATCHES, jobs=2, depth=3), strict=True):
        (expected,) = make(indices)
        assert batch.draws == expected.draws
        assert torch.equal(batch.blurred, expected.blurred)
        assert torch.equal(batch.kernel, expected.kernel)


@pytest.mark.slow
def test_a_stream_that_is_closed_early_leaves_nothing_behind(recipe):
    import multiprocessing
    import threading

    stream = made_ahead(recipe.maker, (range(start, start + 2) for start in range(0, 10_000, 2)))
    next(stream)

    stream.close()

    assert not multiprocessing.active_children()
    assert threading.active_count() == 1


@pytest.mark.slow
def test_a_process_that_dies_is_said(recipe):
    dying = Dying(recipe.root, "mono", 48, 4)

    with pytest.raises(ConfigError, match="a process that ended with status 3; use fewer jobs"):
        next(made_ahead(dying.maker, BATCHES))
