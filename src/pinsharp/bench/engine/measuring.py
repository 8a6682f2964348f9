"""Measuring what is missing, in this process or in several, every figure on file as soon as it is there.

Each process makes its own methods once. One that dies, of too little memory or a fault in a library, costs the one
measurement that it was at.
"""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from pinsharp import workers
from pinsharp.bench.engine.record_file import RecordFile
from pinsharp.bench.engine.records import Figures, plain
from pinsharp.bench.engine.study import Plan, Study, Subject, Task
from pinsharp.errors import ConfigError, OutputError
from pinsharp.workers import Answer, Death, threads_for

CarryOut = Callable[[Task], Iterator[Figures | OutputError]]
"""Lets the rows of a task restore its image, one after another; what cannot be written ends the run."""


def measure(
    plan: Plan[Task, Subject, Figures], file: RecordFile | None = None, *, jobs: int = 1, apart: bool = False
) -> Iterator[Figures]:
    """Carry a plan out: write each figure as soon as it is there, then yield it.

    All `jobs` share the threads of this process, and a GPU; `apart` gives each row of each image a process of its own,
    one after the other. However this ends, none is left behind; they end with their parent, even if that is killed.

    Raises:
        OutputError: If a record, or what belongs to one, cannot be written.
        ConfigError: If no process is left that could load the methods.
    """
    if file is not None and plan.is_news:
        file.append({**plan.header, "jobs": jobs, "threads": threads_for(jobs)})
    if apart:
        measured = _apart(plan)
    else:
        measured = _in_this_process(plan) if jobs == 1 else _in_processes(plan.study, plan.tasks, jobs)
    with closing(measured):
        for figures in measured:
            if isinstance(figures, OutputError):
                raise figures
            if file is not None:
                file.append({"record": plan.study.kind.line, "run": plan.id, **plain(figures)})
            yield figures


def _carry_out(study: Study[Task, Subject, Figures], task: Task) -> Iterator[Figures | OutputError]:
    """Let each row of a task restore its image; whatever goes wrong becomes failed figures."""
    try:
        subject = study.prepare(task)
    except OutputError as error:
        yield error
        return
    except Exception as error:  # noqa: BLE001 - one bad image must not end hours of measuring the others
        yield from (study.failed(task, row, error) for row in task.rows)
        return
    for row in task.rows:
        figures: Figures | OutputError
        try:
            figures = study.measure(task, row, subject)
        except OutputError as error:
            figures = error
        except Exception as error:  # noqa: BLE001 - nor must a method, whatever mistake of whomever it trips over
            figures = study.failed(task, row, error)
        yield figures


def _in_this_process(plan: Plan[Task, Subject, Figures]) -> Generator[Figures | OutputError, None, None]:
    for task in plan.tasks:
        yield from _carry_out(plan.study, task)


def _apart(plan: Plan[Task, Subject, Figures]) -> Generator[Figures | OutputError, None, None]:
    for task in plan.tasks:
        for row in task.rows:
            try:
                yield from _in_processes(plan.study, [replace(task, rows=(row,))], 1)
            except ConfigError as error:  # it ended before it could begin
                yield plan.study.failed(task, row, error)


def _in_processes(
    study: Study[Task, Subject, Figures], tasks: Sequence[Task], jobs: int
) -> Generator[Figures | OutputError, None, None]:
    waiting = deque(tasks)
    reported: Counter[Task] = Counter()
    with closing(workers.in_processes(waiting, partial(_make, study, threads_for(jobs)), jobs)) as events:
        for event in events:
            if isinstance(event, Answer):
                reported[event.task] += 1
                yield event.value
            elif isinstance(event, Death):
                yield from _bury(event, reported[event.task], waiting, study)


def _make(study: Study[Task, Subject, Figures], threads: int) -> CarryOut[Task, Figures]:
    import torch

    torch.set_num_threads(threads)
    _ = study.rows  # what cannot be loaded ends the process before it takes a task
    return partial(_carry_out, study)


def _bury(
    death: Death[Task], reported: int, waiting: deque[Task], study: Study[Task, Any, Figures]
) -> Iterator[Figures]:
    """Blame the death of a process on the row that it was at, and put its other rows back."""
    left = death.task.rows[reported:]
    if not left:  # it died after its last row
        return
    if left[1:]:
        waiting.appendleft(replace(death.task, rows=left[1:]))
    yield study.failed(death.task, left[0], f"{death.reason} while it restored this image; is memory short?")
