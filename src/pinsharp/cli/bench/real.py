"""`pinsharp bench real`: methods on a real focus series, judged by its sharpest level."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinsharp.cli.bench.measure import Passes, Results, watch
from pinsharp.cli.bench.present import (
    TABLE_SUFFIXES,
    Detail,
    box_of,
    names,
    show,
    whole_numbers,
    write_figure,
    write_table,
)
from pinsharp.cli.comparison import loader
from pinsharp.cli.messages import complain, remark
from pinsharp.cli.options import DEFAULT_MODEL, Device, JsonDocument, Precision

if TYPE_CHECKING:
    from pinsharp.bench.real.records import SeriesRecords
    from pinsharp.bench.real.study import Series
    from pinsharp.restoration.restorer import Restorer


def real(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="Folder of a focus series: images named by their level, 0.png the sharpest, 1.png, -1.png.",
        ),
    ],
    out: Results,
    methods: Annotated[
        str,
        typer.Option(metavar="M,...", help="Methods and files, joined by commas; LABEL=METHOD names a row."),
    ] = DEFAULT_MODEL,
    passes: Passes = "1,3",
    estimator: Annotated[
        str, typer.Option(metavar="M", help="What measures the width of all images, before and after.")
    ] = DEFAULT_MODEL,
    reference: Annotated[
        float | None,
        typer.Option(metavar="LEVEL", help="Level that stands for the sharp image; by default the one nearest to 0."),
    ] = None,
    crop: Annotated[
        int, typer.Option(metavar="N", help="Judge at most N x N pixels in the middle of each image.")
    ] = 2048,
    detail: Detail = None,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Restore every level of a real focus series, and compare it with the sharpest one.

    The sharpest level is brought to each level by shift, magnification and brightness, found in the image before
    restoration. For every level: width before and after, sharpness, PSNR before and after, and whether restoring
    helps or hurts. OUT/real.jsonl takes every figure as soon as it is there; the same command goes on after a stop.
    Writes OUT/real.md, .csv and .tex, and the pictures real-curves and real-details as .png and .pdf. A level that
    fails is reported with its reason and makes the exit status 1.
    """
    from pinsharp.bench.engine.record_file import RecordFile
    from pinsharp.bench.real.records import REAL_RECORDS
    from pinsharp.bench.real.study import attempts, measure_series, plan_series
    from pinsharp.errors import ConfigError
    from pinsharp.restoration.restorer import Restorer

    if crop < 128:
        raise ConfigError(f"--crop must be at least 128 pixels, got {crop}")
    box = box_of(detail)

    load_method = loader(device, precision)

    def load(name: str) -> "Restorer":
        return Restorer(load_method(name))

    rows = attempts(names(methods), whole_numbers(passes, "--passes"), load)
    series = plan_series(data, out, rows, load(estimator), reference=reference, crop=crop, detail=box)
    if series.reference.number != 0:
        remark(f"{data}: no level 0 is the reference; level {series.reference.name} stands for the sharp image")
    with RecordFile(out, REAL_RECORDS) as file:
        print(f"series {series.id}: {series.to_do} images to measure into {out}", file=sys.stderr, flush=True)
        # Not told meanwhile what has failed, but at the end.
        watch((False for _ in measure_series(series, file)), series.to_do, "restoring")
    _conclude(series, as_json=as_json)


def _conclude(series: "Series", *, as_json: bool) -> None:
    """Make table and pictures of what was asked for.

    Raises:
        typer.Exit: With 1, if something has failed.
    """
    from pinsharp.bench.real.plots import draw_curves, draw_details
    from pinsharp.bench.real.tables import real_table
    from pinsharp.bench.show.typeset import document

    records = _asked(series)
    table = real_table(records)
    paths = write_table(table, series.folder, TABLE_SUFFIXES)
    paths += write_figure(draw_curves(records), series.folder, "real-curves")
    paths += write_figure(draw_details(records, series.folder), series.folder, "real-details")
    content: dict[str, Any] = {**records.about, **document(table)}
    show([table], paths, content, as_json=as_json)
    failures = [each for each in records.figures if not each.is_done]
    for each in failures:
        complain(f"{each.row}: {each.image}: {each.reason}")
    if failures:
        raise typer.Exit(1)


def _asked(series: "Series") -> "SeriesRecords":
    """What the folder holds of the rows that were asked for."""
    from pinsharp.bench.real.records import SeriesRecords, load_series

    known = load_series(series.folder, series.id)
    order = {(each.row, each.passes): place for place, each in enumerate(series.attempts)}
    figures = [each for each in known.figures if (each.row, each.passes) in order]
    figures.sort(key=lambda each: order[each.row, each.passes])
    return SeriesRecords(known.about | {"run": series.id}, known.methods, figures)
