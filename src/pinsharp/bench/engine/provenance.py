"""Where figures come from: version, commit, command and machine."""

import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

import torch

from pinsharp.processor import processor
from pinsharp.version import __version__


def provenance() -> dict[str, object]:
    """Say with what and where this process computes, as plain values for records."""
    return {
        "pinsharp": __version__,
        "commit": commit(),
        "command": shlex.join([Path(sys.argv[0]).name.replace("__main__.py", "pinsharp"), *sys.argv[1:]]),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "machine": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
    }


def commit() -> str | None:
    """Commit of the checkout that pinsharp runs from, with `-dirty` if it was changed since; None outside of one."""
    folder = Path(__file__).parent
    described = _git(folder, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")
    # Not the commit of some other project that pinsharp happens to be installed below.
    is_ours = _git(folder, "ls-files", "--error-unmatch", Path(__file__).name) is not None
    return described if is_ours else None


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
