"""A service in this process: the whole application over ASGI, with threads in the place of processes."""

import asyncio
import importlib.util
import json
import sys
import threading
from concurrent.futures import Future

import numpy as np
import pytest

from pinsharp.cli.main import run
from pinsharp.images import refusals
from pinsharp.images.files import write_image
from pinsharp.restoration.recipe import Recipe
from tiny_models import save_tiny_swift

if importlib.util.find_spec("fastapi") is None:  # the extra `serve`, which `dev` brings
    collect_ignore_glob = ["test_*.py"]
else:
    import httpx

    from pinsharp.service.app import build_app
    from pinsharp.service.pool import StoppedError, Ticket
    from pinsharp.service.problems import Refused
    from pinsharp.service.service import Service
    from pinsharp.service.settings import Limits, Settings

WAIT_S = 30


class Threads:
    """A pool whose tasks are carried out by threads of this process, as soon as `gate` is open."""

    gate = threading.Event()

    def __init__(self, make, size, *, most_waiting, is_eager=True):
        self._make, self._most = make, most_waiting
        self._open, self.busy, self.ready, self.retry_s = set(), 0, size, 3.0

    @property
    def waiting(self):
        return len(self._open)

    def hand_in(self, task):
        if len(self._open) >= self._most:
            raise Refused(503, "busy", "too many wait", retry_s=self.retry_s)
        ticket = Ticket(task, Future())
        self._open.add(ticket)
        threading.Thread(target=self._run, args=(ticket,), daemon=True).start()
        return ticket

    def _run(self, ticket):
        if ticket.task.asked is not None:
            self.gate.wait(WAIT_S)
        if not ticket.reason:
            try:
                *_, value = self._make()(ticket.task)  # makes it anew, since pools of other limits are in this process
                if not ticket.reason:
                    ticket.future.set_result(value)
            finally:
                self._open.discard(ticket)

    def stop(self, ticket, reason):
        if not ticket.reason and not ticket.future.done():
            ticket.reason = reason
            self._open.discard(ticket)
            ticket.future.set_exception(StoppedError(reason))

    forget = stop

    def __call__(self):
        return self

    def close(self):
        for ticket in list(self._open):
            self.stop(ticket, "closing")


class Running:
    """A service that runs, and a client of it."""

    def __init__(self, settings):
        self.service = Service(settings, make_pool=Threads)
        self.service.warm()
        self.app = build_app(self.service)
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live(started)), daemon=True)
        self._thread.start()
        assert started.wait(WAIT_S)

    async def _live(self, started):
        self._loop, self._closing = asyncio.get_running_loop(), asyncio.Event()
        transport = httpx.ASGITransport(self.app)
        async with (
            self.app.router.lifespan_context(self.app),
            httpx.AsyncClient(transport=transport, base_url="http://here", timeout=WAIT_S) as self._client,
        ):
            started.set()
            await self._closing.wait()

    def begin(self, method, path, **more):
        """Begin a request; a future of its answer."""
        return asyncio.run_coroutine_threadsafe(self._client.request(method, path, **more), self._loop)

    def post(self, path, content=None, **more):
        return self.begin("POST", path, content=content, **more).result(WAIT_S)

    def get(self, path, **more):
        return self.begin("GET", path, **more).result(WAIT_S)

    def delete(self, path):
        return self.begin("DELETE", path).result(WAIT_S)

    def raw(self, scope, messages):
        """Call the application with messages of one's own; the status of its answer."""

        async def call():
            sent = []
            await self.app(scope, messages, lambda message: _append(sent, message))
            return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(WAIT_S)

    def close(self):
        self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()


async def _append(sent, message):
    sent.append(message)


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A network that says sigma 2.00, 2 %, Gaussian, of every image."""
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture
def start(model, tmp_path, monkeypatch):
    """Start a service: its limits by name, and settings; it is closed at the end."""
    monkeypatch.setattr(refusals, "_MOST", dict(refusals._MOST))
    monkeypatch.setattr(Threads, "gate", threading.Event())
    Threads.gate.set()
    running = []

    def begin(*, state=tmp_path / "state", profiles=None, key=None, **limits):
        settings = Settings(
            recipe=Recipe(model=str(model)), state=state, profiles=profiles, key=key, limits=Limits(**limits)
        )
        running.append(Running(settings))
        return running[-1]

    yield begin
    Threads.gate.set()
    for each in running:
        each.close()


@pytest.fixture
def gate():
    """What holds all work back while it is clear."""
    return Threads.gate


@pytest.fixture
def photo(tmp_path):
    """Write an image of smooth noise and return its path."""

    def write(name, shape=(48, 40, 3), dtype="uint8"):
        rng = np.random.default_rng(0)
        values = rng.random(shape).cumsum(axis=0) / shape[0]
        full_scale = 1 if dtype == "float32" else np.iinfo(dtype).max
        path = tmp_path / name
        write_image(path, (values * full_scale).astype(dtype))
        return path

    return write


@pytest.fixture
def cli(monkeypatch, capsys):
    """Call `pinsharp`: exit status, its JSON, and its complaint."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pinsharp", *map(str, arguments)])
        try:
            run()
            code = 0
        except SystemExit as done:
            code = done.code or 0
        shown = capsys.readouterr()
        return code, json.loads(shown.out) if shown.out.startswith("{") else None, shown.err

    return call
