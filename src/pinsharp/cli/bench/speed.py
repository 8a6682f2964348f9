"""`pinsharp bench speed`: how fast every method restores, all in one run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from pinsharp.atomic import make_folder
from pinsharp.cli.bench.measure import MethodFiles, conduct, write_results
from pinsharp.cli.bench.present import (
    TABLE_SUFFIXES,
    Psnr,
    check_psnr,
    names,
    numbers,
    show,
    whole_numbers,
)
from pinsharp.cli.options import DEFAULT_MODEL, Device, JsonDocument, Overwrite, Precision
from pinsharp.cli.outputs import check_results


def speed(
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="Folder for the results; records in it add the quality of each method."),
    ],
    methods: MethodFiles = DEFAULT_MODEL,
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
    from pinsharp.bench.speed.records import IMAGES
    from pinsharp.bench.speed.rows import plain_rows, speed_rows
    from pinsharp.bench.speed.study import Speed

    check_psnr(psnr)
    sizes, counts = numbers(megapixels, "--megapixels"), whole_numbers(threads, "--threads")
    check_results([out / "speed.json"], [], overwrite=overwrite)
    runs = load_records(out) if (out / RECORDS).is_file() else []
    apart, where = bool(runtimes or untrained or mono), {"precision": precision, "device": device}
    if apart:
        rows = speed_rows(names(methods), names(runtimes), names(untrained), **where)
    else:
        rows = plain_rows(names(methods), **where)
    images = IMAGES if mono else IMAGES[:1]
    study = Speed(rows, sizes, counts, repeats, images, apart, runs=runs, psnr=psnr)
    _, records = conduct(study, None, doing="timing", apart=apart)
    make_folder(out)
    tables, written = write_results(study, records, out, TABLE_SUFFIXES)
    content = {table.name: document(table) for table in tables} | provenance()
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_atomically(out / "speed.json", text.encode())
    show(tables, [*written, out / "speed.json"], content, as_json=as_json)
