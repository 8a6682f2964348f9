"""`pinsharp bench detection`: one detector on simulated panels, sharp, blurred and restored."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pinsharp.cli.bench.measure import Passes, Results, conclude, conduct
from pinsharp.cli.bench.present import box_of, names, whole_numbers
from pinsharp.cli.comparison import loader
from pinsharp.cli.messages import remark
from pinsharp.cli.options import DEFAULT_MODEL, Device, Jobs, JsonDocument, Precision, TrueKernel


def detection(
    out: Results,
    methods: Annotated[
        str,
        typer.Option(
            metavar="M,...",
            help="Rows, joined by commas: models that `pinsharp info` lists, .safetensors files, blurred (the input "
            "itself) and linear-limit (the best linear filter that knows kernel, spectrum and noise). LABEL=FILE names "
            "the row. The sharp image is always there.",
        ),
    ] = f"blurred,linear-limit,wiener,{DEFAULT_MODEL}",
    seeds: Annotated[int, typer.Option(min=1, metavar="N", help="How many panels.")] = 20,
    first_seed: Annotated[
        int, typer.Option(min=0, metavar="N", help="Seed of the first panel; the next panels count up.")
    ] = 0,
    kernels: Annotated[
        str,
        typer.Option(
            metavar="K,...",
            help="Blurs, joined by commas: gaussian:SIGMA, disk:RADIUS (pixels), files, or a set such as gaussian8.",
        ),
    ] = "gaussian:1.5,gaussian:2,gaussian:3,gaussian:4,disk:3,disk:5",
    passes: Passes = "1,3",
    true_kernel: TrueKernel = False,
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml", help="Tables [panel] and [camera] of the simulator, as `pinsharp detect simulate`."
        ),
    ] = None,
    detector: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Settings of the detector, as `pinsharp detect --settings`."),
    ] = None,
    bits: Annotated[int | None, typer.Option(metavar="8|12", help="Depth of the camera.")] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, metavar="PX", help="Pixels that a detection may be away from its particle.")
    ] = 3.0,
    true_pins: Annotated[
        bool, typer.Option("--true-pins", help="Tell the detector where the pins are, instead of letting it find them.")
    ] = False,
    detail: Annotated[
        str | None,
        typer.Option(
            metavar="T,L,H,W",
            help="Show this cut: top, left, height and width in pixels. By default the one with most particles.",
        ),
    ] = None,
    jobs: Jobs = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Let one detector inspect simulated panels: in focus, out of focus, and restored.

    Every image of a panel has the same noise and is inspected with the same settings. For every blur and method: F1,
    false alarms, missed particles and pins judged wrongly, beside the sharp image, with confidence intervals.
    OUT/detection.jsonl takes every figure as soon as it is there; the same command continues after a stop, and other
    seeds, blurs and methods may join. Writes OUT/detection.md, .csv and .tex, and the pictures detection-curves and, of
    a cut of the first panel, detection-KERNEL as .png and .pdf. What fails is reported with its reason and makes the
    exit status 1.
    """
    from pinsharp.bench.detection.rows import attempts
    from pinsharp.bench.detection.scene import TUNING_SEED, Setup
    from pinsharp.bench.detection.study import Detection
    from pinsharp.cli.detect_simulate import read_settings
    from pinsharp.detect.settings import load_settings

    box, (panel, camera) = box_of(detail), read_settings(settings, bits)
    setup = Setup(panel, camera, load_settings(detector), tolerance, true_pins)
    chosen, load = whole_numbers(passes, "--passes"), loader(device, precision)
    lineup = partial(attempts, names(methods), chosen, true_kernel=true_kernel, load=load)
    last = first_seed + seeds - 1
    if last >= TUNING_SEED:
        remark(f"the detector's settings were chosen on panels from seed {TUNING_SEED} on; the last one here is {last}")
    study = Detection(out, setup, range(first_seed, last + 1), kernels, lineup, box)
    _, records = conduct(study, out, what="images to inspect", doing="inspecting", jobs=jobs)
    conclude(study, records, out, as_json=as_json)
