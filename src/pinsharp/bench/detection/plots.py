"""The curves of the detection benchmark: F1 and false alarms against the width of the blur, drawn from its table."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinsharp.bench.detection.records import SHARP
from pinsharp.bench.engine.methods import BLURRED, LINEAR_LIMIT, TRUE_KERNEL
from pinsharp.bench.show.figures import GREY, drawn, footnote, legend_beside, method_styles, new_figure, shortened, tidy
from pinsharp.bench.show.typeset import Cell, Table

_FIGURES = {"f1": "F1", "false_alarms": "false alarms a megapixel"}
_PANEL = (3.1, 2.5)  # inches, width and height
_LEGEND = 1.9  # inches
_LINES = {1: "-", 2: "--", 3: "-."}  # of the first, second, third number of passes
_MARGIN = 0.35  # pixels of blur left and right of the curves
_DODGE = 0.008  # of the axis, between the rows of one blur, so that their bars do not hide one another
_LINEAR_BELOW, _MANY = 10, 100  # where some have many false alarms, the axis is linear up to 10, then logarithmic

_STYLES: dict[str, dict[str, Any]] = {
    SHARP: {"color": "black", "linestyle": "-", "linewidth": 1.0},
    BLURRED: {"color": GREY, "linestyle": "-", "linewidth": 1.0, "marker": "x", "markersize": 5},
    LINEAR_LIMIT: {"color": "black", "linestyle": (0, (6, 3)), "linewidth": 1.0, "marker": "+", "markersize": 6},
}

Row = Mapping[str, Any]


def draw_curves(table: Table) -> Figure:
    """Draw F1 above and false alarms below, a column for each family of blurs, with intervals as bars."""
    rows: list[Row] = [{**group.shared, **row} for group in table.groups for row in group.rows]
    families = list(dict.fromkeys(str(row["axis"]) for row in rows))
    names = list(dict.fromkeys(str(row["row"]) for row in rows))
    styles = row_styles(rows)
    figure = new_figure(len(families) * _PANEL[0] + _LEGEND, len(_FIGURES) * _PANEL[1] + 0.15)
    grid = figure.subplots(len(_FIGURES), len(families), squeeze=False, sharex="col", sharey="row")
    for column, family in enumerate(families):
        widths = sorted({float(row["width"]) for row in rows if row["axis"] == family})
        dodge = _DODGE * (widths[-1] - widths[0] + 2 * _MARGIN)
        for axes, (key, label) in zip(grid[:, column], _FIGURES.items(), strict=True):
            for place, name in enumerate(names):
                chosen = [row for row in rows if row["axis"] == family and row["row"] == name]
                if name == SHARP:
                    _draw_level(axes, chosen, key, styles[name])
                else:
                    _draw_curve(axes, chosen, key, styles[name], (place - len(names) / 2) * dodge)
            axes.set(ylabel=label if not column else "")
            tidy(axes)
        grid[-1, column].set(xlabel=family, xticks=widths, xlim=(widths[0] - _MARGIN, widths[-1] + _MARGIN))
    grid[0, 0].set_ylim(0, 1.02)
    _wide_axis(grid[1, 0], rows)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    legend_beside(figure, handles, [shortened(label) for label in labels], handlelength=3.2)
    remark = (
        f"Over {max((int(row['panels']) for row in rows), default=0)} panels; bars and the grey band: 95 % confidence "
        "intervals. Points of one blur stand beside one another only to be seen."
    )
    footnote(figure, [remark, *(note for note in table.notes if "failed, first seed" in note)])
    return figure


def row_styles(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Choose how each row is drawn: colour and marker by method, line by passes, hollow with the true kernel."""
    methods = [str(row["method"]) for row in rows if row["method"] not in _STYLES]
    looks = method_styles(methods, true_kernel=TRUE_KERNEL)
    passes = sorted({int(row["passes"]) for row in rows if row["passes"]})
    styles = dict(_STYLES)
    for row in rows:
        name, method = str(row["row"]), str(row["method"])
        if name not in styles:
            line = _LINES.get(passes.index(row["passes"]) + 1, (0, (1, 2, 4, 2)))
            own = {} if method.endswith(TRUE_KERNEL) else {"linestyle": line}
            styles[name] = looks[method] | own | {"markersize": 4.5, "linewidth": 1.2}
    return styles


def _draw_level(axes: Axes, rows: Sequence[Row], key: str, style: dict[str, Any]) -> None:
    """A line across for the sharp image, which no blur changes, and its interval as a band."""
    if not rows or rows[0].get(key) is None:
        return
    axes.axhline(rows[0][key], label=SHARP, **style)
    low, high = rows[0].get(f"{key}_low"), rows[0].get(f"{key}_high")
    if low is not None and high is not None:
        axes.axhspan(low, high, color="0.85", linewidth=0, zorder=0)


def _draw_curve(axes: Axes, rows: Sequence[Row], key: str, style: dict[str, Any], shift: float) -> None:
    """A line through a row's figures, and at each a bar from end to end of its interval."""
    order = sorted((row for row in rows if row.get(key) is not None), key=lambda row: float(row["width"]))
    if not order:
        return
    widths = [row["width"] + shift for row in order]
    values = [row[key] for row in order]
    axes.plot(widths, values, label=str(order[0]["row"]), clip_on=False, **style)
    ends = [
        [abs(value - _known(row.get(f"{key}_{end}"), value)) for row, value in zip(order, values, strict=True)]
        for end in ("low", "high")
    ]
    axes.errorbar(widths, values, ends, fmt="none", ecolor=style["color"], elinewidth=0.9, capsize=2)


def _known(end: Cell, value: float) -> float:
    number = drawn(end) if isinstance(end, float | int) else math.nan
    return value if math.isnan(number) else number


def _wide_axis(axes: Axes, rows: Sequence[Row]) -> None:
    """Show false alarms from 0 on; where some have many, ones and thousands on one axis."""
    most = max((float(row["false_alarms"]) for row in rows if row.get("false_alarms") is not None), default=0)
    if most > _MANY:
        axes.set_yscale("symlog", linthresh=_LINEAR_BELOW)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_ylim(0, None)
