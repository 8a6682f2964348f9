"""Profiles of cameras as JSON: one version, every key and type checked on reading, at most 1 MiB."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pinsharp.atomic import write_atomically
from pinsharp.blur.profile import Profile
from pinsharp.errors import ConfigError, OutputError
from pinsharp.settings import PLAIN_WORDS, build
from pinsharp.words import said_by

FORMAT, VERSION = "pinsharp camera profile", 1
MOST_BYTES = 2**20
"""Largest file of a profile."""

_WORDS = PLAIN_WORDS | {str: "a text"}
_MOST_DIGITS = 18  # of a whole number
_DIGITS = 6  # that numbers are written with


def write_profile(path: Path, profile: Profile) -> None:
    """Write a profile, completely or not at all; an existing file is replaced.

    Raises:
        OutputError: If `path` cannot be written, or the file would exceed 1 MiB.
    """
    data = to_json(profile).encode()
    if len(data) > MOST_BYTES:
        raise OutputError(
            f"{path}: expected a profile of at most {MOST_BYTES:,} bytes, got {len(data):,}; make it of fewer images"
        )
    write_atomically(path, data)


def to_json(profile: Profile) -> str:
    """A profile as the text of its file; numbers have six digits."""
    document = {"format": FORMAT, "version": VERSION} | _rounded(asdict(profile))
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def read_profile(path: str | Path) -> Profile:
    """Read a profile.

    Raises:
        ConfigError: If the file cannot be read, is no profile, of another version, or holds what no profile holds.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: expected a profile, got {error.strerror}; check its name") from error
    if len(data) > MOST_BYTES:
        raise ConfigError(f"{path}: expected a profile of at most {MOST_BYTES:,} bytes, got a larger file")
    try:
        return _profile(data)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _profile(data: bytes) -> Profile:
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_number,
            parse_int=_whole_number,
        )
    except (ValueError, RecursionError) as error:
        detail = "too deep a nesting" if isinstance(error, RecursionError) else said_by(error)
        raise ConfigError(f"expected a profile as JSON, got {detail}; make one with pinsharp profile create") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ConfigError(
            f'expected a profile ("format": "{FORMAT}"), got other JSON; make one with pinsharp profile create'
        )
    if type(version := document.get("version")) is not int or version != VERSION:
        raise ConfigError(f"expected a profile of version {VERSION}, got {version!r}; make it again with this pinsharp")
    profile: Profile = build(
        Profile, {key: each for key, each in document.items() if key not in ("format", "version")}, "", _WORDS
    )
    return profile


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ConfigError("expected every key once, got one twice")
    return table


def _no_number(text: str) -> float:
    raise ConfigError(f"expected finite numbers, got {text}")


def _number(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ConfigError(f"expected finite numbers, got {text[:40]}")
    return value


def _whole_number(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ConfigError(f"expected numbers of at most {_MOST_DIGITS} digits, got {text[:40]}")
    return int(text)


def _rounded(value: Any) -> Any:
    """A document whose numbers have few digits."""
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
