"""What a simulated panel is made of: pins, particles and dirt in micrometres, and the pixels that follow.

The defaults are those of photographs of chips on film under differential-interference light: pins about 10 pixels wide
every 19 pixels, and imprints of particles about 6 pixels wide, dark towards the light and bright away from it. The
photographs carry no scale; a pixel is taken as 1 micrometre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from pinsharp.detect.tables import Particle, Pin
from pinsharp.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SIDE = 8192
"""Largest side of a panel in pixels; more is a slip of the keyboard."""


@dataclass(frozen=True)
class ParticleSettings:
    """How many particles lie on a pin, and what each looks like."""

    per_pin: float = 14.0  # mean number on a pin
    # How unevenly the pins were bonded: standard deviation of what a pin has on average, as a share of `per_pin`. The
    # number itself is Poisson's.
    per_pin_spread: float = 0.4
    diameter_um: float = 6.0  # mean diameter of an imprint, from its dark rim to its bright one
    diameter_spread_um: float = 0.6  # its standard deviation
    # Mean contrast, as a fraction of full scale: half the step from the darkest to the brightest point.
    strength: float = 0.22
    strength_spread: float = 0.05  # its standard deviation
    least_strength: float = 0.1  # no particle is fainter
    gloss: float = 0.25  # share by which the bright side outshines and outreaches the dark one
    touching: float = 0.2  # share of particles that lie at another one, their imprints overlapping
    least_distance: float = 0.7  # least distance between the centres of two that touch, in diameters
    apart: float = 1.2  # the same between two that do not touch
    onset_um: float = 80.0  # the bond begins anywhere up to this far into a pin; before, there is no particle

    def __post_init__(self) -> None:
        _check_numbers(self, "particles", positive=("diameter_um", "strength"))
        _check_shares(self, "particles", ("strength", "least_strength", "touching"))
        if self.least_distance > self.apart:
            raise ConfigError(
                f"particles.least_distance of those that touch must not exceed particles.apart ({self.apart:g}), "
                f"got {self.least_distance:g}"
            )


@dataclass(frozen=True)
class DirtSettings:
    """What is no particle, but may look like one."""

    # Mean number on a panel: patches of residue, mottled, brighter than a gap and darker than a pin.
    smudges: float = 8.0
    smudge_um: float = 40.0  # their mean length
    specks: float = 0.5  # mean number on a pin: round spots, dark or bright, but not both
    speck_um: float = 3.5  # their mean diameter
    speck_strength: float = 0.12  # their mean contrast, as a fraction of full scale
    scratches: float = 2.0  # mean number on a panel: grooves, embossed as particles are
    scratch_um: float = 90.0  # their mean length
    scratch_strength: float = 0.12  # their contrast, as a fraction of full scale
    faint: float = 3.0  # mean number on a pin of shallow imprints, which no inspector counts
    # Contrast of the strongest of them, as a fraction of full scale; any below is as likely.
    faint_strength: float = 0.07
    # Relief of the film on the pins, standard deviation as a fraction of full scale; less elsewhere.
    texture: float = 0.022
    texture_um: float = 1.5  # grain of the relief

    def __post_init__(self) -> None:
        _check_numbers(self, "dirt", positive=("smudge_um", "speck_um", "scratch_um", "texture_um"))
        _check_shares(self, "dirt", ("speck_strength", "scratch_strength", "faint_strength", "texture"))


@dataclass(frozen=True)
class PanelSettings:
    """A panel: leads that come in from the left, pins that carry particles, traces that leave to the right."""

    pixel_um: float = 1.0  # side of a pixel on the panel
    pins: int = 24  # how many
    pin_width_um: float = 9.3  # width of a pin, which is its height in the image
    pitch_um: float = 18.7  # from one pin's edge to the same edge of the next
    pin_length_um: float = 352.0  # length of the part with particles
    # Length of lead in the image, left of the pins; its last 24 micrometres lie below a bright edge.
    lead_um: float = 64.0
    trace_um: float = 64.0  # length of trace in the image, right of the pins
    trace_width_um: float = 3.6  # width of a trace
    margin_um: float = 12.0  # dark rim above the first pin and below the last
    roughness_um: float = 0.1  # standard deviation of a pin's edges about straight lines
    light_degrees: float = 40.0  # direction in which relief brightens: 0 to the right, 90 downwards
    pin_level: float = 0.69  # brightness of leads and of the edges of pins, as a fraction of full scale
    crown: float = 0.12  # how much brighter a pin's middle is
    gap_level: float = 0.15  # brightness between pins
    trace_level: float = 0.78  # brightness of traces
    particles: ParticleSettings = field(default_factory=ParticleSettings)  # what lies on the pins
    dirt: DirtSettings = field(default_factory=DirtSettings)  # what else is there

    def __post_init__(self) -> None:
        positive = ("pixel_um", "pins", "pin_width_um", "pitch_um", "pin_length_um", "trace_width_um")
        _check_numbers(self, "panel", positive=positive, signed=("light_degrees",))
        _check_shares(self, "panel", ("pin_level", "gap_level", "trace_level"))
        if self.pitch_um <= self.pin_width_um:
            raise ConfigError(
                f"panel.pitch_um must leave a gap between pins of {self.pin_width_um:g}, got {self.pitch_um:g}; "
                "raise it or make the pins narrower"
            )
        if max(self.shape) > MAX_SIDE:
            raise ConfigError(
                f"a panel may have up to {MAX_SIDE} pixels a side, got {self.shape[1]} x {self.shape[0]}; "
                "take fewer or shorter pins, or larger pixels"
            )

    def px(self, length_um: float) -> float:
        """A length in pixels."""
        return length_um / self.pixel_um

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image in pixels."""
        height = 2 * self.margin_um + self.pins * self.pitch_um - (self.pitch_um - self.pin_width_um)
        width = self.lead_um + self.pin_length_um + self.trace_um
        return math.ceil(self.px(height)), math.ceil(self.px(width))

    @property
    def sides(self) -> tuple[float, float]:
        """Columns at which the pins begin and end, to a fraction of a pixel; column 0 begins at -0.5."""
        left = self.px(self.lead_um) - 0.5
        return left, left + self.px(self.pin_length_um)

    @property
    def light(self) -> tuple[float, float]:
        """Unit vector (row, column) in which relief brightens."""
        angle = math.radians(self.light_degrees)
        return math.sin(angle), math.cos(angle)

    def edges(self, number: int) -> tuple[float, float]:
        """Rows at which pin `number` (0, 1, ...) begins and ends, to a fraction of a pixel; row 0 begins at -0.5."""
        top = self.px(self.margin_um + number * self.pitch_um) - 0.5
        return top, top + self.px(self.pin_width_um)

    def pin(self, number: int) -> Pin:
        """Box of pin `number`: the pixels that it covers by half or more."""
        rows, columns = (_half_covered(*span) for span in (self.edges(number), self.sides))
        return Pin(number, rows[0], columns[0], rows[1], columns[1])


