"""The picture of images in practice: a line a situation, a dot an image, coloured by whether the answer is right."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from pinsharp.bench.robust.catalogue import SITUATIONS
from pinsharp.bench.robust.records import WITHIN, Answer, RobustRecords, Standing
from pinsharp.bench.robust.tables import by_situation
from pinsharp.bench.show.figures import COLOURS, FONT, GREY, footnote, new_figure, shortened, tidy

COLOUR: dict[Standing, str] = {"right": COLOURS[2], "wrong": COLOURS[4], "silent": COLOURS[1]}
"""Of a dot."""

_MARKER: dict[Standing, str] = {"right": "o", "wrong": "D", "silent": "s"}
_SIZE: dict[Standing, float] = {"right": 3, "wrong": 3.2, "silent": 4.4}  # points
_EDGE: dict[Standing, str] = {**COLOUR, "silent": "black"}
"""So that dots are distinguished in grey too."""

_WORDS: dict[Standing, str] = {
    "right": "right",
    "wrong": "wrong",
    "silent": "silently wrong: width or result, and nothing says so",
}
_ORDER: tuple[Standing, ...] = ("right", "wrong", "silent")  # the last ones lie on top
_ROW, _HEAD = 0.24, 1.3  # inches: height of a situation, and of all around them
_NAMES, _WIDTHS, _CHANGES = 1.9, 4.2, 2.2  # inches: width of names, of the panel of widths, of that of changes
_REACH = 4.0  # widths that are off by more lie at the border
_MOST_CHANGE = 8.0  # dB; so do changes
_SPREAD = 0.7  # of a row's height, that its dots are spread over


def draw_answers(records: RobustRecords) -> Figure:
    """Draw all answers: widths over the true ones and, where images were restored, changes of PSNR."""
    models = list(dict.fromkeys(each.row for each in records.figures))
    names = list(by_situation(records.figures))
    has_changes = any(each.change is not None for each in records.figures)
    panels = [_WIDTHS, *([_CHANGES] if has_changes else [])]
    figure = new_figure(_NAMES + len(models) * sum(panels), _HEAD + _ROW * max(len(names), 4))
    grid = (
        figure.subplots(
            1, len(models) * len(panels), squeeze=False, sharey=True, width_ratios=panels * max(len(models), 1)
        )[0]
        if models
        else []
    )
    for place, model in enumerate(models):
        rows = by_situation([each for each in records.figures if each.row == model])
        axes = grid[place * len(panels)]
        _draw_widths(axes, rows, names)
        axes.set_title(f"{shortened(model)}: width found / true width", fontsize=FONT + 1, loc="left", parse_math=False)
        if has_changes:
            _draw_changes(grid[place * len(panels) + 1], rows, names)
    if models:
        _name_rows(grid[0], names)
        _explain(figure)
    return figure


def _draw_widths(axes: Axes, rows: Mapping[str, Sequence[Answer]], names: Sequence[str]) -> None:
    axes.axvspan(1 - WITHIN, 1 + WITHIN, color="0.93", zorder=0)
    axes.axvline(1, color="0.7", linewidth=0.8, zorder=1)
    for place, answers in _placed(rows, names):
        for y, each in zip(_heights(place, len(answers)), answers, strict=True):
            _draw_width(axes, y, each)
        right, silent = (np.mean([each.standing == kind for each in answers]) for kind in ("right", "silent"))
        words = f"{100 * right:.0f} %" + (f", {100 * silent:.0f} % silent" if silent else "")
        at = (1.01, place)
        axes.annotate(words, at, xycoords=axes.get_yaxis_transform(), va="center", fontsize=FONT - 2, color=GREY)
    axes.set_xscale("log")
    axes.set_xlim(1 / _REACH / 1.1, _REACH * 1.1)
    axes.xaxis.set_major_locator(FixedLocator([1 / 4, 1 / 2, 1 - WITHIN, 1 + WITHIN, 2, 4]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.2g}" if value < 1 else f"{value:.3g}"))
    tidy(axes)


def _draw_width(axes: Axes, y: float, each: Answer) -> None:
    """One dot with its interval; hollow if no width is claimed, a cross at the border if no width could be right."""
    colour, order = COLOUR[each.standing], 3 + _ORDER.index(each.standing)
    if each.error is None or each.sigma is None:
        marker = "X" if each.standing == "silent" else "x"
        axes.plot([1 / _REACH], [y], marker, zorder=order, **_style(each.standing, markersize=3.5))
        return
    true = each.sigma / (1 + each.error)
    if each.low is not None and each.high is not None:
        ends = np.clip([each.low / true, each.high / true], 1 / _REACH, _REACH)
        axes.plot(ends, [y, y], color=colour, linewidth=0.6, alpha=0.5, zorder=2)
    ratio = 1 + each.error
    inside = min(max(ratio, 1 / _REACH), _REACH)
    marker = _MARKER[each.standing] if inside == ratio else (">" if ratio > 1 else "<")
    is_claimed = each.verdict not in ("no-texture", "periodic", "contradictory", "motion-or-astigmatism")
    face = colour if is_claimed else "white"
    axes.plot([inside], [y], marker, zorder=order, **_style(each.standing, markerfacecolor=face))


def _style(standing: Standing, **other: Any) -> dict[str, Any]:
    """How a dot looks, whatever its shape; `other` comes on top."""
    style = {"color": COLOUR[standing], "markersize": _SIZE[standing], "markeredgecolor": _EDGE[standing]}
    return style | {"markeredgewidth": 0.7, "linestyle": ""} | other


def _draw_changes(axes: Axes, rows: Mapping[str, Sequence[Answer]], names: Sequence[str]) -> None:
    axes.axvline(0, color="0.7", linewidth=0.8, zorder=1)
    for place, answers in _placed(rows, names):
        for y, each in zip(_heights(place, len(answers)), answers, strict=True):
            if each.change is not None:
                inside = min(max(each.change, -_MOST_CHANGE), _MOST_CHANGE)
                marker = _MARKER[each.standing] if inside == each.change else (">" if each.change > 0 else "<")
                order = 3 + _ORDER.index(each.standing)
                axes.plot([inside], [y], marker, zorder=order, **_style(each.standing))
    axes.set_xlim(-_MOST_CHANGE * 1.1, _MOST_CHANGE * 1.1)
    axes.set_title("change of PSNR, dB", fontsize=FONT + 1, loc="left")
    tidy(axes)
    axes.tick_params(left=False)


def _placed(rows: Mapping[str, Sequence[Answer]], names: Sequence[str]) -> list[tuple[int, Sequence[Answer]]]:
    return [(place, rows[name]) for place, name in enumerate(names) if name in rows]


def _heights(place: int, count: int) -> list[float]:
    """Where the dots of a row lie, from above."""
    return [place + _SPREAD * ((number + 0.5) / count - 0.5) for number in range(count)]


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    """Names at the left, and lines between the kinds of situations."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    kinds = [SITUATIONS[name].kind if name in SITUATIONS else None for name in names]
    for other in axes.figure.axes:
        other.grid(visible=False, axis="y")
        for place, (above, below) in enumerate(itertools.pairwise(kinds)):
            if above != below:
                other.axhline(place + 0.5, color="0.8", linewidth=0.8)


def _explain(figure: Figure) -> None:
    handles = [Line2D([], [], marker=_MARKER[kind], **_style(kind)) for kind in _ORDER]
    labels = [_WORDS[kind] for kind in _ORDER]
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False, fontsize=FONT)
    footnote(
        figure,
        [
            "A dot an image, a line its 90 % interval; grey: within 15 %. Hollow: no width is claimed. Crosses at the "
            "left: there is no width that could be right. Triangles: beyond the border. Per cent: right answers of a "
            "situation.",
        ],
    )
