"""Which images a monitor looks at: those that arrive, thinned evenly where they come faster than they are measured.

Whenever a measurement has ended, the newest image that is complete is looked at, and older ones that wait are skipped:
the images that are looked at lie one measuring time apart, and the newest waits for one measurement at most.
"""

import glob
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinsharp.batch.arrivals import Arrivals
from pinsharp.batch.changes import changes
from pinsharp.batch.interrupts import Stop
from pinsharp.errors import ImageError
from pinsharp.images.discover import images_in, images_matching

LOOK_S = 10.0
"""Without any event it is looked so often: some network drives tell nobody what happens."""


@dataclass(frozen=True)
class Arrival:
    """An image that is to be measured, how many were skipped for it, and when it was completed, in ns since 1970."""

    path: Path
    skipped: int
    completed_ns: int


class Intake:
    """The images of a folder, or those that a pattern names.

    Args:
        source: The folder, not those below it, or a pattern with `*`, `?`, `[...]` or `**`.
        settle_s: An image is complete when it has stood still for so many seconds.
        since_ns: Images completed until then, in nanoseconds since 1970, are left out; None leaves out all that are
            there now.
        say: Called when the folder cannot be listed for a while.

    Raises:
        ImageError: If there is no such folder.
    """

    def __init__(self, source: str, settle_s: float, since_ns: int | None, say: Callable[[str], object]) -> None:
        root, listed, self._recursive = _understood(source)
        self.root, self._say, self._is_lost = root, say, False
        self._arrivals = Arrivals(root, settle_s, listed)
        self._arrivals.look()
        for path in self._arrivals.known():
            if since_ns is None or self._arrivals.completed_ns(path) <= since_ns:
                self._arrivals.take(path)

    def waiting(self) -> Iterator[Arrival]:
        """The images that are there and complete, all of them, in the order of their completion."""
        for path in self._arrivals.ready():
            yield self._taken(path, 0)

    def is_waiting(self) -> bool:
        """Whether some images may not be complete yet."""
        return self._arrivals.is_waiting()

    def arriving(self, stop: Stop) -> Iterator[Arrival]:
        """The images that arrive, until somebody asks to stop, thinned as the module says."""
        looked_s = 0.0
        for is_changed in self._moments(stop):
            if not is_changed and not self._arrivals.is_waiting() and time.monotonic() - looked_s < LOOK_S:
                continue
            while not stop.is_set():
                self._look()
                looked_s = time.monotonic()
                ready = self._arrivals.ready()
                if not ready:
                    break
                for path in ready[:-1]:
                    self._arrivals.take(path)
                yield self._taken(ready[-1], len(ready) - 1)

    def _moments(self, stop: Stop) -> Iterator[bool]:
        yield True
        yield from changes(self.root, self._arrivals.settle_s, stop, recursive=self._recursive)

    def _taken(self, path: Path, skipped: int) -> Arrival:
        self._arrivals.take(path)
        return Arrival(path, skipped, self._arrivals.completed_ns(path))

    def _look(self) -> None:
        try:
            self._arrivals.look()
            self._is_lost = False
        except ImageError as error:  # a network drive may come back
            if not self._is_lost:
                self._say(f"{error}; looking again every {LOOK_S:.0f} s")
            self._is_lost = True


def _understood(source: str) -> tuple[Path, Callable[[], Sequence[Path]], bool]:
    """Folder to watch, what lists the images, and whether folders below matter."""
    if not glob.has_magic(source) or Path(source).is_dir():
        folder = Path(source)
        if not folder.is_dir():
            raise ImageError(f"{source}: expected a folder or a pattern such as 'in/*.png', got none; make it first")
        return folder, lambda: images_in(folder), False
    parts = Path(source).parts
    fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    root = Path(*parts[:fixed])
    if not root.is_dir():
        raise ImageError(f"{source}: expected a pattern in a folder that exists, got none named {root}; make it first")
    return root, lambda: images_matching(source), len(parts) > fixed + 1
