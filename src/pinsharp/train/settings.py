"""Tables of a TOML file into frozen dataclasses: every key and type checked, slips told in the user's words."""

import dataclasses
import tomllib
import types
import typing
from typing import Any, Literal

from pinsharp.errors import ConfigError


def override(values: dict[str, Any], text: str) -> None:
    """Put one setting such as `run.seed=3` or `stage.0.steps=100` into the tables of a TOML file, in place.

    Args:
        values: The tables.
        text: KEY=VALUE. The value is TOML; what is no TOML is taken as text.

    Raises:
        ConfigError: If the text is no setting, or the tables have no place for it.
    """
    key, separator, value = text.partition("=")
    if not separator:
        raise ConfigError(f"--set takes KEY=VALUE, for example run.seed=3; got {text!r}")
    *parents, last = key.strip().split(".")
    target: Any = values
    try:
        for parent in parents:
            target = target[int(parent)] if isinstance(target, list) else target.setdefault(parent, {})
        if isinstance(target, list):
            target[int(last)] = _toml_value(value)
        else:
            target[last] = _toml_value(value)
    except (ValueError, IndexError, TypeError, AttributeError):
        raise ConfigError(f"--set {text}: there is no setting {key!r} in the training file") from None


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def build(cls: type[Any], values: Any, where: str) -> Any:
    """Build a dataclass from a table, every key and type checked.

    Args:
        cls: The dataclass, whose fields are checked against their type hints.
        values: The table.
        where: How the messages begin a setting's name: empty at the top, `run.` in the table `[run]`.

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
        raise ConfigError(f"setting {where}{missing[0]} is missing from the training file")
    return cls(**{key: _convert(value, hints[key], f"{where}{key}") for key, value in values.items()})


def _convert(value: Any, hint: Any, where: str) -> Any:
    """Check one value against the type of its field."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type[Any], hint), value, f"{where}.")
    if origin is Literal:
        if value not in arguments:
            raise ConfigError(f"{where} must be one of {', '.join(map(str, arguments))}, got {value!r}")
        return value
    if origin is tuple and isinstance(value, list):
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) != len(value):
            raise ConfigError(f"{where} must hold {len(kinds)} values, got {len(value)}")
        return tuple(
            _convert(item, kind, f"{where}.{i}") for i, (item, kind) in enumerate(zip(value, kinds, strict=True))
        )
    expected = origin or hint
    if expected is float and type(value) is int:
        return float(value)
    if isinstance(expected, types.UnionType) or type(value) is not expected:
        raise ConfigError(f"{where} must be of type {getattr(expected, '__name__', expected)}, got {value!r}")
    return value
