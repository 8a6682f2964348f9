"""Training settings back into a TOML file, which `load_config` reads back unchanged."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from pinsharp.atomic import write_atomically
from pinsharp.train.config import TrainConfig


def save_config(config: TrainConfig, path: Path, *, remark: str = "") -> None:
    """Write a config, completely or not at all; settings at their default are left out.

    Args:
        config: The config.
        path: The file, replaced if it exists.
        remark: Lines that the file begins with, as comments.

    Raises:
        OutputError: If `path` cannot be written.
    """
    write_atomically(path, as_toml(config, remark=remark).encode())


def as_toml(config: TrainConfig, *, remark: str = "") -> str:
    """A config as the text of a TOML file."""
    values = _changed(config)
    tables = {name: values.pop(name) for name in ("config", "start", "data", "run") if name in values}
    stages = values.pop("stage")
    lines = [f"# {line}" for line in remark.splitlines()] + _lines(values)
    for name, table in tables.items():
        lines += ["", f"[{name}]", *_lines(table)]
    for stage in stages:
        lines += ["", "[[stage]]", *_lines(stage)]
    return "\n".join(lines) + "\n"


def _changed(settings: Any) -> dict[str, Any]:
    """The settings of a dataclass that are not at their default, those inside others too."""
    values = {}
    for each in dataclasses.fields(settings):
        value = getattr(settings, each.name)
        default = each.default if each.default_factory is dataclasses.MISSING else each.default_factory()
        if value == default:
            continue
        if dataclasses.is_dataclass(value):
            value = _changed(value)
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            value = [_changed(part) for part in value]
        values[each.name] = value
    return values


def _lines(table: dict[str, Any]) -> list[str]:
    # JSON's texts, numbers, booleans and lists are TOML's too.
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in table.items()]
