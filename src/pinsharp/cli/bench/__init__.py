"""`pinsharp bench`: records of methods on test sets, and the tables and figures made of them."""

import typer

from pinsharp.cli.bench.cameras import cameras
from pinsharp.cli.bench.detection import detection
from pinsharp.cli.bench.edges import edges
from pinsharp.cli.bench.figures import crops, fig5
from pinsharp.cli.bench.real import real
from pinsharp.cli.bench.robust import robust
from pinsharp.cli.bench.run import run
from pinsharp.cli.bench.sensitivity import fig4
from pinsharp.cli.bench.speed import speed
from pinsharp.cli.bench.tables import margins, oracle, table1, table2

bench = typer.Typer(
    name="bench",
    help="Measure methods on test sets, and make tables and figures of the records.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
for _command in (
    run,
    table1,
    table2,
    oracle,
    margins,
    fig4,
    fig5,
    crops,
    speed,
    real,
    cameras,
    edges,
    robust,
    detection,
):
    bench.command()(_command)
