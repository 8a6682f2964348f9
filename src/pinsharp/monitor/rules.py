"""The settings of a monitor."""

import math
import re
from dataclasses import dataclass

from pinsharp.blur.verdict import MOST_WIDTH
from pinsharp.errors import ConfigError
from pinsharp.monitor.optics import Optics

LEAST_LEARNT = 20
"""Fewest images that a baseline is learnt from."""

_UNITS = {
    "px": "px",
    "um": "um",
    "\N{MICRO SIGN}m": "um",
    "\N{GREEK SMALL LETTER MU}m": "um",
    "mm": "mm",
    "steps": "steps",
}


@dataclass(frozen=True)
class Rules:
    """What a monitor is asked to do.

    Attributes:
        learns: From so many good images the baseline is learnt.
        limit: Width in pixels that must not be reached; unless given, that beyond which no image is restored.
        target: Width in pixels that images should have; None takes what is learnt.
        horizon: An alarm is given if the limit will be reached in so many images or fewer.
        optics: What makes widths distances; None if nothing does.

    Raises:
        ConfigError: If a number is out of range.
    """

    learns: int = 50
    limit: float = MOST_WIDTH
    target: float | None = None
    horizon: int = 500
    optics: Optics | None = None

    def __post_init__(self) -> None:
        if self.learns < LEAST_LEARNT:
            raise ConfigError(f"a baseline needs at least {LEAST_LEARNT} images, got {self.learns}; take 50")
        if self.horizon < 1:
            raise ConfigError(f"the horizon must be at least 1 image, got {self.horizon}")
        for name, value in (("limit", self.limit), ("target", self.target)):
            if value is not None and not (0 < value < math.inf):
                raise ConfigError(f"the {name} must be a width above 0, got {value:g}")
        if self.target is not None and self.target >= self.limit:
            raise ConfigError(
                f"the target must be below the limit, got {self.target:.3g} px and {self.limit:.3g} px; change one"
            )


def width_in_px(asked: str, optics: Optics | None, name: str) -> float:
    """A width that a user gave, such as `2px`, `2` or `1.5um`, in pixels.

    Args:
        asked: The words.
        optics: What makes distances of widths; None if nothing does.
        name: The option, for messages.

    Raises:
        ConfigError: If the text is not a width, or a distance without a scale to convert it.
    """
    found = re.fullmatch(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([^\s0-9.]*)\s*", asked)
    unit = _UNITS.get(found[2] or "px") if found else None
    if found is None or unit is None:
        raise ConfigError(f"{name}: expected a width such as 2px, 1.5um, 0.01mm or 3steps, got '{asked}'")
    value = float(found[1])
    if unit == "px":
        return value
    if optics is None:
        raise ConfigError(
            f"{name}: expected pixels (such as 2px), or a profile with a scale, got '{asked}' without one; make one of "
            f"a focus stack (pinsharp profile create --stack) and give it as --profile"
        )
    return optics.px(value, unit, name)
