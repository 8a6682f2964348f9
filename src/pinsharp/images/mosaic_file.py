"""Files that hold a Bayer mosaic, as four planes of one colour each, and back."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import tifffile
from numpy.typing import NDArray

from pinsharp.errors import ImageError
from pinsharp.images import bayer
from pinsharp.images.codec import SUFFIXES, Reading
from pinsharp.images.files import ImageFile, check_output, read_image, write_image
from pinsharp.images.held_planes import HeldPlanes, writing_together
from pinsharp.images.raw import layout_of
from pinsharp.images.tiff_layout import bayer_pattern
from pinsharp.images.tiff_pages import DAMAGED, only_page


@dataclass(frozen=True)
class MosaicFile:
    """A mosaic as it was read.

    Attributes:
        whole: The file; its tags say the pattern.
    """

    whole: ImageFile

    @property
    def path(self) -> Path:
        """Where it was read."""
        return self.whole.path

    @cached_property
    def planes(self) -> tuple[ImageFile, ...]:
        """The four planes, in the order of the pattern."""
        tags = replace(self.whole.tags, mosaic="", native=None)
        return tuple(replace(self.whole, pixels=plane, tags=tags) for plane in bayer.planes_of(self.whole.pixels))

    @property
    def channels(self) -> tuple[int, ...]:
        """The colour of each plane."""
        return tuple("RGB".index(letter) for letter in self.whole.tags.mosaic)

    def shown(self, planes: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The mosaic of these planes."""
        return bayer.joined(planes, self.whole.pixels.shape)

    def check_output(self, path: Path, *, overwrite: bool) -> None:
        """Find out before the work whether its planes could be written."""
        check_output(path, self.whole.pixels, overwrite=overwrite, like=self.whole)

    def writing(self, target: Path, *, overwrite: bool) -> contextlib.AbstractContextManager[HeldPlanes]:
        """Write the planes of a result; see `writing_together`."""
        return writing_together(self, target, overwrite=overwrite)

    def write(self, path: Path, planes: Sequence[NDArray[Any]], *, overwrite: bool) -> None:
        """Write planes as the mosaic that they came from."""
        write_image(path, self.shown(planes), like=self.whole, overwrite=overwrite)


def is_mosaic(path: str | Path, reading: Reading) -> bool:
    """Whether a file is to be restored plane by plane of its mosaic; what cannot be read is not."""
    path = Path(path)
    if reading.demosaic != "planes":
        return False
    kind = SUFFIXES.get(path.suffix.lower())
    if kind == "raw":
        return reading.raw is not None and bool(layout_of(reading.raw).mosaic)
    if kind != "tiff":
        return kind == "camera"
    try:
        with tifffile.TiffFile(path) as file:
            return bool(bayer_pattern(only_page(file)))
    except (ImageError, *DAMAGED):
        return False


def read_mosaic(path: str | Path, reading: Reading) -> MosaicFile:
    """Read a mosaic.

    Raises:
        ImageError: If the file cannot be read, or holds no mosaic.
    """
    return MosaicFile(read_image(path, reading))
