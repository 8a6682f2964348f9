"""What the commands that measure share: their options, and a study measured, shown, stopped and continued."""

import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinsharp.cli.bench.present import TABLE_SUFFIXES, show, write_table
from pinsharp.cli.messages import complain
from pinsharp.cli.progress import progress

if TYPE_CHECKING:
    from pinsharp.bench.engine.records import Records, Result
    from pinsharp.bench.engine.study import Plan, Study
    from pinsharp.bench.show.typeset import Table

Results = Annotated[
    Path, typer.Option("--out", "-o", metavar="OUT", help="Folder for the results; made if it is not there.")
]
MethodFiles = Annotated[
    str, typer.Option(metavar="M,...", help="Methods and files, joined by commas; LABEL=METHOD names a row.")
]
Passes = Annotated[
    str, typer.Option(metavar="N,...", help="How many times each method restores, each time what is left.")
]


def conduct(
    study: "Study[Any, Any, Any]",
    out: Path | None,
    *,
    what: str = "images to measure",
    doing: str = "restoring",
    jobs: int = 1,
    apart: bool = False,
) -> "tuple[Plan[Any, Any, Any], Records[Any]]":
    """Measure what a folder lacks of a study; whoever interrupts it reads how to go on.

    Without a folder nothing is kept. `what` stands behind the number of what is to do, `doing` before the progress.

    Returns:
        What was to be done, and what the folder holds then of what was asked for.
    """
    from pinsharp.bench.engine.measuring import measure
    from pinsharp.bench.engine.record_file import RecordFile
    from pinsharp.bench.engine.study import as_records, asked_records, plan_of

    _ = study.about  # what is wrong with it is said before there is a folder
    with RecordFile(out, study.kind.file) if out else nullcontext() as file:
        plan = plan_of(study, out)
        if out:
            there = f", {plan.done} are there already" if plan.done else ""
            print(f"run {plan.id}: {plan.to_do} {what} into {out}{there}", file=sys.stderr, flush=True)
        measured: list[Any] = []
        try:
            _watch(measure(plan, file, jobs=jobs, apart=apart), measured, plan.to_do, doing)
        except KeyboardInterrupt:
            if out:
                done = f"stopped after {len(measured)} of {plan.to_do}"
                print(f"{done}; the same command continues from there", file=sys.stderr)
            raise
    return plan, asked_records(plan, out) if out else as_records(plan, measured)


def conclude(study: "Study[Any, Any, Any]", records: "Records[Any]", out: Path, *, as_json: bool) -> None:
    """Write and show tables and pictures of what was asked for, and say what has failed.

    Raises:
        typer.Exit: With 1, if something has failed.
    """
    from pinsharp.bench.show.typeset import document

    tables, paths = write_results(study, records, out, TABLE_SUFFIXES)
    show(tables, paths, {**records.about, **document(tables[0])}, as_json=as_json)
    if tell_failures(records.figures):
        raise typer.Exit(1)


def write_results(
    study: "Study[Any, Any, Any]", records: "Records[Any]", out: Path, suffixes: Sequence[str]
) -> "tuple[Sequence[Table], list[Path]]":
    """Write tables and pictures of a study into a folder; the tables, and which files were written.

    Raises:
        OutputError: If a file cannot be written.
    """
    from pinsharp.bench.show.figures import save

    tables = study.tables(records)
    paths = [path for table in tables for path in write_table(table, out, suffixes)]
    pictures = study.pictures(records, tables)
    return tables, paths + [path for name, figure in pictures.items() for path in save(figure, out, name)]


def tell_failures(figures: "Iterable[Result]") -> set[str]:
    """Say for each row how much has failed and why the first did; which rows that are."""
    rows: dict[str, list[Result]] = {}
    for each in figures:
        rows.setdefault(each.row, []).append(each)
    failures = {row: failed for row, group in rows.items() if (failed := [each for each in group if not each.is_done])}
    for row, (first, *others) in failures.items():
        count = f"{1 + len(others)} of {len(rows[row])}"
        complain(f"{row}: {count} failed, first {first.place}: {first.reason}")
    return set(failures)


def _watch(stream: "Iterable[Result]", measured: "list[Result]", total: int, doing: str) -> None:
    """Let everything be measured, with a progress that counts what has failed."""
    failed = 0
    with progress(total, doing, in_lines=True) as advance:
        for each in stream:
            measured.append(each)
            failed += not each.is_done
            advance(f"{doing}, {failed} failed" if failed else None)
