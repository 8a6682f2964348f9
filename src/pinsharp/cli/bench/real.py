"""`pinsharp bench real`: methods on real focus series, judged by their sharpest levels."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.cli.bench.measure import MethodFiles, Passes, Results, conduct, tell_failures, write_results
from pinsharp.cli.bench.present import TABLE_SUFFIXES, Detail, box_of, names, show, whole_numbers
from pinsharp.cli.comparison import loader
from pinsharp.cli.messages import remark
from pinsharp.cli.options import DEFAULT_MODEL, Device, Jobs, JsonDocument, Light, OldGamma, Precision, renamed
from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import Recipe

if TYPE_CHECKING:
    from pinsharp.bench.real.series import Series
    from pinsharp.bench.show.sheet import Box
    from pinsharp.methods.method import Method
    from pinsharp.restoration.restorer import Restorer


def real(
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...",
            help="Folders of focus series, or of such folders: images named by their level, 0.png the sharpest, "
            "1.png, -1.png.",
        ),
    ],
    out: Results,
    methods: MethodFiles = DEFAULT_MODEL,
    passes: Passes = "1",
    fitted_kernel: Annotated[
        bool,
        typer.Option(
            "--fitted-kernel",
            help="Add a row for each method that takes a kernel, in which it is given the one that best makes the "
            "sharp level as blurred.",
        ),
    ] = False,
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
    region: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[SERIES:]T,L,H,W",
            help="Also judge this region of a series by itself, in pixels of its sharp level: top, left, height and "
            "width. Once for each series.",
        ),
    ] = None,
    light: Light = str(Recipe.light),
    gamma: OldGamma = False,
    jobs: Jobs = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Restore every level of real focus series, and compare it with the sharpest one.

    The sharpest level is brought to each level by shift, magnification and brightness, found in the image before
    restoration; the disc or Gaussian that makes it as blurred is what measured widths are compared with. 15 iterations
    of Richardson-Lucy, blind and with the fitted kernel, are always among the rows. With --light auto all levels of a
    series have to state the same light. OUT/real.jsonl takes every figure at
    once; the same command continues after a stop, and with more series measures those alone. Writes
    the tables real (every level, the worst first), real-width, real-summary and real-detail (how much fine detail is
    right, by frequency) as .md, .csv and .tex, and the pictures real-widths, real-gains and real-sheet as .png and
    .pdf. A level that fails is reported with its reason and makes the exit status 1.
    """
    from pinsharp.bench.real.lineup import lineup
    from pinsharp.bench.real.series import find_all_series
    from pinsharp.bench.real.study import Real
    from pinsharp.bench.show.typeset import document

    if crop < 128:
        raise ConfigError(f"--crop must be at least 128 pixels, got {crop}")
    asked = str(Recipe(light=renamed(light, gamma=gamma)).light)
    load = partial(restorer_of, load=loader(device, precision))
    rows = partial(lineup, names(methods), whole_numbers(passes, "--passes"), load, fitted=fitted_kernel)
    series, left_out = find_all_series(data, reference, asked)
    for sentence in left_out:
        remark(f"left out: {sentence}")
    for each in series:
        if each.reference.number != 0:
            remark(
                f"{each.folder}: no level 0 is the reference; level {each.reference.name} stands for the sharp image"
            )
    study = Real(
        tuple(series), out, rows, partial(load, estimator), crop, box_of(detail), _regions(region or [], series), asked
    )
    _, records = conduct(study, out, jobs=jobs)
    tables, paths = write_results(study, records, out, TABLE_SUFFIXES)
    levels, widths, summary, details = tables
    parts = {table.name.partition("-")[2]: document(table)["groups"] for table in (widths, summary, details)}
    show(tables[:3], paths, {**records.about, **document(levels), **parts}, as_json=as_json)
    if tell_failures(records.figures):
        raise typer.Exit(1)


def _regions(texts: list[str], series: "list[Series]") -> "dict[str, Box]":
    """Read the regions that are judged by themselves, by the name of the series.

    Raises:
        ConfigError: If a text is not a region, or does not name its series.
    """
    regions = {}
    for text in texts:
        name, colon, box = text.rpartition(":")
        if not colon and len(series) == 1:
            name = series[0].name
        if name not in (each.name for each in series):
            there = ", ".join(each.name for each in series)
            raise ConfigError(f"--region: expected SERIES:TOP,LEFT,HEIGHT,WIDTH with a series of {there}, got {text!r}")
        found = box_of(box, "--region")
        assert found is not None
        regions[name] = found
    return regions


def restorer_of(name: str, *, load: "Callable[[str], Method]") -> "Restorer":
    """Load what restores, in any light; importable, because worker processes are sent it."""
    from pinsharp.restoration.restorer import Restorer

    return Restorer(load(name))
