"""What lies in folders and in those below them: hidden ones left out, each one once, so that no loop is endless."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pinsharp.images.places import IMAGE_FOLDERS


@dataclass
class Tree:
    """Folders and those below them.

    Attributes:
        entries: By each folder that was asked for, what may be an image in it and below: files, and folders that are
            one image each.
        unfollowed: Links to folders that are searched already, or that hold one that was asked for.
        refused: Folders that cannot be listed, and why.
    """

    entries: dict[Path, list[Path]] = field(default_factory=dict)
    unfollowed: list[Path] = field(default_factory=list)
    refused: list[tuple[Path, OSError]] = field(default_factory=list)


def tree_of(roots: Sequence[Path], apart: Iterable[Path] = ()) -> Tree:
    """List what lies in folders and in those below them.

    A folder counts under its own place first; only then are links followed, in the order in which they are met, also
    out of the trees, but never to a folder that is searched already, nor one that holds a root.

    Args:
        roots: The folders. One that is a link is followed wherever it leads.
        apart: Folders that are not searched wherever they lie, such as those for results; roots are searched anyway.
    """
    tree = Tree({root: [] for root in roots})
    own = [root for root in tree.entries if not root.is_symlink()]
    real_roots = [_real(root) for root in own]
    real_apart = {_real(folder) for folder in apart} - {_real(root) for root in roots}
    waiting = deque((root, root) for root in own)
    links = deque((root, root) for root in tree.entries if root.is_symlink())
    seen = set[tuple[int, int] | None]()
    while waiting or links:
        is_link = not waiting
        root, folder = links.popleft() if is_link else waiting.popleft()
        identity, real = _identity(folder), _real(folder)
        holds_root = is_link and folder != root and any(other.is_relative_to(real) for other in real_roots)
        if identity in seen or holds_root:
            tree.unfollowed += [folder] * is_link
            continue
        try:
            folders, others = _listed(folder)
        except FileNotFoundError:  # gone meanwhile
            continue
        except OSError as error:
            tree.refused.append((folder, error))
            continue
        seen.add(identity)
        tree.entries[root] += others
        for path in folders:
            if not any(_real(path).is_relative_to(other) for other in real_apart):
                (links if path.is_symlink() else waiting).append((root, path))
    return tree


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Folders, and links to folders, directly in a folder in alphabetical order; and what else is there."""
    with os.scandir(folder) as entries:
        shown = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    folders = [folder / entry.name for entry in shown if _may_be_searched(entry)]
    known = set(folders)
    return folders, [path for path in (folder / entry.name for entry in shown) if path not in known]


def _may_be_searched(entry: os.DirEntry[str]) -> bool:
    if Path(entry.name).suffix.lower() in IMAGE_FOLDERS:
        return False
    if not entry.is_symlink():
        return entry.is_dir()
    is_folder = os.path.isdir(entry.path)  # noqa: PTH112 - of a loop of links Path would raise
    return is_folder and _real(Path(entry.path)).suffix.lower() not in IMAGE_FOLDERS


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _identity(folder: Path) -> tuple[int, int] | None:
    """What a folder is, whatever its name; None if it has gone."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
