"""Long jobs: accepted to the disk, run one after another, ended once, kept for a while."""

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from pinsharp.errors import OutputError
from pinsharp.service.metrics import Metrics
from pinsharp.service.pool import Pool, StoppedError
from pinsharp.service.problems import Refused, as_json
from pinsharp.service.receive import Received
from pinsharp.service.settings import Limits
from pinsharp.service.store import ENDS, MOST_ATTEMPTS, State, Store, StoredJob, new_name
from pinsharp.service.work import PROGRESS, Made, Task

_LOOK_S = 0.5
"""How often progress is looked at while somebody watches."""

_LOG = logging.getLogger("pinsharp.service")


class LongJobs:
    """The long jobs of a service.

    Args:
        store: What is known of them.
        pool: The process that carries them out.
        limits: What is taken on.
        metrics: Counts each job that ends.
    """

    def __init__(self, store: Store, pool: "Pool[Task, Made]", limits: Limits, metrics: Metrics) -> None:
        self._store, self._pool, self._limits, self._metrics = store, pool, limits, metrics
        self._folder = store.folder / "jobs"
        self._folder.mkdir(exist_ok=True)
        for left in self._folder.iterdir():  # received, but not accepted when the service ended
            if left.name not in store.known():
                shutil.rmtree(left, ignore_errors=True)
        self._changed = asyncio.Event()
        self._stops: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work."""
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._expire())]

    async def close(self) -> None:
        """Stop; what runs is run again by the next service."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check_room(self) -> None:
        """Refuse a job if there are enough.

        Raises:
            Refused: If so.
        """
        if self._store.count() >= self._limits.jobs:
            raise Refused(
                503, "busy", f"expected at most {self._limits.jobs} jobs that wait or run, got one more", retry_s=30
            )

    async def accept(self, received: Received, folder: Path, result: str) -> dict[str, Any]:
        """Accept a job; when this returns, it will not be lost.

        Args:
            received: What is to be done.
            folder: Where its files are; it is taken over.
            result: Name of the result; empty if only figures are wanted.
        """
        self.check_room()
        name = new_name()
        job = await asyncio.to_thread(self._keep, name, received, folder, result)
        self._tell()
        return self._document(job)

    def _keep(self, name: str, received: Received, folder: Path, result: str) -> StoredJob:
        for path in (*folder.iterdir(), folder):
            _flush(path)
        folder.rename(self._folder / name)
        _flush(self._folder)
        try:
            return self._store.add(name, received.asked, received.files, result)
        except OutputError:
            shutil.rmtree(self._folder / name, ignore_errors=True)
            raise

    async def document(self, name: str) -> dict[str, Any]:
        """What is known of a job.

        Raises:
            Refused: If no job has this name.
        """
        return self._document(await self._get(name))

    async def result(self, name: str) -> tuple[StoredJob, Path]:
        """The result of a job that is done.

        Raises:
            Refused: If there is no job of this name, or it has no result.
        """
        job = await self._get(name)
        if job.state != "done" or not job.result:
            has = "no image as result" if job.state == "done" else f"one that is {job.state}"
            raise Refused(409, "no-result", f"expected a job that is done and has an image as result, got {has}")
        return job, self._folder / name / job.result

    async def cancel(self, name: str) -> dict[str, Any]:
        """Stop a job; one that has ended stays as it is."""
        await self._get(name)
        if await asyncio.to_thread(self._store.end, name, "cancelled"):
            self._metrics.ended("cancelled")
        if name in self._stops:
            self._stops[name].set()  # whoever is at it tidies up
        else:
            await asyncio.to_thread(self._tidy, name)
        self._tell()
        return await self.document(name)

    async def remove(self, name: str) -> None:
        """Stop a job, and forget it with its result."""
        await self.cancel(name)
        await asyncio.to_thread(self._store.forget, name)
        if name not in self._stops:
            await asyncio.to_thread(self._tidy, name)
        self._tell()

    async def events(self, name: str, is_closing: Callable[[], bool]) -> AsyncIterator[dict[str, str]]:
        """What happens to a job, from what it is now to its end, or that of the service."""
        told: dict[str, Any] = {}
        while told.get("state") not in ENDS and not is_closing():
            changed = self._changed
            try:
                now = await self.document(name)
            except Refused:
                return
            if now != told:
                told = now
                yield {"event": now["state"], "data": as_json(now)}
            elif now["state"] not in ENDS:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), _LOOK_S)

    async def _get(self, name: str) -> StoredJob:
        job = await asyncio.to_thread(self._store.get, name)
        if job is None:
            raise Refused(404, "no-job", "expected the name of a job, got none that is known; it may have expired")
        return job

    def _document(self, job: StoredJob) -> dict[str, Any]:
        has_ended = job.ended is not None
        return {
            "id": job.id,
            "kind": job.asked.kind,
            "state": job.state,
            "attempts": job.attempts,
            "created": job.created,
            "begun": job.begun,
            "ended": job.ended,
            "expires": job.ended + self._limits.keep_seconds if job.ended is not None else None,
            "progress": self._progress(job.id) if job.state == "running" and not has_ended else None,
            "report": job.figures or None,
            "error": job.error or None,
            "reason": job.reason or None,
            "result": f"/v1/jobs/{job.id}/result" if job.state == "done" and job.result else None,
        }

    def _progress(self, name: str) -> float | None:
        """Share of the pixels that are done; None before any is."""
        try:
            done, total = (self._folder / name / PROGRESS).read_text().split()
        except (OSError, ValueError):
            return None
        return round(int(done) / max(1, int(total)), 3)

    async def _run(self) -> None:
        """Carry jobs out, one after another."""
        while True:
            changed = self._changed
            try:
                if not self._pool.ready and self._store.count(["waiting"]):  # what is not begun is no attempt
                    await self._prepare()
                job = await asyncio.to_thread(self._store.begin)
                if job is None:
                    await changed.wait()
                else:
                    self._tell()
                    await self._carry_out(job)
            except OutputError as error:  # the disk is full: what runs is not lost
                _LOG.error("%s", error)
                await asyncio.sleep(5)

    async def _prepare(self) -> None:
        """Have a process that has loaded the model; if none can, jobs say so."""
        with contextlib.suppress(StoppedError):
            await asyncio.wrap_future(self._pool.hand_in(Task(None)).future)

    async def _carry_out(self, job: StoredJob) -> None:
        if job.attempts > MOST_ATTEMPTS:
            sentence = f"expected a job that ends, got {MOST_ATTEMPTS} ends of the service before; is memory short?"
            await self._end(job, "failed", Made({}, "died", sentence))
            return
        stop = self._stops[job.id] = asyncio.Event()
        try:
            now = await asyncio.to_thread(self._store.get, job.id)
            made = await self._made(job, stop) if now is not None and now.state == "running" else None
        finally:
            del self._stops[job.id]
        if made is not None:
            await self._end(job, "failed" if made.error else "done", made)
        else:
            await asyncio.to_thread(self._tidy, job.id)

    async def _made(self, job: StoredJob, stop: asyncio.Event) -> Made | None:
        """What comes of a job; None if it was cancelled."""
        task = Task(job.asked, str(self._folder / job.id), job.files, job.result, tells=True)
        ticket = self._pool.hand_in(task)
        future = asyncio.wrap_future(ticket.future)
        stopping: asyncio.Future[Any] = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait(
                {future, stopping}, timeout=self._limits.job_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if not future.done():
                hours = self._limits.job_seconds / 3600
                late = f"expected a job of at most {hours:g} hours, got a longer one; cut the image into parts"
                await asyncio.to_thread(self._pool.stop, ticket, late)
            try:
                made = await future
            except StoppedError as error:
                sentence = ticket.reason or f"expected a result, got {error}; is memory short?"
                made = Made({}, "died", sentence)
            return None if stop.is_set() else made
        finally:
            stopping.cancel()

    async def _end(self, job: StoredJob, state: State, made: Made) -> None:
        """Write down how a job has ended, however long the disk is full."""
        while True:
            try:
                is_first = await asyncio.to_thread(
                    self._store.end, job.id, state, figures=made.figures, error=made.sentence, reason=made.error
                )
                break
            except OutputError as error:
                _LOG.error("%s", error)
                await asyncio.sleep(5)
        if is_first:
            self._metrics.ended(state)
            self._metrics.measured(made.figures)
            if made.error:
                self._metrics.refused(made.error)
        await asyncio.to_thread(self._tidy, job.id)
        self._tell()

    def _tidy(self, name: str) -> None:
        """Remove the files of a job that has ended, but for its result; all of one that is forgotten."""
        folder, job = self._folder / name, self._store.get(name)
        if job is None:
            shutil.rmtree(folder, ignore_errors=True)
            return
        kept = job.result if job.state == "done" else ""
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name != kept:
                path.unlink(missing_ok=True)

    async def _expire(self) -> None:
        """Forget jobs that have been kept long enough."""
        while True:
            try:
                for name in await asyncio.to_thread(self._store.expired, time.time() - self._limits.keep_seconds):
                    await asyncio.to_thread(self._store.forget, name)
                    await asyncio.to_thread(self._tidy, name)
            except OutputError as error:
                _LOG.error("%s", error)
            await asyncio.sleep(min(60.0, self._limits.keep_seconds / 2))

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _flush(path: Path) -> None:
    """Have a file or folder reach the disk."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
