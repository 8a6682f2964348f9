"""Connecting to a Ray cluster, or starting one on this machine for this run, without Ray's messages."""

import contextlib
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pinsharp.errors import ConfigError
from pinsharp.locks import try_lock

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_TQDM": "0",
}
_FOLDER, _OWNER = "pinsharp-ray-", "owner"
_PATIENCE_S = 10.0
_TOKENS = "; a cluster with tokens, as from Ray 2.60 on, needs RAY_AUTH_MODE=token here"
_WORDS = 300  # of what Ray has to say, at most


@contextlib.contextmanager
def connected(address: str) -> Iterator[None]:
    """Be connected to a cluster: `local`, which is started and ended here, `auto`, `host:port` or `ray://host:port`.

    Raises:
        ConfigError: If no cluster answers, or none that goes with this Ray and this Python.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray
    from ray._private import worker

    # Whatever one asks of it, Ray writes on stdout that a process has died (findings/ray_deaths_on_stdout.sh).
    worker.print_to_stdstream = _say_nothing

    with contextlib.ExitStack() as ends:
        options: dict[str, Any] = {}
        if address == "local":
            options = {"include_dashboard": False, "_temp_dir": str(ends.enter_context(_own_folder()))}
        try:
            _knock(address)
            ends.callback(_disconnect)
            with _unheard():
                ray.init(address, log_to_driver=False, logging_level=logging.CRITICAL, **options)
        except Exception as error:
            words = " ".join(str(error).split())[:_WORDS]
            raise ConfigError(
                f"{address}: expected a Ray cluster, got {type(error).__name__}: {words}; start one with 'ray start "
                f"--head', name its address, or say --ray local{_TOKENS if address.startswith('ray://') else ''}"
            ) from error
        yield


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """A folder for what a cluster of this machine writes; those that killed runs have left go."""
    for left in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*/{_OWNER}"):
        with contextlib.suppress(OSError), left.open("ab") as file:
            if try_lock(file):
                shutil.rmtree(left.parent, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_FOLDER))
    with (folder / _OWNER).open("ab") as file:
        try_lock(file)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _disconnect() -> None:
    import ray

    with _unheard():
        ray.shutdown()


def _knock(address: str) -> None:
    """Find out whether anybody is there; Ray itself would try for minutes.

    Raises:
        OSError: If nothing answers at `address`.
    """
    host, divider, port = address.removeprefix("ray://").rpartition(":")
    if divider and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE_S).close()


def _say_nothing(*_: object, **__: object) -> None:
    """Take the place of what Ray prints with."""


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Keep off the terminal what Ray's processes and libraries write there while they begin and end."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
