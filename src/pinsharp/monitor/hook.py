"""The user's command that an alarm runs: without a shell, for a bounded time, its failure reported."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable

from pinsharp.errors import ConfigError
from pinsharp.monitor.alarms import Alarm
from pinsharp.words import said_by

TIMEOUT_S = 30.0
"""So long a command may take; then it is killed, with what it has started."""

MOST_AT_ONCE = 4
"""So many commands may run at once; further alarms run none, and that is reported."""

_HELD = os.name == "posix"


class Hook:
    """Runs a command for each alarm, beside the measuring.

    The alarm stands in the environment: PINSHARP_ALARM (its kind), PINSHARP_WORDS, PINSHARP_IMAGE, PINSHARP_NUMBER,
    PINSHARP_TIME (seconds since 1970), PINSHARP_WIDTH (pixels) and PINSHARP_IN_IMAGES, empty where unknown.

    Args:
        command: A program and its arguments, taken apart as a shell would.
        say: Called with failures, from another thread.
        timeout_s: So long the command may take.

    Raises:
        ConfigError: If there is no such program, or quotes are left open.
    """

    def __init__(self, command: str, say: Callable[[str], object], timeout_s: float = TIMEOUT_S) -> None:
        try:
            self._words = shlex.split(command)
        except ValueError as error:
            raise ConfigError(f"--on-alarm: expected a command, got {command!r} ({error}); close its quotes") from error
        if not self._words or shutil.which(self._words[0]) is None:
            raise ConfigError(
                f"--on-alarm: expected a program that can be run, got {command!r}; name its path. What needs a shell "
                "is sh -c '...'"
            )
        self._say, self._timeout_s = say, timeout_s
        self._threads: list[threading.Thread] = []

    def run(self, alarm: Alarm) -> None:
        """Start the command and go on."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) >= MOST_AT_ONCE:
            self._say(f"--on-alarm: {MOST_AT_ONCE} commands are running already; none is run for {alarm.kind}")
            return
        thread = threading.Thread(target=self._carry_out, args=(alarm,), daemon=True)
        thread.start()
        self._threads.append(thread)

    def wait(self) -> None:
        """Wait until all commands have ended, which they do in bounded time."""
        for thread in self._threads:
            thread.join(self._timeout_s + 5)

    def _carry_out(self, alarm: Alarm) -> None:
        try:
            process = subprocess.Popen(
                self._words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=os.environ | environment(alarm),
                start_new_session=_HELD,
            )
        except (OSError, ValueError) as error:
            self._say(f"--on-alarm: expected {self._words[0]} to start, got {said_by(error)}; the monitor continues")
            return
        try:
            status = process.wait(self._timeout_s)
        except subprocess.TimeoutExpired:
            _kill(process)
            self._say(f"--on-alarm: {self._words[0]} took more than {self._timeout_s:g} s and was killed")
        else:
            if status:
                self._say(f"--on-alarm: {self._words[0]} ended with status {status}; the monitor continues")


def environment(alarm: Alarm) -> dict[str, str]:
    """An alarm as environment variables."""
    values: dict[str, object] = {
        "ALARM": alarm.kind,
        "WORDS": alarm.words,
        "IMAGE": alarm.image,
        "NUMBER": alarm.number,
        "TIME": f"{alarm.time_s:.3f}",
        "WIDTH": None if alarm.width is None else f"{alarm.width:.4g}",
        "IN_IMAGES": None if alarm.in_images is None else f"{alarm.in_images:.0f}",
    }
    return {f"PINSHARP_{name}": "" if value is None else str(value).replace("\0", "") for name, value in values.items()}


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process with all that belongs to its session."""
    with contextlib.suppress(ProcessLookupError):
        if _HELD:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
