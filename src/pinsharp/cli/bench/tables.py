"""`pinsharp bench table1|table2|oracle|margins`: the tables of a benchmark, from its records."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.cli.bench.present import TABLE_SUFFIXES, Out, names, show, write_table
from pinsharp.cli.options import JsonDocument

if TYPE_CHECKING:
    from pinsharp.bench.quality.records import RunRecords
    from pinsharp.bench.show.typeset import Table


def table1(out: Out, as_json: JsonDocument = False) -> None:
    """Print the quality of every method on every test set, and write OUT/table1.md, .csv and .tex.

    Rows below one heading are of the same images, blurred in the same way; others are never mixed. A † marks figures
    that are not over all of them, with the reason below the table.
    """
    from pinsharp.bench.quality import tables

    _make(out, tables.table1, as_json=as_json)


def table2(
    out: Out,
    methods: Annotated[
        str, typer.Option(metavar="M,...", help="Rows to compare, the whole network first.")
    ] = "udbd,udbd-flat,udbd-fwd",
    as_json: JsonDocument = False,
) -> None:
    """Print what a network loses without one of its parts, and write OUT/table2.md, .csv and .tex."""
    from pinsharp.bench.quality import tables

    _make(out, lambda runs: tables.table2(runs, names(methods)), as_json=as_json)


def oracle(out: Out, as_json: JsonDocument = False) -> None:
    """Print what the true kernel would add to every method, and how far it is from the best linear filter.

    Needs the rows of `pinsharp bench run --true-kernel`, and that of linear-limit, to fill its columns. Writes
    OUT/oracle.md, .csv and .tex.
    """
    from pinsharp.bench.quality import tables

    _make(out, tables.oracle, as_json=as_json)


def margins(
    out: Out,
    methods: Annotated[str, typer.Option(metavar="M,...", help="Rows whose lead is shown, joined by commas.")],
    over: Annotated[
        str | None,
        typer.Option(
            metavar="M,...",
            help="Rows that they are compared with; by default all others but blurred, linear-limit, and --methods "
            "with the true kernel.",
        ),
    ] = None,
    aggregate: Annotated[
        bool,
        typer.Option(
            "--aggregate",
            help="Show 10 log10(1 / mean MSE), the paper's PSNR, instead of the mean of the images' PSNR.",
        ),
    ] = False,
    as_json: JsonDocument = False,
) -> None:
    """Print, kernel by kernel, how far some methods are ahead of the best of all others.

    All figures of a line are over the same restorations, those that every compared row has; a † marks lines where these
    are not all. Writes OUT/margins.md, .csv and .tex.
    """
    from pinsharp.bench.quality import margins as table

    _make(out, lambda runs: table.margins(runs, names(methods), names(over), aggregate=aggregate), as_json=as_json)


def _make(out: Path, make: "Callable[[Sequence[RunRecords]], Table]", *, as_json: bool) -> None:
    from pinsharp.bench.quality.records import load_records
    from pinsharp.bench.show.typeset import document

    table = make(load_records(out))
    show([table], write_table(table, out, TABLE_SUFFIXES), document(table), as_json=as_json)
