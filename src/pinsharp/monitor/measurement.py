"""What is known of one image that was measured, or could not be: the one value that a monitor takes."""

import math
import time
from dataclasses import dataclass

from pinsharp.blur.field import BlurField
from pinsharp.blur.trend import trend
from pinsharp.blur.verdict import UNTRUSTED
from pinsharp.errors import ConfigError

UNREADABLE = "unreadable"
"""Verdict on a file that is no image, or cannot be used."""


@dataclass(frozen=True)
class Measurement:
    """One image.

    Attributes:
        image: Its name.
        time_s: When it was measured, in seconds since 1970.
        verdict: As of `BlurField`, or `unreadable`.
        reason: Why, in one sentence.
        width: Effective width of the blur in pixels; None of an unreadable one.
        low: Lower end of its 90 % interval.
        high: Its upper end.
        log_std: Standard deviation of the logarithm of the width.
        down: Width at the lower edge less that at the upper one, in pixels.
        across: Width at the right edge less that at the left one, in pixels.
    """

    image: str
    time_s: float
    verdict: str
    reason: str = ""
    width: float | None = None
    low: float | None = None
    high: float | None = None
    log_std: float | None = None
    down: float | None = None
    across: float | None = None

    def __post_init__(self) -> None:
        numbers = (self.time_s, self.width, self.low, self.high, self.log_std, self.down, self.across)
        if not all(math.isfinite(one) for one in numbers if one is not None):
            raise ConfigError(f"{self.image}: expected finite figures, got {numbers}; measure it again")
        if self.width is not None and (self.width <= 0 or self.log_std is None or self.log_std < 0):
            raise ConfigError(f"{self.image}: expected a width above 0 with its uncertainty, got {numbers[1:5]}")

    @property
    def is_good(self) -> bool:
        """Whether its width can be trusted, so that charts take it."""
        return self.width is not None and self.verdict not in UNTRUSTED


def measurement_of(image: str, found: BlurField, time_s: float | None = None) -> Measurement:
    """What a measured blur says, for a monitor.

    Args:
        image: Its name.
        found: The blur, as `Restorer.measure` returns it.
        time_s: When it was measured, in seconds since 1970; now unless given.

    Raises:
        ConfigError: If the model that measured says neither how sure it is nor a verdict.
    """
    finding, std = found.finding, found.sigma_relative_std
    if finding is None or found.votes is None or std is None:
        raise ConfigError(
            "expected a model whose widths have an interval and a verdict, got one without; monitor with swift"
        )
    seen = trend(found.votes[0], finding)
    return Measurement(
        image,
        time.time() if time_s is None else time_s,
        finding.verdict,
        finding.reason,
        *(found.sigma, finding.low, finding.high, std),
        *(seen.down, seen.across),
    )


def unreadable(image: str, why: Exception, time_s: float | None = None) -> Measurement:
    """What is known of a file that is no image, or cannot be used."""
    reason = " ".join(str(why).split()).removeprefix(f"{image}: ")  # the name stands before it already
    return Measurement(image, time.time() if time_s is None else time_s, UNREADABLE, reason)
