"""Throughput: one line with both speeds, measured without touching the run's folder."""

import re
from dataclasses import replace

import pytest
import torch

import train_throughput
from train_throughput import measure_cameras, measure_throughput

LINE = (
    r"tiny, 2 crops of 16 x 16, 1 threads: ([\d.]+) crops/s as configured, "
    r"([\d.]+) crops/s in a plain fp32 loop, ratio ([\d.]+)"
)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_both_speeds_and_their_ratio_are_told(tiny_run, with_run, tmp_path, precision):
    before = sorted(tmp_path.rglob("*"))

    line = measure_throughput(with_run(tiny_run, precision=precision), steps=3)

    found = re.fullmatch(LINE, line)
    assert found, line
    configured, plain, ratio = map(float, found.groups())
    assert ratio == pytest.approx(configured / plain, rel=0.05)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_plain_loop_is_float32_contiguous_and_not_compiled(tiny_run, monkeypatch):
    """And both see the same pairs, turn by turn."""
    loops, seen = [], []

    class Watched(train_throughput._Loop):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            loops.append(self)

        def step(self, number):
            seen.append((loops.index(self), number))
            super().step(number)

    monkeypatch.setattr(train_throughput, "_Loop", Watched)

    measure_throughput(replace(tiny_run, run=replace(tiny_run.run, precision="bf16")), steps=2)

    runs = [(loop.config.run.precision, loop.layout, loop.config.run.compile) for loop in loops]
    assert runs == [("bf16", torch.channels_last, False), ("fp32", torch.contiguous_format, False)]
    assert seen == [(0, 0), (0, 1), (1, 0), (1, 1), (0, 2), (1, 2), (0, 3), (1, 3)]
    assert all(loop.stage.kind == "deconv" for loop in loops)


@pytest.mark.parametrize("name", ["nafnet", "dwdn"])
def test_the_speed_of_a_peer_is_told(tiny_peer, name):
    assert re.fullmatch(LINE, measure_throughput(tiny_peer(name), steps=1))


@pytest.mark.parametrize("workers", [0, 1])
def test_cameras_are_timed_beside_formulas(tiny_run, with_run, monkeypatch, workers):
    trained = []
    train = train_throughput._Loop.train
    monkeypatch.setattr(
        train_throughput._Loop,
        "train",
        lambda self, batch, number: trained.append((self.config.data.camera, number)) or train(self, batch, number),
    )
    config = with_run(replace(tiny_run, data=replace(tiny_run.data, mono=1.0)), workers=workers)

    line = measure_cameras(config, steps=1, turns=2)

    assert trained == [("train", 0), ("train", 1), ("", 0), ("", 1), ("train", 2), ("train", 3), ("", 2), ("", 3)]
    found = re.fullmatch(
        rf"tiny, 2 crops of 16 x 16, 1 threads, {workers} workers: ([\d.]+) crops/s by cameras, "
        r"([\d.]+) crops/s by formulas, ratio ([\d.]+)",
        line,
    )
    assert found, line
