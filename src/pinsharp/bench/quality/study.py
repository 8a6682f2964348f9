"""A benchmark run that can be stopped and continued: what is to be measured, what is there already, and the rest.

What goes wrong with one image becomes a failed record with its reason, and is tried again when the run is continued.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pinsharp.bench.engine import measuring
from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.quality.contenders import Contender
from pinsharp.bench.quality.judge import header, image_hashes
from pinsharp.bench.quality.records import Measurement, are_current, done_keys, load_records
from pinsharp.bench.quality.tasks import Lineup, Task, carrying_out, elsewhere, failed
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.data.testset import Degradation

ID_DIGITS = 12
"""Hexadecimal digits of the hash over images and protocol that name a run."""


@dataclass(frozen=True)
class Plan(measuring.Plan[Task]):
    """What a run has to do.

    Args:
        done: How many measurements are there already.
    """

    done: int


def run_header(
    data: Path, paths: Sequence[Path], protocol: Degradation, rows: Sequence[Contender], hashes: Sequence[str]
) -> dict[str, Any]:
    """Say what a run measures: images, protocol, methods, program and machine.

    Args:
        data: Folder of the sharp images, as it was given.
        paths: The sharp images.
        protocol: How they are blurred.
        rows: What restores them.
        hashes: The images' `image_hashes`.
    """
    about = header(paths, protocol, hashes)
    return {
        "record": "run",
        "run": about["test_set_sha256"][:ID_DIGITS],
        "data": str(data),
        "set": data.resolve().name,
        **about,
        "methods": {row.row: row.about for row in rows},
    }


def plan_run(
    file: RecordFile, data: Path, paths: Sequence[Path], protocol: Degradation, rows: Sequence[Contender]
) -> Plan:
    """Find out what of a run is to be measured: whatever the file does not hold as done, with the same weights.

    Raises:
        ImageError: If an image cannot be read.
        ConfigError: If the file holds something that is no record.
    """
    hashes = image_hashes(paths)
    about = run_header(data, paths, protocol, rows, hashes)
    known = done_keys(file.path.parent, about["run"], about["methods"])
    tasks, done = [], 0
    for number, (path, digest) in enumerate(zip(paths, hashes, strict=True)):
        for kernel, pixels in protocol.kernels.items():
            missing = tuple(row.row for row in rows if (row.row, path.name, digest, kernel) not in known)
            done += len(rows) - len(missing)
            if missing:
                tasks.append(Task(number, path, digest, kernel, float(kernel_sigma(pixels)), missing))
    return Plan(about, tasks, bool(tasks) or not _is_current(file, about), done)


def run(
    plan: Plan,
    file: RecordFile,
    protocol: Degradation,
    rows: Sequence[Contender],
    *,
    lineup: Lineup | None = None,
    jobs: int = 1,
) -> Iterator[Measurement]:
    """Carry a plan out: write each measurement as soon as it is there, then yield it; raises as `measuring.measure`.

    Args:
        plan: What is to be measured.
        file: Takes the records.
        protocol: How images are blurred.
        rows: What restores them in this process, if `jobs` is 1.
        lineup: Makes the same rows in each of several processes.
        jobs: How many processes.
    """
    return measuring.measure(
        plan,
        file,
        record="measurement",
        here=carrying_out(protocol, rows),
        there=None if lineup is None else elsewhere(protocol, lineup),
        failed=failed,
        jobs=jobs,
    )


def _is_current(file: RecordFile, about: Mapping[str, Any]) -> bool:
    """Whether the folder's latest description of each row is the one that is to be measured."""
    runs = {records.id: records.methods for records in load_records(file.path.parent)}
    return are_current(runs.get(about["run"], {}), about["methods"])
