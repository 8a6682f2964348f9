"""A corpus of small synthetic photographs, and runs of a tiny net on them that take a second."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.train.config import RunConfig, StageConfig, TrainConfig
from tiny_models import PEERS

NET = {
    "width": 4,
    "deep_width": 4,
    "blocks": 1,
    "deep_blocks": 1,
    "filters": 2,
    "filter_radius": 6,
    "filter_grid": 16,
    "kernel_window": 16,
    "kernel_windows": 2,
    "kernel_hidden": 8,
    "kernel_size": 9,
}


@pytest.fixture(autouse=True)
def _one_thread():
    """Sums are rounded in the same order here as in other processes with one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """Folder of 30 images of 48 x 48 pixels, some of which are held out."""
    folder = tmp_path_factory.mktemp("photographs")
    rng = np.random.default_rng(0)
    for number in range(30):
        coarse = rng.integers(0, 256, (12, 12, 3), np.uint8)
        Image.fromarray(coarse).resize((48, 48), Image.Resampling.BICUBIC).save(folder / f"photo{number:02}.png")
    return folder


@pytest.fixture
def tiny_run(photographs, tmp_path):
    """Config of a run through all three stages, two steps each."""
    stages = tuple(tiny_stage(kind) for kind in ("kernel", "deconv", "joint"))
    return TrainConfig(
        name="tiny",
        net="swift",
        config=dict(NET),
        root=str(photographs),
        data=SynthesisConfig(max_sigma=1.0, max_radius=1.0),
        run=RunConfig(
            folder=str(tmp_path / "run"),
            device="cpu",
            precision="fp32",
            ema=0.5,
            log_every=1,
            validate_every=1000,
            validation_crops=2,
            validation_size=16,
            save_every=2,
        ),
        stage=stages,
    )


@pytest.fixture
def tiny_peer(tiny_run):
    """Make the config of a run through the one stage of a peer: `tiny_peer("nafnet", steps=3)`."""

    def make(net, **settings):
        data = SynthesisConfig(distribution="paper", mono=0.0)
        stage = tiny_stage("deconv" if net == "dwdn" else "direct", **settings)
        return replace(tiny_run, net=net, config=dict(PEERS[net]), data=data, stage=(stage,))

    return make


def tiny_stage(kind, **settings):
    return StageConfig(**{"kind": kind, "steps": 2, "batch": 2, "crop": 16, "lr": 1e-2, "warmup": 1, **settings})


@pytest.fixture
def stages():
    """Make stages of a few steps: `stages("deconv", steps=3, lr=0.1)`."""
    return tiny_stage


@pytest.fixture
def with_run():
    """Change settings of `[run]`: `with_run(config, seed=3)`."""
    return lambda config, **settings: replace(config, run=replace(config.run, **settings))


@pytest.fixture
def as_toml(tmp_path):
    """Write a config as the TOML file that a user would have written."""

    def write(config):
        tables = {"config": config.config, "data": vars(config.data), "run": vars(config.run)}
        lines = [f"{key} = {json.dumps(getattr(config, key))}" for key in ("name", "net", "root")]
        for name, values in tables.items():
            lines += ["", f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        for stage in config.stage:
            lines += ["", "[[stage]]", *(f"{key} = {json.dumps(value)}" for key, value in vars(stage).items())]
        path = tmp_path / f"{config.name}.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write
