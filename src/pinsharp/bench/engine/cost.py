"""What a call costs: its seconds, and how much memory it adds at its peak to what its process holds already.

Interpreter, libraries, the weights of loaded methods and the input are there before and do not count. On a CPU the
figure is the resident set: the kernel's own high-water mark, or, where that cannot be reset, the largest of samples
taken every two milliseconds, which can miss a short peak. Freed memory is given back to the system before, or the call
would find room that another has left behind; getting it again costs a fast method a quarter more time. On a GPU it is
what PyTorch's tensors hold there.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

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
    with _memory(device) as memory:
        finish(device)
        start = time.perf_counter()
        result = work()
        finish(device)
        seconds = time.perf_counter() - start
        return result, Cost(seconds, memory.added_mib())


def _memory(device: torch.device) -> "_Memory":
    if device.type == "cuda":
        return _GpuMemory(device)
    release_freed_memory()
    try:
        _CLEAR_REFS.write_text(_RESET_HIGH_WATER_MARK)
        return _HighWaterMark()
    except (OSError, KeyError):
        return _Samples() if _STATM.exists() else _Memory()


def finish(device: torch.device) -> None:
    """Wait until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class _Memory:
    """Watches memory from entering on; this one does not know how much was added at the peak."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def added_mib(self) -> float | None:
        """How much was added at the peak."""
        return None


class _GpuMemory(_Memory):
    def __init__(self, device: torch.device) -> None:
        self._device = device
        torch.cuda.reset_peak_memory_stats(device)
        self._before = torch.cuda.memory_allocated(device)

    def added_mib(self) -> float | None:
        return (torch.cuda.max_memory_allocated(self._device) - self._before) / _MIB


class _HighWaterMark(_Memory):
    """Linux's own record of the largest resident set since it was last reset."""

    def __init__(self) -> None:
        self._before = self._read()

    def added_mib(self) -> float | None:
        return max(0, self._read() - self._before) / 1024

    @staticmethod
    def _read() -> int:
        lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return int(lines["VmHWM"].split()[0])  # KiB


class _Samples(_Memory):
    """A thread that looks at the resident set again and again."""

    def __init__(self) -> None:
        self._before = self._peak = self._read()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def added_mib(self) -> float | None:
        return max(0, max(self._peak, self._read()) - self._before) * _page_bytes() / _MIB

    def _watch(self) -> None:
        while not self._stop.wait(_SAMPLE_S):
            self._peak = max(self._peak, self._read())

    @staticmethod
    def _read() -> int:
        return int(_STATM.read_text().split()[1])  # pages


def _page_bytes() -> int:
    import resource  # absent where there is no /proc either

    return resource.getpagesize()
