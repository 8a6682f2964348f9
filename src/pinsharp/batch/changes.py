"""When to look into a folder again: as soon as something changes, or now and then."""

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path

from pinsharp.batch.interrupts import Stop

POLL_S = 0.5
"""Without `watchfiles`, a folder is looked at so often."""


def changes(folder: Path, settle_s: float, stop: Stop, *, recursive: bool = False) -> Iterator[bool]:
    """Wait, again and again, until something changes in a folder or a while has passed; end when somebody asks to stop.

    Args:
        folder: It.
        settle_s: Seconds for which a file has to stand still; the while is shorter than that.
        stop: Who may ask.
        recursive: Watch the folders below too.

    Yields:
        Whether something has changed. Without `watchfiles` it always may have.
    """
    if importlib.util.find_spec("watchfiles") is None:
        while not stop.is_set():
            time.sleep(POLL_S)
            yield True
        return
    from watchfiles import watch

    events = watch(
        folder,
        watch_filter=None,
        debounce=200,
        stop_event=stop,
        rust_timeout=int(1000 * min(1.0, max(0.05, settle_s / 2))),
        yield_on_timeout=True,
        recursive=recursive,
    )
    for found in events:
        yield bool(found)
