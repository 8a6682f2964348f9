"""How far some methods are ahead of the best of all others, kernel by kernel."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pinsharp.bench.engine.methods import BLURRED, LINEAR_LIMIT, TRUE_KERNEL
from pinsharp.bench.quality.records import RunRecords
from pinsharp.bench.quality.standing import (
    REFERENCES,
    Pair,
    Standing,
    by_name,
    check_known,
    command_for,
    describe,
    gain,
    kernel_names,
    psnr_of,
    scores,
    shared,
    standings,
)
from pinsharp.bench.quality.tables import JUDGED
from pinsharp.bench.show.typeset import MARK, Cell, Column, Group, Table
from pinsharp.errors import ConfigError

ALL = "all"  # stands in the column of kernels for all of them
_DEFINITIONS = {
    "mean": "PSNR is the mean of the images' PSNR, in dB.",
    "aggregate": "PSNR is 10 log10(1 / mean MSE), the paper's definition, in dB.",
}


@dataclass(frozen=True)
class _Comparison:
    """Rows of a run that are compared with one another."""

    run: RunRecords
    rows: dict[str, Standing]  # all its rows by name
    ours: list[Standing]  # those whose lead is of interest
    others: list[Standing]  # those that they are compared with
    idle: list[Standing]  # those of either side that have restored nothing, and are compared with none

    @property
    def has_both(self) -> bool:
        """Whether there is something to compare with something."""
        return bool(self.ours and self.others)


def margins(
    runs: Sequence[RunRecords], methods: Sequence[str], over: Sequence[str] = (), *, aggregate: bool = False
) -> Table:
    """Show for every kernel how far each method is ahead of the best other row.

    All figures of a line are over the same restorations: those that every compared row has.

    Args:
        runs: Benchmark runs; those without one of the methods, or without one of the others, are left out.
        methods: Rows whose lead is shown.
        over: Rows that they are compared with. Empty takes all but the references and `methods`, each without and with
            the true kernel; of the others, those with the true kernel count too.
        aggregate: Show 10 log10(1 / mean MSE), the paper's PSNR, instead of the mean of the images' PSNR.

    Raises:
        ConfigError: If no method is named, a row is named twice, no run has it, or no run has both sides.
    """
    _check_names(methods, over)
    check_known(runs, (*methods, *over))
    definition = "aggregate" if aggregate else "mean"
    compared = [_compare(run, methods, over) for run in runs]
    chosen = [each for each in compared if each.has_both]
    if not chosen:
        raise ConfigError(_nothing_to_compare(compared, methods, over))
    groups = tuple(_group(each, definition) for each in chosen)
    left_out = [f"{each.run.set} (run {each.run.id})" for each in compared if not each.has_both]
    others = (
        "; ".join(over) or f"all rows but {', '.join(REFERENCES)} and these methods, with the true kernel or without"
    )
    notes = (
        f"{_DEFINITIONS[definition]} {JUDGED}",
        f"Ahead: PSNR of the method minus that of the best other row in that line. Others: {others}. All figures "
        "of a line are over the same restorations.",
        *(note for each, group in zip(chosen, groups, strict=True) for note in _faults(each, group)),
        *(f"Left out, as nothing is there to compare: {name}." for name in left_out),
    )
    return Table("margins", _columns(methods), groups, notes)


def _check_names(methods: Sequence[str], over: Sequence[str]) -> None:
    """Refuse lists of rows that cannot be compared with one another."""
    if not methods:
        raise ConfigError("expected at least one method whose lead to show, got none; name rows of the records")
    name, count = Counter((*methods, *over)).most_common(1)[0]
    if count > 1:
        raise ConfigError(f"expected every row once, in --methods or in --over, got {name!r} {count} times; drop one")


def _compare(run: RunRecords, methods: Sequence[str], over: Sequence[str]) -> _Comparison:
    """Choose the two sides."""
    rows = by_name(standings(run))
    own = {name.removesuffix(TRUE_KERNEL) for name in methods}
    others = over or [name for name in rows if name not in REFERENCES and name.removesuffix(TRUE_KERNEL) not in own]
    ours, theirs = ([rows[name] for name in side if name in rows] for side in (methods, others))
    idle = [row for row in (*ours, *theirs) if not row.measured]
    return _Comparison(run, rows, _measured(ours), _measured(theirs), idle)


def _measured(rows: Sequence[Standing]) -> list[Standing]:
    return [row for row in rows if row.measured]


def _columns(methods: Sequence[str]) -> tuple[Column, ...]:
    """Columns; those of methods start with `psnr_` and `ahead_`, and can have no other's name."""
    return (
        *(Column("set"), Column("run"), Column("protocol"), Column("psnr"), Column("kernel", "kernel")),
        *(Column("blurred_psnr", "blurred", 2), Column("linear_limit_psnr", "linear limit", 2)),
        *(Column(f"psnr_{name}", name, 2) for name in methods),
        *(Column("best_other", "best other"), Column("best_other_psnr", "its PSNR", 2)),
        *(Column(f"ahead_{name}", f"{name} ahead", 2, signed=True) for name in methods),
        *(Column("restorations"), Column("expected")),
    )


