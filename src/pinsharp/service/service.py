"""The service behind the routes: processes, jobs, metrics, and the way of a request through them."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from pinsharp import errors
from pinsharp.errors import PinsharpError
from pinsharp.images.codec import SUFFIXES
from pinsharp.service.accept import TYPES, Wanted, wanted
from pinsharp.service.answers import answer, report
from pinsharp.service.asked import Kind
from pinsharp.service.long_jobs import LongJobs
from pinsharp.service.metrics import Metrics
from pinsharp.service.pool import Pool, StoppedError
from pinsharp.service.problems import Refused
from pinsharp.service.receive import Received, receive
from pinsharp.service.settings import Settings
from pinsharp.service.store import Store
from pinsharp.service.work import Made, Setup, Task, load

MakePool = Callable[..., "Pool[Task, Made]"]


class Service:
    """Everything that a running service has.

    Args:
        settings: As the service was started.
        make_pool: Makes processes.

    Raises:
        ConfigError: If another service has its folder.
        OutputError: If the folder cannot be written.
    """

    def __init__(self, settings: Settings, *, make_pool: MakePool = Pool) -> None:
        self.settings, self.limits = settings, settings.limits
        self.metrics = Metrics()
        self.store = Store(settings.state)
        self._requests = settings.state / "requests"
        shutil.rmtree(self._requests, ignore_errors=True)  # of a service that was killed
        self._requests.mkdir()
        short = Setup(settings.recipe, settings.jobs, self.limits.pixels)
        long = Setup(settings.recipe, settings.jobs, self.limits.job_pixels)
        self.pool = make_pool(partial(load, short), settings.jobs, most_waiting=self.limits.waiting)
        self._job_pool = make_pool(partial(load, long), 1, most_waiting=1, is_eager=False)
        self.models: list[dict[str, Any]] = []
        self.jobs: LongJobs | None = None
        self.metrics.watch("pinsharp_waiting", "Requests that wait for a process.", lambda: self.pool.waiting)
        self.metrics.watch("pinsharp_busy", "Requests that a process is at.", lambda: self.pool.busy)
        self.metrics.watch("pinsharp_jobs_open", "Long jobs that wait or run.", self.store.count)

    def warm(self) -> None:
        """Wait for a process that has loaded the model.

        Raises:
            PinsharpError: If the model cannot be loaded.
        """
        try:
            made = self.pool.hand_in(Task(None)).future.result()
        except StoppedError as error:
            raise errors.ConfigError(
                f"expected a process that loads the model, got {error}; is memory short?"
            ) from error
        if made.error:
            raise getattr(errors, made.error, PinsharpError)(made.sentence)
        self.models = made.figures["models"]

    @property
    def is_ready(self) -> bool:
        """Whether a request would be answered now."""
        has_room = shutil.disk_usage(self.settings.state).free >= self.limits.free_bytes
        return self.jobs is not None and self.pool.ready > 0 and self.pool.waiting < self.limits.waiting and has_room

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Work at jobs; afterwards everything is closed."""
        self.jobs = LongJobs(self.store, self._job_pool, self.limits, self.metrics)
        self.jobs.start()
        try:
            yield
        finally:
            await self.jobs.close()
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """End all processes, and let another service have the folder."""
        self._job_pool.close()
        self.pool.close()
        self.store.close()
        shutil.rmtree(self._requests, ignore_errors=True)

    async def answer(self, request: Request, kind: Kind) -> Response:
        """Do what a request asks for, and answer it.

        Raises:
            PinsharpError: If the client has asked for what cannot be done.
            Refused: If the request is refused, or takes too long.
        """
        folder = self._folder()
        response = None
        try:
            received = await receive(request, kind, folder, self.settings.profiles)
            want = _wanted(request, received, kind)
            result = "" if want.form == "json" and kind != "restore" else f"result{want.suffix}"
            task = Task(received.asked, str(folder), received.files, result, sees=want.form == "seen")
            made = await self._made(request, task)
            self.metrics.measured(made.figures)
            response = answer(want, made.figures, folder / result, folder) if result else report(made.figures)
            return response
        finally:
            if response is None or not result:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def accept(self, request: Request, kind: Kind, form: str | None) -> dict[str, Any]:
        """Accept a job.

        Args:
            request: As for `answer`.
            kind: What is to be done.
            form: Format of the result, such as `png`; None keeps the input's.

        Raises:
            PinsharpError: If the client has asked for what cannot be done.
            Refused: If there are too many jobs.
        """
        assert self.jobs is not None
        self.jobs.check_room()
        folder = self._folder()
        try:
            received = await receive(request, kind, folder, self.settings.profiles)
            result = _result_name(received, kind, form)
            return await self.jobs.accept(received, folder, result)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _folder(self) -> Path:
        """A folder for a request.

        Raises:
            Refused: If the disk is nearly full.
        """
        if shutil.disk_usage(self._requests).free < self.limits.free_bytes:
            raise Refused(503, "full", "expected room on the service's disk, got too little; try again", retry_s=60)
        return Path(tempfile.mkdtemp(dir=self._requests))

    async def _made(self, request: Request, task: Task) -> Made:
        """What a process makes of a task.

        Raises:
            Refused: If the task fails, takes too long, or the client has gone.
        """
        ticket = self.pool.hand_in(task)
        future = asyncio.wrap_future(ticket.future)
        gone: asyncio.Future[Any] = asyncio.create_task(_gone(request.receive))
        try:
            await asyncio.wait({future, gone}, timeout=self.limits.seconds, return_when=asyncio.FIRST_COMPLETED)
            if not future.done() and not gone.done():
                await asyncio.to_thread(self.pool.stop, ticket, "late")
            elif not future.done():
                await asyncio.to_thread(self.pool.forget, ticket)  # what is being done is done: its process stays
                await asyncio.wait({future}, timeout=self.limits.seconds)
                if not future.done():
                    await asyncio.to_thread(self.pool.stop, ticket, "late")
            made = await future
        except StoppedError as error:
            raise self._stopped(ticket.reason, error) from error
        finally:
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone
        if made.error:
            raise Refused.of(made.error, made.sentence)
        return made

    def _stopped(self, reason: str, error: StoppedError) -> Refused:
        """What is said of work that did not come to its end."""
        if reason == "late":
            most = f"{self.limits.seconds:g} s"
            return Refused(
                503,
                "late",
                f"expected an image that is answered within {most}, got one that takes longer; send it to /v1/jobs",
                retry_s=self.pool.retry_s,
            )
        if reason:
            return Refused(503, "closing", f"expected a service that goes on, got {reason}; try again", retry_s=5)
        return Refused(503, "died", f"expected a result, got {error}; is memory short?", retry_s=self.pool.retry_s)


