"""Arrays of several planes in a container, read and written plane by plane; none of them has to fit into memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import make_folder
from pinsharp.images.codec import AS_IT_SAYS, Reading, Stored
from pinsharp.images.places import PlaneOf, disk_path, result_path

if TYPE_CHECKING:
    from pinsharp.images.containers import ArrayWriter


@dataclass(frozen=True)
class ArrayStack:
    """An array of several planes, as `stack.Stack` is a TIFF of several.

    Attributes:
        path: As a user names it.
        planes: One after another, as they lie in the array.
        channels: The number of the channel of each plane; all 0 where nothing says it.
        shape: Of a plane.
        dtype: Of its pixels as they are restored.
        stored: How values are stored, where that is otherwise.
    """

    path: Path
    planes: tuple[PlaneOf, ...]
    channels: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    stored: Stored | None

    def check_output(self, path: Path, *, overwrite: bool) -> None:
        """Find out before the work whether its planes could be written.

        Raises:
            FormatError: If the name is not that of a container of the same kind.
            OutputError: If `target` exists and may not be replaced.
        """
        from pinsharp.images.containers import check_output

        check_output(path, self.path, overwrite=overwrite)

    @contextlib.contextmanager
    def writing(self, target: Path, *, overwrite: bool) -> Iterator[ArrayStackWriter]:
        """Write the planes of a result, completely or not at all.

        Raises:
            OutputError: If `target` cannot be written.
        """
        from pinsharp.images.containers import writing

        make_folder(disk_path(target).parent)
        with writing(target, self.path, overwrite=overwrite) as writer:
            yield ArrayStackWriter(writer, result_path(target, self.path), self.stored)


@dataclass(frozen=True)
class ArrayStackWriter:
    """Writes planes as they come, and says where they are then."""

    writer: ArrayWriter
    path: Path
    stored: Stored | None

    def take(self, number: int, rows: Iterator[NDArray[Any]]) -> Path:
        """Write a plane of restored rows, from top to bottom."""
        self.writer.write(number, rows, self.stored)
        return self.path

    def keep(self, number: int) -> Path:
        """Write a plane as it is."""
        self.writer.keep(number)
        return self.path

    def shown(self) -> Path:
        """Where all planes are."""
        return self.path


def count_planes(path: str | Path) -> int:
    """How many planes an array has.

    Raises:
        ImageError: If the array cannot be read.
    """
    from pinsharp.images.containers import open_container

    with open_container(path) as image:
        return image.count


def read_array_stack(path: str | Path, reading: Reading = AS_IT_SAYS) -> ArrayStack:
    """Read what is said of the planes of an array; no pixels yet.

    Raises:
        ImageError: If the array cannot be read.
    """
    from pinsharp.images.array_planes import ArrayPlane
    from pinsharp.images.containers import open_container

    path = Path(path)
    with open_container(path) as image:
        first = ArrayPlane(image, 0, reading.white_level)
        planes = tuple(PlaneOf(path, number) for number in range(image.count))
        return ArrayStack(path, planes, image.channels, first.shape, first.dtype, first.tags.stored)
