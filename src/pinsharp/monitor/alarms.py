"""Alarms: their causes, and when one may be given again."""

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["drift", "step", "forecast", "limit", "tilt", "refusals"]
"""What an alarm is about: the width drifts, or has changed at once; it will reach the limit, or has; the tilt has
changed; images cannot be measured."""

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Alarm:
    """An alarm.

    Attributes:
        kind: What it is about.
        words: What was found, in one sentence.
        image: Name of the image at which it was found.
        number: Its number among all that arrived, from 1.
        time_s: When, in seconds since 1970.
        width: Smoothed width in pixels at that image; None where none is known.
        in_images: Of a forecast, in how many images the limit is reached.
    """

    kind: Kind
    words: str
    image: str
    number: int
    time_s: float
    width: float | None = None
    in_images: float | None = None


@dataclass
class Latch:
    """Holds an alarm until its cause has been away for some images in a row.

    Attributes:
        calm_images: How many.
        is_set: Whether it holds.
        calm: For how many images the cause has been away.
    """

    calm_images: int
    is_set: bool = False
    calm: int = 0

    def take(self, *, is_cause: bool, is_calm: bool) -> bool:
        """Add an image; whether an alarm is to be given."""
        if not self.is_set:
            self.is_set = is_cause
            return is_cause
        self.calm = self.calm + 1 if is_calm else 0
        if self.calm >= self.calm_images:
            self.is_set, self.calm = False, 0
        return False
