"""Positions of the focus, as people type them: `0,10,20um`, `-1mm,0mm,1mm`, `0,1,2`."""

import math
import re

from pinsharp.errors import ConfigError

_UNITS = {"": "steps", "um": "um", "µm": "um", "μm": "um", "mm": "mm", "nm": "nm", "steps": "steps"}
_STEP = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s]*)\s*")


def parse_steps(text: str, count: int) -> tuple[tuple[float, ...], str]:
    """Read positions and their unit, which may stand behind the last one or behind each.

    Args:
        text: What was typed.
        count: How many images there are.

    Raises:
        ConfigError: If a part is not a number, units are mixed or unknown, two are alike, or the count is wrong.
    """
    parts = [_STEP.fullmatch(part) for part in text.split(",")]
    if not all(parts):
        raise ConfigError(f"--steps must be numbers joined by commas, such as 0,10,20um, got {text!r}")
    found = [(float(part[1]), part[2]) for part in parts if part]
    units = {unit for _, unit in found}
    if unknown := sorted(units - _UNITS.keys()):
        raise ConfigError(f"--steps must be in um, mm or nm, or without a unit, got {unknown[0]!r}")
    named = {_UNITS[unit] for unit in units if unit}
    if len(named) > 1 or (named and any(not unit for _, unit in found[-1:])):
        raise ConfigError(f"--steps must have one unit, behind the last number or behind each, got {text!r}")
    positions = tuple(value for value, _ in found)
    if not all(map(math.isfinite, positions)) or len(set(positions)) < len(positions):
        raise ConfigError(f"--steps must be different numbers, got {text!r}; name each position once")
    if len(positions) != count:
        raise ConfigError(f"--steps must hold a position for each image of --stack, {count}, got {len(positions)}")
    return positions, named.pop() if named else "steps"
