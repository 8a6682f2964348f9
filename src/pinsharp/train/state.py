"""Checkpoints and the log of a run: written atomically, read back exactly."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import torch

from pinsharp.atomic import write_atomically, write_error
from pinsharp.errors import ConfigError, OutputError
from pinsharp.train.decisive import difference

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"


def save_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that at every moment the folder holds a whole one, the old or the new.

    Raises:
        OutputError: If the checkpoint cannot be written; the old one is then unchanged.
    """
    content = io.BytesIO()  # torch.save reports a full disk as a RuntimeError; a plain write does not
    torch.save(state, content)
    write_atomically(folder / CHECKPOINT, content.getvalue())


def load_checkpoint(folder: Path, fingerprint: str, settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Read the checkpoint of a run; that of another net, data or schedule, by its fingerprint, is refused.

    Args:
        folder: Folder of the run.
        fingerprint: That of the run that is to go on.
        settings: Those behind it, by name, so that a refusal can say which differs.

    Raises:
        ConfigError: If the file is missing, cannot be read, or belongs to other settings.
    """
    state = read_checkpoint(folder)
    if state["fingerprint"] != fingerprint:
        differs = difference(state["settings"], settings) if settings and "settings" in state else ""
        raise ConfigError(
            f"{folder / CHECKPOINT} belongs to a run with other settings{': ' * bool(differs)}{differs}; resume with "
            "the same ones, or start in another folder"
        )
    return state


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """Read the checkpoint of whatever run a folder holds.

    Raises:
        ConfigError: If the folder holds no checkpoint, or it cannot be read.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        raise ConfigError(f"nothing to resume in {folder}: no {CHECKPOINT}; leave --resume out to start")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, LookupError, pickle.UnpicklingError) as error:
        found = error.strerror if isinstance(error, OSError) and error.strerror else "it is cut off, damaged or foreign"
        raise ConfigError(f"cannot read {path}: {found}; start in another folder") from None
    if not isinstance(state, dict) or "fingerprint" not in state:
        raise ConfigError(f"{path} is no checkpoint of pinsharp; start in another folder")
    return state


def append_log(folder: Path, record: dict[str, Any]) -> None:
    """Add one line to the log.

    Raises:
        OutputError: If the log cannot be written.
    """
    try:
        with (folder / LOG).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")
    except OSError as error:
        raise OutputError(write_error(folder / LOG, 0, error)) from None


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Read the log; a last line that was cut off by a kill is left out."""
    path = folder / LOG
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


def rewind_log(folder: Path, stage: int, step: int) -> None:
    """Drop the lines that a killed run wrote after its last checkpoint; the resumed run writes them again."""
    kept = [record for record in read_log(folder) if (record["stage"], record["step"]) <= (stage, step)]
    write_atomically(folder / LOG, "".join(json.dumps(record) + "\n" for record in kept).encode())
