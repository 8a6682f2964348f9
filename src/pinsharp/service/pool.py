"""Processes that wait for work: each keeps its model, and if one dies, only its current task is lost.

A thread a process waits for it, so nobody polls, and a task can be stopped by ending its process and no other.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pinsharp.service.problems import Refused
from pinsharp.workers import Make, Worker, how_it_ended

Task = TypeVar("Task")
Value = TypeVar("Value")

_TYPICAL_S = 1.0
_PATIENCE_S = 15.0


class StoppedError(Exception):
    """Work that was stopped before its end; the message says why, or how its process ended."""


@dataclass(eq=False)
class Ticket(Generic[Task, Value]):
    """A task that was handed in.

    Attributes:
        task: What is to be done.
        future: Its last value; `StoppedError` if its process died or it was stopped.
        reason: Why it was stopped.
    """

    task: Task
    future: "Future[Value]" = field(default_factory=Future)
    reason: str = ""


class Pool(Generic[Task, Value]):
    """Processes for tasks.

    Args:
        make: Makes in each process what carries out its tasks; each yields its value, or several, of which the last
            one counts.
        size: How many processes.
        most_waiting: Tasks that may wait for one.
        is_eager: Whether the processes are started at once, or for the first task.
    """

    def __init__(
        self,
        make: Make[Task, Value],
        size: int,
        *,
        most_waiting: int,
        is_eager: bool = True,
    ) -> None:
        self._make, self._most = make, most_waiting
        self._waiting: deque[Ticket[Task, Value]] = deque()
        self._news = threading.Condition()
        self._is_closed = False
        self._typical_s = _TYPICAL_S
        self._slots = [_Slot(self, is_eager=is_eager) for _ in range(size)]
        for slot in self._slots:
            slot.thread.start()

    @property
    def waiting(self) -> int:
        """Tasks that wait."""
        return len(self._waiting)

    @property
    def busy(self) -> int:
        """Tasks that are being carried out."""
        return sum(slot.ticket is not None for slot in self._slots)

    @property
    def ready(self) -> int:
        """Processes that have loaded what they work with."""
        return sum(slot.is_ready for slot in self._slots)

    @property
    def retry_s(self) -> float:
        """When a process will probably be free for what comes last."""
        return min(60.0, max(1.0, self._typical_s * (1 + self.waiting) / len(self._slots)))

    def hand_in(self, task: Task) -> Ticket[Task, Value]:
        """Let a task be carried out.

        Raises:
            Refused: If too many wait, or this is closed.
        """
        ticket: Ticket[Task, Value] = Ticket(task)
        with self._news:
            if self._is_closed:
                raise Refused(503, "closing", "the service is being stopped; try again", retry_s=5)
            if len(self._waiting) >= self._most:
                raise Refused(
                    503,
                    "busy",
                    f"expected at most {self._most} requests that wait, got one more; try again later",
                    retry_s=self.retry_s,
                )
            self._waiting.append(ticket)
            self._news.notify()
        return ticket

    def stop(self, ticket: Ticket[Task, Value], reason: str) -> None:
        """Stop a task: one that waits is forgotten, the process of one that has begun is ended."""
        with self._news:
            ticket.reason = reason
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                if ticket.future.set_running_or_notify_cancel():
                    ticket.future.set_exception(StoppedError(reason))
                return
            for slot in self._slots:
                if slot.ticket is ticket and slot.worker is not None:
                    slot.worker.process.kill()

    def forget(self, ticket: Ticket[Task, Value]) -> None:
        """Stop a task if it still waits; one that has begun goes on."""
        if not ticket.future.running():
            self.stop(ticket, "nobody waits for it")

    def close(self) -> None:
        """End all processes, and wait for them; what they were at is stopped, and what waits."""
        with self._news:
            self._is_closed = True
            self._news.notify_all()
            left = [*self._waiting, *(slot.ticket for slot in self._slots if slot.ticket)]
        for ticket in left:
            self.stop(ticket, "the service is being stopped")
        for slot in self._slots:
            slot.thread.join(_PATIENCE_S)

    def _next(self, slot: "_Slot[Task, Value]") -> Ticket[Task, Value] | None:
        """Wait for a task and take it; None when there will be none."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._is_closed)
            if self._is_closed:
                return None
            slot.ticket = self._waiting.popleft()
        return slot.ticket

    def _done(self, slot: "_Slot[Task, Value]", seconds: float) -> bool:
        """Take note that a task has ended; whether it was to be stopped before, so that its process is dying."""
        with self._news:
            ticket, slot.ticket = slot.ticket, None
            self._typical_s += 0.1 * (seconds - self._typical_s)
            return ticket is not None and bool(ticket.reason)


class _Slot(Generic[Task, Value]):
    """The place of a process, and the thread that waits for it."""

    def __init__(self, pool: Pool[Task, Value], *, is_eager: bool) -> None:
        self._pool, self._is_eager = pool, is_eager
        self.worker: Worker[Task, Value] | None = None
        self.ticket: Ticket[Task, Value] | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    @property
    def is_ready(self) -> bool:
        return self.worker is not None and self.worker.is_ready

    def _run(self) -> None:
        if self._is_eager:
            self._prepare()
        while (ticket := self._pool._next(self)) is not None:
            if ticket.future.set_running_or_notify_cancel():
                self._carry_out(ticket)
            else:
                self._pool._done(self, 0)
            if self.worker is None:
                self._prepare()
        if self.worker is not None:
            self.worker.stop()

    def _prepare(self) -> None:
        """Have a process at hand that is ready; one that dies meanwhile is tried again with the next task."""
        with contextlib.suppress(EOFError, OSError):
            self._alive()

    def _alive(self) -> Worker[Task, Value]:
        """A process that is ready.

        Raises:
            EOFError: If the process died before that; or OSError.
        """
        if self.worker is not None and not self.worker.process.is_alive():
            self._bury()
        if self.worker is None:
            self.worker = Worker(self._pool._make)
        try:
            while not self.worker.is_ready:
                _exhaust(self.worker.hear())
        except (EOFError, OSError):
            self._bury()
            raise
        return self.worker

    def _carry_out(self, ticket: Ticket[Task, Value]) -> None:
        """Carry a task out, and give its value or its end to whoever waits."""
        value: Value | None = None
        begun, end = time.monotonic(), "a process that did not begin"
        try:
            worker = self._alive()
            if not ticket.reason:  # else it was stopped while its process was being started
                worker.give(ticket.task)
            while worker.tasks:
                for answer in worker.hear():
                    value = answer.value
        except (EOFError, OSError):
            end = self._bury() or end
        if self._pool._done(self, time.monotonic() - begun):
            self._bury()
        if value is None:
            ticket.future.set_exception(StoppedError(ticket.reason or end))
        else:
            ticket.future.set_result(value)

    def _bury(self) -> str:
        """Give up a process; how it ended."""
        worker, self.worker = self.worker, None
        if worker is None:
            return ""
        worker.stop()
        return how_it_ended(worker.process.exitcode)


def _exhaust(events: Iterable[object]) -> None:
    for _ in events:
        pass
