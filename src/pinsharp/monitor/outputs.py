"""Files that follow a monitor: written now and then, after each alarm, and at the end; a failure is reported once."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pinsharp.errors import OutputError

EVERY_S = 5.0
"""A file is written so often at most, but for alarms."""


@dataclass
class Followed:
    """A file that follows a monitor.

    Attributes:
        write: Writes it.
        say: Called with the first of several failures in a row; the monitor continues.
    """

    write: Callable[[], object]
    say: Callable[[str], object]
    _written_s: float = field(default=-EVERY_S, init=False)
    _fails: bool = field(default=False, init=False)

    def begin(self) -> None:
        """Write for the first time.

        Raises:
            OutputError: If the file cannot be written: better now than after hours.
        """
        self.write()

    def follow(self, *, at_once: bool = False) -> None:
        """Write, if it is time to."""
        if not at_once and time.monotonic() - self._written_s < EVERY_S:
            return
        self._written_s = time.monotonic()
        try:
            self.write()
            self._fails = False
        except OutputError as error:
            if not self._fails:
                self.say(f"{error}; the monitor continues")
            self._fails = True
