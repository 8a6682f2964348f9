"""Pictures of a run: readable files for every kind of log and image, drawn without a word on stderr."""

import math

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

from pinsharp.data.synthesis import Batch
from pinsharp.train.pictures import save_pictures

FIGURES = {"psnr": 30.0, "blind_psnr": 29.0, "blurred_psnr": 25.0, "width_error": 0.02}


def record(stage, kind, crops, **figures):
    return {"stage": stage, "kind": kind, "step": crops, "loss": 0.5, "crops": crops, **figures}


def some_batch(count=2, channels=3):
    images = torch.rand(count, channels, 24, 30, generator=torch.Generator().manual_seed(0))
    ones = torch.ones(count)
    return Batch(images, images.roll(1, -1), torch.ones(count, 1, 1, 1), ones / 255, ones, ones)


LOGS = {
    "first figures": [record(0, "kernel", 8, **FIGURES)],
    "three stages": [
        record(0, "kernel", 8),
        record(0, "kernel", 16, **FIGURES),
        record(1, "deconv", 24, **FIGURES),
        record(2, "joint", 32, **FIGURES),
    ],
    "no width is known": [record(0, "kernel", 8, **{**FIGURES, "width_error": math.nan})],
    "nothing is wrong": [record(0, "kernel", 8, **{**FIGURES, "width_error": 0.0})],
}


@pytest.mark.parametrize("name", LOGS)
def test_curves_are_drawn_for_every_log(tmp_path, name):
    save_pictures(tmp_path, LOGS[name], some_batch(), some_batch().sharp, is_blind=True)

    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.size == (1100, 396)
        assert np.asarray(picture.convert("L")).std() > 5


@pytest.mark.parametrize("known", [("psnr",), ("blind_psnr",)])
def test_what_a_net_cannot_say_is_not_drawn(tmp_path, known):
    """A net that estimates no width has no panel for its error."""
    figures = {key: FIGURES[key] for key in (*known, "blurred_psnr")}

    save_pictures(tmp_path, [record(0, "direct", 8, **figures)], some_batch(), some_batch().sharp, is_blind=True)

    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.size == (770, 396)
        assert np.asarray(picture.convert("L")).std() > 5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("count, rows", [(1, 1), (5, 4)])
def test_at_most_four_crops_are_shown(tmp_path, count, rows, channels):
    batch = some_batch(count, channels)

    save_pictures(tmp_path, LOGS["first figures"], batch, 3 * batch.sharp - 1, is_blind=True)

    with Image.open(tmp_path / "crops.png") as picture:
        assert picture.size == (800, 270 * rows)


def test_pictures_are_replaced_and_the_plotting_of_others_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setitem(matplotlib.rcParams, "backend", "svg")
    batch = some_batch()

    save_pictures(tmp_path, LOGS["first figures"], batch, batch.sharp, is_blind=True)
    first = (tmp_path / "curves.png").read_bytes()
    save_pictures(tmp_path, LOGS["three stages"], batch, batch.sharp, is_blind=True)

    assert (tmp_path / "curves.png").read_bytes() != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crops.png", "curves.png"]
    assert matplotlib.get_backend() == "svg"
