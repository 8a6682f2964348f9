"""Where results and inputs lie, as a plan has to know it: in folders; elsewhere (`pinsharp.cluster`) in stores."""

import os
from pathlib import Path
from typing import Protocol

from pinsharp.atomic import sweep
from pinsharp.batch.fingerprint import Fingerprint, fingerprint, identity_of
from pinsharp.errors import ImageError


class Shelf(Protocol):
    """What a plan asks of the place where results lie."""

    def sweep(self) -> None:
        """Remove what dead runs have left."""

    def exists(self, path: Path) -> bool:
        """Whether a result has its name."""

    def identity(self, path: Path) -> str | None:
        """What tells a result from others of the same name; None if there is none."""

    def is_same(self, path: Path, known: Fingerprint) -> bool:
        """Whether an input is the one that was restored."""


class Folder:
    """A folder of results, made of inputs that are files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sweep(self) -> None:
        """Remove hidden files and folders."""
        sweep(self.folder)

    def exists(self, path: Path) -> bool:
        """Whether there is a file, folder or link."""
        return os.path.lexists(path)

    def identity(self, path: Path) -> str | None:
        """Inode, size and time."""
        return identity_of(path)

    def is_same(self, path: Path, known: Fingerprint) -> bool:
        """Whether a file has the same content; if it cannot be read, trying to restore it says why."""
        try:
            return fingerprint(path).sha256 == known.sha256
        except ImageError:
            return False
