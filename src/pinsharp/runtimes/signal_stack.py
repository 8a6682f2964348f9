"""Keeps the stack on which a thread handles signals.

OpenVINO's CPU plugin (2026.4) gives the thread that compiles a model an alternate signal stack, and unmaps it with the
model while it is still in use: the next signal, a Ctrl-C, then ends the process with a segmentation fault.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Stack(ctypes.Structure):
    """`stack_t` as Linux has it."""

    _fields_ = (("address", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """Give this thread its signal stack back afterwards; on Linux only, elsewhere nothing is done."""
    change = getattr(ctypes.CDLL(None), "sigaltstack", None) if sys.platform.startswith("linux") else None
    if change is None:
        yield
        return
    before = _Stack()
    change(None, ctypes.byref(before))
    try:
        yield
    finally:
        change(ctypes.byref(before), None)
