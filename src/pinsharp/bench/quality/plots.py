"""The curves of a benchmark: PSNR against the width of the blur (Figure 5 of the paper), and speed against quality.

The numbers behind a picture are a table of their own, and the picture is drawn from that table.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pinsharp.bench.engine.methods import BLURRED, LINEAR_LIMIT, TRUE_KERNEL
from pinsharp.bench.quality.records import Measurement, RunRecords
from pinsharp.bench.quality.standing import (
    REFERENCES,
    Standing,
    check_known,
    describe,
    faults,
    quality_cells,
    scores,
    standings,
)
from pinsharp.bench.show.figures import (
    GREY,
    PSNRS,
    drawn,
    footnote,
    head,
    legend,
    method_styles,
    panel_grid,
    tidy,
    width_of,
)
from pinsharp.bench.show.typeset import MARK, Cell, Column, Group, Table
from pinsharp.errors import ConfigError

_REFERENCE_STYLES: dict[str, dict[str, Any]] = {
    BLURRED: {"color": GREY, "linestyle": "-", "linewidth": 1.0},
    LINEAR_LIMIT: {"color": "black", "linestyle": (0, (6, 3)), "linewidth": 1.0},
}


def fig5(runs: Sequence[RunRecords], rows: Sequence[str] = ()) -> Table:
    """Average every method at every width of the blur.

    Args:
        runs: Benchmark runs.
        rows: Rows to keep, beside blurred and linear limit; empty keeps all.

    Raises:
        ConfigError: If no run has two kernels to draw a curve through, or none has one of the rows.
    """
    columns = (
        *(Column("set"), Column("run"), Column("protocol"), Column("axis"), Column("row", "method")),
        *(Column("kernel", "kernel"), Column("width", "width, px", 2), Column("mean_psnr", PSNRS["mean"], 2)),
        *(Column("aggregate_psnr", PSNRS["aggregate"], 2), Column("ssim", "SSIM", 4)),
        *(Column("restorations"), Column("expected"), Column("failed")),
    )
    check_known(runs, rows)
    groups: list[Group] = []
    notes: list[str] = []
    left_out: list[str] = []
    for run in runs:
        kept = [row for row in standings(run) if not rows or row.row in (*REFERENCES, *rows)]
        shared: dict[str, Cell] = {"set": run.set, "run": run.id, "protocol": describe(run)}
        points = [point for row in kept for point in _points(row)]
        if len({point["kernel"] for point in points}) < 2:
            left_out.append(f"{run.set} (run {run.id})")
            continue
        incomplete = {row.row for row in kept if not row.is_whole}
        marks = {number: MARK for number, point in enumerate(points) if point["row"] in incomplete}
        groups.append(Group(describe(run), points, shared, marks))
        notes += [f"{fault} [{run.set}]" for fault in faults(kept)]
    if not groups:
        raise ConfigError(
            f"expected records of at least 2 kernels to draw a curve through, got one in {', '.join(left_out)}; "
            "measure with --kernels gaussian8"
        )
    notes += [f"Left out, as there is one kernel only: {name}." for name in left_out]
    return Table("fig5", columns, tuple(groups), tuple(notes))


def draw_fig5(table: Table, *, psnr: str = "mean") -> Figure:
    """Draw the table of `fig5`, a panel for each run and family of kernels; `psnr` is a key of `PSNRS`."""
    panels = [(group, axis) for group in table.groups for axis in dict.fromkeys(row["axis"] for row in group.rows)]
    names = list(dict.fromkeys(str(row["row"]) for group in table.groups for row in group.rows))
    styles = method_styles([name for name in names if name not in REFERENCES], true_kernel=TRUE_KERNEL)
    figure, grid = panel_grid(len(panels), len(names))
    for axes, (group, axis) in zip(grid, panels, strict=True):
        rows = [row for row in group.rows if row["axis"] == axis]
        for name in dict.fromkeys(str(row["row"]) for row in rows):
            _draw_curve(axes, [row for row in rows if row["row"] == name], psnr, _REFERENCE_STYLES | styles)
        axes.set(xlabel=axis, ylabel=PSNRS[psnr])
        head(axes, group.title)
        tidy(axes)
    legend(figure, grid, [str(group.rows[place]["row"]) for group in table.groups for place in group.marks])
    footnote(figure, table.notes)
    return figure


def _points(row: Standing) -> list[dict[str, Cell]]:
    """Figures of a row at each kernel, ordered by family and width."""
    kernels: dict[str, list[Measurement]] = {}
    for each in row.measured.values():
        kernels.setdefault(each.kernel, []).append(each)
    points: list[dict[str, Cell]] = []
    for kernel, group in kernels.items():
        axis, width = width_of(kernel, group[0].sigma)
        points.append(
            {
                "axis": axis,
                "row": row.row,
                "kernel": kernel,
                "width": width,
                **quality_cells(scores(group)),
                "restorations": len(group),
                "expected": row.images,
                "failed": sum(pair[-1] == kernel for pair in row.failures),
            }
        )
    return sorted(points, key=lambda point: (str(point["axis"]), float(point["width"] or 0)))


def _draw_curve(axes: Axes, rows: Sequence[Mapping[str, Any]], psnr: str, styles: Mapping[str, Any]) -> None:
    name = str(rows[0]["row"])
    widths = [row["width"] for row in rows]
    figures = [drawn(row[f"{psnr}_psnr"]) for row in rows]
    style = styles[name]
    if len(rows) == 1:
        style = {"marker": "_"} | style
    axes.plot(widths, figures, label=name, **style)
