"""Processes that torchrun starts again, after one of them or one of their hosts has died: whose run they go on with."""

import os
from pathlib import Path

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list

from pinsharp.errors import ConfigError
from pinsharp.train.state import CHECKPOINT, read_checkpoint

_UNNAMED = "none"  # torchrun's name of a job that was given none


def job_name() -> str:
    """Name of the torchrun job (`--rdzv-id`) that this process belongs to; empty if it belongs to none."""
    return os.environ.get("TORCHELASTIC_RUN_ID", "")


def is_restarted(folder: Path, accelerator: Accelerator) -> bool:
    """Whether the run in a folder was begun by the job that this process belongs to; the main process decides for all.

    So workers that torchrun starts again go on, whichever of them it are and on whichever host; a job that Slurm has
    put back into its queue does so too, if it has the name that it had.
    """
    decision = [accelerator.is_main_process and _began(folder)]
    broadcast_object_list(decision)
    return decision[0]


def _began(folder: Path) -> bool:
    """Whether the job of this process has left the checkpoint in a folder."""
    job, restarts = job_name(), int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
    if not job or (job == _UNNAMED and not restarts) or not (folder / CHECKPOINT).exists():
        return False
    try:
        return read_checkpoint(folder).get("job") == job
    except ConfigError:  # what starts again will say so
        return False
