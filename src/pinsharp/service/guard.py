"""The checks before every request: the key, how many, how large, how slow; and what metrics count of it."""

import asyncio
import hmac
import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pinsharp.service.metrics import Metrics
from pinsharp.service.problems import Refused
from pinsharp.service.settings import Limits, Settings

JOBS = "/v1/jobs"

_SLOWEST = 100_000  # bytes a second that a body or an answer may always have, beyond the first seconds
_LINGER_S, _LINGER_BYTES = 2.0, 2**24  # of a body that is refused already, so that its sender hears why


class Guard:
    """An ASGI application before another one.

    Args:
        app: The other one.
        settings: Key and limits.
        metrics: Counts each request.
    """

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._key, self._limits, self._metrics = app, settings.key, settings.limits, metrics
        self._clients: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, self._limits)
        answer = _Answer(send, body, self._limits)
        begun = time.monotonic()
        try:
            with self._room(scope):
                body.check()
                await self._app(scope, body.receive, answer.send)
        except Refused as refused:
            if not answer.status:
                answer.reason = refused.reason
                await refused.answer()(scope, body.receive, answer.send)
        except _SlowReaderError:  # whoever serves closes the connection of an answer that is not whole
            logging.getLogger("pinsharp.service").warning("an answer was fetched too slowly and was cut off")
        except Exception:  # what stands before this answers it
            answer.status = 500
            raise
        finally:
            self._metrics.answered(_route(scope), answer.status, answer.reason, time.monotonic() - begun)

    @contextmanager
    def _room(self, scope: Scope) -> Iterator[None]:
        """Count the requests that do work, and refuse those beyond.

        Raises:
            Refused: Without the key, or if there are too many.
        """
        if not scope["path"].startswith(("/v1", "/metrics")):
            yield
            return
        if self._key is not None and not _has_key(Headers(scope=scope), self._key):
            raise Refused(401, "key", "expected the service's key as 'Authorization: Bearer KEY', got none or another")
        if scope["method"] != "POST":
            yield
            return
        client = scope["client"][0] if scope.get("client") else ""
        if self._clients.total() >= self._limits.requests:
            raise Refused(
                503, "busy", f"expected at most {self._limits.requests} requests at once, got one more", retry_s=2
            )
        if self._clients[client] >= self._limits.requests_per_client:
            most = self._limits.requests_per_client
            raise Refused(429, "many", f"expected at most {most} requests at once of one client, got more", retry_s=2)
        self._clients[client] += 1
        try:
            yield
        finally:
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]


class _Body:
    """The body of a request as it comes: counted, and not for ever."""

    def __init__(self, scope: Scope, receive: Receive, limits: Limits) -> None:
        self._receive, self._limits = receive, limits
        self._headers = Headers(scope=scope)
        self._most = limits.job_bytes if scope["path"].startswith(JOBS) else limits.body_bytes
        self._begun = time.monotonic()
        self._bytes = 0
        self.is_whole = scope["method"] in ("GET", "HEAD")

    def check(self) -> None:
        """Refuse what the headers say already.

        Raises:
            Refused: If the body is too large, or packed.
        """
        coding = self._headers.get("content-encoding", "identity").lower()
        if coding != "identity":
            raise Refused(415, "media-type", f"expected a body that is not packed, got Content-Encoding {coding[:40]}")
        length = self._headers.get("content-length", "")
        if length.isdigit() and int(length) > self._most:
            raise self._too_large(f"{int(length):,}")

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            Refused: If the body is too large, or comes too slowly.
        """
        if self.is_whole:
            return await self._receive()
        allowed = self._limits.body_seconds + self._bytes / _SLOWEST - (time.monotonic() - self._begun)
        try:
            message = await asyncio.wait_for(self._receive(), min(allowed, self._limits.slow_seconds))
        except TimeoutError:
            raise Refused(
                408,
                "slow",
                f"expected a body that comes within {self._limits.body_seconds:g} s and a second for every "
                f"{_SLOWEST:,} bytes, got {self._bytes:,} bytes; send it faster",
            ) from None
        self._count(message)
        if self._bytes > self._most:
            raise self._too_large("more")
        return message

    async def linger(self) -> None:
        """Let what is still being sent come in, for a while: a connection closed meanwhile would hide the answer."""
        if self._headers.get("expect"):  # such a client waits before it sends
            return
        most, begun = self._bytes + _LINGER_BYTES, time.monotonic()
        while not self.is_whole and self._bytes < most and (left := begun + _LINGER_S - time.monotonic()) > 0:
            try:
                self._count(await asyncio.wait_for(self._receive(), left))
            except TimeoutError:
                return

    def _count(self, message: Message) -> None:
        self._bytes += len(message.get("body", b""))
        self.is_whole = message["type"] == "http.disconnect" or not message.get("more_body", False)

    def _too_large(self, found: str) -> Refused:
        advice = "" if self._most == self._limits.job_bytes else f"; send it to {JOBS}"
        return Refused(413, "too-large", f"expected a body of at most {self._most:,} bytes, got {found}{advice}")


class _SlowReaderError(Exception):
    """Ends an answer that nobody fetches."""


class _Answer:
    """An answer on its way: its status, and not for ever."""

    def __init__(self, send: Send, body: _Body, limits: Limits) -> None:
        self._send, self._body, self._limits = send, body, limits
        self._begun, self._bytes = 0.0, 0
        self._is_stream = False
        self.status, self.reason = 0, ""

    async def send(self, message: Message) -> None:
        """Send the next piece."""
        if message["type"] == "http.response.start":
            if not self._body.is_whole:
                await self._body.linger()
            self._begin(message)
        self._bytes += len(message.get("body", b""))
        late = time.monotonic() - self._begun - self._limits.body_seconds - self._bytes / _SLOWEST
        if late > 0 and not self._is_stream:
            raise _SlowReaderError
        await self._send(message)

    def _begin(self, message: Any) -> None:
        headers = Headers(raw=message.setdefault("headers", []))
        self.status, self._begun = message["status"], time.monotonic()
        self._is_stream = headers.get("content-type", "").startswith("text/event-stream")
        message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
        if not self._body.is_whole and "connection" not in headers:
            message["headers"].append((b"connection", b"close"))


def _has_key(headers: Headers, key: str) -> bool:
    """Whether a request has the key, compared in a time that does not tell how much of it is right."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        given = headers.get("x-api-key", "")
    return hmac.compare_digest(given.strip().encode("latin-1", "replace"), key.encode())


def _route(scope: Scope) -> str:
    """The route of a request as it was declared, so that metrics know few of them; `other` if it has none."""
    route = scope.get("route")
    return str(getattr(route, "path", "other"))
