"""`pinsharp bench run`: measure methods on a test set, into records that a later run adds to."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pinsharp.cli.bench.measure import watch
from pinsharp.cli.comparison import lineup_of, print_scores, sharp_images
from pinsharp.cli.messages import complain
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
    from pinsharp.bench.quality.judge import Row
    from pinsharp.bench.quality.records import RunRecords
    from pinsharp.bench.quality.study import Plan
    from pinsharp.blur.operators import Boundary


def run(
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder of sharp images, or a DIV2K or GOPRO folder.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="OUT", help="Folder for the records; made if it is not there.")
    ],
    methods: Methods = f"blurred,linear-limit,{DEFAULT_MODEL}",
    kernels: Kernels = "gaussian8",
    boundary: Border = "reflect",
    bits: Bits = 8,
    noise: Noise = 0.0,
    seed: Seed = 0,
    split: Split = None,
    true_kernel: TrueKernel = False,
    limit: Limit = None,
    jobs: Jobs = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    as_json: JsonDocument = False,
) -> None:
    """Measure methods on a test set; stop it at any time, the same command goes on.

    OUT/records.jsonl takes every figure as soon as it is there. What it holds already, of the same images, protocol and
    weights, is not measured again; other methods and other test sets may go into the same folder. A restoration that
    fails is recorded with its reason, tried again next time, and makes the exit status 1.
    """
    from pinsharp.bench.engine.record_file import RecordFile
    from pinsharp.bench.quality.study import plan_run
    from pinsharp.bench.quality.study import run as carry_out
    from pinsharp.data.testset import Degradation

    protocol = Degradation(kernels, cast("Boundary", boundary), bits, noise / 255, seed)
    paths = sharp_images(data, split=split, limit=limit)
    lineup = lineup_of(methods, true_kernel=true_kernel, device=device, precision=precision)
    rows = lineup(protocol)
    with RecordFile(out) as file:
        plan = plan_run(file, data, paths, protocol, rows)
        _say(plan, out)
        measured = carry_out(plan, file, protocol, rows, lineup=lineup, jobs=jobs)
        watch((not each.is_done for each in measured), plan.to_do, "restoring")
        _conclude(plan, out, as_json=as_json)


def _say(plan: "Plan", out: Path) -> None:
    there = f", {plan.done} are there already" if plan.done else ""
    print(f"run {plan.id}: {plan.to_do} restorations to measure into {out}{there}", file=sys.stderr, flush=True)


def _conclude(plan: "Plan", out: Path, *, as_json: bool) -> None:
    """Show the whole run, with what was measured before.

    Raises:
        typer.Exit: With 1, if something that was asked for has failed.
    """
    from pinsharp.bench.engine.record_file import plain
    from pinsharp.bench.quality.judge import summarise
    from pinsharp.bench.quality.records import load_records
    from pinsharp.cli.messages import print_json

    records = next(records for records in load_records(out) if records.id == plan.id)
    rows = summarise(records.measurements)
    if as_json:
        about = {key: value for key, value in records.about.items() if key != "headers"}
        print_json({**about, "rows": [plain(row) for row in rows]})
    else:
        print_scores(records.about, rows)
    if _tell_failures(records, rows, plan.header["methods"]):
        raise typer.Exit(1)


def _tell_failures(records: "RunRecords", rows: "Sequence[Row]", asked: dict[str, Any]) -> bool:
    """Say for each row what has failed and why the first did; whether one that was asked for is among them."""
    for row in rows:
        if row.failed:
            first = next(each for each in records.measurements if each.row == row.name and not each.is_done)
            total = row.images + row.failed
            complain(f"{row.name}: {row.failed} of {total} failed, first {first.image}, {first.kernel}: {first.reason}")
    return any(row.failed for row in rows if row.name in asked)
