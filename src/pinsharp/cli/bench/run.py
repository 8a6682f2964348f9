"""`pinsharp bench run`: measure methods on a test set, if asked into records that a later run adds to."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pinsharp.cli.bench.measure import conduct, tell_failures
from pinsharp.cli.comparison import loader, print_scores, sharp_images
from pinsharp.cli.messages import refuse
from pinsharp.cli.options import (
    DEFAULT_MODEL,
    Bits,
    Border,
    Device,
    Jobs,
    JsonDocument,
    Kernels,
    Limit,
    Methods,
    Noise,
    Precision,
    Seed,
    Split,
    TrueKernel,
)

if TYPE_CHECKING:
    from pinsharp.blur.operators import Boundary


def run(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of sharp images, or a DIV2K or GOPRO folder.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="OUT", help="Folder that keeps the records; made if it is not there."),
    ] = None,
    methods: Methods = f"blurred,linear-limit,{DEFAULT_MODEL}",
    kernels: Kernels = "gaussian8",
    boundary: Border = "reflect",
    bits: Bits = 8,
    noise: Noise = 0.0,
    profile: Annotated[
        Path | None,
        typer.Option(
            metavar="CAMERA.json",
            help="Blur as the camera of this profile shows it: with its own softness, noise, depth and faulty pixels "
            "(those on images of its size). Of linear light.",
        ),
    ] = None,
    seed: Seed = 0,
    split: Split = None,
    true_kernel: TrueKernel = False,
    limit: Limit = None,
    jobs: Jobs = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Measure methods on sharp images that are blurred by a protocol.

    PSNR and SSIM are over all channels of the restored image rounded to 8 bits, without cutting a border. `mean` is the
    mean PSNR over all images and kernels, `aggregate` 10 log10(1 / mean MSE), `sigma error` the median relative error
    of the measured width, `gap` what the true kernel would add.

    With a profile, the true kernel is that of defocus and camera together, and the sharp images are what is restored.

    With -o, OUT/records.jsonl takes every figure at once: stop it at any time, the same command continues.
    What it holds already, of the same images, protocol and weights, is not measured again; other methods and other test
    sets may go into the same folder. A restoration that fails is reported with its reason, tried again next time, and
    makes the exit status 1.
    """
    from pinsharp.bench.engine.records import load_run, plain
    from pinsharp.bench.quality.contenders import contenders
    from pinsharp.bench.quality.judge import summarise
    from pinsharp.bench.quality.study import Quality
    from pinsharp.cli.messages import print_json
    from pinsharp.data.testset import Degradation

    known = None
    if profile is not None:
        from pinsharp.blur.profile_json import read_profile

        refuse({"--bits": bits != 8, "--noise": noise != 0}, "is what the profile says; leave it out")
        known = read_profile(profile)
    protocol = Degradation(kernels, cast("Boundary", boundary), bits, noise / 255, seed, known)
    paths = sharp_images(data, split=split, limit=limit)
    rows = [name.strip() for name in methods.split(",")]
    lineup = partial(contenders, rows, true_kernel=true_kernel, load=loader(device, precision))
    study = Quality(data, paths, protocol, lineup)
    plan, records = conduct(study, out, what="restorations to measure", jobs=jobs)
    records = load_run(out, study.kind, plan.id) if out else records  # with what was measured before
    summary = summarise(records.figures)
    if as_json:
        about = {key: value for key, value in records.about.items() if key not in ("headers", "record")}
        print_json({**about, "rows": [plain(row) for row in summary]})
    else:
        print_scores(records.about, summary)
    if tell_failures(records.figures) & plan.header["methods"].keys():
        raise typer.Exit(1)
