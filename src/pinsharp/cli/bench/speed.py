"""`pinsharp bench speed`: how fast every method restores, all in one run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pinsharp.cli.bench.present import (
    TABLE_SUFFIXES,
    Psnr,
    check_psnr,
    make_folder,
    names,
    numbers,
    show,
    whole_numbers,
    write_figure,
    write_table,
)
from pinsharp.cli.options import DEFAULT_MODEL, Device, JsonDocument, Overwrite, Precision
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress

if TYPE_CHECKING:
    from pinsharp import methods as methods_room


def speed(
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Folder for the results; records in it add the quality of each method."),
    ],
    methods: Annotated[
        str,
        typer.Option(metavar="M,...", help="Methods and files, joined by commas; LABEL=METHOD names a row."),
    ] = DEFAULT_MODEL,
    megapixels: Annotated[str, typer.Option(metavar="N,...", help="Sizes of the image in megapixels.")] = "0.25,1",
    threads: Annotated[str, typer.Option(metavar="N,...", help="Numbers of threads.")] = "1",
    repeats: Annotated[int, typer.Option(metavar="N", help="How many calls the median is of.")] = 5,
    psnr: Psnr = "mean",
    device: Device = "auto",
    precision: Precision = "auto",
    overwrite: Overwrite = False,
    as_json: JsonDocument = False,
) -> None:
    """Time every method, one after the other in one process, on a synthetic colour image.

    Two calls warm up, then the median of the others counts; the measuring of the blur is part of a call. Writes
    OUT/speed.json, .md, .csv, .tex and the chart, and, where OUT holds records, speed against quality.
    """
    from pinsharp.bench.contenders import contenders
    from pinsharp.bench.provenance import provenance
    from pinsharp.bench.records import RECORDS, load_records
    from pinsharp.bench.speed import quality_table, speed_table, timings
    from pinsharp.bench.speed_plots import draw_quality, draw_speed
    from pinsharp.bench.typeset import document
    from pinsharp.data.testset import Degradation
    from pinsharp.images.atomic import write_atomically
    from pinsharp.methods import load_method

    check_psnr(psnr)
    sizes, counts = numbers(megapixels, "--megapixels"), whole_numbers(threads, "--threads")
    check_results([out / "speed.json"], [], overwrite=overwrite)
    runs = load_records(out) if (out / RECORDS).is_file() else []
    chosen = cast("methods_room.Precision", precision)
    rows = contenders(
        names(methods), Degradation(), load=lambda name: load_method(name, device=device, precision=chosen)
    )
    measured = []
    with progress(len(rows) * len(sizes) * len(counts), "timing") as advance:
        for timing in timings(rows, megapixels=sizes, threads=counts, repeats=repeats):
            measured.append(timing)
            advance()
    make_folder(out)
    tables = [speed_table(measured)]
    written = write_figure(draw_speed(tables[0]), out, "speed")
    quality = quality_table(measured, runs)
    if quality.groups:
        tables.append(quality)
        written += write_figure(draw_quality(quality, psnr=psnr), out, quality.name)
    for table in tables:
        written += write_table(table, out, TABLE_SUFFIXES)
    content = {table.name: document(table) for table in tables} | provenance()
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_atomically(out / "speed.json", text.encode())
    show(tables, [*written, out / "speed.json"], content, as_json=as_json)
