"""A config that was written is, read again, what it was."""

from dataclasses import replace
from pathlib import Path

import pytest

from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.errors import OutputError
from pinsharp.train.config import RunConfig, StageConfig, TrainConfig, load_config
from pinsharp.train.config_file import as_toml, save_config

CONFIGS = [
    path for path in sorted((Path(__file__).parents[2] / "configs").rglob("*.toml")) if "selfdeblur" not in path.stem
]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_survives(path, tmp_path):
    config = load_config(path)

    save_config(config, tmp_path / "again.toml")

    assert load_config(tmp_path / "again.toml") == config


def test_odd_texts_and_nested_settings_survive(tmp_path):
    config = TrainConfig(
        name='a "quoted" name, ümläut \\ and\nline',
        net="swift",
        stage=(StageConfig("clean", 30, 8, 64, 1e-5, warmup=0, betas=(0.5, 0.25), frozen=("clean.bank",)),),
        root="/a folder",
        held_out=("one.png", "it's two.png"),
        general="package",
        general_share=0.2,
        start={"net": "swift"},
        data=SynthesisConfig(mono=1.0),
        run=RunConfig(folder="there", ema=0.0),
    )

    save_config(config, tmp_path / "odd.toml", remark="two\nlines")

    assert load_config(tmp_path / "odd.toml") == config
    assert (tmp_path / "odd.toml").read_text().startswith("# two\n# lines\n")


def test_what_is_at_its_default_is_left_out():
    config = replace(load_config(CONFIGS[0]), run=RunConfig())

    assert "[run]" not in as_toml(config)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(OutputError, match="create it first"):
        save_config(load_config(CONFIGS[0]), tmp_path / "no" / "config.toml")
