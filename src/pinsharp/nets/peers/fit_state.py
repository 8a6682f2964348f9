"""The state of a fit on disk: one safetensors file, written completely or not at all, and read without any pickle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from pinsharp.atomic import write_atomically
from pinsharp.errors import ConfigError

_FORMAT = "pinsharp-fit-1"


def save_state(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write a state, all that further steps depend on and what the fit is made of, as values that JSON can hold.

    At every moment the file is a whole one, the old or the new; its folder must exist.

    Raises:
        OutputError: If `path` cannot be written; the old state is then unchanged.
    """
    content = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, safetensors.torch.save(content, {"format": _FORMAT, "about": json.dumps(dict(about))}))


def load_state(path: Path, about: Mapping[str, Any]) -> dict[str, Tensor]:
    """Read the tensors of a state as they were saved, on the CPU; that of another image or other settings is refused.

    Raises:
        ConfigError: If the file is missing, cannot be read, or belongs to another fit.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: expected the state of a fit to resume, got no such file; start without resuming")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())  # it is no mapping, and cannot be iterated over
            tensors = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError):
        raise ConfigError(
            f"{path}: expected the state of a fit, got what cannot be read; delete it and start again"
        ) from None
    if metadata.get("format") != _FORMAT:
        raise ConfigError(f"{path}: expected the state of a fit, got another safetensors file; name another one")
    _check_same(path, json.loads(metadata["about"]), json.loads(json.dumps(dict(about))))
    return tensors


def _check_same(path: Path, saved: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Refuse the state of another fit, naming the first setting that differs."""
    for name in sorted(saved.keys() | wanted.keys()):
        if saved.get(name) != wanted.get(name):
            raise ConfigError(
                f"{path} belongs to a fit with {name} {saved.get(name)}, expected {wanted.get(name)}; resume with the "
                "image and settings that it began with, or start again elsewhere"
            )
