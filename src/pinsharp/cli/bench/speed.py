"""`pinsharp bench speed`: how fast every method restores, all in one run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from pinsharp.cli.comparison import loader
from pinsharp.cli.options import DEFAULT_MODEL, Device, JsonDocument, Overwrite, Precision
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pinsharp.bench.speed.study import Timing


def speed(
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Folder for the results; records in it add the quality of each method."),
    ],
    methods: Annotated[
        str,
        typer.Option(metavar="M,...", help="Methods and files, joined by commas; LABEL=METHOD names a row."),
    ] = DEFAULT_MODEL,
    runtimes: Annotated[
        str,
        typer.Option(
            metavar="R,...",
            help="Rows of each method in other runtimes, each in a process of its own: torch, onnx, openvino, "
            "with a precision after a colon (openvino:bfloat16); all for every one.",
        ),
    ] = "",
    untrained: Annotated[
        str,
        typer.Option(
            metavar="NET,...",
            help="Rows of networks with random weights, such as nafnet,dwdn: as fast as trained ones.",
        ),
    ] = "",
    mono: Annotated[bool, typer.Option("--mono", help="Time a mono image too.")] = False,
    megapixels: Annotated[str, typer.Option(metavar="N,...", help="Sizes of the image in megapixels.")] = "0.25,1",
    threads: Annotated[str, typer.Option(metavar="N,...", help="Numbers of threads.")] = "1",
    repeats: Annotated[int, typer.Option(metavar="N", help="How many calls the median is of.")] = 5,
    psnr: Psnr = "mean",
    device: Device = "auto",
    precision: Precision = "auto",
    overwrite: Overwrite = False,
    as_json: JsonDocument = False,
) -> None:
    """Time every method, one after the other, on a synthetic colour image.

    With --runtimes, --untrained or --mono each row has a process of its own. Two calls warm up, then the median of the
    others counts; the measuring of the blur is part of a call. Writes OUT/speed.json, .md, .csv, .tex and the chart,
    and, where OUT holds records, speed against quality.
    """
    from pinsharp.atomic import write_atomically
    from pinsharp.bench.engine.provenance import provenance
    from pinsharp.bench.engine.record_file import RECORDS
    from pinsharp.bench.quality.records import load_records
    from pinsharp.bench.show.typeset import document
    from pinsharp.bench.speed.plots import draw_quality, draw_speed
    from pinsharp.bench.speed.study import IMAGES, check_settings, quality_table, speed_table

    check_psnr(psnr)
    sizes, counts = numbers(megapixels, "--megapixels"), whole_numbers(threads, "--threads")
    check_results([out / "speed.json"], [], overwrite=overwrite)
    runs = load_records(out) if (out / RECORDS).is_file() else []
    check_settings(sizes, counts, repeats)
    settings: dict[str, Any] = {"megapixels": sizes, "threads": counts, "repeats": repeats}
    if runtimes or untrained or mono:
        from pinsharp.bench.speed.rows import speed_rows, timings_apart

        rows = speed_rows(names(methods), names(runtimes), names(untrained), precision=precision, device=device)
        images = IMAGES if mono else IMAGES[:1]
        found, steps = timings_apart(rows, images=images, **settings), len(rows) * len(images)
    else:
        found, steps = _in_this_process(names(methods), device, precision, settings)
    measured = []
    with progress(steps * len(sizes) * len(counts), "timing") as advance:
        for timing in found:
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


def _in_this_process(
    methods: list[str], device: str, precision: str, settings: dict[str, Any]
) -> "tuple[Iterator[Timing], int]":
    """Time methods in this process; with it comes their number."""
    from pinsharp.bench.quality.contenders import contenders
    from pinsharp.bench.speed.study import timings
    from pinsharp.data.testset import Degradation

    rows = contenders(methods, Degradation(), load=loader(device, precision))
    return timings(rows, **settings), len(rows)
