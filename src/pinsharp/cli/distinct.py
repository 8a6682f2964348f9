"""No two results of a run have the same name, nor names that the file system takes for the same."""

import os
import shutil
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from pinsharp.atomic import hidden_path
from pinsharp.cli.messages import remark
from pinsharp.errors import OutputError


def check_distinct(results: Iterable[tuple[Path, Path]]) -> None:
    """Refuse two results of one name, given with the inputs that they are made of; nothing is left on the disk.

    Names that differ only in capitals, or in how accents are encoded, are refused where the file system takes them for
    one; elsewhere a remark says that others would.

    Raises:
        OutputError: With the first name that is taken twice, or is also that of a folder with results.
    """
    takers: dict[Path, Path] = {}
    alike: dict[str, Path] = {}
    is_told = False
    for path, source in results:
        if path in takers:
            raise _taken(path, takers[path], source)
        other = alike.setdefault(_folded(path), path)
        if other != path:
            if _is_one(other, path):
                raise _taken(path, takers[other], source)
            if not is_told:
                remark(
                    f"{other} and {path} differ only in capitals or accents: they are two files here, but one where "
                    "Windows or macOS keep them"
                )
            is_told = True
        takers[path] = source
    for folder in {folder for path in takers for folder in path.parents} & takers.keys():
        raise OutputError(
            f"{folder}: expected one result of this name, got a folder with others too, from {takers[folder]}; write "
            "it into another folder"
        )


def _taken(path: Path, first: Path, second: Path) -> OutputError:
    advice = (
        "write them into different folders, or rename one of them"
        if first.absolute().parent == second.absolute().parent
        else "keep their folders with --recursive, or write them into different ones"
    )
    return OutputError(f"{path}: expected one result of this name, got two, from {first} and {second}; {advice}")


def _folded(path: Path) -> str:
    """A name as those file systems see it that make no difference between capitals, or ways of encoding accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(path)).casefold())


def _is_one(first: Path, second: Path) -> bool:
    """Whether the file system takes two names for one: tried in a hidden folder, which goes again."""
    folder = Path(os.path.commonpath([first, second]))
    below = [path.relative_to(folder) for path in (first, second)]
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    trial = hidden_path(folder)
    try:
        (trial / below[0]).parent.mkdir(parents=True)
        (trial / below[0]).touch()
        return os.path.lexists(trial / below[1])
    except OSError:  # a folder that cannot be written is refused elsewhere, by its name
        return False
    finally:
        shutil.rmtree(trial, ignore_errors=True)
