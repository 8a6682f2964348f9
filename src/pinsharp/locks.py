"""Locks that the operating system keeps: a process that dies, in whatever way, releases its own."""

from __future__ import annotations

from types import ModuleType
from typing import IO, Any

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def try_lock(file: IO[Any]) -> bool:
    """Lock an open file until it is closed; whether nobody else holds it.

    Where the system or the file system has no such locks (Windows, some networks), nobody is noticed: True.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
