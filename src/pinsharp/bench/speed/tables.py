"""Tables of speed: every timing, and beside the quality of each method its speed."""

import math
from collections.abc import Sequence
from dataclasses import asdict

from pinsharp.bench.quality.records import RunRecords
from pinsharp.bench.quality.standing import describe, faults, quality_cells, standings
from pinsharp.bench.show.typeset import MARK, Cell, Column, Group, Table
from pinsharp.bench.speed.records import IMAGES, Timing

_COLUMNS = (
    *(Column("method", "method"), Column("device", "device"), Column("threads", "threads"), Column("image")),
    *(Column("height"), Column("width"), Column("megapixels", "size, MP", 2)),
    *(Column("megapixels_per_second", "MP/s", 3), Column("seconds", "s an image", 3)),
    *(Column("peak_memory_mib", "peak memory, MiB", 0), Column("parameters", "parameters, M", 2, factor=1e-6)),
    *(Column("first_seconds", "s the first image", 3), Column("runtime"), Column("precision")),
    *(Column("repeats"), Column("reason")),
)
_PSNR_COLUMNS = (Column("mean_psnr", "mean PSNR, dB", 2), Column("aggregate_psnr", "aggregate PSNR, dB", 2))
_MEMORY_NOTE = "Peak memory: what a call adds at its peak to what its process or GPU holds already."


def speed_table(measured: Sequence[Timing]) -> Table:
    """Set all timings below each other, the fastest method of each size and number of threads first."""
    order = sorted(measured, key=lambda each: (each.megapixels, each.threads, each.seconds or math.inf))
    failures = (f"{each.row} at {each.megapixels:.2f} MP failed: {each.reason}" for each in order if each.reason)
    repeats = f"median of {order[0].repeats} calls after two to warm up" if order else "nothing timed"
    groups = []
    for image in [kind for kind in IMAGES if any(each.image == kind for each in order)] or IMAGES[:1]:
        rows: list[dict[str, Cell]] = [_cells(timing) for timing in order if timing.image == image]
        groups.append(Group(f"Blind restoration of a {image} image, {repeats}", rows, {}, {}))
    return Table("speed", _COLUMNS, tuple(groups), (_MEMORY_NOTE, *failures))


def quality_table(measured: Sequence[Timing], runs: Sequence[RunRecords]) -> Table:
    """Set beside the quality of each method in the records its speed at the largest size and the most threads.

    Runs that hold none of the methods are left out.
    """
    largest = max(((each.megapixels, each.threads) for each in measured), default=(0, 0))
    fastest = {
        each.row: each
        for each in measured
        if (each.megapixels, each.threads) == largest and each.seconds and each.image == "colour"
    }
    groups, notes = [], [_MEMORY_NOTE]
    for run in runs:
        known = [row for row in standings(run) if row.row in fastest and row.scores]
        rows = [_cells(fastest[row.row]) | quality_cells(row.scores) for row in known]
        marks = {number: MARK for number, row in enumerate(known) if not row.is_whole}
        if rows:
            groups.append(Group(describe(run), rows, {"set": run.set, "run": run.id}, marks))
            notes += [f"{fault} [{run.set}]" for fault in faults(known)]
    columns = (*(Column("set"), Column("run")), *_COLUMNS[:1], *_PSNR_COLUMNS, *_COLUMNS[1:])
    return Table("speed-quality", columns, tuple(groups), tuple(notes))


def _cells(timing: Timing) -> dict[str, Cell]:
    return asdict(timing) | {"method": timing.row}
