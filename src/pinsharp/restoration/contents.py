"""Options that name files, as the settings of a run: a file counts by its content."""

import hashlib
from pathlib import Path

FILES = ("model", "kernel", "mask", "field", "reference", "profile")
_BEFORE_FILES = ("ensemble:", "selfdeblur:", "selfdeblur-small:")


def content(value: object) -> str:
    """A file's name with the hash of its content, behind what may stand before one too; other words as they are."""
    if isinstance(value, tuple):
        return f"array, sha256 {hashlib.sha256(repr(value).encode()).hexdigest()}"
    if not isinstance(value, str | Path):
        return f"{value!r}, sha256 {hashlib.sha256(value.values).hexdigest()}"  # type: ignore[attr-defined]
    words = str(value)
    for before in _BEFORE_FILES:
        if words.startswith(before):
            return before + content(words.removeprefix(before))
    path = Path(words)
    if not path.is_file():
        return words
    return f"{path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}"
