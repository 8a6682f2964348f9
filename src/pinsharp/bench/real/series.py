"""A focus series: a folder of images of one scene, whose names say how far each is from the best focus."""

import itertools
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.arrays import luma, to_tensor
from pinsharp.images.discover import find_images
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.sources import read_view

CROP = 2048  # side in pixels of the part in the middle that is judged; smaller images are judged whole
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@dataclass(frozen=True)
class Level:
    """One image of a series."""

    number: float  # steps of focus from the best one; its sign says to which side
    path: Path

    @property
    def name(self) -> str:
        """The number in words: `-3`, `0.5`."""
        return f"{self.number:g}"


def find_series(folder: Path) -> list[Level]:
    """List the images of a folder whose names are numbers, the sharpest first: by size of the number, then by sign.

    Raises:
        ImageError: If there is no such folder, or no image in it.
        ConfigError: If a name is no number, two are the same, or there is one image only.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: expected a folder with the images of a focus series, got no folder")
    levels: dict[float, Level] = {}
    for path in find_images([folder]):
        if not _NUMBER.fullmatch(path.stem):
            raise ConfigError(
                f"{folder}: expected images named by their focus level, such as 0.png for the sharpest, 1.png, 2.png "
                f"or -1.png for the other side, got {path.name}; rename it or take it out"
            )
        number = float(path.stem) + 0.0  # -0 is 0
        if number in levels:
            raise ConfigError(
                f"{folder}: expected one image of each level, got {levels[number].path.name} and {path.name}; "
                "take one of them out"
            )
        levels[number] = Level(number, path)
    if len(levels) < 2:
        raise ConfigError(f"{folder}: expected at least 2 focus levels, got {len(levels)}; add the others")
    return sorted(levels.values(), key=lambda level: (abs(level.number), -level.number))


def choose_reference(levels: list[Level], number: float | None) -> Level:
    """The level that stands for the sharp image: the one of a number, or the sharpest.

    Raises:
        ConfigError: If there is none of that number.
    """
    if number is None:
        return levels[0]
    found = [level for level in levels if level.number == number]
    if not found:
        names = ", ".join(level.name for level in levels)
        raise ConfigError(f"expected a reference among the levels {names}, got {number:g}; leave it out for the first")
    return found[0]


def series_light(levels: list[Level], asked: str) -> str:
    """The light of a series: what was asked for, or with `auto` what its files state.

    Raises:
        ConfigError: If they do not state the same, or no such light can be asked for.
    """
    if asked != "auto":
        return str(Recipe(light=asked).light)
    found: dict[str, str] = {}
    for level in levels:
        with suppress(ImageError):  # whoever measures that level says why
            found.setdefault(read_view(level.path, 1).light.words, level.path.name)
    if len(found) > 1:
        words = ", ".join(f"{light} of {name}" for light, name in found.items())
        raise ConfigError(f"expected levels that state one light, got {words}; say --light linear or --light srgb")
    return next(iter(found), "linear")


def read_middle(path: Path, side: int = CROP) -> NDArray[Any]:
    """Read the middle of an image, at most so many pixels a side; of a TIFF larger than memory only that is read.

    Raises:
        ImageError: If the image cannot be read.
    """
    return read_view(path, side).pixels


def brightness(image: NDArray[Any]) -> NDArray[np.float64]:
    """Luma (ITU-R BT.709) of an image as one channel (H, W), full scale 1; alpha is left out."""
    return np.asarray(luma(to_tensor(image))[0, 0].double().numpy(), np.float64)


def falls(levels: list[float], widths: list[float | None]) -> list[tuple[float, float]]:
    """Pairs of neighbouring levels, outwards on each side of the sharp one, whose known widths do not rise."""
    known = {level: width for level, width in zip(levels, widths, strict=True) if width is not None}
    found = []
    for side in (1, -1):
        order = sorted((level for level in known if level * side >= 0), key=abs)
        found += [(one, two) for one, two in itertools.pairwise(order) if known[two] <= known[one]]
    return found
