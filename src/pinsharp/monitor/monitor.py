"""A monitor: measurements in, alarms out, from wherever the measurements come.

    monitor = start(Rules(limit=2.0))
    report = monitor.take(measurement_of("part 1", restorer.measure(image)))
    report.alarms

It is plain values throughout, so that `kept` can put it into a file and `state` takes it out again.
"""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from pinsharp.blur.verdict import SHARP_BELOW
from pinsharp.monitor.alarms import Alarm, Kind, Latch
from pinsharp.monitor.baseline import softened, softened_std, width_of
from pinsharp.monitor.changes import Forecast
from pinsharp.monitor.charts import Occurrences
from pinsharp.monitor.history import MOST_HISTORY, Sample, change_in, forecast_of
from pinsharp.monitor.measurement import Measurement
from pinsharp.monitor.rules import Rules
from pinsharp.monitor.series import CALM_IMAGES, Series

WIDTH_FLOOR, WIDTH_ALLOWANCE = 0.02, 0.03
"""Least scatter of a width, and the change that is too small to matter, as shares of it."""

TILT_FLOOR, TILT_ALLOWANCE, TILT_TRUST = 0.1, 0.15, 2.0
"""The same of the rise of the width from edge to edge, as shares of the width. Most images of a camera without tilt
have none at all, for their windows do not prove any, and few have much; so a single one is trusted less."""

MOST_ALARMS = 50
"""So many of the last alarms are kept, for pages."""

REFUSED_BEFORE = 0.3
"""Share of images that cannot be measured, as long as nothing is learnt."""

REFUSALS_LIMIT = math.log(1e5)
"""Evidence from which on more images than usual cannot be measured: in control once in 100,000 images or less."""

LEAST_FOR_LIMIT = 5
"""From so many images on the limit is watched by their median, as long as the baseline is learnt."""

_REACHED_BACK = 0.95  # share of the limit below which the width is away from it


