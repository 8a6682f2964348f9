"""Planes that are restored one after another and written together, when all are there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import make_folder

if TYPE_CHECKING:
    from pinsharp.images.files import ImageFile


class PlanesFile(Protocol):
    """A file of several planes that was read into memory."""

    @property
    def planes(self) -> tuple[ImageFile, ...]:
        """One after another."""

    def shown(self, planes: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """What stands for all planes."""

    def write(self, path: Path, planes: Sequence[NDArray[Any]], *, overwrite: bool) -> None:
        """Write planes as they were stored."""


@dataclass(frozen=True)
class HeldPlanes:
    """Takes planes one after another and holds them."""

    file: PlanesFile
    made: list[NDArray[Any]] = field(default_factory=list)

    def take(self, number: int, rows: Iterator[NDArray[Any]]) -> NDArray[Any]:
        """Take a plane of restored rows, from top to bottom; one that was taken before is replaced."""
        self.made[number:] = [np.concatenate(list(rows))]
        return self.made[number]

    def keep(self, number: int) -> NDArray[Any]:
        """Take a plane as it is."""
        self.made[number:] = [self.file.planes[number].pixels.copy()]
        return self.made[number]

    def shown(self) -> NDArray[Any]:
        """What stands for all planes."""
        return self.file.shown(self.made)


@contextlib.contextmanager
def writing_together(file: PlanesFile, target: Path, *, overwrite: bool) -> Iterator[HeldPlanes]:
    """Write the planes of a result, completely or not at all.

    Raises:
        OutputError: If `target` cannot be written.
    """
    writer = HeldPlanes(file)
    yield writer
    make_folder(target.parent)
    file.write(target, writer.made, overwrite=overwrite)
