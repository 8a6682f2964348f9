"""Where figures come from: images, version, commit, command and machine."""

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from pinsharp.data.testset import file_sha256
from pinsharp.errors import ImageError
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


def image_hashes(paths: Sequence[Path]) -> list[str]:
    """SHA-256 of each file. Raises ImageError if one cannot be read."""
    hashes = []
    for path in paths:
        try:
            hashes.append(file_sha256(path))
        except OSError as error:
            raise ImageError(
                f"{path}: expected an image that can be read, got {error.strerror}; check its rights"
            ) from None
    return hashes


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
