"""Where pinsharp keeps what it can make again: exported graphs, and which runtime was the fastest."""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from pinsharp.atomic import write_atomically
from pinsharp.errors import OutputError

VARIABLE = "PINSHARP_CACHE"
"""Environment variable that names another folder."""


def cache_folder() -> Path:
    """The user's cache folder for pinsharp; it need not exist."""
    if given := os.environ.get(VARIABLE):
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base or Path.home() / "AppData" / "Local") / "pinsharp" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "pinsharp"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pinsharp"


def read_json(name: str) -> dict[str, Any]:
    """Read a JSON object from the cache; an empty one if it is not there or damaged."""
    with suppress(OSError, ValueError):
        content = json.loads((cache_folder() / name).read_text())
        if isinstance(content, dict):
            return content
    return {}


def keep(name: str, data: bytes) -> None:
    """Write a file into the cache, completely or not at all; where it cannot be written, it is made again next time."""
    path = cache_folder() / name
    with suppress(OSError, OutputError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
