"""Settings of a training file that are given one by one, on the command line."""

import tomllib
from typing import Any

from pinsharp.errors import ConfigError


def override(values: dict[str, Any], text: str) -> None:
    """Put a setting such as `run.seed=3` or `stage.0.steps=100` into the tables of a TOML file, in place.

    The value is TOML; what is no TOML is taken as text.

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
