"""Old names of options, which still work and give a warning."""

import sys

from pinsharp.errors import ConfigError


def light_for_gamma(light: str | float, *, gamma: bool) -> str:
    """What takes the place of the option `gamma`, which `light` has replaced.

    Raises:
        ConfigError: If something else is asked for as light.
    """
    meant = "srgb" if gamma else "linear"
    if light not in ("auto", meant):
        raise ConfigError(
            f"--gamma is an old name for --light, and means {meant} here, got --light {light} too; leave it out"
        )
    return meant


def user_level() -> int:
    """Which caller of the function that calls this one is not ours: its line is to be warned of."""
    frame, level = sys._getframe(1), 1
    while frame.f_back and frame.f_globals["__name__"].partition(".")[0] in ("pinsharp", "dataclasses"):
        frame, level = frame.f_back, level + 1
    return level
