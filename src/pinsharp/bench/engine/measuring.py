"""Measuring what is missing, in this process or in several, every figure on file as soon as it is there.

Each process makes its own methods once. One that dies, of too little memory or a fault in a library, costs the one
measurement that it was at.
"""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pinsharp import workers
from pinsharp.bench.engine.record_file import RecordFile, as_record
from pinsharp.workers import Answer, Death, threads_for


class SomeTask(Protocol):
    """A frozen dataclass: an image, and the rows that are still to restore it."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def rows(self) -> tuple[Any, ...]:
        """The rows."""


Task = TypeVar("Task", bound=SomeTask)
Figures = TypeVar("Figures")

CarryOut = Callable[[Task], Iterator[Figures]]
"""Lets the rows of a task restore its image, one after another."""

Make = Callable[[], CarryOut[Task, Figures]]
"""Makes, in another process, what carries out tasks there. It is sent there, so it must be picklable."""

Failed = Callable[[Task, Any, str], Figures]
"""Figures of a row of a task that has none, and why."""


@dataclass(frozen=True)
class Plan(Generic[Task]):
    """What is to be measured.

    Args:
        header: The first record.
        tasks: What is missing, in order.
        is_news: Whether the file lacks the header: something is to be measured, or the methods have changed.
    """

    header: dict[str, Any]
    tasks: list[Task]
    is_news: bool

    @property
    def id(self) -> str:
        """The run's ID: the same for what may share the figures."""
        name: str = self.header["run"]
        return name

    @property
    def to_do(self) -> int:
        """How many images are to be restored."""
        return sum(len(task.rows) for task in self.tasks)


def measure(
    plan: Plan[Task],
    file: RecordFile,
    *,
    record: str,
    here: CarryOut[Task, Figures],
    there: Make[Task, Figures] | None,
    failed: Failed[Task, Figures],
    jobs: int,
) -> Iterator[Figures]:
    """Carry a plan out: write each figure as soon as it is there, then yield it.

    However this ends, no process is left behind; they end with their parent, even if that is killed.

    Args:
        plan: What is to be measured.
        file: Takes the records.
        record: Kind of the records.
        here: Carries tasks out in this process, if `jobs` is 1.
        there: Makes what carries them out in each of several processes.
        failed: Makes the figures of a row that has ended its process.
        jobs: How many processes. They share the threads of this one, and a GPU.

    Raises:
        OutputError: If a record cannot be written.
        ConfigError: If no process is left that could load the methods.
    """
    if jobs > 1 and there is None:
        raise ValueError("several processes need a lineup to make their rows by, got None")
    if plan.is_news:
        file.append({**plan.header, "jobs": jobs, "threads": threads_for(jobs)})
    if there is None or jobs == 1:
        measured = _in_this_process(plan.tasks, here)
    else:
        measured = _in_processes(plan.tasks, there, failed, jobs)
    with closing(measured):
        for figures in measured:
            file.append(as_record(record, plan.id, figures))
            yield figures


def _in_this_process(tasks: Sequence[Task], carry_out: CarryOut[Task, Figures]) -> Generator[Figures, None, None]:
    for task in tasks:
        yield from carry_out(task)


def _in_processes(
    tasks: Sequence[Task], make: Make[Task, Figures], failed: Failed[Task, Figures], jobs: int
) -> Generator[Figures, None, None]:
    waiting = deque(tasks)
    reported: Counter[Task] = Counter()
    with closing(workers.in_processes(waiting, partial(_make, make, threads_for(jobs)), jobs)) as events:
        for event in events:
            if isinstance(event, Answer):
                reported[event.task] += 1
                yield event.value
            elif isinstance(event, Death):
                yield from _bury(event, reported[event.task], waiting, failed)


def _make(make: Make[Task, Figures], threads: int) -> CarryOut[Task, Figures]:
    import torch

    torch.set_num_threads(threads)
    return make()


def _bury(death: Death[Task], reported: int, waiting: deque[Task], failed: Failed[Task, Figures]) -> Iterator[Figures]:
    """Blame the death of a process on the row that it was at, and put its other rows back."""
    left = death.task.rows[reported:]
    if not left:  # it died after its last row
        return
    if left[1:]:
        waiting.appendleft(replace(death.task, rows=left[1:]))
    yield failed(death.task, left[0], f"{death.reason} while it restored this image; is memory short?")
