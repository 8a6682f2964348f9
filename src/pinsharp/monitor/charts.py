"""Control charts: what tells a change of a series from its scatter.

All take deviations z from the level in control, in its standard deviations, and a weight in (0, 1] of each: the
variance of a z is 1 / weight. With weights of 1 they are the charts of the literature: EWMA with exact limits (Roberts,
1959; Lucas and Saccucci, 1990), two-sided CUSUM (Page, 1954) and Bernoulli CUSUM (Reynolds and Stoumbos, 1999).
"""

import math
from dataclasses import dataclass


@dataclass
class Ewma:
    """An exponentially weighted moving average, which sees small lasting changes.

    Attributes:
        rate: Share of a sample of weight 1 in the average, lambda of the literature.
        value: The average.
        variance: Its variance in control.
    """

    rate: float
    value: float = 0.0
    variance: float = 0.0

    def take(self, z: float, weight: float = 1.0) -> None:
        """Add a deviation; a sample of a smaller weight moves the average less."""
        share = self.rate * weight
        self.value += share * (z - self.value)
        self.variance = (1 - share) ** 2 * self.variance + share**2 / weight

    @property
    def std(self) -> float:
        """Standard deviation of the average in control."""
        return math.sqrt(self.variance)


@dataclass
class Cusum:
    """Cumulative sums of deviations to both sides, which see larger changes soonest.

    Attributes:
        slack: What a deviation has to exceed to count, k of the literature: half the change to be found.
        up: Sum of deviations upwards.
        down: The same downwards, positive too.
    """

    slack: float
    up: float = 0.0
    down: float = 0.0

    def take(self, z: float, weight: float = 1.0) -> None:
        """Add a deviation."""
        self.up = max(0.0, self.up + weight * (z - self.slack))
        self.down = max(0.0, self.down + weight * (-z - self.slack))


@dataclass
class Occurrences:
    """A sum of the evidence that something that happens now and then happens far more often.

    Attributes:
        usual: Chance of it in control.
        raised: Chance of it that is to be found, above `usual`.
        evidence: Logarithm of the ratio of likelihoods, never below 0. In control it stays below h for e^h samples and
            more on the mean (Lorden, 1971).
    """

    usual: float
    raised: float
    evidence: float = 0.0

    def take(self, *, happened: bool) -> None:
        """Add a sample."""
        before, after = (self.usual, self.raised) if happened else (1 - self.usual, 1 - self.raised)
        self.evidence = max(0.0, self.evidence + math.log(after / before))
