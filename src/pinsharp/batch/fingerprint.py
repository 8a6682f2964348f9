"""What an input file was when it was restored, so that a later run sees whether it has changed."""

import hashlib
from dataclasses import dataclass
from os import stat_result
from pathlib import Path

from pinsharp.errors import ImageError


@dataclass(frozen=True)
class Fingerprint:
    """A file's size in bytes, time of its last change in nanoseconds, and SHA-256."""

    size: int
    mtime_ns: int
    sha256: str


def fingerprint(path: Path) -> Fingerprint:
    """Read a file through and describe it.

    Raises:
        ImageError: If it cannot be read, or changes meanwhile.
    """
    try:
        with path.open("rb") as file:
            before = path.stat()
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            after = path.stat()
    except FileNotFoundError:
        raise ImageError(f"{path}: expected an image file, got no such file; check the name") from None
    except OSError as error:
        raise ImageError(f"{path}: expected a readable file, got {error.strerror}; check its rights") from error
    if identity(before) != identity(after):
        raise ImageError(f"{path}: expected a finished file, got one that is being written; run it again later")
    return Fingerprint(after.st_size, after.st_mtime_ns, digest)


def identity_of(path: Path) -> str | None:
    """The identity of a file; None if there is none."""
    try:
        return identity(path.stat())
    except OSError:
        return None


def identity(status: stat_result) -> str:
    """What tells a file from others and from later versions of itself; a new name leaves it as it is."""
    return f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
