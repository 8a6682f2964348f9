"""What a call costs: its seconds, and how much memory it adds at its peak to what its process holds already.

Interpreter, libraries, the weights of loaded methods and the input are there before and do not count. On a CPU the
figure is the resident set: the kernel's own high-water mark, or, where that cannot be reset, the largest of samples
taken every two milliseconds, which can miss a short peak. Freed memory is given back to the system before, or the call
would find room that another has left behind; getting it again costs a fast method a quarter more time. On a GPU it is
what PyTorch's tensors hold there.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from pinsharp.allocator import release_freed_memory

Result = TypeVar("Result")

_MIB = 2**20
_STATUS, _STATM, _CLEAR_REFS = (Path("/proc/self") / name for name in ("status", "statm", "clear_refs"))
_RESET_HIGH_WATER_MARK = "5"  # proc(5), clear_refs
_SAMPLE_S = 0.002


@dataclass(frozen=True)
class Cost:
    """What a call took."""

    seconds: float  # wall time, the GPU's queue emptied before and after
    peak_memory_mib: float | None  # memory that it added at its peak, in MiB; None where the system does not say


def with_cost(work: Callable[[], Result], device: torch.device) -> tuple[Result, Cost]:
    """Call `work`, which computes on `device`, and say what that cost."""
    with _watched(device) as added_mib:
        finish(device)
        start = time.perf_counter()
        result = work()
        finish(device)
        seconds = time.perf_counter() - start
        return result, Cost(seconds, added_mib())


def finish(device: torch.device) -> None:
    """Wait until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _watched(device: torch.device) -> Iterator[Callable[[], float | None]]:
    """Watch memory, and yield what says how many MiB were added at the peak; None where the system does not say."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        held = torch.cuda.memory_allocated(device)
        yield lambda: (torch.cuda.max_memory_allocated(device) - held) / _MIB
        return
    release_freed_memory()
    mark = _reset_high_water_kib()
    if mark is not None:
        yield lambda: max(0, _high_water_kib() - mark) / 1024
    elif _STATM.exists():
        with _sampled() as added_mib:
            yield added_mib
    else:
        yield lambda: None


def _reset_high_water_kib() -> int | None:
    """Reset Linux's own record of the largest resident set; None where that cannot be."""
    try:
        _CLEAR_REFS.write_text(_RESET_HIGH_WATER_MARK)
        return _high_water_kib()
    except (OSError, KeyError):
        return None


def _high_water_kib() -> int:
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
    return int(lines["VmHWM"].split()[0])


@contextmanager
def _sampled() -> Iterator[Callable[[], float]]:
    """Look at the resident set again and again, in a thread."""
    import resource  # absent where there is no /proc either

    before = peak = _resident_pages()
    stop = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not stop.wait(_SAMPLE_S):
            peak = max(peak, _resident_pages())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lambda: max(0, max(peak, _resident_pages()) - before) * resource.getpagesize() / _MIB
    finally:
        stop.set()
        thread.join()


def _resident_pages() -> int:
    return int(_STATM.read_text().split()[1])
