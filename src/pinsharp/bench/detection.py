"""The detection benchmark: can one detector, with one setting, inspect restored images as it inspects sharp ones?

Panels with known particles are simulated and photographed sharp and out of focus, with the same noise. Every row
restores the blurred photographs, and all are inspected with the same settings, which were chosen on sharp panels of
other seeds. A run can be stopped and continued; more seeds, blurs and methods join what is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from pinsharp.bench.detection_records import (
    IN_FOCUS,
    SHARP,
    InspectionFigures,
    Key,
    StudyRecords,
    as_record,
    load_study,
)
from pinsharp.bench.detection_rows import Attempt, Lineup
from pinsharp.bench.detection_scene import Study
from pinsharp.bench.detection_tasks import PICTURES, Task, in_processes, in_this_process, kept_files, task_of
from pinsharp.bench.provenance import provenance
from pinsharp.bench.records import RecordFile, is_same_model
from pinsharp.blur.kernels import named_kernels
from pinsharp.errors import ConfigError
from pinsharp.workers import threads_for

TUNING_SEED = 1000
"""The detector's settings were chosen on panels from this seed on; those below belong to the benchmark."""


@dataclass(frozen=True)
class Plan:
    """What is to be measured.

    Args:
        folder: Where the results go.
        study: How panels are made and judged.
        seeds: Of the panels.
        kernels: Blurs by name, (1, 1, K, K).
        attempts: The rows, the sharp image first.
        header: The first record.
        tasks: What is missing, in order.
        is_news: Whether the folder lacks the header.
    """

    folder: Path
    study: Study
    seeds: Sequence[int]
    kernels: Mapping[str, Tensor]
    attempts: Sequence[Attempt]
    header: dict[str, Any]
    tasks: list[Task]
    is_news: bool

    @property
    def id(self) -> str:
        """The same for the same study, whatever seeds, blurs and methods."""
        name: str = self.header["run"]
        return name

    @property
    def to_do(self) -> int:
        """How many images are to be inspected."""
        return sum(len(task.rows) for task in self.tasks)

    @property
    def asked(self) -> list[Key]:
        """All that was asked for, by blur, row and seed, measured or not."""
        return [
            task.key(*row)
            for task_seeds in zip(*(_tasks(self, seed) for seed in self.seeds), strict=True)
            for row in task_seeds[0].rows
            for task in task_seeds
        ]

    @property
    def shown(self) -> Path:
        """Start of the names of the files in which the images of the first seed are kept."""
        return _kept(self.folder, self.id, self.seeds[0])


def plan_detection(folder: Path, study: Study, seeds: Sequence[int], kernels: str, attempts: Sequence[Attempt]) -> Plan:
    """Find out what is to be measured: whatever the folder does not hold as done, by the same methods.

    Args:
        folder: That of the results; it need not exist.
        study: How panels are made and judged.
        seeds: Of the panels; the images of the first one are kept, for the pictures.
        kernels: Names of blurs joined by commas, as `named_kernels` takes them.
        attempts: From `detection_rows.attempts`.

    Raises:
        ConfigError: If there is no seed, one is negative, or the folder holds something that is no record.
        KernelError: If a name is no kernel.
    """
    if not seeds or min(seeds) < 0:
        raise ConfigError(f"expected one seed or more, from 0 on, got {list(seeds)}")
    methods = {each.row: each.about for each in attempts}
    found = named_kernels(kernels)
    header = {
        "record": "study",
        "run": study.id,
        **study.summary,
        "seeds": list(seeds),
        "kernels": list(found),
        "methods": methods,
        **provenance(),
    }
    plan = Plan(folder, study, seeds, found, attempts, header, [], is_news=False)
    known = load_study(folder, study.id)
    done = known.done_keys(methods)
    tasks = [missing for seed in seeds for task in _tasks(plan, seed) if (missing := _missing(task, done)).rows]
    return Plan(
        folder, study, seeds, found, attempts, header, tasks, is_news=bool(tasks) or not _is_current(known, methods)
    )


def run_detection(
    plan: Plan, file: RecordFile, *, lineup: Lineup | None = None, jobs: int = 1
) -> Iterator[InspectionFigures]:
    """Carry a plan out: write each figure as soon as it is there, then yield it.

    Args:
        plan: What is to be measured.
        file: Takes the records.
        lineup: Makes the same rows in each of several processes.
        jobs: How many processes. They share the threads of this one, and a GPU.

    Raises:
        OutputError: If a record cannot be written.
        ConfigError: If a process ends before it has measured anything.
    """
    if jobs > 1 and lineup is None:
        raise ValueError("several processes need a lineup to make their rows by, got None")
    if plan.is_news:
        file.append({**plan.header, "jobs": jobs, "threads": threads_for(jobs)})
    if lineup is None or jobs == 1:
        measured = in_this_process(plan.tasks, plan.study, plan.attempts)
    else:
        measured = in_processes(plan.tasks, plan.study, lineup, jobs)
    with closing(measured):
        for figures in measured:
            file.append(as_record(figures, plan.id))
            yield figures


def asked_records(plan: Plan) -> StudyRecords:
    """What the folder holds of what was asked for, in the order of the plan, whenever it was measured."""
    known = load_study(plan.folder, plan.id)
    by_key = {each.key: each for each in known.figures}
    return StudyRecords(plan.header, known.methods, [by_key[key] for key in plan.asked if key in by_key])


def _tasks(plan: Plan, seed: int) -> list[Task]:
    """All photographs of a panel, each with all of its rows; the images of the first panel are kept."""
    keep = plan.shown if seed == plan.seeds[0] else None
    others = [(each.row, each.passes) for each in plan.attempts if each.row != SHARP]
    in_focus = task_of(seed, IN_FOCUS, None, [(SHARP, 0)], keep)
    return [in_focus, *(task_of(seed, name, pixels, others, keep) for name, pixels in plan.kernels.items())]


def _missing(task: Task, done: set[Key]) -> Task:
    """What of a task was not measured, or whose image was to be kept and is not there."""

    def is_there(row: tuple[str, int]) -> bool:
        return task.keep is None or all(path.is_file() for path in kept_files(task.keep, task.kernel, *row))

    rows = tuple(row for row in task.rows if task.key(*row) not in done or not is_there(row))
    return Task(task.seed, task.kernel, task.kernel_sha256, task.sigma, rows, task.keep)


def _is_current(known: StudyRecords, methods: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the folder's latest description of each row is the one that is to be measured."""
    return all(row in known.methods and is_same_model(known.methods[row], about) for row, about in methods.items())


def _kept(folder: Path, run: str, seed: int) -> Path:
    return folder / PICTURES / f"{run}_{seed}"
