"""Writing a file whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from pinsharp.errors import OutputError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_ABSENT = {errno.ENOENT, errno.ENOTDIR}


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it.

    The bytes go to a hidden file in the same folder and reach the disk before it takes the name. A link of that name is
    replaced, not followed. Whatever fails or interrupts, the hidden file is removed and an older file stays as it was.

    Args:
        path: Where to write; an existing file is replaced.
        data: The whole content.

    Raises:
        OutputError: If the folder is absent or unwritable, or the disk full.
    """
    hidden = path.with_name(f".pinsharp-{secrets.token_hex(6)}.tmp")
    try:
        with hidden.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    except OSError as error:
        raise OutputError(_sentence(path, len(data), error)) from error
    finally:
        with contextlib.suppress(OSError):  # after success it is gone; after a failure the first error matters
            hidden.unlink()


def _sentence(path: Path, size: int, error: OSError) -> str:
    if error.errno in _FULL:
        return f"{path}: expected {size:,} bytes of free space, got a full disk; free some or write to another folder"
    if error.errno in _FORBIDDEN:
        return f"{path}: expected a folder that can be written, got {error.strerror}; write to another folder"
    if error.errno in _ABSENT:
        return f"{path}: expected the folder {path.parent} to exist, got none; create it first"
    return f"{path}: expected to write a file, got {error.strerror or error}; choose another name or folder"
