"""Pictures of speed: megapixels a second of every method, and its quality against that."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from pinsharp.bench.engine.methods import TRUE_KERNEL
from pinsharp.bench.show.figures import (
    FONT,
    PSNRS,
    drawn,
    footnote,
    head,
    legend,
    log_axis,
    method_styles,
    new_figure,
    panel_grid,
    shortened,
    tidy,
)
from pinsharp.bench.show.typeset import Table


def draw_speed(table: Table) -> Figure:
    """Draw megapixels a second of every method, fastest first; a marker is a size, an image and a number of threads."""
    rows = [row for group in table.groups for row in group.rows if row["megapixels_per_second"]]
    settings = {_setting(row): _speed_label(row) for row in rows}
    methods = list(dict.fromkeys(row["method"] for row in rows))
    best = {name: max(row["megapixels_per_second"] for row in rows if row["method"] == name) for name in methods}
    methods.sort(key=lambda name: best[name])
    figure = new_figure(5.6, 0.9 + 0.24 * len(methods))
    axes = figure.subplots()
    styles = method_styles(list(settings.values()), true_kernel=TRUE_KERNEL)
    for setting, label in settings.items():
        own = [row for row in rows if _setting(row) == setting]
        places = [methods.index(row["method"]) for row in own]
        style = styles[label] | {"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 1.3}
        axes.plot([row["megapixels_per_second"] for row in own], places, label=label, **style)
    axes.set_ylim(-0.6, len(methods) - 0.4)
    axes.set_yticks(range(len(methods)), [shortened(name) for name in methods], parse_math=False)
    axes.set(xlabel=_speed_axis(rows))
    axes.margins(x=0.08)
    log_axis(axes)
    tidy(axes)
    figure.legend(loc="outside right upper", frameon=False, fontsize=FONT)
    return figure


def draw_quality(table: Table, *, psnr: str = "mean") -> Figure:
    """Draw quality (`psnr`, a key of `PSNRS`) against speed, a point a method, a panel for each test set."""
    names = list(dict.fromkeys(str(row["method"]) for group in table.groups for row in group.rows))
    styles = method_styles(names, true_kernel=TRUE_KERNEL)
    figure, grid = panel_grid(len(table.groups), len(names))
    for axes, group in zip(grid, table.groups, strict=True):
        for row in group.rows:
            style = styles[row["method"]] | {"linestyle": "none", "markersize": 6}
            axes.plot(row["megapixels_per_second"], drawn(row[f"{psnr}_psnr"]), label=row["method"], **style)
        axes.margins(x=0.12, y=0.12)
        log_axis(axes)
        axes.set(xlabel=f"{_speed_axis(group.rows)}\n({_speed_label(group.rows[0])})", ylabel=PSNRS[psnr])
        head(axes, group.title)
        tidy(axes)
    marked = [group.rows[place]["method"] for group in table.groups for place in group.marks]
    legend(figure, grid, [str(name) for name in marked])
    footnote(figure, table.notes[1:])  # the first is about memory
    return figure


def _setting(row: Mapping[str, Any]) -> tuple[float, int, str]:
    return row["megapixels"], row["threads"], row["image"]


def _speed_label(row: Mapping[str, Any]) -> str:
    threads = f", {row['threads']} thread{'' if row['threads'] == 1 else 's'}" if row["device"] == "cpu" else ""
    return f"{row['megapixels']:.2f} MP{threads}" + (", mono" if row["image"] == "mono" else "")


def _speed_axis(rows: Sequence[Mapping[str, Any]]) -> str:
    devices = ", ".join(dict.fromkeys(str(row["device"]) for row in rows)).replace("cpu", "CPU")
    return f"megapixels a second, {devices}"