async def _gone(receive: Receive) -> None:
    """Wait until the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _wanted(request: Request, received: Received, kind: Kind) -> Wanted:
    """What is sent back: figures alone, unless something is restored or viewed, or a picture of detections wanted."""
    if kind == "restore":
        return wanted(request.headers.get("accept"), _own_suffix(received))
    if kind == "view":
        return Wanted("image", ".png")
    asks_png = kind == "detect" and request.headers.get("accept", "").split(";")[0].strip().lower() == "image/png"
    return Wanted("image", ".png") if asks_png else Wanted("json", "")


def _result_name(received: Received, kind: Kind, form: str | None) -> str:
    if kind != "restore":
        return ""
    if form is None:
        return f"result{_own_suffix(received)}"
    if form not in TYPES:
        raise Refused(400, "ConfigError", f"expected a format of {', '.join(TYPES)}, got {form[:40]!r}")
    return f"result{wanted(TYPES[form], _own_suffix(received)).suffix}"


def _own_suffix(received: Received) -> str:
    """The suffix of a result in the input's format; a mosaic whose colours are made becomes a TIFF."""
    options, kind = received.asked.options, SUFFIXES.get(received.suffix)
    is_mosaic = kind == "camera" or (kind == "raw" and "bayer" in str(options.get("raw", "")).lower())
    return ".tif" if is_mosaic and options.get("demosaic") != "planes" else received.suffix