@dataclass
class Counts:
    """How many images there were: arrived (skipped ones too), measured with a width, skipped; others by verdict."""

    arrived: int = 0
    good: int = 0
    skipped: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    alarms: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Share of the images that was looked at."""
        return 1.0 if not self.arrived else 1 - self.skipped / self.arrived


@dataclass(frozen=True)
class Report:
    """What became of one image.

    Attributes:
        measurement: It.
        number: Its number among all that arrived, from 1.
        alarms: Those that it gives.
        level: Smoothed width in pixels; None while the baseline is learnt.
        band: Between which widths that is in control.
        ahead: When the limit is reached, where that can be said.
        side: On which side of best focus it is: 1 beyond it, -1 before it, 0 if unknown.
    """

    measurement: Measurement
    number: int
    alarms: tuple[Alarm, ...]
    level: float | None
    band: tuple[float, float] | None
    ahead: Forecast | None
    side: int


@dataclass
class Monitor:
    """Baseline, charts, latches and counts. Made by `start`; its fields are all plain values."""

    rules: Rules
    width: Series
    down: Series
    across: Series
    counts: Counts = field(default_factory=Counts)
    refusals: Occurrences = field(default_factory=lambda: _occurrences(REFUSED_BEFORE))
    refusing: Latch = field(default_factory=lambda: Latch(CALM_IMAGES))
    nearing: Latch = field(default_factory=lambda: Latch(CALM_IMAGES))
    beyond: Latch = field(default_factory=lambda: Latch(CALM_IMAGES))
    history: tuple[Sample, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    last: Measurement | None = None

    def skip(self, images: int) -> None:
        """Count images that arrived and were not looked at."""
        self.counts.arrived += images
        self.counts.skipped += images

    def take(self, measurement: Measurement) -> Report:
        """Add an image, in the order of arrival."""
        self.counts.arrived += 1
        alarms = [self._alarm("refusals", words, measurement) for words in self._refused(measurement)]
        ahead = None
        if measurement.is_good:
            found, ahead = self._good(measurement)
            alarms += [self._alarm(kind, words, measurement, ahead) for kind, words in found]
        for alarm in alarms:
            self.counts.alarms[alarm.kind] = self.counts.alarms.get(alarm.kind, 0) + 1
        self.alarms, self.last = (*self.alarms, *alarms)[-MOST_ALARMS:], measurement
        return Report(measurement, self.counts.arrived, tuple(alarms), self.level, self.band, ahead, self.side)

    @property
    def level(self) -> float | None:
        """Smoothed width in pixels; None while the baseline is learnt."""
        return None if self.width.level is None else width_of(self.width.level)

    @property
    def _typical(self) -> float | None:
        """Smoothed width in pixels, before that the median of the first ones; None for fewer than five."""
        first = [value for value, _ in self.width.first]
        if self.level is not None or len(first) < LEAST_FOR_LIMIT:
            return self.level
        return width_of(statistics.median(first))

    @property
    def band(self) -> tuple[float, float] | None:
        """Between which widths in pixels that is in control; None while the baseline is learnt."""
        return None if self.width.band is None else (width_of(self.width.band[0]), width_of(self.width.band[1]))

    @property
    def side(self) -> int:
        """On which side of best focus the images are: 1 beyond it, -1 before it, 0 if unknown."""
        optics, level = self.rules.optics, self.level
        if optics is None or level is None or self.down.level is None or self.across.level is None:
            return 0
        scale = max(level, SHARP_BELOW)
        seen = (scale * self.down.level, scale * self.across.level)
        return optics.side(level, seen, [scale * one.level_std for one in (self.down, self.across)])

    @property
    def held(self) -> dict[str, bool]:
        """What alarms can be about, and whether one of it is held until that has been away for some images."""
        return {
            "width": self.width.latch.is_set,
            "forecast": self.nearing.is_set,
            "limit": self.beyond.is_set,
            "tilt": self.down.latch.is_set or self.across.latch.is_set,
            "refusals": self.refusing.is_set,
        }

    @property
    def learnt(self) -> int:
        """From how many images the baseline has been learnt so far."""
        return self.rules.learns if self.width.baseline else len(self.width.first)

    def _alarm(self, kind: Kind, words: str, at: Measurement, ahead: Forecast | None = None) -> Alarm:
        in_images = ahead.images if ahead and kind == "forecast" else None
        return Alarm(kind, words, at.image, self.counts.arrived, at.time_s, self._typical, in_images)

    def _refused(self, measurement: Measurement) -> list[str]:
        """What is to be said of images that cannot be measured, if this one makes them too many."""
        if not measurement.is_good:
            self.counts.refused[measurement.verdict] = self.counts.refused.get(measurement.verdict, 0) + 1
        self.refusals.take(happened=not measurement.is_good)
        told = self.refusing.take(
            is_cause=self.refusals.evidence > REFUSALS_LIMIT, is_calm=self.refusals.evidence == 0.0
        )
        self.refusals.evidence = min(self.refusals.evidence, REFUSALS_LIMIT)
        if not told:
            return []
        return [
            f"images cannot be measured, far more than {100 * self.refusals.usual:.0f} % of them: the last is "
            f"{measurement.verdict} ({measurement.reason})"
        ]

    def _good(self, measurement: Measurement) -> tuple[list[tuple[Kind, str]], Forecast | None]:
        """Add a width: alarms with their words, and when the limit is reached."""
        assert measurement.width is not None
        assert measurement.log_std is not None
        self.counts.good += 1
        value = softened(measurement.width)
        doubt = softened_std(measurement.width, measurement.log_std)
        was_learning = self.width.baseline is None
        moved = self.width.take(value, doubt)
        self.history = (*self.history, Sample(self.counts.arrived, value, doubt, self.width.level))[-MOST_HISTORY:]
        tilts = self._tilted(measurement, doubt)
        if was_learning:
            self._learnt()
        ahead = forecast_of(self.history, self.width, self.rules.limit)
        found: list[tuple[Kind, str]] = [self._moved(moved)] if moved else []
        if tilts:
            found.append(("tilt", f"the tilt has changed: the width {' and '.join(tilts)}"))
        return found + self._at_limit(ahead), ahead

    def _tilted(self, measurement: Measurement, doubt: float) -> list[str]:
        """Add how the width changes over the image: what is new about it, in words; empty if nothing is."""
        assert measurement.width is not None
        was_tilted = self.down.latch.is_set or self.across.latch.is_set
        scale = max(measurement.width, SHARP_BELOW)
        words = []
        for series, rise, edges in (
            (self.down, measurement.down, "from the upper to the lower edge"),
            (self.across, measurement.across, "from the left to the right edge"),
        ):
            if series.take((rise or 0.0) / scale, doubt) and series.level is not None and series.centre is not None:
                change_by = 100 * (series.level - series.centre)
                words.append(f"rises by {change_by:+.0f} % more than in control {edges}")
        return [] if was_tilted else words

    def _learnt(self) -> None:
        """Begin to watch for refusals by what is usual, once the baseline is learnt."""
        if self.width.baseline is None:
            return
        refused = sum(self.counts.refused.values())
        # Two of each are added (Agresti and Coull, 1998): none so far does not mean that there will be none.
        self.refusals = _occurrences((refused + 2) / (refused + self.counts.good + 4))

    def _moved(self, direction: int) -> tuple[Kind, str]:
        """What kind of change of the width it is, in words."""
        assert self.width.centre is not None
        found = change_in(self.history, self.width)
        width = self.level
        if found.is_step:  # which the moving average only follows
            width = width_of(statistics.fmean(one.value for one in self.history[-found.since :]))
        assert width is not None
        kind: Kind = "step" if found.is_step else "drift"
        how = "has changed at once" if found.is_step else "drifts"
        worse = "wider" if direction > 0 else "narrower"
        now = f"{width_of(self.width.centre):.2f} px in control, {width:.2f} px now"
        return kind, f"the width {how}, to {worse}, for about {found.since} good images: {now}{self.refocus(width)}"

    def refocus(self, width: float | None = None) -> str:
        """How far to refocus, for behind a sentence: by a width, or the smoothed one; empty without a scale."""
        width = self.level if width is None else width
        if self.rules.optics is None or width is None:
            return ""
        return f"; {self.rules.optics.words(width, self.side)}"

    def _at_limit(self, ahead: Forecast | None) -> list[tuple[Kind, str]]:
        """Alarms about the limit: that it will be reached, or has been."""
        level, limit, is_learning = self._typical, self.rules.limit, self.level is None
        if level is None:
            return []
        found: list[tuple[Kind, str]] = []
        is_beyond = level >= limit
        is_near = ahead is not None and ahead.images <= self.rules.horizon and not is_beyond
        if self.nearing.take(is_cause=is_near, is_calm=not is_learning and self.width.is_calm) and ahead:
            latest = "or later" if ahead.latest is None else f"to {ahead.latest:.0f}"
            when = f"in about {ahead.images:.0f} images ({ahead.earliest:.0f} {latest})"
            found.append(("forecast", f"the width reaches {limit:.2f} px {when}: {level:.2f} px now{self.refocus()}"))
        if self.beyond.take(is_cause=is_beyond, is_calm=level < _REACHED_BACK * limit):
            now = f"{level:.2f} px is the median so far" if is_learning else f"{level:.2f} px now"
            found.append(("limit", f"the width has reached {limit:.2f} px: {now}{self.refocus(level)}"))
        return found


def start(rules: Rules) -> Monitor:
    """A monitor that has seen nothing yet."""
    target = None if rules.target is None else softened(rules.target)
    width = Series(rules.learns, WIDTH_FLOOR, WIDTH_ALLOWANCE, target=target)
    down, across = (Series(rules.learns, TILT_FLOOR, TILT_ALLOWANCE, TILT_TRUST) for _ in range(2))
    return Monitor(rules, width, down, across)


def take_all(monitor: Monitor, measurements: Iterable[Measurement]) -> list[Alarm]:
    """Add measurements from elsewhere, in the order of arrival; all alarms that they give."""
    return [alarm for each in measurements for alarm in monitor.take(each).alarms]


def _occurrences(usual: float) -> Occurrences:
    usual = min(usual, 0.5)
    return Occurrences(usual, (1 + usual) / 2)
