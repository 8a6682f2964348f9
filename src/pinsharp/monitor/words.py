"""What a monitor says: an image on a line, an alarm on a line, figures for programs."""

import dataclasses
from typing import Any

from pinsharp.monitor.alarms import Alarm
from pinsharp.monitor.measurement import Measurement
from pinsharp.monitor.monitor import Monitor, Report
from pinsharp.words import ALIKE_BELOW


def image_in_words(seen: Measurement) -> str:
    """Width with its interval, tilt and verdict of an image."""
    if seen.width is None or seen.low is None or seen.high is None:
        return f"{seen.image}: {seen.verdict}: {seen.reason}"
    tilt = tilt_in_words(seen)
    between = f"{seen.low:.2f} to {seen.high:.2f}" if seen.high >= ALIKE_BELOW else f"below {ALIKE_BELOW:g}"
    return (
        f"{seen.image}: width {seen.width:.2f} px ({between}){tilt}; "
        f"{seen.verdict}{'' if seen.is_good else ': ' + seen.reason}"
    )


def tilt_in_words(seen: Measurement) -> str:
    """How the width rises over the image, for behind it; empty where it does not."""
    rises = [
        f"{rise:+.2f} px {where}"
        for rise, where in ((seen.down, "down"), (seen.across, "across"))
        if rise is not None and abs(rise) >= 0.005
    ]
    return f", tilt {', '.join(rises)}" if rises else ""


def state_in_words(monitor: Monitor) -> str:
    """Where the monitor is: learning, in control, or what is not."""
    if monitor.width.baseline is None:
        return f"learning {monitor.learnt} of {monitor.rules.learns}"
    held = [about for about, is_held in monitor.held.items() if is_held]
    return f"smoothed {monitor.level:.2f} px, " + (f"out of control: {', '.join(held)}" if held else "in control")


def to_learn_in_words(monitor: Monitor) -> str:
    """What is learnt first, and which alarms have to wait for it; empty if all is learnt."""
    if monitor.width.baseline is not None:
        return ""
    rules, first = monitor.rules, monitor.rules.learns - monitor.learnt
    what = "what is in control" if rules.target is None else "how much the width scatters around the target"
    return (
        f"the next {first} images with a width teach {what}; until then only the limit of {rules.limit:.2f} px and "
        "refusals give alarms"
    )


def alarm_in_words(alarm: Alarm) -> str:
    """An alarm on a line."""
    return f"ALARM {alarm.kind} at image {alarm.number} ({alarm.image}): {alarm.words}"


def summary_in_words(monitor: Monitor) -> list[str]:
    """What has been seen, on a few lines."""
    counts = monitor.counts
    refused = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.refused.items()))
    alarms = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.alarms.items()))
    return [
        f"{counts.arrived} images: {counts.good} with a width, {refused or 'none without'}; "
        f"{counts.skipped} skipped, {100 * counts.share:.0f} % looked at",
        f"{state_in_words(monitor)}{monitor.refocus()}; alarms: {alarms or 'none'}",
    ]


def image_figures(monitor: Monitor, report: Report) -> dict[str, object]:
    """An image for programs."""
    seen = dataclasses.asdict(report.measurement)
    optics, scaled = monitor.rules.optics, {}
    if optics is not None and report.level is not None:
        distance = optics.scale.distance(report.level, report.side)
        scaled = {"distance": distance, "unit": optics.scale.unit, "side": report.side}
    return {
        "event": "image",
        "number": report.number,
        **seen,
        "smoothed": report.level,
        "band": report.band,
        "until_limit": None if report.ahead is None else dataclasses.asdict(report.ahead),
        **scaled,
        "learning": monitor.width.baseline is None,
        "held": [about for about, is_held in monitor.held.items() if is_held],
        "share": monitor.counts.share,
    }


def alarm_figures(alarm: Alarm) -> dict[str, object]:
    """An alarm for programs."""
    return {"event": "alarm", **dataclasses.asdict(alarm)}


def summary_figures(monitor: Monitor) -> dict[str, Any]:
    """What has been seen, for programs."""
    counts = dataclasses.asdict(monitor.counts)
    return {"event": "summary", **counts, "share": monitor.counts.share, "smoothed": monitor.level}
