"""`pinsharp bench fig5|crops`: the figures of a benchmark, from its records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.cli.bench.present import (
    NUMBER_SUFFIXES,
    Detail,
    Out,
    Psnr,
    box_of,
    check_psnr,
    choose_run,
    names,
    show,
    write_table,
)
from pinsharp.cli.comparison import loader
from pinsharp.cli.options import Device, JsonDocument

if TYPE_CHECKING:
    from pinsharp.bench.quality.records import RunRecords
    from pinsharp.methods.method import Method

Rows = Annotated[str | None, typer.Option(metavar="M,...", help="Only these rows of the records, joined by commas.")]


def fig5(out: Out, methods: Rows = None, psnr: Psnr = "mean", as_json: JsonDocument = False) -> None:
    """Draw PSNR against the width of the blur for every method, a panel for each test set.

    The blurred input and the linear limit are lines without markers. Writes OUT/fig5.png and .pdf, and the numbers as
    .csv and .json.
    """
    from pinsharp.bench.quality import plots
    from pinsharp.bench.quality.records import load_records
    from pinsharp.bench.show.figures import save
    from pinsharp.bench.show.typeset import document

    check_psnr(psnr)
    table = plots.fig5(load_records(out), names(methods))
    paths = save(plots.draw_fig5(table, psnr=psnr), out, table.name)
    show([], paths + write_table(table, out, NUMBER_SUFFIXES), document(table), as_json=as_json)


def crops(
    out: Out,
    image: Annotated[
        str | None, typer.Option(metavar="NAME", help="File name of an image of the run; by default its first.")
    ] = None,
    kernel: Annotated[
        str | None,
        typer.Option(metavar="K", help="A kernel of the run, such as gaussian:2.4:21 or 2.4; by default its middle."),
    ] = None,
    methods: Rows = None,
    run: Annotated[
        str | None, typer.Option(metavar="ID|SET", help="Which run, by its ID or test set; by default the first.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the sharp images are now, if they were moved.")
    ] = None,
    detail: Detail = None,
    device: Device = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Restore one image of a run again and draw what every method makes of it, side by side.

    Writes OUT/crops-IMAGE-KERNEL.png and .pdf, and the figures as .csv and .json.
    """
    from pinsharp.bench.quality.crops import crops_table, draw_crops, restore_again
    from pinsharp.bench.quality.records import load_records
    from pinsharp.bench.show.figures import save
    from pinsharp.bench.show.typeset import document

    box, chosen = box_of(detail), choose_run(load_records(out), run)

    def load(name: str) -> "Method":
        return loader(device, _precision(chosen, name))(name)

    scene = restore_again(chosen, image=image, kernel=kernel, rows=names(methods), data=data, load=load)
    table = crops_table(scene)
    paths = save(draw_crops(scene, box), out, table.name)
    show([table], paths + write_table(table, out, NUMBER_SUFFIXES), document(table), as_json=as_json)


def _precision(run: "RunRecords", method: str) -> str:
    """The precision with which a method was measured."""
    said = [about.get("precision") for about in run.methods.values() if about.get("method") == method]
    return next((precision for precision in said if precision), "auto")
