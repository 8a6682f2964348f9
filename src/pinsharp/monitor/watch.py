"""Measuring images as they arrive, and giving them to a monitor."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pinsharp.blur.field import BlurField
from pinsharp.errors import PinsharpError
from pinsharp.monitor.intake import Arrival
from pinsharp.monitor.measurement import Measurement, measurement_of, unreadable
from pinsharp.monitor.monitor import Monitor, Report


def reports(
    arrivals: Iterable[Arrival], measure: Callable[[Path], BlurField], monitor: Monitor
) -> Iterator[tuple[Arrival, Report]]:
    """Measure images and say what became of each; one that has gone meanwhile counts as skipped.

    An image that cannot be read or used is a measurement too: it costs nothing else.
    """
    for arrival in arrivals:
        monitor.skip(arrival.skipped)
        found = _measured(arrival.path, measure)
        if found is None:
            monitor.skip(1)
        else:
            yield arrival, monitor.take(found)


def _measured(path: Path, measure: Callable[[Path], BlurField]) -> Measurement | None:
    try:
        found = measure(path)
    except PinsharpError as error:
        return unreadable(str(path), error) if path.exists() else None
    return measurement_of(str(path), found)
