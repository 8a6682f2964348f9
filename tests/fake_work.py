"""Work on images that is known beforehand and needs no model, in a module of its own for worker processes to import.

An image is any bytes, its result the same bytes backwards, in small pieces, so that a torn one would be noticed.
"""

import os
import signal
import time
from functools import partial

from pinsharp.atomic import whole_or_nothing
from pinsharp.errors import ImageError

FIGURES = {
    "sigma": 2.0,
    "sigma_relative_std": None,
    "family": "gaussian",
    "iterations": 1,
    "sigmas": [2.0],
    "seconds": 0.01,
    "megapixels": 1.0,
    "window": 0,
    "seam": None,
    "channel_sigmas": [],
    "restored": True,
    "reason": "",
}
"""Figures as older manifests hold them too: without those that came later."""


def load_work(recipe=None, *, share=1, restorer=None):
    """In the place of `pinsharp.batch.work.load_work`; how slow it is stands in the environment."""
    return partial(reverse, seconds=float(os.environ.get("FAKE_SECONDS", "0")))


def reverse(job, *, seconds=0.0):
    """Write an image backwards. One that begins with 'bad' cannot be restored, with 'fatal' it ends the process."""
    try:
        content = job.input.read_bytes()
    except OSError as error:
        raise ImageError(f"{job.input}: expected a readable file, got {error.strerror}") from error
    if content.startswith(b"bad"):
        raise ImageError(f"{job.input}: expected an image, got a bad one")
    if content.startswith(b"fatal"):
        os.kill(os.getpid(), signal.SIGKILL)
    result = content[::-1]
    with whole_or_nothing(job.output, len(result)) as file:
        for start in range(0, len(result), 64):
            file.write(result[start : start + 64])
            time.sleep(seconds * 64 / len(result))
    return FIGURES | {"megapixels": len(content) / 1e6}
