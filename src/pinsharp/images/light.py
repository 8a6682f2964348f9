"""In what light the values of an image are: proportional to it, or along a tone curve.

A lens blurs light. Cameras for inspection mostly store values proportional to it; photographs are stored along a tone
curve, so that their blur is no convolution before they are decoded.
"""

import math
from dataclasses import dataclass, replace

from pinsharp.errors import ConfigError

LEAST, MOST = 1.0, 4.0
"""Exponents of power laws that are taken for the tone curve of an image."""

_NOMINAL_SRGB = 2.2


@dataclass(frozen=True)
class Light:
    """The tone curve of an image's values, in [0, 1], and what says so.

    Attributes:
        name: `linear`, `srgb` (IEC 61966-2-1), `bt709` (of video, ITU-R BT.709: what cameras encode by) or `power`:
            values are light ** (1 / exponent).
        exponent: Of the power law; 1 of linear light, 2.2, which is nearest, of sRGB, 1.96 of BT.709.
        why: `ICC profile`, `PNG sRGB`, `PNG gAMA`, `EXIF`, `JPEG`, `HEIF nclx`, `camera raw`,
            `video`, `asked for` or `no statement`.
    """

    name: str = "linear"
    exponent: float = 1.0
    why: str = "no statement"

    def __str__(self) -> str:
        return f"{self.words} ({self.why})"

    @property
    def words(self) -> str:
        """As the option `light` takes it: `linear`, `srgb`, `bt709` or the exponent."""
        return repr(self.exponent) if self.name == "power" else self.name

    def figures(self) -> dict[str, object]:
        """Both in words, as --json prints them."""
        return {"light": self.words, "light_from": self.why}


SAYS_NOTHING = Light()
"""Of what comes without a statement: its values are taken as they are."""

SRGB = Light("srgb", _NOMINAL_SRGB)

BT709 = Light("bt709", 1.96, "video")


def power_light(exponent: float, why: str) -> Light | None:
    """The light of a power law; None if that is no tone curve of images."""
    if not LEAST <= exponent <= MOST:
        return None
    return Light("linear" if exponent == 1 else "power", float(exponent), why)


def asked_light(light: str | float) -> Light:
    """The light that a user asks for: `linear`, `srgb`, `bt709`, or an exponent as a number or in words.

    Raises:
        ConfigError: If `light` is something else.
    """
    for known in (SAYS_NOTHING, SRGB, BT709):
        if light == known.name:
            return replace(known, why="asked for")
    try:
        exponent = math.nan if isinstance(light, bool) else float(light)
    except (TypeError, ValueError):
        exponent = math.nan
    if (found := power_light(exponent, "asked for")) is None:
        raise ConfigError(
            f"--light must be auto, linear, srgb, bt709 or the exponent of a power law from {LEAST:g} to {MOST:g}, "
            f"got {light!r}; try srgb for photographs"
        )
    return found
