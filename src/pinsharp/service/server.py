"""Running the service: one process that listens, others that work, until somebody asks it to stop."""

import logging
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn

from pinsharp.errors import ConfigError
from pinsharp.service.app import build_app
from pinsharp.service.connections import patient_protocol
from pinsharp.service.service import Service
from pinsharp.service.settings import Settings

_BACKLOG = 512


def serve(settings: Settings, say: Callable[[str], object]) -> None:
    """Answer requests until SIGTERM or Ctrl-C; then nothing new is taken, and what was begun is answered.

    Args:
        settings: What holds.
        say: Called with the address it listens at, when the model is loaded.

    Raises:
        ConfigError: If the port is taken, another service has the folder, or the model cannot be loaded.
        OutputError: If the folder cannot be written.
    """
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it warns of every wrong byte of a form
    listener = _listen(settings)
    try:
        service = Service(settings)
        try:
            service.warm()
            server = uvicorn.Server(_config(service))
            _take_requests_to_stop()
            listener.listen(_BACKLOG)  # whoever reads the next line may come at once
            host, port = listener.getsockname()[:2]
            say(f"listening at http://{f'[{host}]' if ':' in host else host}:{port}, jobs in {settings.state}")
            server.run(sockets=[listener])
        finally:
            service.close()
    finally:
        listener.close()


def _config(service: Service) -> uvicorn.Config:
    limits = service.limits
    return uvicorn.Config(
        build_app(service),
        http=patient_protocol(limits),
        ws="none",
        log_level="error",  # what clients send wrong is their business, and would fill the log
        access_log=False,
        server_header=False,
        timeout_keep_alive=max(1, round(min(5, limits.slow_seconds))),
        # Whoever has begun to send is answered: a body, the work, and an answer may each take their time.
        timeout_graceful_shutdown=round(limits.seconds + 4 * limits.body_seconds + limits.slow_seconds),
        backlog=_BACKLOG,
    )


def _take_requests_to_stop() -> None:
    """Let a request to stop end this process with status 0: uvicorn sends it again when it has stopped."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two services have one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.set_inheritable(False)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"expected a port to listen at, got {error.strerror} for {settings.host}:{settings.port}; give --port N"
        ) from error
    return listener
