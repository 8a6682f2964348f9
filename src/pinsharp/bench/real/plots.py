"""Plots of focus series: measured width against fitted width, and what restoring gains at every level."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pinsharp.bench.engine.methods import BLURRED, FITTED_KERNEL, title
from pinsharp.bench.real.records import (
    LevelFigures,
    SeriesRecords,
    attempts_in,
    by_level,
    gain,
    name_in_light,
    pairs_in,
    series_in,
)
from pinsharp.bench.real.summary import WITHIN
from pinsharp.bench.show.figures import FONT, drawn, legend_beside, method_styles, new_figure, tidy

_PANEL = (2.7, 2.4)  # inches, width and height
_SQUARE = 4.2
_LEGEND = 1.9  # inches, width
_BESIDE = 2


def draw_widths(records: SeriesRecords) -> Figure:
    """Draw the width that is measured in every image before restoration against the one that was fitted."""
    figure = new_figure(_SQUARE + _LEGEND, _SQUARE)
    axes = figure.subplots()
    styles = method_styles(series_in(records), true_kernel=FITTED_KERNEL)
    drawings = [_draw_series(axes, records, series, styles[series]) for series in series_in(records)]
    ends = [0.0, 1.05 * max(1.0, *drawings)]
    axes.plot(ends, ends, color="black", linewidth=0.8)
    axes.fill_between(ends, [end * (1 - WITHIN) for end in ends], [end * (1 + WITHIN) for end in ends], color="0.9")
    axes.set(xlim=ends, ylim=ends, xlabel="fitted sigma, pixels", ylabel="measured sigma, pixels")
    axes.set_title(f"grey: within {WITHIN:.0%}; bars: one standard deviation, as stated", loc="left", fontsize=FONT)
    tidy(axes)
    legend_beside(figure, *axes.get_legend_handles_labels())
    return figure


def _draw_series(axes: Axes, records: SeriesRecords, series: str, style: Mapping[str, Any]) -> float:
    """Draw the widths of one series; the largest of them, 0 if none is known."""
    taken = by_level(records, BLURRED, 0, series).values()
    known = [(each.fitted_sigma, each) for each in taken if each.fitted_sigma is not None and each.sigma is not None]
    if not known:
        return 0.0
    fitted, measured = [width for width, _ in known], [drawn(each.sigma) for _, each in known]
    spread = [width * (each.sigma_relative_std or 0) for width, (_, each) in zip(measured, known, strict=True)]
    look = {"color": style["color"], "marker": style["marker"], "linestyle": "none"}
    label = name_in_light(records, series)
    axes.errorbar(fitted, measured, spread, label=label, markersize=5, elinewidth=0.8, capsize=2, **look)
    return max(*fitted, *measured)


def draw_gains(records: SeriesRecords) -> Figure:
    """Draw what each row adds to PSNR against the level, a panel for each series."""
    attempts = attempts_in(records)
    names = [title(*attempt).removesuffix(", once") for attempt in attempts]
    styles = method_styles(names, true_kernel=FITTED_KERNEL)
    series = series_in(records)
    beside = min(_BESIDE, max(len(series), 1))
    below = -(-len(series) // beside) or 1
    figure = new_figure(beside * _PANEL[0] + _LEGEND, max(below * _PANEL[1], 0.2 * len(names) + 0.5))
    grid = figure.subplots(below, beside, squeeze=False).flatten()
    for unused in grid[len(series) :]:
        unused.remove()
    for axes, each in zip(grid, series, strict=False):
        for (row, passes), name in zip(attempts, names, strict=True):
            pairs = [pair for pair in pairs_in(records, row, passes) if pair[0].series == each]
            _draw_gain(axes, pairs, name, styles[name])
        _finish(axes, name_in_light(records, each))
    if names and series:
        legend_beside(figure, *grid[0].get_legend_handles_labels(), handlelength=3)
    return figure


def _draw_gain(
    axes: Axes, pairs: Sequence[tuple[LevelFigures, LevelFigures]], name: str, style: dict[str, object]
) -> None:
    order = sorted(pairs, key=lambda pair: pair[0].level)
    gains = [drawn(gain(*pair)) for pair in order]
    axes.plot([before.level for before, _ in order], gains, label=name, **(style | {"markersize": 3}))  # type: ignore[arg-type]


def _finish(axes: Axes, name: str) -> None:
    axes.axhline(0, color="black", linewidth=0.8)
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -0.5), max(high, 0.5))
    axes.axhspan(axes.get_ylim()[0], 0, color="0.94", linewidth=0, zorder=0)
    axes.set(xlabel="focus level", ylabel="gain, dB")
    axes.set_title(f"{name} (grey: restoring hurts)", loc="left", fontsize=FONT, parse_math=False)
    are_whole = all(np.all(np.mod(np.asarray(line.get_xdata(), float), 1) == 0) for line in axes.get_lines())
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=are_whole))
    tidy(axes)
