"""A photograph as profiles are made of it: one channel in linear light, and which pixels of it are ignored."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.blur.profile import Box, Colours
from pinsharp.errors import ImageError
from pinsharp.images.arrays import FULL_SCALE, depth_ceiling, split_alpha, to_tensor
from pinsharp.images.faults import find_faults
from pinsharp.images.files import read_image
from pinsharp.images.light import Light, asked_light
from pinsharp.restoration.colour import as_mono, decode

Plane = NDArray[np.float64]
Mask = NDArray[np.bool_]

_NEARLY = 0.998  # share of the white level from which on a value may be clipped


@dataclass(frozen=True, eq=False)
class Photo:
    """A photograph.

    Attributes:
        path: Where it was read.
        plane: (H, W) in linear light, white 1; green of a colour image unless another was asked for.
        faulty: (H, W), pixels that no lens made.
        clipped: (H, W), values at white or at 0.
        light: Tone curve of its values.
        bits: Depth of its values.
        white_level: The value that stands for white.
        colours: Whether it is `mono`, as three equal channels are, or in `colour`.
        sha256: Of the file.
    """

    path: Path
    plane: Plane
    faulty: Mask
    clipped: Mask
    light: Light
    bits: int
    white_level: float
    colours: Colours
    sha256: str

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.plane.shape[0], self.plane.shape[1]

    def part(self, box: Box) -> "Photo":
        """What lies in a box, as a photograph.

        Raises:
            ImageError: If not all of the box lies in it.
        """
        height, width = self.shape
        if box.top + box.height > height or box.left + box.width > width:
            raise ImageError(
                f"{self.path}: expected a box within {width} x {height} pixels, got one of {box.width} x {box.height} "
                f"at {box.left}, {box.top}"
            )
        place = slice(box.top, box.top + box.height), slice(box.left, box.left + box.width)
        plane = np.ascontiguousarray(self.plane[place])
        return replace(self, plane=plane, faulty=self.faulty[place], clipped=self.clipped[place])


def read_photo(
    path: Path,
    *,
    light: str = "auto",
    white_level: int | None = None,
    faults: bool = True,
    channel: int | None = None,
) -> Photo:
    """Read a photograph.

    Args:
        path: An image file.
        light: Tone curve of its values: `auto` as the file states, `linear`, `srgb` or an exponent.
        white_level: The value that stands for white; None for what the file says, or else for the largest of the depth
            that the values show.
        faults: Look for pixels that no lens made.
        channel: Number of the colour that is the plane; None for green, or the only one.

    Raises:
        ImageError: If `path` cannot be read, or is not an image.
        ConfigError: If `light` is not one that `asked_light` takes.
    """
    file = read_image(path)
    found = file.tags.light if light == "auto" else asked_light(light)
    white = white_level or file.tags.white_level or depth_ceiling(split_alpha(file.pixels)[0])
    try:
        values = to_tensor(file.pixels, white_level=white)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    plane = values[0, values.shape[1] // 2 if channel is None else channel].double()
    faulty = find_faults(file.pixels, white_level=white).mask if faults else np.zeros(plane.shape, bool)
    full = float(white or FULL_SCALE[file.pixels.dtype.newbyteorder("=")])
    return Photo(
        path,
        np.ascontiguousarray(decode(plane, found).numpy(), np.float64),
        faulty,
        (plane >= _NEARLY).numpy() | (plane <= 0).numpy(),
        found,
        _bits(file.pixels, full),
        full,
        "colour" if as_mono(values).shape[1] > 1 else "mono",
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


def _bits(pixels: NDArray[Any], white: float) -> int:
    """Depth of an image's values."""
    return 32 if pixels.dtype.kind == "f" else max(1, round(np.log2(white + 1)))


def check_same_size(photos: list[Photo]) -> None:
    """Refuse photographs of different sizes.

    Raises:
        ImageError: If a photograph is not as large as the first.
    """
    for photo in photos:
        if photo.shape != photos[0].shape:
            wanted, got = (f"{width} x {height}" for height, width in (photos[0].shape, photo.shape))
            raise ImageError(f"{photo.path}: expected {wanted} pixels as {photos[0].path}, got {got}; leave it out")
