"""Settings of the detector, in one dataclass, and how it is read from a TOML file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pinsharp.errors import ConfigError
from pinsharp.settings import PLAIN_WORDS, build, read_toml


@dataclass(frozen=True)
class DetectorSettings:
    """How particles and pins are found and judged; the defaults were chosen on sharp simulated panels."""

    # Of the dipole that is looked for, in pixels, from its dark rim to its bright one. A little less than that of the
    # particles tells neighbours apart.
    diameter: float = 4.5
    # Where the bright lobe lies, seen from the dark one: 0 is right, 90 down. The light decides it, so it is the same
    # for all images of one machine.
    direction_deg: float = 35.0
    threshold: float = 3.0  # least response, in units of the noise of the pin: below it, chance finds particles too
    # Least height of the lobes as a share of the pin's brightness: below it, a structure is too faint for an embossed
    # particle, however little noise there is.
    minimum_contrast: float = 0.12
    # Least height of the weaker lobe as a share of the stronger one. Dirt is dark and scratches are bright, without the
    # other lobe; a particle has both.
    minimum_balance: float = 0.2
    minimum_distance: int = 2  # between two particles, in pixels; of closer ones the stronger stays
    # Of the running median along the pin that is taken for the pin without particles, in pixels: several particles
    # long, and short against the shading.
    background_length: int = 41
    minimum_pin_width: int = 6  # of what counts as a pin, in pixels: traces are narrower
    minimum_pin_aspect: float = 3.0  # least length of a pin, in widths: pads and frames are stouter
    # Least difference between the pins and what lies between them, as a share of the pins' brightness; below it, the
    # image shows no pins.
    minimum_pin_contrast: float = 0.25
    minimum_per_pin: int = 5  # particles that a pin needs to pass. Five are a common demand on bonds.

    def __post_init__(self) -> None:
        if not math.isfinite(self.direction_deg):
            raise ConfigError(f"direction_deg must be an angle in degrees, got {self.direction_deg}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"{name} must be from {low:g} to {high:g}, got {value:g}")


_RANGES: dict[str, tuple[float, float]] = {
    "diameter": (1, 200),
    "threshold": (0, 1000),
    "minimum_contrast": (0, 10),
    "minimum_balance": (0, 1),
    "minimum_distance": (1, 1000),
    "background_length": (3, 10_000),
    "minimum_pin_width": (1, 10_000),
    "minimum_pin_aspect": (1, 1000),
    "minimum_pin_contrast": (0, 1),
    "minimum_per_pin": (0, 1_000_000),
}


def load_settings(path: str | Path | None) -> DetectorSettings:
    """Read settings from a TOML file with lines such as `threshold = 6.0`; what it leaves out keeps its default.

    Raises:
        ConfigError: If the file is missing or no TOML, or a setting is unknown, of the wrong type or out of range.
    """
    if path is None:
        return DetectorSettings()
    values = read_toml(path, example="threshold = 6.0")
    try:
        return cast(DetectorSettings, build(DetectorSettings, values, "", PLAIN_WORDS))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
