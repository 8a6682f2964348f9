"""What decides the weights of a run: its fingerprint, and in which settings two runs differ."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

from pinsharp.data.corpus import Corpus
from pinsharp.data.stream import Stream
from pinsharp.data.synthesis import SynthesisConfig
from pinsharp.train.config import StageConfig, TrainConfig

_OF_THE_RUN = ("seed", "precision", "ema", "channels_last", "compile")


def fingerprint(config: TrainConfig, corpus: Corpus | Stream) -> str:
    """Hash of all that decides the weights."""
    run = {key: getattr(config.run, key) for key in _OF_THE_RUN}
    stages = [_changed(stage) for stage in config.stage]
    settings = [config.net, config.config, _changed(config.data), stages, run, corpus.fingerprint()]
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def _changed(settings: StageConfig | SynthesisConfig) -> dict[str, Any]:
    """The settings that are not at their default: one that is added later leaves older checkpoints resumable."""
    values = {setting.name: (getattr(settings, setting.name), setting.default) for setting in fields(settings)}
    return {name: value for name, (value, default) in values.items() if value != default}


def decisive(config: TrainConfig, corpus: Corpus | Stream) -> dict[str, Any]:
    """The settings behind the fingerprint, by their names in the training file; of `root` what is in its images."""
    values = asdict(config)
    kept = {name: values[name] for name in ("net", "config", "data", "stage")}
    kept |= {"run": {key: values["run"][key] for key in _OF_THE_RUN}, "root": f"images {corpus.fingerprint()}"}
    return dict(_flat(json.loads(json.dumps(kept))))  # as they come back from a file: lists for tuples


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Single settings of nested tables: `stage.0.steps`."""
    is_stages = isinstance(value, list) and value and isinstance(value[0], dict)
    if not isinstance(value, dict) and not is_stages:
        yield name, value
        return
    for key, inner in enumerate(value) if is_stages else value.items():
        yield from _flat(inner, f"{name}.{key}".lstrip("."))


def difference(before: dict[str, Any], asked: dict[str, Any]) -> str:
    """Say in which setting two runs differ, and in how many more; empty if in none that is known of both."""
    changed = [name for name in {**asked, **before} if before.get(name) != asked.get(name)]
    if not changed:
        return ""
    name, more = changed[0], len(changed) - 1
    there, wanted = (json.dumps(of[name]) if name in of else "nothing" for of in (before, asked))  # as TOML writes them
    others = f", and {more} more differ{'s' * (more == 1)}" if more else ""
    return f"{name} is {there} there, {wanted} was asked for{others}"
