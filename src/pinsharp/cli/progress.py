"""A progress bar on stderr for commands that make many figures or files."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Protocol

_MEMORY_S = 3600
"""Time left is judged by the pace of this many seconds, because some things take minutes each."""

_LINE_EVERY_S = 60


class Advance(Protocol):
    """Advances the progress by one step; `what` renames the running step."""

    def __call__(self, what: str | None = None) -> None:
        """Move on by one, and say from now on `what`."""


@contextmanager
def progress(total: int, what: str, *, in_lines: bool = False) -> Iterator[Advance]:
    """Show a progress bar on a terminal if there are several steps; gives the function that advances it.

    `what` goes on, before the bar. With `in_lines`, where nobody watches, a line is printed each minute, for logs of
    commands that run for hours.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if in_lines and not console.is_terminal:
        yield _Lines(total, what)
        return
    with Progress(
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()),
        console=console,
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # what goes into a file or a pipe must not end up on stderr
        disable=total < 2 or not console.is_terminal,
        speed_estimate_period=_MEMORY_S,
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda what=None: bar.update(task, advance=1, description=what)


@contextmanager
def percent_progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show the progress of a long piece of work; gives a function that takes the amount done and the whole."""
    advance: Advance | None = None
    said = 0
    with ExitStack() as stack:

        def report(done: int, total: int) -> None:
            nonlocal advance, said
            if advance is None:
                advance = stack.enter_context(progress(100, what, in_lines=True))
            for _ in range(said, 100 * done // total):
                advance()
                said += 1

        yield report


class _Lines:
    """A line a minute: how much is done, and how long the rest will take."""

    def __init__(self, total: int, what: str) -> None:
        self.total, self.what, self.done = total, what, 0
        self._start = self._said = time.monotonic()

    def __call__(self, what: str | None = None) -> None:
        self.what = what or self.what
        self.done += 1
        now = time.monotonic()
        if now - self._said < _LINE_EVERY_S:
            return
        self._said = now
        left = (now - self._start) / self.done * (self.total - self.done)
        print(f"{self.what}: {self.done} of {self.total}, {in_words(left)} left", file=sys.stderr, flush=True)


def in_words(seconds: float) -> str:
    """A duration such as '2 h 05 min', '12 min' or '40 s'."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
