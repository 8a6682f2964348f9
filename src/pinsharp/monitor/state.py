"""A monitor in a file, so that a restart goes on where it was: JSON, every key and type checked, with its own hash."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pinsharp.atomic import write_atomically
from pinsharp.errors import ConfigError
from pinsharp.monitor.monitor import Monitor
from pinsharp.settings import PLAIN_WORDS, build

FORMAT, VERSION = "pinsharp monitor state", 1

MOST_BYTES = 2**22
"""Largest file of a state."""

_ADVICE = "take it away to learn a new baseline, or give another file"


def write_state(path: Path, monitor: Monitor, measured_as: str, until_ns: int) -> None:
    """Write a monitor, completely or not at all; an older state is replaced.

    Args:
        path: The file.
        monitor: It.
        measured_as: What decides how images are measured, in words.
        until_ns: When the last image that was taken was completed, in nanoseconds since 1970; 0 if none was.

    Raises:
        OutputError: If `path` cannot be written.
    """
    content: dict[str, Any] = {"measured_as": measured_as, "until_ns": until_ns, "monitor": asdict(monitor)}
    document = {"format": FORMAT, "version": VERSION, "sha256": _hash(content)} | content
    write_atomically(path, (json.dumps(document, allow_nan=False) + "\n").encode())


def read_state(path: Path, fresh: Monitor, measured_as: str) -> tuple[Monitor, int]:
    """Read a monitor that goes on, and when the last image that it took was completed.

    Args:
        path: The file.
        fresh: One as it would begin now, whose rules have to be those of the file but for limit and horizon.
        measured_as: What decides how images are measured now, as it was written.

    Raises:
        ConfigError: If the file cannot be read, was damaged, is of another version, or belongs to other rules.
    """
    document = _document(path)
    content = {key: document.get(key) for key in ("measured_as", "until_ns", "monitor")}
    if document.get("sha256") != _hash(content) or type(content["until_ns"]) is not int:
        raise ConfigError(f"{path}: expected a state as it was written, got a damaged one; {_ADVICE}")
    if content["measured_as"] != measured_as:
        raise ConfigError(
            f"{path}: expected a state of images measured as now ({measured_as}), got {content['measured_as']}; "
            f"measure as before, or {_ADVICE}"
        )
    try:
        monitor: Monitor = build(Monitor, content["monitor"], "", PLAIN_WORDS | {str: "a text"})
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}; {_ADVICE}") from error
    for old, new in zip(_settings(monitor), _settings(fresh), strict=True):
        if old != new:
            raise ConfigError(f"{path}: expected a state with {new}, got one with {old}; give the same, or {_ADVICE}")
    if monitor.rules.optics != fresh.rules.optics:
        raise ConfigError(f"{path}: expected a state with the same --profile, got one with another; {_ADVICE}")
    monitor.rules = fresh.rules
    return monitor, content["until_ns"]


def _settings(monitor: Monitor) -> tuple[str, str]:
    """Options without which what was learnt means nothing, as a user gives them."""
    target = monitor.rules.target
    return f"--baseline {monitor.rules.learns}", "no --target" if target is None else f"--target {target:g}px"


def _document(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: expected a state of pinsharp monitor, got {error.strerror}; {_ADVICE}") from error
    try:
        document = json.loads(data.decode("utf-8")) if len(data) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ConfigError(f"{path}: expected a state of pinsharp monitor, got another or a damaged file; {_ADVICE}")
    if document.get("version") != VERSION:
        raise ConfigError(
            f"{path}: expected a state of version {VERSION}, got {document.get('version')!r:.40}; {_ADVICE}"
        )
    return document


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
