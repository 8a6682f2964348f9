"""Work for processes of a pool that is done at once, never, or is the end of its process."""

import os
import time


def load():
    return carry_out


def carry_out(word):
    if word == "die":
        os._exit(7)
    if word == "sleep":
        time.sleep(600)
    yield word, os.getpid()
