"""Connections that do not wait for ever: uvicorn itself waits without end for headers, and for a reader."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from pinsharp.service.settings import Limits


def patient_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """A protocol for uvicorn with limits of its own."""

    class PatientProtocol(H11Protocol):
        """HTTP/1.1 of connections whose headers come, and whose answers are read, within some seconds."""

        _deadline: asyncio.TimerHandle | None = None
        _stalled: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > limits.connections:
                transport.abort()
            else:
                self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def pause_writing(self) -> None:
            super().pause_writing()
            self._stalled = self.loop.call_later(limits.slow_seconds, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._forget("_stalled")

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget("_stalled")
            self._forget("_deadline")
            super().connection_lost(exc)

        def _watch(self) -> None:
            """Count the seconds while no request is at work."""
            if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr]
                self._forget("_deadline")
            elif self._deadline is None and not self.transport.is_closing():
                self._deadline = self.loop.call_later(limits.slow_seconds, self.transport.abort)

        def _forget(self, name: str) -> None:
            timer = getattr(self, name)
            if timer is not None:
                timer.cancel()
                setattr(self, name, None)

    return PatientProtocol
