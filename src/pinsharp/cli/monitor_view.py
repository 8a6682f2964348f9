"""How `pinsharp monitor` shows itself: a view that stays in its place in a terminal, lines elsewhere, or JSON."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pinsharp.cli.messages import print_json, remark

if TYPE_CHECKING:
    from rich.console import Group

    from pinsharp.monitor.monitor import Monitor, Report

Show = Callable[["Report"], None]

_BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588"
_SHOWN_ALARMS = 8


@contextmanager
def shown(monitor: "Monitor", source: str, *, as_json: bool) -> Iterator[Show]:
    """Give what shows an image, with its alarms."""
    if as_json:
        yield lambda report: _in_json(monitor, report)
        return
    from rich.console import Console

    console = Console()
    if not console.is_terminal or not console.encoding.lower().startswith("utf"):
        yield lambda report: _in_lines(monitor, report)
        return
    from rich.live import Live

    with Live(_view(monitor, source, console.width), console=console, auto_refresh=False) as live:
        yield lambda report: live.update(_view(monitor, source, console.width), refresh=True)


def conclude(monitor: "Monitor", *, as_json: bool) -> None:
    """Show what has been seen in all."""
    from pinsharp.monitor.words import summary_figures, summary_in_words

    if as_json:
        print_json(summary_figures(monitor))
    for line in summary_in_words(monitor):
        remark(line)


def _in_json(monitor: "Monitor", report: "Report") -> None:
    from pinsharp.monitor.words import alarm_figures, image_figures

    print_json(image_figures(monitor, report))
    for alarm in report.alarms:
        print_json(alarm_figures(alarm))


def _in_lines(monitor: "Monitor", report: "Report") -> None:
    from pinsharp.monitor.words import alarm_in_words, image_in_words, state_in_words

    print(f"{image_in_words(report.measurement)}; {state_in_words(monitor)}", flush=True)
    for alarm in report.alarms:
        print(alarm_in_words(alarm), flush=True)


def _view(monitor: "Monitor", source: str, columns: int) -> "Group":
    """What stands in the terminal: last image, where the width is, a small chart, alarms, counts."""
    from rich.console import Group
    from rich.text import Text

    from pinsharp.monitor.words import alarm_in_words, image_in_words, state_in_words

    held = any(monitor.held.values())
    counts = monitor.counts
    refused = sum(counts.refused.values())
    lines = [
        Text(f"pinsharp monitor {source}", style="bold"),
        Text("waiting for the first image" if monitor.last is None else image_in_words(monitor.last)),
        Text(state_in_words(monitor) + monitor.refocus(), style="bold reverse" if held else ""),
        Text(sparkline(monitor, columns - 24)),
        Text(
            f"{counts.arrived} images, {counts.good} with a width, {refused} without, "
            f"{100 * counts.share:.0f} % looked at; limit {monitor.rules.limit:.2f} px; Ctrl-C stops"
        ),
    ]
    lines += [Text(alarm_in_words(alarm)) for alarm in reversed(monitor.alarms[-_SHOWN_ALARMS:])]
    return Group(*lines)


def sparkline(monitor: "Monitor", columns: int) -> str:
    """Widths of the last good images as a row of bars between the least and the largest, which stand beside it."""
    from pinsharp.monitor.baseline import width_of

    widths = [width_of(one.value) for one in monitor.history[-max(8, columns) :]]
    if not widths:
        return ""
    low, high = min(widths), max(widths)
    scale = (len(_BARS) - 1) / max(high - low, 0.05 * high, 1e-9)
    return "".join(_BARS[round(scale * (width - low))] for width in widths) + f"  {low:.2f} to {high:.2f} px"
