"""`pinsharp bench edges`: methods on slanted edges, which are their own transfer function."""

from functools import partial
from typing import Annotated

import typer

from pinsharp.cli.bench.measure import MethodFiles, Results, conclude, conduct
from pinsharp.cli.bench.present import names
from pinsharp.cli.bench.real import restorer_of
from pinsharp.cli.comparison import loader
from pinsharp.cli.options import DEFAULT_MODEL, Device, Inputs, Jobs, JsonDocument, Light, OldGamma, Precision, renamed
from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import Recipe


def edges(
    images: Inputs,
    out: Results,
    methods: MethodFiles = f"{DEFAULT_MODEL},richardson-lucy:15",
    estimator: Annotated[
        str, typer.Option(metavar="M", help="What measures the width of all images, before and after.")
    ] = DEFAULT_MODEL,
    known: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=F,...",
            help="MTF50 that somebody else has read from an edge, by the name of its file without the suffix.",
        ),
    ] = None,
    light: Light = str(Recipe.light),
    gamma: OldGamma = False,
    jobs: Jobs = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Read slanted edges before and after restoration (ISO 12233), and compare them with the measured width.

    Each image shows one straight edge, a few degrees off rows or columns, from side to side. For every edge: the
    frequency at which half of the contrast is left (MTF50), of the edge and of the kernel that was measured, and the
    overshoot. OUT/edges.jsonl takes every figure at once; the same command continues after a stop. Writes
    OUT/edges.md, .csv and .tex, and the picture edges-mtf. An image without such an edge is reported with its reason
    and makes the exit status 1.
    """
    from pinsharp.bench.edges.study import Edges
    from pinsharp.bench.engine.methods import BLURRED, attempts
    from pinsharp.images.discover import find_images

    asked = str(Recipe(light=renamed(light, gamma=gamma)).light)
    load = partial(restorer_of, load=loader(device, precision))
    lineup = partial(attempts, names(methods), [1], load, always=BLURRED)
    study = Edges(find_images(images), lineup, partial(load, estimator), _known(known), asked)
    _, records = conduct(study, out, jobs=jobs)
    conclude(study, records, out, as_json=as_json)


def _known(text: str | None) -> dict[str, float]:
    """Read figures by name. Raises ConfigError if one is not valid."""
    found = {}
    for part in names(text):
        name, equals, value = part.partition("=")
        try:
            found[name] = float(value)
        except ValueError:
            raise ConfigError(f"--known: expected NAME=FREQUENCY such as edge=0.25, got {part!r}") from None
        if not equals or not 0 < found[name] < 1:
            raise ConfigError(f"--known: expected a frequency of 0 to 1 cycles a pixel, got {part!r}")
    return found
