"""What names of videos, and of images of their frames, say."""

from __future__ import annotations

import re
from pathlib import Path

from pinsharp.images.codec import SUFFIXES

_NUMBER = re.compile(r"%0?\d*d")


def is_video(path: str | Path) -> bool:
    """Whether a name is that of a video."""
    return SUFFIXES.get(Path(path).suffix.lower()) == "video"


def is_numbered(path: str | Path) -> bool:
    """Whether a name means an image for each frame, such as `frames/%06d.png`."""
    return _NUMBER.search(Path(path).name) is not None


def numbered(path: Path, number: int) -> Path:
    """The name of the image of a frame, counted from 1."""
    return path.with_name(_NUMBER.sub(lambda found: found[0] % number, path.name, count=1))
