"""`pinsharp bench real`: methods on a real focus series, judged by its sharpest level."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.cli.bench.measure import MethodFiles, Passes, Results, conclude, conduct
from pinsharp.cli.bench.present import Detail, box_of, names, whole_numbers
from pinsharp.cli.comparison import loader
from pinsharp.cli.messages import remark
from pinsharp.cli.options import DEFAULT_MODEL, Device, Jobs, JsonDocument, Light, OldGamma, Precision, renamed
from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import Recipe

if TYPE_CHECKING:
    from pinsharp.methods.method import Method
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
    methods: MethodFiles = DEFAULT_MODEL,
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
    light: Light = str(Recipe.light),
    gamma: OldGamma = False,
    jobs: Jobs = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Restore every level of a real focus series, and compare it with the sharpest one.

    The sharpest level is brought to each level by shift, magnification and brightness, found in the image before
    restoration. For every level: width before and after, sharpness, PSNR before and after, and whether restoring
    helps or hurts. With --light auto all levels have to state the same light. OUT/real.jsonl takes every figure as soon
    as it is there; the same command goes on after a stop. Writes OUT/real.md, .csv and .tex, and the pictures
    real-curves and real-details as .png and .pdf. A level that fails is reported with its reason and makes the exit
    status 1.
    """
    from pinsharp.bench.engine.methods import BLURRED, attempts
    from pinsharp.bench.real.series import find_series, series_light
    from pinsharp.bench.real.study import Real

    if crop < 128:
        raise ConfigError(f"--crop must be at least 128 pixels, got {crop}")
    light = series_light(find_series(data), renamed(light, gamma=gamma))
    load = partial(_restorer, load=loader(device, precision), light=light)
    lineup = partial(attempts, names(methods), whole_numbers(passes, "--passes"), load, always=BLURRED)
    study = Real(data, out, lineup, partial(load, estimator), reference, crop, box_of(detail), light)
    if study.reference.number != 0:
        remark(f"{data}: no level 0 is the reference; level {study.reference.name} stands for the sharp image")
    _, records = conduct(study, out, jobs=jobs)
    conclude(study, records, out, as_json=as_json)


def _restorer(name: str, *, load: "Callable[[str], Method]", light: str) -> "Restorer":
    """Load what restores; importable, because worker processes are sent it."""
    from pinsharp.restoration.restorer import Restorer

    return Restorer(load(name), light=light)
