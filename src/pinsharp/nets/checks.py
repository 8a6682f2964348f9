"""Checks that the settings of several networks share."""

from typing import Any

from pinsharp.errors import ConfigError


def check_at_least(config: Any, **minima: int) -> None:
    """Check numbers among the settings of a net, such as `check_at_least(config, width=1, blocks=0)`.

    Raises:
        ConfigError: If one is below its minimum; the sentence names it.
    """
    for name, minimum in minima.items():
        value = getattr(config, name)
        if value < minimum:
            raise ConfigError(f"{name} must be at least {minimum}, got {value}")
