"""What actors of tests load, in a module of its own for them to import; see `fake_work`."""

import os
import time
from functools import partial
from pathlib import Path

from fake_work import reverse


def load_reverse(seconds=0.0, log=None):
    """Work that writes images backwards, slowly, and notes in a folder which it has begun."""
    return partial(noted, seconds=seconds, log=log)


def noted(job, *, seconds, log):
    if log:
        with Path(log, f"{os.getpid()}-{time.time_ns()}").open("w") as file:
            file.write(job.input.name)
    return reverse(job, seconds=seconds)


def load_small(recipe):
    """A model for which images of a thousand values are larger than memory."""
    from pinsharp.batch.work import load_work
    from pinsharp.nets.swift import bank_blocks
    from pinsharp.restoration import sources

    sources.LARGE_VALUES, bank_blocks.BLOCK = 1000, 80
    return load_work(recipe)


def load_nothing(words):
    from pinsharp.errors import ConfigError

    raise ConfigError(words)


def load_for_batch(seconds, log, recipe, settings):
    """In the place of `pinsharp.cluster.work.load_checked`."""
    return load_reverse(seconds, log)
