"""Writing a file, or a folder that is one image, completely or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pinsharp.errors import OutputError
from pinsharp.locks import try_lock

HIDDEN = ".pinsharp-*.tmp"
"""Names of files and folders that exist only while something is written."""

_LOCK = ".lock"
"""In a hidden folder, the file that is locked while somebody writes there."""

LONGEST_NAME = 255
"""Bytes of a file's name, by most file systems."""

_FULL = {errno.ENOSPC: "a full disk", errno.EDQUOT: "a used-up quota", errno.EFBIG: "a limit on the size of files"}
_FORBIDDEN = {errno.EACCES, errno.EPERM}


def hidden_path(folder: Path) -> Path:
    """A new name in a folder, for what is only there while something is written."""
    return folder / HIDDEN.replace("*", secrets.token_hex(6))


def sweep(folder: Path) -> None:
    """Remove the hidden files and folders that killed processes have left in a folder.

    What a living process writes is locked and stays. A hidden folder without a lock goes, so whoever makes such folders
    sees to it that only one process does at a time.
    """
    for hidden in folder.glob(HIDDEN):
        is_folder = hidden.is_dir() and not hidden.is_symlink()
        lock = hidden / _LOCK if is_folder else hidden
        if is_folder and not lock.exists():
            remove(hidden)
            continue
        with contextlib.suppress(OSError), lock.open("rb") as file:
            if try_lock(file):
                remove(hidden)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it, as `whole_or_nothing` does.

    Args:
        path: Where to write; an existing file is replaced.
        data: The whole content.

    Raises:
        OutputError: If the folder is absent or unwritable, or the disk full.
    """
    with whole_or_nothing(path, len(data)) as file:
        file.write(data)


@contextlib.contextmanager
def whole_or_nothing(path: Path, size: int) -> Iterator[BinaryIO]:
    """Open a file that takes its name only when all of it was written.

    The bytes go to a hidden file in the same folder and reach the disk before it takes the name. A link of that name is
    replaced, not followed. Whatever fails or interrupts, the hidden file is removed and an older file stays as it was.

    Args:
        path: Where to write; an existing file is replaced.
        size: Bytes that are expected, for the sentence about a full disk.

    Yields:
        The hidden file, new, for writing and reading.

    Raises:
        OutputError: If the folder is absent or unwritable, or the disk full; instead of any OSError of the body.
    """
    hidden = hidden_path(path.parent)
    try:
        with hidden.open("x+b") as file:
            try_lock(file)  # so that `sweep` sees that somebody is at work
            yield file
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    except OSError as error:
        raise OutputError(write_error(path, size, error)) from error
    finally:
        with contextlib.suppress(OSError):  # after success it is gone; after a failure the first error matters
            hidden.unlink()


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Make a folder that takes its name only when all in it was written, as `whole_or_nothing` does with a file.

    Args:
        path: Its name; an existing folder or file is replaced.

    Yields:
        A hidden name at which nothing is yet.

    Raises:
        OutputError: As `whole_or_nothing`.
    """
    hidden = hidden_path(path.parent)
    try:
        hidden.mkdir()
        with (hidden / _LOCK).open("xb") as file:
            try_lock(file)
            yield hidden / path.name
            _sync_all(hidden)
            replace(hidden / path.name, path)
    except OSError as error:
        raise OutputError(write_error(path, 0, error)) from error
    finally:
        remove(hidden)