@dataclass(frozen=True)
class Panel:
    """An ideal image of a panel and the truth about it."""

    scene: NDArray[np.float32]  # light without blur or noise, (H, W), float32 in [0, 1]
    particles: tuple[Particle, ...]  # all that lie on the pins
    pins: tuple[Pin, ...]  # their boxes, from the top


def _half_covered(start: float, end: float) -> tuple[int, int]:
    first = math.floor(start + 1)
    return first, max(first + 1, math.floor(end + 1))


def _check_numbers(settings: Any, name: str, *, positive: tuple[str, ...], signed: tuple[str, ...] = ()) -> None:
    for item in fields(settings):
        value = getattr(settings, item.name)
        if not isinstance(value, int | float) or (item.name in signed and math.isfinite(value)):
            continue
        if item.name in positive and not 0 < value < math.inf:
            raise ConfigError(f"{name}.{item.name} must be positive, got {value}")
        if not 0 <= value < math.inf:
            raise ConfigError(f"{name}.{item.name} must be a number from 0 on, got {value}")


def _check_shares(settings: Any, name: str, shares: tuple[str, ...]) -> None:
    for item in shares:
        if not 0 <= getattr(settings, item) <= 1:
            raise ConfigError(f"{name}.{item} is a fraction and must be from 0 to 1, got {getattr(settings, item)}")
