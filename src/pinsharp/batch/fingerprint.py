"""What an input was when it was restored, so that a later run sees whether it has changed; a folder may be one."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pinsharp.errors import ImageError
from pinsharp.images.places import disk_path


@dataclass(frozen=True)
class Fingerprint:
    """An image's size in bytes, time of its last change in nanoseconds, and SHA-256."""

    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Look:
    """What is seen of a file without reading it, or of all files of a folder.

    Attributes:
        identity: What tells it from others and from later versions of itself; a new name leaves it as it is.
        size: In bytes.
        mtime_ns: Time of its last change in nanoseconds.
        ctime_ns: The same of its metadata.
    """

    identity: str
    size: int
    mtime_ns: int
    ctime_ns: int


def look(path: Path) -> Look:
    """Look at a file, or at the folder of an image.

    Raises:
        OSError: If there is no such file or folder.
    """
    path = disk_path(path)
    status = path.stat()
    if not path.is_dir():
        identity = f"{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
        return Look(identity, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    size, mtime_ns, ctime_ns, digest = 0, status.st_mtime_ns, 0, hashlib.sha256()
    for file in _files(path):
        each = file.stat()
        digest.update(f"{file.relative_to(path)}:{each.st_size}:{each.st_mtime_ns}\n".encode(errors="surrogateescape"))
        size, mtime_ns, ctime_ns = size + each.st_size, max(mtime_ns, each.st_mtime_ns), max(ctime_ns, each.st_ctime_ns)
    return Look(f"{status.st_ino}:{size}:{digest.hexdigest()[:32]}", size, mtime_ns, ctime_ns)


def fingerprint(path: Path) -> Fingerprint:
    """Read an image through and describe it.

    Raises:
        ImageError: If the image cannot be read, or changes while it is read.
    """
    try:
        before = look(path)
        digest = _digest(disk_path(path))
        after = look(path)
    except FileNotFoundError:
        raise ImageError(f"{path}: expected an image file, got no such file; check the name") from None
    except OSError as error:
        raise ImageError(f"{path}: expected a readable file, got {error.strerror}; check its rights") from error
    if before.identity != after.identity:
        raise ImageError(f"{path}: expected a finished file, got one that is being written; run it again later")
    return Fingerprint(after.size, after.mtime_ns, digest)


def identity_of(path: Path) -> str | None:
    """The identity of a file or folder; None if there is none."""
    try:
        return look(path).identity
    except OSError:
        return None


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files of a folder."""
    if not path.is_dir():
        return _file_digest(path)
    digest = hashlib.sha256()
    for file in _files(path):
        digest.update(os.fsencode(file.relative_to(path)) + b"\0" + _file_digest(file).encode())
    return digest.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """All files of a folder, in the same order each time."""
    for place, folders, names in os.walk(folder, followlinks=True):
        folders.sort()
        yield from (Path(place) / name for name in sorted(names))
