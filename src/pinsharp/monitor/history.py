"""What the last good images say together: what kind of change there was, and when the limit is reached."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pinsharp.blur.verdict import SHARP_BELOW
from pinsharp.monitor.baseline import MOST_DEVIATION, width_of
from pinsharp.monitor.changes import LEAST_ROW, Change, Forecast, change, forecast, rising
from pinsharp.monitor.series import Series

MOST_HISTORY = 400
"""So many good images are kept, for telling a step from a drift, for forecasts and for charts."""


@dataclass(frozen=True)
class Sample:
    """A good image in the history.

    Attributes:
        number: Among all that arrived, from 1.
        value: `softened` width.
        doubt: Standard deviation of that, as the model states it.
        level: Moving average of the values; None while the baseline is learnt.
    """

    number: int
    value: float
    doubt: float
    level: float | None = None


def change_in(history: Sequence[Sample], width: Series) -> Change:
    """What kind of change the widths of the last good images show against the baseline, and since when."""
    return change([width.deviation(one.value, one.doubt) for one in history])


def forecast_of(history: Sequence[Sample], width: Series, limit: float) -> Forecast | None:
    """When the limit is reached; None where the width does not surely rise, or has risen at once."""
    centre, level = width.centre, width.level
    if centre is None or level is None or width.ewma.value < width.ewma.std:
        return None
    baseline, smoothed = width.baseline, width_of(level)
    assert baseline is not None
    numbers, values, doubts = np.array([(one.number, one.value, one.doubt) for one in history]).T
    weights = np.minimum(1.0, (baseline.doubt / doubts) ** 2)
    reach = MOST_DEVIATION * baseline.scatter / np.sqrt(weights)
    clipped = np.clip(values, min(centre, level) - reach, max(centre, level) + reach)
    widths = np.sqrt(np.maximum(0.0, np.exp(2 * clipped) - SHARP_BELOW**2))  # `width_of`, of arrays
    # The derivative of the same turns scatter of softened widths into pixels.
    scatter = width.scatter * (smoothed**2 + SHARP_BELOW**2) / max(smoothed, SHARP_BELOW)
    recent = np.stack([numbers, widths, weights])
    count = rising(recent, scatter)
    if count is None or (found := change_in(history, width)).is_step:
        return None
    # Images from before the drift would make it seem slower than it is.
    return forecast(recent[:, -max(LEAST_ROW, min(count, found.since)) :], scatter, limit)
