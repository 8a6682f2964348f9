"""Measuring in several processes: each makes its own methods once, and tells its parent what it has measured.

A process that dies, of too little memory or a fault in a library, costs the one measurement that it was at.
"""

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess

import torch

from pinsharp.allocator import keep_freed_memory
from pinsharp.bench.records import Measurement
from pinsharp.bench.tasks import Lineup, Task, carry_out, failed
from pinsharp.data.testset import Degradation
from pinsharp.errors import ConfigError

_READY = "ready"
_PATIENCE_S = 10


def threads_for(jobs: int) -> int:
    """Threads of each of several processes, which share those of this one."""
    return max(1, torch.get_num_threads() // jobs)


def in_processes(
    tasks: Sequence[Task], protocol: Degradation, lineup: Lineup, jobs: int
) -> Generator[Measurement, None, None]:
    """Carry tasks out in several processes, and yield what they measure as it comes.

    However this ends, no process is left behind; they end with their parent, even if that is killed.

    Raises:
        ConfigError: If a process ends before it has its methods.
    """
    waiting = deque(tasks)
    setup = _Setup(protocol, lineup, threads_for(jobs))
    workers: list[_Worker] = []
    try:
        workers.extend(_Worker(setup) for _ in range(min(jobs, len(tasks))))
        while waiting or any(worker.task for worker in workers):
            for worker in [worker for worker in workers if worker.is_ready and not worker.task and waiting]:
                worker.give(waiting.popleft())
            heard = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in heard]:
                try:
                    message = worker.hear()
                except (EOFError, OSError):
                    workers.remove(worker)
                    yield from _bury(worker, waiting)
                    if waiting:
                        workers.append(_Worker(setup))
                else:
                    if message is not None:
                        yield message
    finally:
        for worker in workers:
            worker.stop()


@dataclass(frozen=True)
class _Setup:
    """What a process needs to begin; made anew there, because tensors had better not be sent."""

    protocol: Degradation
    lineup: Lineup
    threads: int

    def __reduce__(self) -> tuple[object, ...]:
        given = self.protocol
        settings = (given.kernel_set, given.boundary, given.bits, given.noise, given.seed)
        return _set_up, (settings, self.lineup, self.threads)


def _set_up(settings: tuple[object, ...], lineup: Lineup, threads: int) -> _Setup:
    return _Setup(Degradation(*settings), lineup, threads)  # type: ignore[arg-type]


class _Worker:
    """A process, seen by its parent: what it is at, and which of its rows it has not reported yet."""

    def __init__(self, setup: _Setup) -> None:
        context: SpawnContext = get_context("spawn")  # a forked process would hang in torch's threads, or on a GPU
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs, setup), daemon=True)
        with _deaf_to_interrupts():
            self.process.start()
        theirs.close()  # only the process holds that end now, so that its death is heard at this one
        self.is_ready = False
        self.task: Task | None = None

    def give(self, task: Task) -> None:
        self.task = task
        with contextlib.suppress(OSError):  # if it has died, hear() will say so
            self.connection.send(task)

    def hear(self) -> Measurement | None:
        """The next measurement, or None for the word that it is ready."""
        message = self.connection.recv()
        if message == _READY:
            self.is_ready = True
            return None
        measurement: Measurement = message
        if self.task is not None:
            rest = self.task.rows[1:]
            self.task = replace(self.task, rows=rest) if rest else None
        return measurement

    def stop(self) -> None:
        self.connection.close()
        if self.is_ready and not self.task:
            self.process.join(_PATIENCE_S)  # it goes by itself when it hears that nobody is there
        self.process.kill()
        self.process.join()


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let a process that is started here hear no Ctrl-C: its parent hears it too, and decides."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _bury(worker: _Worker, waiting: deque[Task]) -> Iterator[Measurement]:
    """Blame the death of a process on the row that it was at, and put its other rows back."""
    worker.stop()
    code = worker.process.exitcode
    if not worker.is_ready:
        raise ConfigError(
            f"expected {_how_it_ended(code)} to load the methods first; what was measured is kept, "
            "go on with fewer --jobs if memory is short"
        )
    if worker.task is None:
        return
    row, *rest = worker.task.rows
    if rest:
        waiting.appendleft(replace(worker.task, rows=tuple(rest)))
    yield failed(worker.task, row, f"{_how_it_ended(code)} while it restored this image; is memory short?")


def _how_it_ended(code: int | None) -> str:
    if code is not None and code < 0:
        return f"a process that was ended by {signal.Signals(-code).name}"
    return f"a process that ended with status {code}"


def _work(connection: "Connection[object, object]", setup: _Setup) -> None:
    """Carry out the tasks that come, until nobody sends any more."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_freed_memory()
    torch.set_num_threads(setup.threads)
    rows = {row.row: row for row in setup.lineup(setup.protocol)}
    try:
        connection.send(_READY)
        while True:
            task: object = connection.recv()
            assert isinstance(task, Task)
            for measurement in carry_out(task, setup.protocol, rows):
                connection.send(measurement)
    except (EOFError, OSError):  # the parent has closed its end
        return


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
