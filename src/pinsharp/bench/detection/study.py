"""The detection benchmark: can one detector, with one setting, inspect restored images as it inspects sharp ones?

Panels with known particles are simulated and photographed sharp and out of focus, with the same noise. Every row
restores the blurred photographs, and all are inspected with the same settings, which were chosen on sharp panels of
other seeds. A run can be stopped and continued; more seeds, blurs and methods join what is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from pinsharp.bench.detection.records import (
    IN_FOCUS,
    INSPECTION,
    SHARP,
    InspectionFigures,
    Key,
    StudyRecords,
    load_study,
)
from pinsharp.bench.detection.rows import Attempt, Lineup
from pinsharp.bench.detection.scene import Study
from pinsharp.bench.detection.tasks import (
    PICTURES,
    Task,
    carrying_out,
    elsewhere,
    failed,
    kept_files,
    task_of,
)
from pinsharp.bench.engine import measuring
from pinsharp.bench.engine.provenance import provenance
from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.quality.records import are_current
from pinsharp.blur.kernel_names import named_kernels
from pinsharp.errors import ConfigError

TUNING_SEED = 1000
"""The detector's settings were chosen on panels from this seed on; those below belong to the benchmark."""


@dataclass(frozen=True)
class Plan(measuring.Plan[Task]):
    """What is to be measured.

    Args:
        folder: Where the results go.
        study: How panels are made and judged.
        seeds: Of the panels.
        kernels: Blurs by name, (1, 1, K, K).
        attempts: The rows, the sharp image first.
    """

    folder: Path
    study: Study
    seeds: Sequence[int]
    kernels: Mapping[str, Tensor]
    attempts: Sequence[Attempt]

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
        return self.folder / PICTURES / f"{self.id}_{self.seeds[0]}"


def plan_detection(folder: Path, study: Study, seeds: Sequence[int], kernels: str, attempts: Sequence[Attempt]) -> Plan:
    """Find out what is to be measured: whatever the folder does not hold as done, by the same methods.

    Args:
        folder: That of the results; it need not exist.
        study: How panels are made and judged.
        seeds: Of the panels; the images of the first one are kept, for the pictures.
        kernels: Names of blurs joined by commas, as `named_kernels` takes them.
        attempts: From `rows.attempts`.

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
    plan = Plan(header, [], False, folder, study, seeds, found, attempts)
    known = load_study(folder, study.id)
    done = {each.key for each in known.done(methods)}
    tasks = [missing for seed in seeds for task in _tasks(plan, seed) if (missing := _missing(task, done)).rows]
    return replace(plan, tasks=tasks, is_news=bool(tasks) or not are_current(known.methods, methods))


def run_detection(
    plan: Plan, file: RecordFile, *, lineup: Lineup | None = None, jobs: int = 1
) -> Iterator[InspectionFigures]:
    """Carry a plan out: write each figure as soon as it is there, then yield it; raises as `measuring.measure`.

    Args:
        plan: What is to be measured.
        file: Takes the records.
        lineup: Makes the same rows in each of several processes.
        jobs: How many processes.
    """
    return measuring.measure(
        plan,
        file,
        record=INSPECTION,
        here=carrying_out(plan.study, plan.attempts),
        there=None if lineup is None else elsewhere(plan.study, lineup),
        failed=failed,
        jobs=jobs,
    )


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
    return replace(task, rows=rows)
