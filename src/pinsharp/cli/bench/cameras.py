"""`pinsharp bench cameras`: methods on simulated cameras."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.cli.bench.measure import MethodFiles, Results, conclude, conduct
from pinsharp.cli.bench.present import names
from pinsharp.cli.comparison import loader
from pinsharp.cli.options import Device, Jobs, JsonDocument, Precision
from pinsharp.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pinsharp.bench.engine.methods import Attempt
    from pinsharp.data.corpus import Corpus
    from pinsharp.methods.method import Method


def cameras(
    out: Results,
    root: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of sharp photographs; by default four that come with scikit-image."),
    ] = None,
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Of DIR only the photographs that training holds out.")
    ] = False,
    methods: MethodFiles = "swift,wiener,richardson-lucy:15,ftvd",
    groups: Annotated[
        str | None,
        typer.Option("--cameras", metavar="C,...", help="Only these cameras and processes, joined by commas."),
    ] = None,
    pairs: Annotated[int, typer.Option(metavar="N", help="Images of each camera.")] = 24,
    images: Annotated[
        int, typer.Option(metavar="N", help="Photographs for JPEG, demosaicing and the like, each with four blurs.")
    ] = 4,
    jobs: Jobs = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Compare methods on the images of simulated cameras, blind and with the true kernel, in the true light.

    Networks have two rows: blind, as users get it, and with the true kernel. Classical methods have the second alone.
    Then come images with noise of 1/255 that were processed in one way each: JPEG, demosaicing, OpenCV's blur of 8
    bits, enlarging, sRGB. OUT/cameras.jsonl takes every figure as soon as it is there; the same command continues after
    a stop. Writes OUT/cameras.md, .csv and .tex, and the picture cameras as .png and .pdf.
    """
    from pinsharp.bench.cameras.study import Cameras
    from pinsharp.bench.cameras.subjects import CAMERAS, PROCESSES

    if pairs < 1 or images < 1:
        raise ConfigError(f"expected at least 1 image, got --pairs {pairs} and --images {images}")
    asked = names(groups) if groups else [*CAMERAS, *PROCESSES]
    if unknown := [name for name in asked if name not in (*CAMERAS, *PROCESSES)]:
        raise ConfigError(f"--cameras: expected names among {', '.join([*CAMERAS, *PROCESSES])}; got {unknown[0]!r}")
    lineup = partial(_rows, tuple(names(methods)), loader(device, precision))
    study = Cameras(_photographs(root, held_out=held_out), lineup, asked, pairs, images)
    _, records = conduct(study, out, jobs=jobs)
    conclude(study, records, out, as_json=as_json)


def _photographs(root: Path | None, *, held_out: bool) -> "Corpus":
    import torch

    from pinsharp.bench.robust.photographs import BUILT_IN, Photograph
    from pinsharp.data.corpus import Corpus, load_corpus, read_corpus
    from pinsharp.data.sharp_files import find_sharp_images

    if root is not None:
        return load_corpus(root, held_out=True) if held_out else read_corpus(find_sharp_images(root))
    if held_out:
        raise ConfigError("--held-out says which photographs of a folder; give one by --root")
    pixels = [torch.from_numpy(Photograph(name).pixels.copy()).permute(2, 0, 1) for name in BUILT_IN]
    return Corpus(tuple(pixels), BUILT_IN)


def _rows(methods: "Sequence[str]", load: "Callable[[str], Method]") -> "list[Attempt]":
    """Networks blind and with the true kernel, classical methods with the true kernel alone."""
    from pinsharp.bench.engine.methods import BLURRED, attempts
    from pinsharp.restoration.restorer import Restorer

    every = attempts(methods, [1], lambda name: Restorer(load(name)), always=BLURRED, true_kernel=True)
    return [each for each in every if each.about["informed"] or each.about["kind"] != "classical"]
