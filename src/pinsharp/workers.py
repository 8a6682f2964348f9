"""Work in several processes: each loads its model once, and if one dies, only its current task is lost.

However a stream of work ends, no process is left behind; they end with their parent, even if that is killed. They hear
no Ctrl-C and no request to terminate: their parent hears it too, and decides.
"""

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Generic, TypeVar, overload

from pinsharp.allocator import keep_freed_memory
from pinsharp.errors import ConfigError

Task = TypeVar("Task")
Value = TypeVar("Value")

Make = Callable[[], Callable[[Task], Iterable[Value]]]
"""Makes, in a process, what carries out a task and yields values. It is sent there, so it must be picklable."""

_READY, _VALUE, _FINISHED = "ready", "value", "finished"
_PATIENCE_S = 10
_UNHEARD = {signal.SIGINT, signal.SIGTERM}


@dataclass(frozen=True)
class Began(Generic[Task]):
    """A process is about to get a task."""

    task: Task


@dataclass(frozen=True)
class Answer(Generic[Task, Value]):
    """A process has yielded a value for its task."""

    task: Task
    value: Value


@dataclass(frozen=True)
class Free:
    """So many processes have, or would have, nothing to do; `busy` are at a task. Tasks may be added now."""

    count: int
    busy: int


@dataclass(frozen=True)
class Death(Generic[Task]):
    """A process has died at its task, of too little memory or a fault in a library; `reason` says how it ended."""

    task: Task
    reason: str


def threads_for(jobs: int) -> int:
    """Threads of each of several processes, which share those of this one."""
    import torch

    return max(1, torch.get_num_threads() // jobs)


@overload
def in_processes(
    waiting: deque[Task], make: Make[Task, Value], jobs: int
) -> Generator[Began[Task] | Answer[Task, Value] | Death[Task], None, None]: ...


@overload
def in_processes(
    waiting: deque[Task], make: Make[Task, Value], jobs: int, *, ask_s: float | None
) -> Generator[Began[Task] | Answer[Task, Value] | Death[Task] | Free, None, None]: ...


def in_processes(
    waiting: deque[Task], make: Make[Task, Value], jobs: int, *, ask_s: float | None = None
) -> Generator[Began[Task] | Answer[Task, Value] | Death[Task] | Free, None, None]:
    """Carry tasks out in several processes, and yield what happens as it happens.

    Args:
        waiting: Tasks, taken from the left. It may be added to and cleared between any two events, even by a signal
            handler; what a process is at is finished.
        make: Makes in each process what carries out its tasks.
        jobs: How many processes, at most; one is started when there is a task for it.
        ask_s: If given, it never ends by itself: where nothing waits and not all are busy, it yields `Free`, at least
            every so many seconds, and whoever has no more tasks to add closes it.

    Raises:
        ConfigError: If no process is left that could make it.
    """
    workers: list[Worker[Task, Value]] = []
    try:
        while ask_s is not None or waiting or any(worker.tasks for worker in workers):
            busy = sum(bool(worker.tasks) for worker in workers)
            if ask_s is not None and busy < jobs and not waiting:
                yield Free(jobs - busy, busy)
            missing = min(jobs - len(workers), len(waiting) + busy - len(workers))
            workers.extend(Worker(make) for _ in range(missing))
            for worker in [worker for worker in workers if worker.is_idle()]:
                for task in _next(waiting):
                    yield Began(task)
                    worker.give(task)
            heard = wait([worker.connection for worker in workers], ask_s) if workers else []
            for worker in [worker for worker in workers if worker.connection in heard]:
                try:
                    yield from worker.hear()
                except (EOFError, OSError):
                    workers.remove(worker)
                    worker.stop()
                    yield from (Death(task, how_it_ended(worker.process.exitcode)) for task in worker.tasks)
                    jobs -= not worker.is_ready  # what cannot begin would not the next time either
                    if not jobs and (waiting or ask_s is not None):
                        raise _nobody_left(worker) from None
    finally:
        for worker in workers:
            worker.stop()


def how_it_ended(code: int | None) -> str:
    """What is known of a process that has died, by its exit status."""
    if code is not None and code < 0:
        return f"a process that was ended by {signal.Signals(-code).name}"
    return f"a process that ended with status {code}"


class Worker(Generic[Task, Value]):
    """A process, seen by its parent.

    Args:
        make: Makes there what carries out its tasks.

    Attributes:
        process: The process.
        connection: Where its messages come from; closed at the other end when it dies.
        is_ready: Whether it has made what it works with, and said so.
        tasks: What it is at: one task, or none.
    """

    def __init__(self, make: Make[Task, Value]) -> None:
        context: SpawnContext = get_context("spawn")  # a forked process would hang in torch's threads, or on a GPU
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_work, args=(theirs, make), daemon=True)
        with _deaf_to_requests():
            self.process.start()
        theirs.close()  # only the process holds that end now, so that its death is heard at this one
        self.is_ready = False
        self.tasks: list[Task] = []

    def is_idle(self) -> bool:
        """Whether it can take a task; one that has died meanwhile, of which is heard later, cannot."""
        return self.is_ready and not self.tasks and self.process.is_alive()

    def give(self, task: Task) -> None:
        """Send it a task, which it is at from now on."""
        self.tasks = [task]
        with contextlib.suppress(OSError):  # if it has died, hear() will say so
            self.connection.send(task)

    def hear(self) -> Iterator[Answer[Task, Value]]:
        """Wait for the next message; a value becomes an event.

        Raises:
            EOFError: If the process has died; or OSError.
        """
        kind, value = self.connection.recv()
        if kind == _READY:
            self.is_ready = True
        elif kind == _FINISHED:
            self.tasks = []
        else:
            yield Answer(self.tasks[0], value)

    def stop(self) -> None:
        """End it: at once if it is at a task, else it has some seconds to go by itself."""
        self.connection.close()
        if self.is_ready and not self.tasks:
            self.process.join(_PATIENCE_S)  # it goes by itself when it hears that nobody is there
        self.process.kill()
        self.process.join()


def _next(waiting: deque[Task]) -> Iterator[Task]:
    """The next task, if there is one: asking first would be too early, a signal handler may clear them meanwhile."""
    with contextlib.suppress(IndexError):
        yield waiting.popleft()


def _nobody_left(last: Worker[Task, Value]) -> ConfigError:
    return ConfigError(
        f"expected processes that load what they work with, got {how_it_ended(last.process.exitcode)} before that; "
        "what was done is kept, go on with fewer --jobs if memory is short"
    )


@contextlib.contextmanager
def _deaf_to_requests() -> Iterator[None]:
    """Let a process that is started here hear neither Ctrl-C nor a request to terminate."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _UNHEARD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: "Connection[Any, Any]", make: Make[Any, Any]) -> None:
    """Carry out the tasks that come, until nobody sends any more."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_freed_memory()
    carry_out = make()
    try:
        connection.send((_READY, None))
        while True:
            task = connection.recv()
            for value in carry_out(task):
                connection.send((_VALUE, value))
            connection.send((_FINISHED, None))
    except (EOFError, OSError):  # the parent has closed its end
        return


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
