"""What a monitor alarms for, when, and how often."""

import math
from dataclasses import asdict

import numpy as np
import pytest

from pinsharp.errors import ConfigError
from pinsharp.monitor.measurement import Measurement
from pinsharp.monitor.monitor import Monitor, start, take_all
from pinsharp.monitor.rules import Rules
from pinsharp.settings import build
from watched import refused, seen, widths

LEARNT = 150  # the baseline and a hundred images more


def kinds(alarms):
    return [alarm.kind for alarm in alarms]


def test_in_control_there_is_no_alarm():
    for seed in range(5):
        assert take_all(start(Rules()), widths(600, scatter=0.08, seed=seed)) == []


def test_a_single_odd_image_is_no_alarm():
    images = widths(300)
    images[200] = seen(200, 9.0, down=5.0)

    assert take_all(start(Rules(limit=20.0)), images) == []


@pytest.mark.parametrize("by, within", [(0.2, 8), (0.5, 7), (-0.2, 7)])
def test_a_step_is_found_within_the_stated_delay(by, within):
    """`scripts/monitor_runs.py`, cameras that scatter by up to 4 %: nine of ten are found so soon."""
    late = 0
    for seed in range(20):
        images = widths(LEARNT + 60, scatter=0.03, seed=seed, factor=lambda index: 1 + by * (index >= LEARNT))
        alarms = [alarm for alarm in take_all(start(Rules()), images) if alarm.kind in ("drift", "step")]
        assert len(alarms) == 1
        late += alarms[0].number - LEARNT > within

    assert late <= 4


def test_a_slow_drift_is_a_drift_with_a_forecast_before_the_limit():
    rate, limit = 0.002, 2.4
    images = widths(LEARNT + 350, factor=lambda index: 1 + rate * max(0, index - LEARNT))
    reached = LEARNT + (limit / 1.5 - 1) / rate

    alarms = {alarm.kind: alarm for alarm in take_all(start(Rules(limit=limit)), images)}

    assert set(alarms) == {"drift", "forecast", "limit"}
    assert alarms["drift"].number < alarms["forecast"].number + 60 < reached
    assert alarms["forecast"].number + alarms["forecast"].in_images == pytest.approx(reached, rel=0.3)
    assert alarms["limit"].number == pytest.approx(reached, abs=40)


def test_a_step_is_called_a_step():
    images = widths(LEARNT + 60, factor=lambda index: 1 + 0.5 * (index >= LEARNT))

    alarms = take_all(start(Rules()), images)

    assert kinds(alarms) == ["step"]
    assert "to wider" in alarms[0].words


def test_a_narrower_width_is_found_too():
    images = widths(LEARNT + 60, factor=lambda index: 1 - 0.4 * (index >= LEARNT))

    alarms = take_all(start(Rules()), images)

    assert kinds(alarms) == ["step"]
    assert "to narrower" in alarms[0].words


def test_one_excursion_is_one_alarm_and_the_next_is_another():
    def factor(index):
        return 1.4 if LEARNT <= index < LEARNT + 100 or index >= LEARNT + 250 else 1.0

    alarms = take_all(start(Rules()), widths(LEARNT + 350, factor=factor))

    assert len(alarms) == 2
    assert alarms[1].number > LEARNT + 250


def test_a_target_takes_the_place_of_the_learnt_level():
    """Cameras that were out of focus from the beginning."""
    images = widths(100, width=2.0)

    assert take_all(start(Rules()), images) == []
    alarms = take_all(start(Rules(target=1.5)), images)
    assert len(alarms) == 1
    assert "1.50 px in control" in alarms[0].words


def test_a_camera_beyond_the_limit_from_the_beginning_is_told_as_soon_as_it_is_known():
    alarms = take_all(start(Rules(limit=1.4)), widths(60))

    assert kinds(alarms) == ["limit"]
    assert alarms[0].number == 5


def test_a_lasting_tilt_is_told_once():
    images = [seen(index, one.width) for index, one in enumerate(widths(LEARNT))]
    images += [seen(LEARNT + index, one.width, down=0.8, across=-0.9) for index, one in enumerate(widths(60))]

    alarms = take_all(start(Rules()), images)

    assert kinds(alarms) == ["tilt"]
    assert LEARNT < alarms[0].number < LEARNT + 20


def test_refusals_in_a_row_are_told_once_and_feed_no_chart():
    images = [*widths(60), *(refused(index) for index in range(60, 80)), *widths(60, seed=1)]
    monitor = start(Rules())

    alarms = take_all(monitor, images)

    assert kinds(alarms) == ["refusals"]
    assert 62 < alarms[0].number < 68
    assert monitor.counts.refused == {"no-texture": 20}
    assert monitor.counts.good == 120
    assert not monitor.held["refusals"]


def test_refusals_from_the_very_beginning_are_told():
    assert kinds(take_all(start(Rules()), [refused(index) for index in range(20)])) == ["refusals"]


def test_refusals_that_are_usual_are_no_alarm():
    rng = np.random.default_rng(0)
    images = [refused(index) if rng.random() < 0.3 else seen(index) for index in range(600)]

    assert take_all(start(Rules()), images) == []


@pytest.mark.parametrize("verdict", ["motion-or-astigmatism", "no-texture", "periodic", "contradictory"])
def test_widths_that_are_not_to_be_trusted_feed_no_chart(verdict):
    monitor = start(Rules())

    take_all(monitor, [seen(index, verdict=verdict) for index in range(3)])

    assert monitor.counts.good == 0
    assert monitor.learnt == 0


def test_less_sure_images_move_the_average_less():
    levels = []
    for std in (0.05, 0.2):
        monitor = start(Rules())
        take_all(monitor, [*widths(60), seen(60, 2.0, std=std)])
        levels.append(monitor.level)

    assert levels[0] > levels[1]


def test_skipped_images_count_as_arrived():
    monitor = start(Rules())
    monitor.skip(3)
    report = monitor.take(seen(0))

    assert report.number == 4
    assert monitor.counts.share == 0.25


def test_a_monitor_that_was_kept_goes_on_as_if_it_had_not_been_stopped():
    images = widths(400, factor=lambda index: 1 + 0.001 * max(0, index - 100))
    through, stopped = start(Rules(limit=2.0)), start(Rules(limit=2.0))

    expected = take_all(through, images)
    found = take_all(stopped, images[:173])
    stopped = build(Monitor, asdict(stopped), "")
    found += take_all(stopped, images[173:])

    assert found == expected
    assert len(expected) > 1
    assert stopped == through


def test_figures_that_are_none_are_refused():
    with pytest.raises(ConfigError, match="expected finite figures"):
        seen(0, math.nan)
    with pytest.raises(ConfigError, match="expected a width above 0"):
        Measurement("a.png", 0.0, "restorable", width=1.0)


@pytest.mark.parametrize("target", [None, 1.5])
def test_a_width_beyond_the_limit_needs_no_baseline(target):
    """Of a single odd image nothing is said."""
    calm, beyond = widths(30), widths(12, width=3.0)
    calm[2] = seen(2, 9.0)

    assert take_all(start(Rules(limit=2.0, target=target)), calm) == []
    alarms = take_all(start(Rules(limit=2.0, target=target)), beyond)

    assert kinds(alarms) == ["limit"]
    assert alarms[0].number == 5
    assert alarms[0].words.startswith("the width has reached 2.00 px: ")
    assert alarms[0].words.endswith(" px is the median so far")


def test_a_limit_that_was_reached_before_is_no_news_once_the_baseline_is_learnt():
    assert kinds(take_all(start(Rules(limit=2.0)), widths(LEARNT, width=3.0))) == ["limit"]
