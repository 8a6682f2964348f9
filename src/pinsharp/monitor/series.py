"""One quantity, image after image: a baseline is learnt, then charts watch it, and say once when it leaves control."""

import math
from dataclasses import dataclass, field

from pinsharp.monitor.alarms import Latch
from pinsharp.monitor.baseline import MOST_DEVIATION, Baseline, learn
from pinsharp.monitor.charts import Cusum, Ewma

RATE = 0.1
"""Share of a new image in the moving average: it looks back on about twenty."""

EWMA_LIMIT = 4.0
"""Standard deviations that the moving average may be off. `scripts/monitor_runs.py` prints what it is chosen by."""

CUSUM_SLACK = 1.0
"""Standard deviations that a deviation has to exceed to count: changes of two are found soonest."""

CUSUM_LIMIT = 5.0
"""Sum of such excesses at which a change is sure."""

CALM_SHARE = 0.5
"""Share of its limit within which the moving average is calm."""

CALM_IMAGES = 20
"""So many calm images in a row re-arm an alarm."""


@dataclass
class Series:
    """A watched quantity.

    Attributes:
        learns: From so many images the baseline is learnt.
        floor: Least scatter from image to image.
        allowance: Change that is too small to matter, in the unit of the quantity.
        trust: A single sample counts as so many standard deviations beyond the allowance at the most.
        target: Level that it should have; None takes that of the baseline.
        baseline: Once it is learnt.
        latch: Set while the series is out of control.
        ewma: Of deviations in long-run standard deviations.
        cusum: Of the same.
        first: Values and doubts that it learns from.
    """

    learns: int
    floor: float
    allowance: float
    trust: float = MOST_DEVIATION
    target: float | None = None
    baseline: Baseline | None = None
    latch: Latch = field(default_factory=lambda: Latch(CALM_IMAGES))
    ewma: Ewma = field(default_factory=lambda: Ewma(RATE))
    cusum: Cusum = field(default_factory=lambda: Cusum(CUSUM_SLACK))
    first: tuple[tuple[float, float], ...] = ()

    def take(self, value: float, doubt: float) -> int:
        """Add a sample with its stated standard deviation.

        Returns:
            1 or -1 where the series leaves control upwards or downwards, which is said once; 0 otherwise.
        """
        if self.baseline is None:
            self._learn(value, doubt)
            return 0
        weight = self.baseline.weight(doubt)
        z = self.deviation(value, doubt)
        self.ewma.take(z, weight)
        self.cusum.take(math.copysign(max(0.0, abs(z) - self._allowed), z), weight)
        return self._judge()

    def deviation(self, value: float, doubt: float) -> float:
        """How far a sample is from the level in control, in long-run standard deviations.

        One that is far from both that level and the moving average is taken for nearer: one odd image proves nothing.
        """
        assert self.baseline is not None
        assert self.centre is not None
        most = self.trust * self.baseline.scatter / math.sqrt(self.baseline.weight(doubt)) + self.allowance
        z, reach = (value - self.centre) / self.scatter, most / self.scatter
        return max(min(0.0, self.ewma.value) - reach, min(max(0.0, self.ewma.value) + reach, z))

    @property
    def centre(self) -> float | None:
        """The level in control; None while it is learnt."""
        if self.baseline is None:
            return None
        return self.baseline.level if self.target is None else self.target

    @property
    def level(self) -> float | None:
        """Where the moving average is now; None while the baseline is learnt."""
        return None if self.centre is None else self.centre + self.ewma.value * self.scatter

    @property
    def level_std(self) -> float:
        """Standard deviation of `level`, that of the learnt level in it too."""
        return self.scatter * math.sqrt(self.ewma.variance + 1 / self.learns)

    @property
    def scatter(self) -> float:
        """Long-run standard deviation of a sample."""
        assert self.baseline is not None
        return self.baseline.scatter * self.baseline.stretch

    @property
    def band(self) -> tuple[float, float] | None:
        """Between which values the moving average is in control; None while the baseline is learnt."""
        if self.centre is None:
            return None
        reach = self._limit * self.scatter
        return self.centre - reach, self.centre + reach

    @property
    def is_calm(self) -> bool:
        """Whether the moving average is well within its limits."""
        return abs(self.ewma.value) <= CALM_SHARE * self._limit

    @property
    def _allowed(self) -> float:
        return self.allowance / self.scatter

    @property
    def _limit(self) -> float:
        return EWMA_LIMIT * self.ewma.std + self._allowed

    def _learn(self, value: float, doubt: float) -> None:
        self.first = (*self.first, (value, doubt))
        if len(self.first) >= self.learns:
            values, doubts = zip(*self.first, strict=True)
            self.baseline, self.first = learn(values, doubts, floor=self.floor), ()

    def _judge(self) -> int:
        average, was_set = self.ewma.value, self.latch.is_set
        side = self.cusum.up - self.cusum.down if max(self.cusum.up, self.cusum.down) > CUSUM_LIMIT else 0.0
        if not side and abs(average) > self._limit:
            side = average
        told = self.latch.take(is_cause=bool(side), is_calm=self.is_calm)
        if was_set:  # what has summed up meanwhile is no news
            self.cusum.up = self.cusum.down = 0.0
        return int(math.copysign(1, side)) if told else 0
