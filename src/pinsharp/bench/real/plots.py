"""Pictures of a focus series: width and PSNR against the level, and the same place at every level."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from pinsharp.bench.engine.methods import BLURRED, TRUE_KERNEL, title
from pinsharp.bench.real.records import SHARP, LevelFigures, SeriesRecords, attempts_in, by_level, detail_path, light_of
from pinsharp.bench.real.tables import gain
from pinsharp.bench.show.figures import FONT, GREY, drawn, method_styles, new_figure, tidy
from pinsharp.images.files import read_image

MOST_LEVELS = 6  # how many levels the picture of details shows at most
_BLURRED_STYLE: dict[str, Any] = {"color": GREY, "linestyle": "-", "linewidth": 1.3, "marker": "x", "markersize": 5}
_MATCHED_STYLE: dict[str, Any] = {"color": "black", "linestyle": (0, (6, 3)), "linewidth": 1.0}
_PANEL = (3.3, 3.0)  # inches, width and height
_CELL = 1.15  # inches, width of a detail


def draw_curves(records: SeriesRecords) -> Figure:
    """Draw the width before and after restoration, and what restoring adds to PSNR, against the level."""
    figure = new_figure(2 * _PANEL[0], _PANEL[1] + 0.5)
    left, right = figure.subplots(1, 2)
    names = [title(*attempt) for attempt in attempts_in(records)]
    styles = method_styles(names, true_kernel=TRUE_KERNEL)
    taken = by_level(records, BLURRED, 0)
    before = _in_order(taken)
    levels = [each.level for each in before]
    matching = [each.registration.sigma if each.is_done else math.nan for each in before]
    left.plot(levels, matching, label="makes the sharp level match (no estimator)", **_MATCHED_STYLE)
    _draw_widths(left, before, "measured in the blurred image", _BLURRED_STYLE)
    for attempt, name in zip(attempts_in(records), names, strict=True):
        _draw_widths(left, _in_order(by_level(records, *attempt)), f"measured after {name}", styles[name])
        after = [each for each in _in_order(by_level(records, *attempt)) if each.level in taken]
        gains = [drawn(gain(taken[each.level], each)) for each in after]
        right.plot([each.level for each in after], gains, **styles[name])
    right.axhline(0, color="black", linewidth=0.8)
    low, high = right.get_ylim()
    right.set_ylim(min(low, -0.5), max(high, 0.5))
    right.axhspan(right.get_ylim()[0], 0, color="0.94", linewidth=0, zorder=0)
    right.text(0.02, 0.02, "grey: restoring hurts", transform=right.transAxes, fontsize=FONT)
    left.set(xlabel="focus level", ylabel="sigma, pixels", ylim=(0, None))
    right.set(xlabel="focus level", ylabel="gain in registered PSNR, dB")
    for axes in (left, right):
        tidy(axes)
        axes.xaxis.set_major_locator(MaxNLocator(integer=all(float(level).is_integer() for level in levels)))
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", frameon=False, fontsize=FONT, ncols=2)
    light = light_of(records.about)
    shown = str(records.about["set"]) + ("" if light == "linear" else f", light {light}")
    figure.suptitle(shown, fontsize=FONT + 1, x=0.01, ha="left", parse_math=False)
    return figure


def draw_details(records: SeriesRecords, folder: Path) -> Figure:
    """Draw the same place at every level, or at some: as it was taken, restored, and in the sharp level."""
    chosen = chosen_levels(list(by_level(records, BLURRED, 0)))
    rows = [(BLURRED, 0), *attempts_in(records), (SHARP, 0)]
    high, wide = records.about["detail"][2:]
    figure = new_figure(len(chosen) * _CELL + 0.35, len(rows) * (_CELL * high / wide + 0.2) + 0.25)
    grid = figure.subplots(len(rows), len(chosen), squeeze=False)
    for cells, (row, passes) in zip(grid, rows, strict=True):
        known = by_level(records, row, passes)
        for axes, level in zip(cells, chosen, strict=True):
            path = detail_path(folder, records.about["run"], level, row, passes)
            _show(axes, path, _caption(records, level, known.get(level)))
        name = f"level {records.about['reference']}" if row == SHARP else title(row, passes).replace(", ", "\n")
        cells[0].set_ylabel(name, fontsize=FONT, parse_math=False)
    for axes, level in zip(grid[0], chosen, strict=True):
        axes.set_title(f"level {level:g}\n{axes.get_title(loc='left')}", fontsize=FONT - 1, loc="left", pad=2)
    return figure


def chosen_levels(levels: Sequence[float]) -> list[float]:
    """The levels that are shown: all, or some from the one end to the other with the sharpest among them."""
    order = sorted(levels)
    if len(order) <= MOST_LEVELS:
        return order
    places = {round(place * (len(order) - 1) / (MOST_LEVELS - 1)) for place in range(MOST_LEVELS)}
    chosen = [order[place] for place in sorted(places)]
    sharpest = min(levels, key=abs)
    nearest = min(range(len(chosen)), key=lambda place: abs(chosen[place] - sharpest))
    chosen[nearest] = sharpest
    return chosen


def _in_order(figures: dict[float, LevelFigures]) -> list[LevelFigures]:
    return sorted(figures.values(), key=lambda each: each.level)


def _draw_widths(axes: Axes, figures: Sequence[LevelFigures], label: str, style: dict[str, Any]) -> None:
    """A line through the measured widths, and at each a bar of one standard deviation to both sides."""
    levels = [each.level for each in figures]
    widths = [math.nan if each.sigma is None else each.sigma for each in figures]
    spread = [width * (each.sigma_relative_std or 0) for width, each in zip(widths, figures, strict=True)]
    axes.plot(levels, widths, label=label, **style)
    axes.errorbar(levels, widths, spread, fmt="none", ecolor=style["color"], elinewidth=0.8, capsize=2)


def _caption(records: SeriesRecords, level: float, figures: LevelFigures | None) -> str:
    if figures is None or not figures.is_done:
        return " " if figures is None else "failed"
    width = "" if figures.sigma is None else f"sigma {figures.sigma:.2f}"
    if math.isinf(figures.psnr):
        return width
    return f"{width}, {figures.psnr:.2f} dB"


def _show(axes: Axes, path: Path, caption: str) -> None:
    if path.is_file():
        axes.imshow(read_image(path).pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(caption, fontsize=FONT - 1, loc="left", pad=2)
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
