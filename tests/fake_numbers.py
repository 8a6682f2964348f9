"""Work on numbers that needs no model, in a module of its own for worker processes to import."""

import os
import signal


def make():
    """What doubles a number; zero ends the process."""

    def double(number):
        if number == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        yield number
        yield 2 * number

    return double


def make_nothing():
    """What ends its process before it has begun."""
    os._exit(3)
