"""`pinsharp bench robust`: models on images as they occur in practice."""

from pathlib import Path
from typing import Annotated

import typer

from pinsharp.cli.bench.measure import Results, conclude, conduct
from pinsharp.cli.bench.present import names
from pinsharp.cli.comparison import loader
from pinsharp.cli.options import DEFAULT_MODEL, Device, Jobs, JsonDocument, Precision
from pinsharp.errors import ConfigError


def robust(
    out: Results,
    root: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of sharp photographs; by default four that come with scikit-image."),
    ] = None,
    models: Annotated[
        str, typer.Option(metavar="M,...", help="Models and files, joined by commas; LABEL=MODEL names a row.")
    ] = DEFAULT_MODEL,
    situations: Annotated[
        str | None,
        typer.Option(metavar="S,...", help="Only these, by their names in the table, joined by commas."),
    ] = None,
    images: Annotated[int, typer.Option(metavar="N", help="Use the first N photographs.")] = 4,
    measure_only: Annotated[
        bool, typer.Option("--measure-only", help="Do not restore: judge width and verdict alone.")
    ] = False,
    jobs: Jobs = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Judge models on what occurs in practice: faults, bit depths, JPEG, tone curves, gratings, motion, tilt and more.

    Each situation is made from sharp photographs, in several strengths and with several blurs, so that what is right is
    known: is the width right, does its interval cover it, does the verdict fit, is the result no worse than the image?
    OUT/robust.jsonl takes every answer as soon as it is there; the same command continues after a stop. Writes
    OUT/robust.md, .csv and .tex, and the picture robust as .png and .pdf. An image that fails is reported with its
    reason and makes the exit status 1.
    """
    from pinsharp.bench.engine.methods import labelled
    from pinsharp.bench.robust.catalogue import chosen
    from pinsharp.bench.robust.photographs import find_photographs
    from pinsharp.bench.robust.study import Robust

    rows = labelled(names(models), ())
    if not rows:
        raise ConfigError("--models: expected at least one model, got none; leave the option out for the default")
    study = Robust(
        rows,
        loader(device, precision),
        [each.name for each in chosen(names(situations))],
        find_photographs(root, images),
        not measure_only,
    )
    _, records = conduct(study, out, doing="measuring" if measure_only else "restoring", jobs=jobs)
    conclude(study, records, out, as_json=as_json)
