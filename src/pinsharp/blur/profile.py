"""The profile of a camera: what it does to every image, measured once and kept; what it holds is in `measured`.

Frozen values, which `profile_json` writes and reads.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pinsharp.blur.astigmatism import Astigmatism
from pinsharp.blur.colours import ColourWidths
from pinsharp.blur.measured import Blur, DistanceScale, Focus, LocalKernel, Noise, Source
from pinsharp.errors import ConfigError

Colours = Literal["mono", "colour", ""]
"""What the images of a camera are; empty if unknown."""


@dataclass(frozen=True)
class Box:
    """Faulty pixels: a single one, a part of a line, or an area."""

    top: int
    left: int
    height: int = 1
    width: int = 1

    def __post_init__(self) -> None:
        if min(self.top, self.left) < 0 or min(self.height, self.width) < 1:
            raise ConfigError(f"faulty pixels must lie in the image, got {self.height} x {self.width} at {self.top}")


@dataclass(frozen=True)
class Photograph:
    """An image that a profile was made of: which option named it, its file's name and SHA-256."""

    source: Source
    file: str
    sha256: str


@dataclass(frozen=True)
class Profile:
    """What a camera does to every image.

    Attributes:
        height: Of its images, in pixels.
        width: Of its images, in pixels.
        light: Tone curve of its values, as the option `light` takes it: `linear`, `srgb` or an exponent.
        light_from: What says so.
        bits: Depth of its values.
        white_level: The value that stands for white; 1 for floats.
        colours: What its images are; empty if unknown.
        own_softness: Its blur in best focus; None if nothing measured it.
        kernels: What was measured place by place.
        astigmatism: Widths along and across the radius where edges or points show that they differ; else None.
        colour_widths: Of red, green and blue where edges show that the lens focuses them differently; else None.
        focus: What a stack said.
        distance_scale: From the stack.
        noise: None if nothing measured it.
        faulty_pixels: Fixed faults that were found.
        made_of: The images.
        made_by: Name and version of what made it.
    """

    height: int
    width: int
    light: str = "linear"
    light_from: str = "no statement"
    bits: int = 8
    white_level: float = 255.0
    colours: Colours = ""
    own_softness: Blur | None = None
    kernels: tuple[LocalKernel, ...] = ()
    astigmatism: Astigmatism | None = None
    colour_widths: ColourWidths | None = None
    focus: Focus | None = None
    distance_scale: DistanceScale | None = None
    noise: Noise | None = None
    faulty_pixels: tuple[Box, ...] = field(default=())
    made_of: tuple[Photograph, ...] = ()
    made_by: str = ""

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1:
            raise ConfigError(f"expected images of at least one pixel, got {self.width} x {self.height}")
        if not 1 <= self.bits <= 32 or self.white_level <= 0:
            raise ConfigError(f"expected 1 to 32 bits and a white level above 0, got {self.bits}, {self.white_level:g}")
        for box in self.faulty_pixels:
            if box.top + box.height > self.height or box.left + box.width > self.width:
                raise ConfigError(
                    f"faulty pixels must lie within {self.width} x {self.height} pixels, got {box.height} x "
                    f"{box.width} at row {box.top}, column {box.left}"
                )

    @property
    def faulty_mask(self) -> NDArray[np.bool_]:
        """Where (H, W) the camera's pixels are faulty."""
        mask = np.zeros((self.height, self.width), bool)
        for box in self.faulty_pixels:
            mask[box.top : box.top + box.height, box.left : box.left + box.width] = True
        return mask

    def of(self, source: Source) -> tuple[LocalKernel, ...]:
        """The kernels that were measured from one source."""
        return tuple(each for each in self.kernels if each.source == source)


def boxes_of(mask: NDArray[np.bool_]) -> tuple[Box, ...]:
    """Faulty pixels (H, W) as boxes: runs along rows, those of the same columns in neighbouring rows put together."""
    open_runs: dict[tuple[int, int], int] = {}
    found = []
    for row in range(len(mask) + 1):
        runs = set(_runs(mask[row])) if row < len(mask) else set()
        for run in [run for run in open_runs if run not in runs]:
            top = open_runs.pop(run)
            found.append(Box(top, run[0], row - top, run[1] - run[0]))
        for run in runs:
            open_runs.setdefault(run, row)
    return tuple(sorted(found, key=lambda box: (box.top, box.left)))


def _runs(line: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where runs of True begin and end."""
    if not line.any():
        return []
    ends = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in zip(ends[::2], ends[1::2], strict=True)]
