"""What a camera's profile makes of widths: distances, how far to refocus, and in which direction, if known.

A width is the same on both sides of best focus. Where the best focus is at other positions at the edges of the field (a
tilt that the focus stack of the profile has found), the width rises across the image on one side of best focus and
falls on the other: that tells the side.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pinsharp.blur.measured import DistanceScale
from pinsharp.blur.profile import Profile
from pinsharp.errors import ConfigError

SURE_SIDE = 3.0
"""Standard deviations of the tilt that was seen, from which on a side is said."""

_ALIKE = (0.3, 3.0)
"""A tilt that was seen is that of the profile if it is so many times as large; else something else is tilted."""

_METRES = {"um": 1e-6, "mm": 1e-3}


@dataclass(frozen=True)
class Optics:
    """A scale for widths.

    Attributes:
        scale: Defocus that a pixel of width stands for.
        down: By how much the width rises from the upper to the lower edge, in pixels, beyond best focus; 0 if unknown.
        across: The same from the left to the right edge.
    """

    scale: DistanceScale
    down: float = 0.0
    across: float = 0.0

    def px(self, value: float, unit: str, asked: str) -> float:
        """A distance as a width in pixels.

        Raises:
            ConfigError: If `unit` is not that of the profile's scale.
        """
        known, per_px = self.scale.unit, self.scale.per_px
        if unit == known:
            return value / per_px
        if unit not in _METRES or known not in _METRES:
            raise ConfigError(f"{asked}: expected {known} as the profile's scale, or px, got {unit}; give one of these")
        return value * _METRES[unit] / _METRES[known] / per_px

    def side(self, width: float, seen: Sequence[float], stds: Sequence[float]) -> int:
        """On which side of best focus an image is.

        Args:
            width: Its width in pixels.
            seen: How much the width rises down and across the image, in pixels.
            stds: Standard deviations of both.

        Returns:
            1 beyond best focus, at larger positions; -1 before it; 0 if unknown.
        """
        expected = (self.down, self.across)
        power = sum((one / std) ** 2 for one, std in zip(expected, stds, strict=True))
        if not power or width <= 0:
            return 0
        share = sum(a * b / std**2 for a, b, std in zip(seen, expected, stds, strict=True)) / power
        is_alike = _ALIKE[0] <= abs(share) <= _ALIKE[1]
        return int(math.copysign(1, share)) if is_alike and abs(share) * math.sqrt(power) > SURE_SIDE else 0

    def words(self, width: float, side: int) -> str:
        """How far to refocus: '12 um out of focus (10 to 14): move the focus by -12 um'."""
        distance, (low, high) = self.scale.distance(width, side), self.scale.interval(width, width, side)
        far = f"{distance:.3g} {self.scale.unit} out of focus ({low:.3g} to {high:.3g})"
        if not side:
            return f"{far}, on either side"
        return f"{far}, {'beyond' if side > 0 else 'before'} it: move by {-side * distance:+.3g}"


def optics_of(profile: Profile) -> Optics | None:
    """What a profile says of distances; None if it has no scale, or does not know the camera's own softness."""
    scale, focus = profile.distance_scale, profile.focus
    if scale is None or profile.own_softness is None:
        return None
    rows, columns = ((focus.tilt_rows or 0.0), (focus.tilt_columns or 0.0)) if focus else (0.0, 0.0)
    # Beyond best focus, where its position is larger down the image, the lower edge is less far from it.
    down, across = (-profile.height * rows / scale.per_px, -profile.width * columns / scale.per_px)
    return Optics(scale, down, across)
