"""Memory that was freed is kept for the next image, where the C library lets us ask for it.

Large Fourier transforms allocate and free buffers of many megabytes. glibc hands each back to the system at once, and
the next one pays for fresh pages: more than half of the time of a pass on some machines.
"""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> bool:
    """Ask glibc to keep freed memory in this process; returns whether it could be asked (Linux with glibc only)."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wishes = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, _LARGEST_INT), (_M_TOP_PAD, 256 * 2**20))
    answers = [bool(mallopt(name, value)) for name, value in wishes]  # all are asked, whatever the first answers
    return all(answers)


def release_freed_memory() -> None:
    """Give freed memory back to the system after all, so that what comes next is measured by itself; glibc only."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
