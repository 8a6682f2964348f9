"""A page that shows a monitor: the chart of the last images, alarms and counts. Readable in grey."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pinsharp.blur.normal import NINETY
from pinsharp.monitor.baseline import width_of
from pinsharp.monitor.monitor import Monitor
from pinsharp.monitor.words import image_in_words, state_in_words
from pinsharp.pages import document, text

REFRESH_S = 10
"""The browser loads the page again so often."""

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 900, 360, 56, 110, 16, 40
_STYLE = """
.state { font-size: 1.6rem; margin: .4rem 0; }
.held { border-left: .6rem solid #000; padding-left: .6rem; font-weight: bold; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .15rem 1rem .15rem 0; vertical-align: top; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: #1d1d1d; }
"""


def page(monitor: Monitor, source: str) -> str:
    """The whole page, as HTML.

    Args:
        monitor: It.
        source: What is monitored, in words.
    """
    held = any(monitor.held.values())
    last = "" if monitor.last is None else f"<p>Last: {text(image_in_words(monitor.last))}</p>"
    body = [
        f"<h1>{text(source)}</h1>",
        f'<p class="state{" held" if held else ""}">{text(state_in_words(monitor) + monitor.refocus())}</p>',
        last,
        chart(monitor),
        _alarms(monitor),
        _counts(monitor),
        f"<p>Written {_clock(time.time())}; loaded again every {REFRESH_S} s.</p>",
    ]
    return document(f"pinsharp monitor: {text(source)}", _STYLE, body, refresh_s=REFRESH_S)


def chart(monitor: Monitor) -> str:
    """Widths of the last good images with their intervals, moving average, band in control and limit, as SVG."""
    samples = monitor.history
    if not samples:
        return "<p>No image with a width yet.</p>"
    ends = [
        (width_of(one.value - NINETY * one.doubt), width_of(one.value), width_of(one.value + NINETY * one.doubt))
        for one in samples
    ]
    top = _top([width for _, width, _ in ends], monitor.band, monitor.rules.limit)
    axes = _Axes(samples[0].number, max(samples[-1].number, samples[0].number + 1), top)
    parts = [
        _grid(axes),
        _band(axes, monitor.band),
        _limit(axes, monitor.rules.limit),
        _widths(axes, [one.number for one in samples], ends),
        _average(axes, [(one.number, width_of(one.level)) for one in samples if one.level is not None]),
    ]
    seen = [alarm for alarm in monitor.alarms if alarm.number >= axes.first]
    parts += [_mark(axes, alarm.number, alarm.kind, _TOP + 66 * (index % 3)) for index, alarm in enumerate(seen)]
    head = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Widths of the last images">'
    return f"{head}{''.join(parts)}</svg>"


def _top(widths: list[float], band: tuple[float, float] | None, limit: float) -> float:
    """Width at the upper edge of a chart."""
    top = 1.15 * max(1.2 * max(widths), *(band or (0.0, 0.0)))
    # A limit far above would press the widths flat on the ground, where nobody sees them change.
    return max(top, 1.1 * limit) if limit < 2 * top else top


@dataclass(frozen=True)
class _Axes:
    """Numbers of images to the right, widths in pixels upwards from 0."""

    first: int
    last: int
    top: float
    right: int = _WIDTH - _RIGHT

    def x(self, number: float) -> float:
        return _LEFT + (self.right - _LEFT) * (number - self.first) / (self.last - self.first)

    def y(self, width: float) -> float:
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * width / self.top


def _grid(axes: _Axes) -> str:
    bottom = _HEIGHT - _BOTTOM
    parts = [f'<path d="M{_LEFT} {_TOP}V{bottom}H{axes.right}" fill="none" stroke="#1d1d1d"/>']
    for width in _ticks(0, axes.top):
        parts.append(
            f'<line x1="{_LEFT - 4}" x2="{_LEFT}" y1="{axes.y(width):.1f}" y2="{axes.y(width):.1f}" '
            f'stroke="#1d1d1d"/><text x="{_LEFT - 8}" y="{axes.y(width) + 4:.1f}" '
            f'text-anchor="end">{width:g}</text>'
        )
    for number in _ticks(axes.first, axes.last):
        if number == int(number):
            parts.append(f'<text x="{axes.x(number):.1f}" y="{bottom + 16}" text-anchor="middle">{number:g}</text>')
    middle = (_LEFT + axes.right) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">image</text>'
        f'<text x="14" y="{bottom / 2:.0f}" text-anchor="middle" transform="rotate(-90 14 {bottom / 2:.0f})">'
        "width, px</text>"
    )
    return "".join(parts)


def _band(axes: _Axes, band: tuple[float, float] | None) -> str:
    """Grey between the widths that are in control; nothing as long as they are learnt."""
    if band is None:
        return ""
    upper, lower = axes.y(min(band[1], axes.top)), axes.y(band[0])
    return (
        f'<rect x="{_LEFT}" y="{upper:.1f}" width="{axes.right - _LEFT}" height="{lower - upper:.1f}" '
        'fill="#e4e4e4"/>' + _label(axes, (upper + lower) / 2, "in control")
    )


def _limit(axes: _Axes, limit: float) -> str:
    """A dashed line; nothing if it lies above the chart."""
    if limit > axes.top:
        return ""
    y = axes.y(limit)
    return (
        f'<line x1="{_LEFT}" x2="{axes.right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#000" '
        'stroke-width="1.5" stroke-dasharray="8 4"/>' + _label(axes, y, f"limit {limit:.2f} px")
    )


def _widths(axes: _Axes, numbers: Sequence[int], ends: Sequence[tuple[float, float, float]]) -> str:
    """A dot for the width of each image, and a bar for its interval; `ends` are low, width and high."""
    return "".join(
        f'<line x1="{axes.x(number):.1f}" x2="{axes.x(number):.1f}" y1="{axes.y(low):.1f}" '
        f'y2="{axes.y(min(high, axes.top)):.1f}" stroke="#b5b5b5"/>'
        f'<circle cx="{axes.x(number):.1f}" cy="{axes.y(min(width, axes.top)):.1f}" r="2" fill="#777"/>'
        for number, (low, width, high) in zip(numbers, ends, strict=True)
    )


def _average(axes: _Axes, line: Sequence[tuple[int, float]]) -> str:
    """A line through the smoothed widths (number, width); nothing as long as the baseline is learnt."""
    if not line:
        return ""
    points = " ".join(f"{axes.x(number):.1f},{axes.y(min(width, axes.top)):.1f}" for number, width in line)
    return f'<polyline points="{points}" fill="none" stroke="#000" stroke-width="2"/>'


def _ticks(low: float, high: float) -> Sequence[float]:
    """Round numbers between two, about five."""
    rough = (high - low) / 5
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough)
    return [round(index * step, 10) for index in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _label(axes: _Axes, y: float, words: str) -> str:
    return f'<text x="{axes.right + 6}" y="{y + 4:.1f}">{words}</text>'


def _mark(axes: _Axes, number: int, kind: str, top: int) -> str:
    x = axes.x(number)
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="#000" '
        f'stroke-dasharray="2 3"/><text x="{x - 4:.1f}" y="{top + 4}" text-anchor="end" '
        f'transform="rotate(-90 {x - 4:.1f} {top + 4})">{kind}</text>'
    )


def _alarms(monitor: Monitor) -> str:
    if not monitor.alarms:
        return "<h2>Alarms</h2><p>None.</p>"
    rows = "".join(
        f"<tr><td>{_clock(one.time_s)}</td><td>{one.number}</td><th>{one.kind}</th><td>{text(one.words)}</td></tr>"
        for one in reversed(monitor.alarms)
    )
    return f"<h2>Alarms</h2><table><tr><th>when</th><th>image</th><th>kind</th><th>what</th></tr>{rows}</table>"


def _counts(monitor: Monitor) -> str:
    counts = monitor.counts
    rows = {"arrived": counts.arrived, "with a width": counts.good, **counts.refused, "skipped": counts.skipped}
    cells = "".join(f"<tr><td>{text(name)}</td><td>{count}</td></tr>" for name, count in rows.items())
    return f"<h2>Images</h2><table>{cells}</table><p>{100 * counts.share:.0f} % were looked at.</p>"


def _clock(time_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_s))