def _group(each: _Comparison, definition: str) -> Group:
    """The lines of a run, one a kernel and one for all."""
    common = shared([*each.ours, *each.others])
    images = each.ours[0].images
    lines: list[dict[str, Cell]] = []
    for kernel in kernel_names(each.run, (measurement.kernel for measurement in each.run.figures)):
        pairs = [pair for pair in common if pair[-1] == kernel]
        lines.append({"kernel": kernel, "expected": images, **_line(each, pairs, definition)})
    lines.append({"kernel": ALL, "expected": each.ours[0].expected, **_line(each, common, definition)})
    marks = {number: MARK for number, line in enumerate(lines) if line["restorations"] != line["expected"]}
    title = describe(each.run)
    identity: dict[str, Cell] = {"set": each.run.set, "run": each.run.id, "protocol": title, "psnr": definition}
    return Group(title, lines, identity, marks)


def _line(each: _Comparison, pairs: Sequence[Pair], definition: str) -> dict[str, Cell]:
    """Compare the rows over some restorations, which all of them have."""
    ours = {row.row: _psnr(row, pairs, definition) for row in each.ours}
    others = {row.row: _psnr(row, pairs, definition) for row in each.others}
    known = {name: figure for name, figure in others.items() if figure is not None}
    best = max(known, key=known.__getitem__, default=None)
    highest = None if best is None else known[best]
    return {
        "blurred_psnr": _psnr(each.rows.get(BLURRED), pairs, definition),
        "linear_limit_psnr": _psnr(each.rows.get(LINEAR_LIMIT), pairs, definition),
        **{f"psnr_{name}": figure for name, figure in ours.items()},
        "best_other": best,
        "best_other_psnr": highest,
        **{f"ahead_{name}": gain(highest, figure) for name, figure in ours.items()},
        "restorations": len(pairs),
    }


def _psnr(row: Standing | None, pairs: Sequence[Pair], definition: str) -> float | None:
    """PSNR of a row over some restorations; None if it lacks one of them, as it would not be comparable."""
    if row is None or not all(pair in row.measured for pair in pairs):
        return None
    return psnr_of(scores(row.measured[pair] for pair in pairs), definition)


def _faults(each: _Comparison, group: Group) -> list[str]:
    """Say over how much the marked lines are, and which rows lack what."""
    whole = group.rows[-1]
    lacking = "; ".join(_state(row) for row in (*each.ours, *each.others) if not row.is_whole)
    over = f"the {whole['restorations']} of {whole['expected']} restorations that all compared rows have"
    notes = [f"{MARK} Only over {over}: {lacking}. [{each.run.set}]"] if lacking else []
    return [*notes, *(f"Not compared: {_state(row)}. [{each.run.set}]" for row in each.idle)]


def _state(row: Standing) -> str:
    """How much of a row is there: `wiener has 3 (1 failed: no memory)`."""
    why = f" ({len(row.failures)} failed: {next(iter(row.failures.values()))})" if row.failures else ""
    return f"{row.row} has {len(row.measured) or 'none'}{why}"


def _nothing_to_compare(compared: Sequence[_Comparison], methods: Sequence[str], over: Sequence[str]) -> str:
    """What to answer if no run has both sides."""
    there = [
        f"{each.run.set} with {', '.join(row.row for row in _measured(list(each.rows.values()))) or 'nothing'}"
        for each in compared
    ]
    others = f"one of {', '.join(over)}" if over else "other rows"
    return (
        f"expected a run with one of {', '.join(methods)} and {others} to compare with, got {'; '.join(there)}; "
        f"measure both on the same images with {command_for((*methods, *(over or ['OTHERS'])))}"
    )
