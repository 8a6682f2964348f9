"""From tables of a TOML file to frozen dataclasses: every key and type checked, mistakes named in the user's words."""

import dataclasses
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pinsharp.errors import ConfigError
from pinsharp.words import said_by

PLAIN_WORDS = {float: "a number", int: "a whole number"}
"""Types as people call them who write no programs."""


def read_toml(path: str | Path, *, example: str) -> dict[str, Any]:
    """Read the tables of a TOML file.

    Args:
        path: The file.
        example: A line such as it may hold, for messages.

    Raises:
        ConfigError: If the file cannot be read, or is no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: expected a settings file, got {error.strerror}; check its name") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: expected TOML, got {said_by(error)}; write lines such as {example}") from error


def build(cls: type[Any], values: Any, where: str, words: Mapping[type, str] | None = None) -> Any:
    """Build a dataclass from a table, every key and type checked.

    Args:
        cls: The dataclass, whose fields are checked against their type hints.
        values: The table.
        where: How the messages begin a setting's name: empty at the top, `run.` in the table `[run]`.
        words: What the messages call types; by default their names in Python.

    Raises:
        ConfigError: If a setting is unknown, missing or of the wrong type.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"[{where.rstrip('.')}] must be a table of settings, got {values!r}")
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(values) - set(hints))
    if unknown:
        raise ConfigError(f"unknown setting {where}{unknown[0]}; known ones: {', '.join(hints)}")
    required = [f.name for f in dataclasses.fields(cls) if f.default is f.default_factory is dataclasses.MISSING]
    missing = [name for name in required if name not in values]
    if missing:
        raise ConfigError(f"setting {where}{missing[0]} is missing from the file")
    return cls(**{key: _convert(value, hints[key], f"{where}{key}", words or {}) for key, value in values.items()})


def _convert(value: Any, hint: Any, where: str, words: Mapping[type, str]) -> Any:
    """Check one value against the type of its field."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type[Any], hint), value, f"{where}.", words)
    if types.NoneType in arguments:
        wanted = next(kind for kind in arguments if kind is not types.NoneType)
        return None if value is None else _convert(value, wanted, where, words)
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"{where} must be one of {', '.join(map(str, arguments))}, got {value!r}")
        return value
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{where} must be a list, got {value!r}")
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(value):
            raise ConfigError(f"{where} must hold {len(kinds)} values, got {len(value)}")
        return tuple(
            _convert(item, kind, f"{where}.{i}", words) for i, (item, kind) in enumerate(zip(value, kinds, strict=True))
        )
    expected = origin or hint
    if expected is float and type(value) is int:
        return float(value)
    if isinstance(expected, types.UnionType) or type(value) is not expected:
        kind = words.get(expected) or f"of type {getattr(expected, '__name__', expected)}"
        raise ConfigError(f"{where} must be {kind}, got {value!r}")
    return value
