"""How sure a figure over several panels is: a ratio of sums, and its 95 % confidence interval by the bootstrap."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

LEVEL = 0.95  # confidence of the intervals
RESAMPLES = 5000
_SEED = 0
_BATCH = 500  # resamples at once, which bounds the memory
_ENDLESS = 1e12  # stands for a ratio whose denominator has vanished in a resample: percentiles need finite numbers


@dataclass(frozen=True)
class Estimate:
    """A figure with its confidence interval."""

    value: float  # over all panels
    low: float | None = None  # lower end of the interval; None if there are too few panels for one
    high: float | None = None  # upper end; infinite where the denominator may vanish

    def root(self) -> "Estimate":
        """The same of its square root."""
        low, high = (None if end is None else math.sqrt(end) for end in (self.low, self.high))
        return Estimate(math.sqrt(self.value), low, high)


def ratio_of_sums(parts: Sequence[float], wholes: Sequence[float] | None = None) -> Estimate | None:
    """Estimate sum(parts) / sum(wholes) over panels that were drawn at random: means, shares, and ratios of two rows.

    Panels are drawn again with both of their numbers, so that what two rows share of a panel does not count as chance.
    The interval lies between percentiles of the resamples; the same numbers always give the same interval.

    Args:
        parts: A number for each panel, from 0 on.
        wholes: Another for each; None for ones, whose ratio is the mean.

    Returns:
        None if there is no panel or the wholes sum to 0.
    """
    a = np.asarray(parts, np.float64)
    b = np.ones_like(a) if wholes is None else np.asarray(wholes, np.float64)
    if not len(a) or b.sum() == 0:
        return None
    value = float(a.sum() / b.sum())
    if len(a) == 1:
        return Estimate(value)
    drawn = bootstrap(
        (a, b),
        _ratio,
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        confidence_level=LEVEL,
        method="percentile",
        random_state=np.random.default_rng(_SEED),
    )
    low, high = (float(end) for end in drawn.confidence_interval)
    return Estimate(value, low, math.inf if high > _ENDLESS / RESAMPLES else high)


def _ratio(a: NDArray[Any], b: NDArray[Any], axis: int = -1) -> NDArray[Any]:
    sums = a.sum(axis=axis), b.sum(axis=axis)
    result: NDArray[Any] = np.divide(*sums, out=np.full_like(sums[0], _ENDLESS), where=sums[1] > 0)
    return result
