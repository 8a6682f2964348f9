"""Measuring in several processes: each makes its own methods once, and tells its parent what it has measured.

A process that dies, of too little memory or a fault in a library, costs the one measurement that it was at.
"""

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from pinsharp import workers
from pinsharp.bench.records import Measurement
from pinsharp.bench.tasks import Lineup, Task, carry_out, failed
from pinsharp.data.testset import Degradation
from pinsharp.workers import Answer, Death, threads_for


def in_processes(
    tasks: Sequence[Task], protocol: Degradation, lineup: Lineup, jobs: int
) -> Generator[Measurement, None, None]:
    """Carry tasks out in several processes, and yield what they measure as it comes.

    However this ends, no process is left behind; they end with their parent, even if that is killed.

    Raises:
        ConfigError: If no process is left that could load the methods.
    """
    waiting = deque(tasks)
    reported: Counter[Task] = Counter()
    with closing(workers.in_processes(waiting, _Setup(protocol, lineup, threads_for(jobs)), jobs)) as events:
        for event in events:
            if isinstance(event, Answer):
                reported[event.task] += 1
                yield event.value
            elif isinstance(event, Death):
                yield from _bury(event, reported[event.task], waiting)


@dataclass(frozen=True)
class _Setup:
    """Makes in a process what measures there; made anew there, because tensors had better not be sent."""

    protocol: Degradation
    lineup: Lineup
    threads: int

    def __call__(self) -> Callable[[Task], Iterator[Measurement]]:
        import torch

        torch.set_num_threads(self.threads)
        rows = {row.row: row for row in self.lineup(self.protocol)}
        return lambda task: carry_out(task, self.protocol, rows)

    def __reduce__(self) -> tuple[object, ...]:
        given = self.protocol
        settings = (given.kernel_set, given.boundary, given.bits, given.noise, given.seed)
        return _set_up, (settings, self.lineup, self.threads)


def _set_up(settings: tuple[object, ...], lineup: Lineup, threads: int) -> _Setup:
    return _Setup(Degradation(*settings), lineup, threads)  # type: ignore[arg-type]


def _bury(death: Death[Task], reported: int, waiting: deque[Task]) -> Iterator[Measurement]:
    """Blame the death of a process on the row that it was at, and put its other rows back."""
    row, *rest = death.task.rows[reported:] or (None,)
    if row is None:  # it died after its last row
        return
    if rest:
        waiting.appendleft(replace(death.task, rows=tuple(rest)))
    yield failed(death.task, row, f"{death.reason} while it restored this image; is memory short?")
