"""Ctrl-C: the first one asks to stop after what is being done, the second one stops at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

REQUESTS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and what service managers and `kill` send."""


class Stop:
    """Whether somebody has asked to stop."""

    def __init__(self) -> None:
        self._is_asked = False
        self._then: list[Callable[[], object]] = []

    def is_set(self) -> bool:
        """Whether it was asked; the name is that of `threading.Event`, as whom libraries take it."""
        return self._is_asked

    def then(self, action: Callable[[], object]) -> None:
        """Do something short when it is asked, in the midst of whatever happens then."""
        self._then.append(action)

    def ask(self) -> None:
        """Ask to stop."""
        self._is_asked = True
        for action in self._then:
            action()


@contextmanager
def stoppable(say: Callable[[], object], *, once: bool = False) -> Iterator[Stop]:
    """Take requests to stop instead of dying of them, and give what knows whether it was asked.

    The first request calls `say`, to tell what happens next; the second raises KeyboardInterrupt wherever the main
    thread is. With `once` only the first is heard, for processes that get each one twice: from the terminal, and from
    who started them.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():  # only that one hears signals
        yield stop
        return

    def hear(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            if once:
                return
            raise KeyboardInterrupt
        stop.ask()
        say()

    # What is ignored (as nohup and & do) stays ignored.
    before = {number: signal.getsignal(number) for number in REQUESTS}
    heard = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}
    try:
        for number in heard:
            signal.signal(number, hear)
        yield stop
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)
