"""The tables of a benchmark: quality of every method (Table 1 of the paper), its ablations (Table 2), and what is left.

Every table shows PSNR by both definitions, because they differ by up to a decibel and papers use either: the aggregate,
10 log10(1 / mean MSE), as the paper has it, and the mean of the images' PSNR, as most others have it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pinsharp.bench.engine.methods import LINEAR_LIMIT, TRUE_KERNEL
from pinsharp.bench.quality.records import RunRecords
from pinsharp.bench.quality.standing import (
    QUALITY,
    REFERENCES,
    Standing,
    by_name,
    describe,
    faults,
    gain,
    median_of,
    paired,
    psnr_of,
    quality_cells,
    standings,
)
from pinsharp.bench.show.typeset import MARK, Cell, Column, Group, Table
from pinsharp.errors import ConfigError

ABLATIONS = ("udbd", "udbd-flat", "udbd-fwd")
"""Rows of Table 2: the whole network, without the up- and down-sampling of its refinement, and with FWD for DFWD."""

JUDGED = "Restored images are rounded to 8 bits; all channels, no border cut."
"""What a note says of how every restoration of a run was judged."""

_Figures = Callable[[RunRecords, Standing, Mapping[str, Standing]], dict[str, Cell]]

_RUN = (Column("set"), Column("run"), Column("protocol"))
_METHOD = Column("method", "method")
_COUNTS = (Column("restorations"), Column("failed"), Column("expected"))
_SIZE = Column("parameters", "parameters, M", 2, factor=1e-6)
_PSNR_NOTE = (
    "Aggregate PSNR is 10 log10(1 / mean MSE), the paper's definition; mean PSNR is the mean of the images' PSNR. "
    + JUDGED
)


def table1(runs: Sequence[RunRecords]) -> Table:
    """Compare all methods on every test set, as Table 1 of the paper does."""
    columns = (
        *(*_RUN, _METHOD, *QUALITY),
        Column("seconds", "s an image", 3),
        _SIZE,
        Column("budget", "training"),
        *(*_COUNTS, Column("weights_sha256")),
    )
    notes = (
        _PSNR_NOTE,
        "s an image: median wall time while restoring, on the machine and with the processes of that run; speed is "
        "compared by pinsharp bench speed.",
    )
    return _table("table1", columns, [(run, standings(run)) for run in runs], _row1, notes)


def table2(runs: Sequence[RunRecords], rows: Sequence[str] = ABLATIONS) -> Table:
    """Compare a network with its ablations, as Table 2 of the paper does.

    Args:
        runs: Benchmark runs; those without two of the rows are left out.
        rows: Names of the rows, the whole network first.

    Raises:
        ConfigError: If no run has two of the rows.
    """
    known = [(run, by_name(standings(run))) for run in runs]
    chosen = [(run, [found[row] for row in rows if row in found]) for run, found in known]
    chosen = [(run, found) for run, found in chosen if len(found) > 1]
    if not chosen:
        there = sorted({row for run in runs for row in run.methods} - set(REFERENCES))
        raise ConfigError(
            f"expected records of at least two of {', '.join(rows)}, got {', '.join(there) or 'none'}; "
            f"measure them with pinsharp bench run --methods {','.join(rows)}"
        )
    change = (
        Column("aggregate_change", "change, aggregate", 2, signed=True),
        Column("mean_change", "change, mean", 2, signed=True),
    )
    columns = (*_RUN, _METHOD, *QUALITY, *change, _SIZE, Column("budget", "training"), *_COUNTS)
    notes = (_PSNR_NOTE, f"Change: PSNR in dB against {rows[0]}.")
    return _table("table2", columns, chosen, _row2(rows[0]), notes)


def oracle(runs: Sequence[RunRecords]) -> Table:
    """Show what the true kernel would add to every method, and how far it is from the best linear filter."""
    columns = (
        *(*_RUN, _METHOD),
        *(
            column
            for key in ("mean", "aggregate")
            for column in (
                Column(f"blind_{key}_psnr", f"{key}: blind", 2),
                Column(f"informed_{key}_psnr", f"{key}: true kernel", 2),
                Column(f"{key}_gap", f"{key}: gap", 2, signed=True),
                Column(f"{key}_left", f"{key}: left", 2, signed=True),
            )
        ),
        Column("relative_sigma_error", "sigma error, %", 2, factor=100),
        Column("kernel_l1", "kernel L1", 3),
        *_COUNTS,
    )
    notes = (
        _PSNR_NOTE + " Both in dB.",
        "Gap: what the true kernel adds to the blind row. Left: PSNR of the linear limit minus that of the blind row; "
        "below zero, the method is past every linear filter. The linear limit knows the true kernel "
        "and the true image's spectrum, its blur is circular.",
        "Sigma error: median of |estimated - true| / true effective width. Kernel L1: median of the sum of absolute "
        "differences from the true kernel.",
    )
    # Rows with the true kernel become columns.
    blind = [(run, [row for row in standings(run) if not row.row.endswith(TRUE_KERNEL)]) for run in runs]
    return _table("oracle", columns, blind, _oracle_row, notes)


def _table(
    name: str,
    columns: tuple[Column, ...],
    chosen: Sequence[tuple[RunRecords, Sequence[Standing]]],
    figures: _Figures,
    notes: tuple[str, ...],
) -> Table:
    """Make a table of the chosen rows of each run; `figures` gives the cells of one."""
    groups: list[Group] = []
    for run, rows in chosen:
        every = by_name(standings(run))
        cells = [{"method": row.row, **figures(run, row, every), **_counts(row)} for row in rows]
        marks = {number: MARK for number, row in enumerate(rows) if not row.is_whole}
        shared: dict[str, Cell] = {"set": run.set, "run": run.id, "protocol": describe(run)}
        groups.append(Group(describe(run), cells, shared, marks))
        notes = (*notes, *(f"{fault} [{run.set}]" for fault in faults(rows)))
    return Table(name, columns, tuple(groups), notes)


def _row1(run: RunRecords, row: Standing, every: Mapping[str, Standing]) -> dict[str, Cell]:
    about = run.methods.get(row.row) or {}
    return {
        **quality_cells(row.scores),
        "seconds": median_of(each.seconds for each in row.measured.values() if row.row not in REFERENCES),
        **_training(about),
        "weights_sha256": about.get("weights_sha256"),
    }


def _row2(whole: str) -> _Figures:
    def figures(run: RunRecords, row: Standing, every: Mapping[str, Standing]) -> dict[str, Cell]:
        change: dict[str, Cell] = {}
        if whole in every and row.row != whole:
            change = {f"{key}_change": _gain(every[whole], row, key) for key in ("aggregate", "mean")}
        return {**quality_cells(row.scores), **change, **_training(run.methods.get(row.row) or {})}

    return figures


def _oracle_row(run: RunRecords, row: Standing, every: Mapping[str, Standing]) -> dict[str, Cell]:
    cells: dict[str, Cell] = {}
    other, limit = every.get(row.row + TRUE_KERNEL), every.get(LINEAR_LIMIT)
    for key in ("mean", "aggregate"):
        cells[f"blind_{key}_psnr"] = psnr_of(row.scores, key)
        if other is not None:
            cells[f"informed_{key}_psnr"] = psnr_of(other.scores, key)
            cells[f"{key}_gap"] = _gain(row, other, key)
        if limit is not None and row.row != limit.row:
            cells[f"{key}_left"] = _gain(row, limit, key)
    for key in ("relative_sigma_error", "kernel_l1"):
        cells[key] = median_of(getattr(each, key) for each in row.measured.values())
    return cells


def _counts(row: Standing) -> dict[str, Cell]:
    return {"restorations": len(row.measured), "failed": len(row.failures), "expected": row.expected}


def _training(about: Mapping[str, Any]) -> dict[str, Cell]:
    return {"parameters": about.get("parameters"), "budget": budget_in_words(about.get("budget"))}


def budget_in_words(budget: Mapping[str, Any] | None) -> str | None:
    """Say how long a network was trained: '80,000 crops, 1.25 h (CPU, 2 threads)'."""
    if not budget:
        return None
    known = {"crops": "{:,} crops", "steps": "{:,} steps", "hours": "{:.3g} h"}
    parts = [words.format(budget[key]) for key, words in known.items() if budget.get(key) is not None]
    device = f" ({budget['device']})" if budget.get("device") else ""
    return ", ".join(parts) + device or None


def _gain(first: Standing, second: Standing, key: str) -> float | None:
    """What the second row has over the first in dB, over the restorations that both have."""
    one, two = (psnr_of(each, key) for each in paired(first, second))
    return gain(one, two)
