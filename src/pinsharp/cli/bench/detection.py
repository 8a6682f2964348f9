"""`pinsharp bench detection`: one detector on simulated panels, sharp, blurred and restored."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.cli.bench.measure import Passes, Results, watch
from pinsharp.cli.bench.present import (
    TABLE_SUFFIXES,
    box_of,
    names,
    show,
    whole_numbers,
    write_figure,
    write_table,
)
from pinsharp.cli.comparison import loader
from pinsharp.cli.messages import complain, remark
from pinsharp.cli.options import DEFAULT_MODEL, Device, Jobs, JsonDocument, Precision, TrueKernel

if TYPE_CHECKING:
    from pinsharp.bench.detection.records import InspectionFigures
    from pinsharp.bench.detection.rows import Lineup
    from pinsharp.bench.detection.scene import Study
    from pinsharp.bench.detection.study import Plan
    from pinsharp.bench.show.sheet import Box


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
        int, typer.Option(min=0, metavar="N", help="Of the first panel; the next ones count up.")
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
        bool,
        typer.Option("--true-pins", help="Tell the detector where the pins are, instead of letting it find them."),
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
    OUT/detection.jsonl takes every figure as soon as it is there; the same command goes on after a stop, and other
    seeds, blurs and methods may join. Writes OUT/detection.md, .csv and .tex, and the pictures detection-curves and, of
    a cut of the first panel, detection-KERNEL as .png and .pdf. What fails is reported with its reason and makes the
    exit status 1.
    """
    from pinsharp.bench.detection.records import DETECTION_RECORDS
    from pinsharp.bench.detection.study import TUNING_SEED, plan_detection, run_detection
    from pinsharp.bench.engine.record_file import RecordFile

    box = box_of(detail)
    study = _study(settings, detector, bits, tolerance, true_pins)
    lineup = _lineup(methods, whole_numbers(passes, "--passes"), true_kernel, device, precision)
    last = first_seed + seeds - 1
    if last >= TUNING_SEED:
        remark(f"the detector's settings were chosen on panels from seed {TUNING_SEED} on; the last one here is {last}")
    with RecordFile(out, DETECTION_RECORDS) as file:
        plan = plan_detection(out, study, range(first_seed, last + 1), kernels, lineup(study.camera))
        print(f"run {plan.id}: {plan.to_do} images to inspect into {out}", file=sys.stderr, flush=True)
        measured = run_detection(plan, file, lineup=lineup, jobs=jobs)
        watch((not each.is_done for each in measured), plan.to_do, "inspecting")
    _conclude(plan, box, as_json=as_json)


def _study(
    settings: Path | None, detector: Path | None, bits: int | None, tolerance: float, true_pins: bool
) -> "Study":
    """How panels are made and judged, from the user's files."""
    from pinsharp.bench.detection.scene import Study
    from pinsharp.cli.detect_simulate import read_settings
    from pinsharp.detect.settings import load_settings

    panel, camera = read_settings(settings, bits)
    return Study(panel, camera, load_settings(detector), tolerance, true_pins)


def _lineup(methods: str, passes: list[int], true_kernel: bool, device: str, precision: str) -> "Lineup":
    """What makes the rows, here and in other processes: a partial, because a lambda cannot be sent there."""
    from pinsharp.bench.detection.rows import attempts

    return partial(attempts, names(methods), passes, true_kernel=true_kernel, load=loader(device, precision))


def _conclude(plan: "Plan", box: "Box | None", *, as_json: bool) -> None:
    """Make table and pictures of what was asked for.

    Raises:
        typer.Exit: With 1, if something has failed.
    """
    import re

    from pinsharp.bench.detection.pictures import draw_cuts
    from pinsharp.bench.detection.plots import draw_curves
    from pinsharp.bench.detection.study import asked_records
    from pinsharp.bench.detection.tables import detection_table
    from pinsharp.bench.show.typeset import document

    records = asked_records(plan)
    table = detection_table(records)
    paths = write_table(table, plan.folder, TABLE_SUFFIXES)
    paths += write_figure(draw_curves(table), plan.folder, "detection-curves")
    for kernel in plan.kernels:
        name = "detection-" + re.sub(r"[^\w.-]+", "-", kernel)
        paths += write_figure(draw_cuts(plan, records, kernel, box), plan.folder, name)
    show([table], paths, {**records.about, **document(table)}, as_json=as_json)
    if _tell_failures(each for each in records.figures if not each.is_done):
        raise typer.Exit(1)


def _tell_failures(failures: "Iterator[InspectionFigures]") -> bool:
    """Say for each row what has failed and why the first did; whether anything has."""
    groups: dict[tuple[str, int], list[InspectionFigures]] = {}
    for each in failures:
        groups.setdefault((each.row, each.passes), []).append(each)
    for (row, _), group in groups.items():
        first = group[0]
        where = f"{first.kernel or 'in focus'}, seed {first.seed}"
        complain(f"{row}: {len(group)} failed, first {where}: {first.reason}")
    return bool(groups)
