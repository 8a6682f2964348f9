"""What a series is like in control, learnt from its first good images: level, scatter and likeness of neighbours.

Widths are watched as y = log(sqrt(width^2 + 0.5^2)): nearly the logarithm from 1 pixel on, but flat where an image is
in focus, for a width of 0.1 pixels is no other state of a camera than one of 0.3.
"""

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pinsharp.blur.verdict import SHARP_BELOW

MOST_DEVIATION = 3.0
"""Standard deviations beyond which a sample counts as if it were there: one odd image proves nothing."""

MOST_LIKENESS = 0.8
"""Largest correlation of neighbours that is allowed for."""

_MAD = 1.4826  # standard deviation of a normal distribution, in its median absolute deviations


@dataclass(frozen=True)
class Baseline:
    """A series in control.

    Attributes:
        level: Its mean.
        scatter: Standard deviation of a sample of weight 1.
        likeness: Correlation of neighbours, 0 or more.
        doubt: Median standard deviation that the model itself states; less sure samples weigh less.
    """

    level: float
    scatter: float
    likeness: float
    doubt: float

    @property
    def stretch(self) -> float:
        """By how much the likeness of neighbours makes means of many samples vary more.

        Neighbours that are alike say less than as many others. With their scatter so much larger, a mean of many varies
        as charts for independent samples expect.
        """
        return math.sqrt((1 + self.likeness) / (1 - self.likeness))

    def weight(self, doubt: float) -> float:
        """Weight of a sample with its stated standard deviation: one twice as doubtful as usual has a quarter."""
        return 1.0 if doubt <= self.doubt else (self.doubt / doubt) ** 2


def learn(values: Sequence[float], doubts: Sequence[float], *, floor: float) -> Baseline:
    """Learn a baseline.

    Args:
        values: Of images that are taken to be in control, in their order, at least three.
        doubts: Their standard deviations as the model states them.
        floor: Least scatter.
    """
    doubt = statistics.median(doubts)
    level = statistics.median(values)
    scatter = max(floor, _MAD * statistics.median(abs(value - level) for value in values))
    most = MOST_DEVIATION * scatter
    clipped = [max(-most, min(most, value - level)) for value in values]
    level += statistics.fmean(clipped)
    clipped = [max(-most, min(most, value - level)) for value in values]
    power = sum(one**2 for one in clipped)
    scatter = max(scatter, math.sqrt(power / (len(values) - 1)))
    found = sum(a * b for a, b in itertools.pairwise(clipped)) / power if power else 0.0
    # The correlation is found lower than it is, and with a standard deviation of 1 / sqrt(n).
    likeness = found + 1 / math.sqrt(len(values))
    return Baseline(level, scatter, max(0.0, min(MOST_LIKENESS, likeness)), doubt)


def softened(width: float) -> float:
    """The quantity that is watched of a width in pixels."""
    return 0.5 * math.log(width**2 + SHARP_BELOW**2)


def width_of(value: float) -> float:
    """The width in pixels that `softened` makes such a value of; 0 where there is none."""
    return math.sqrt(max(0.0, math.exp(2 * value) - SHARP_BELOW**2))


def softened_std(width: float, log_std: float) -> float:
    """Standard deviation of `softened`, by that of the logarithm of the width."""
    return log_std * width**2 / (width**2 + SHARP_BELOW**2)
