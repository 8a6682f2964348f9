"""Moving an image that cannot be restored out of the way, with the reason beside it, without replacing anything."""

import itertools
import os
import shutil
from pathlib import Path

from pinsharp.atomic import hidden_path, remove, write_atomically, write_error
from pinsharp.errors import OutputError

REASON_SUFFIX = ".reason.txt"


def move_aside(path: Path, folder: Path, reason: str) -> Path:
    """Move a file into a folder, which is made if it is not there; the reason goes into NAME.reason.txt beside it.

    If the name is taken, another one is found: `a.png`, `a.2.png`, `a.3.png`, ... Returns where the file is now.

    Raises:
        OutputError: If the file cannot be moved; it is then still where it was.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            place = folder / (path.name if number == 1 else f"{path.stem}.{number}{path.suffix}")
            if os.path.lexists(place) or os.path.lexists(_reason(place)):
                continue
            # The reason first, so that no file is ever there without one.
            write_atomically(_reason(place), f"{reason}\n".encode("utf-8", "surrogateescape"))
            if _move(path, place):
                return place
    except OSError as error:
        raise OutputError(write_error(folder / path.name, 0, error)) from error
    raise AssertionError("numbers do not end")


def _reason(place: Path) -> Path:
    return place.with_name(place.name + REASON_SUFFIX)


def _move(path: Path, place: Path) -> bool:
    """Move a file, or a folder that is one image, to a new name; whether the name was free."""
    if path.is_dir():
        return _move_folder(path, place)
    try:
        os.link(path, place)  # unlike renaming, this never replaces a file
    except FileExistsError:
        return False
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        hidden = hidden_path(place.parent)
        try:
            shutil.copy2(path, hidden)
            hidden.replace(place)
        finally:
            hidden.unlink(missing_ok=True)
    path.unlink()
    return True


def _move_folder(path: Path, place: Path) -> bool:
    try:
        place.mkdir()  # nobody else can have the name now, and an empty folder is replaced by renaming
    except FileExistsError:
        return False
    try:
        path.rename(place)
    except OSError:  # another file system
        hidden = hidden_path(place.parent)
        try:
            shutil.copytree(path, hidden)
            hidden.replace(place)
        finally:
            remove(hidden)
        remove(path)
    return True
