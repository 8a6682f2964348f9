"""`pinsharp serve` as a process of its own, for studies and tests of the service."""

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

PATIENCE_S = 120


class Served:
    """A service at a free port; leaving it kills it if it still runs.

    Args:
        state: Its folder.
        options: Further options of the command line.
    """

    def __init__(self, state: Path, *options: Any) -> None:
        command = [sys.executable, "-m", "pinsharp", "serve", "--port", 0, "--state", state, *options]
        here = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1] / "src")}
        self.process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True, env=here)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        if "listening at" not in line:
            raise RuntimeError(line + self.process.communicate()[1])
        self.port = int(re.search(r":(\d+),", line)[1])  # type: ignore[index]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, bytes]:
        """One request on a connection of its own: status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; the exit status, and what was said on stderr."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, said

    def memory(self) -> int:
        """Bytes of memory of the process and of those that it has started (Linux)."""
        page = os.sysconf("SC_PAGE_SIZE")
        return sum(_resident(pid) * page for pid in (self.process.pid, *_children(self.process.pid)))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            direct = [int(word) for word in task.read_text().split()]
        except OSError:
            continue
        for child in direct:
            found += [child, *_children(child)]
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