def replace(now: Path, then: Path) -> None:
    """Give a file or folder another name, in place of what has it.

    A folder takes the place of another in one step where the system can exchange names (Linux). Elsewhere the older
    one has a name that ends in `.replaced` for a moment, and gets its own again if the step fails.

    Raises:
        OSError: If the file cannot be renamed; the older one is then unchanged.
    """
    if not (now.is_dir() and os.path.lexists(then)):
        now.replace(then)
        return
    if _exchange(now, then):
        remove(now)
        return
    older = then.with_name(f"{then.name}.{secrets.token_hex(3)}.replaced")
    then.rename(older)
    try:
        now.rename(then)
    except OSError:
        older.rename(then)
        raise
    remove(older)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it is there and can be removed."""
    with contextlib.suppress(OSError):  # of a name that is too long too
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; whether the system can."""
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def _sync_all(folder: Path) -> None:
    """Let all files of a folder reach the disk."""
    for place, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(Path(place) / name, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def write_json(path: Path, content: object) -> None:
    """Write a JSON document, indented, as `write_atomically` does."""
    write_atomically(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def check_name(path: Path) -> None:
    """Refuse a path of which a part is longer than any file system takes.

    Raises:
        OutputError: If a part of the path is longer than any file system takes.
    """
    if (length := max(len(os.fsencode(part)) for part in path.parts or ("",))) > LONGEST_NAME:
        raise OutputError(f"{path}: expected a name of at most {LONGEST_NAME} bytes, got {length}; shorten it")


def check_free(path: Path, *, overwrite: bool, advice: str = "use --overwrite to replace it") -> None:
    """Refuse a name that no file can have, to write over a folder, or over a file without leave.

    Raises:
        OutputError: If the name of `path` is too long, if it is a folder, or exists and `overwrite` is not given.
    """
    check_name(path)
    if path.is_dir():
        raise OutputError(f"{path}: expected a file to write, got a folder; name a file in it")
    if os.path.lexists(path) and not overwrite:
        raise OutputError(f"{path}: expected a new name, got an existing file; {advice}")


def make_folder(folder: Path) -> None:
    """Make a folder with those that it lies in, if it is not there.

    Raises:
        OutputError: If the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(folder_error(folder, error)) from error


def check_folder(path: Path) -> None:
    """Refuse, before any work, a file whose folder is not there, is no folder, or cannot be written.

    Raises:
        OutputError: If the folder is missing, is a file, or cannot be written.
    """
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"{path}: {_no_folder(folder)}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: expected a folder that can be written, got {unwritable(folder)}; write to another")


def unwritable(folder: Path) -> str:
    """Why a folder cannot be written, in words."""
    is_read_only = hasattr(os, "statvfs") and os.statvfs(folder).f_flag & os.ST_RDONLY
    return "a read-only disk" if is_read_only else "no right to write there"


def write_error(path: Path, size: int, error: OSError) -> str:
    """Say in one sentence why `size` bytes could not be written to a file."""
    if error.errno in _FULL:
        room = f"{size:,} bytes of free space" if size else "free space"
        return f"{path}: expected {room}, got {_FULL[error.errno]}; free some or write to another folder"
    if error.errno == errno.EROFS:
        return f"{path}: expected a disk that can be written, got a read-only one; write to another folder"
    if error.errno in _FORBIDDEN:
        return f"{path}: expected a folder that can be written, got {error.strerror}; write to another folder"
    if error.errno == errno.ENAMETOOLONG:
        return f"{path}: expected a name that the file system takes, got too long a one; shorten it"
    if path.is_dir():
        return f"{path}: expected a file to write, got a folder; name a file in it"
    if not path.parent.is_dir():
        return f"{path}: {_no_folder(path.parent)}"
    if error.errno == errno.ENOENT:
        return f"{path}: expected a folder that takes new files, got {path.parent}, which takes none; choose another"
    return f"{path}: expected to write a file, got {error.strerror or error}; choose another name or folder"


def folder_error(folder: Path, error: OSError) -> str:
    """Say in one sentence why a folder could not be made, or opened for writing."""
    if error.errno == errno.EROFS:
        reason = "a read-only disk"
    elif error.errno in _FULL:
        reason = _FULL[error.errno]
    elif (file := _file_above(folder)) is not None:
        reason = _called(file, folder)
    elif error.errno == errno.ENOENT:
        reason = "a place that takes no new ones"
    else:
        reason = error.strerror or str(error)
    return f"{folder}: expected a folder that can be made and written, got {reason}; choose another"


def _no_folder(folder: Path) -> str:
    """Why a path is no folder, as the rest of a sentence."""
    if (file := _file_above(folder)) is not None:
        return f"expected the folder {folder}, got {_called(file, folder)}; choose another"
    return f"expected the folder {folder} to exist, got none; create it first"


def _called(file: Path, folder: Path) -> str:
    return "a file" if file == folder else f"the file {file}"


def _file_above(folder: Path) -> Path | None:
    """What is no folder on the way to a folder, itself included; None if nothing is in its way."""
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each) and not each.is_dir()), None)
