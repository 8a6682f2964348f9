"""Focus series: folders of images of one scene each, whose names say how far each is from the best focus."""

import itertools
import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.arrays import luma, to_tensor
from pinsharp.images.discover import find_images, images_in
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.views import read_view

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


@dataclass(frozen=True)
class Series:
    """A series, and which of its levels stands for the sharp image."""

    name: str  # of its folder
    folder: Path
    levels: tuple[Level, ...]  # the sharpest first
    reference: Level
    light: str = "linear"  # or `srgb`, or an exponent; see `Recipe`


def find_all_series(
    folders: Sequence[Path], reference: float | None = None, light: str = "auto"
) -> tuple[list[Series], list[str]]:
    """List the series of several folders, each a series itself or a folder of series.

    Args:
        folders: The folders.
        reference: Number of the level that stands for the sharp image; None for the one nearest to 0.
        light: Of all series; with `auto` each has that which its files state.

    Returns:
        The series in order, and why folders within a folder were left out, in sentences.

    Raises:
        ConfigError: If a folder holds no series, two series have the same name, or one has levels of two lights.
        ImageError: If there is no image.
    """
    found: list[Series] = []
    left_out: list[str] = []
    for folder in dict.fromkeys(folders):
        inside = _folders_within(folder)
        for each in inside or [folder]:
            try:
                levels = find_series(each)
                found.append(Series(each.resolve().name, each, tuple(levels), choose_reference(levels, reference)))
            except (ConfigError, ImageError) as error:
                if not inside:
                    raise
                left_out.append(str(error))
        if inside and not any(series.folder in inside for series in found):
            raise ConfigError(f"{folder}: expected a focus series, or folders of them, got none; {left_out[0]}")
    names = [series.name for series in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"expected series of different names, got two called {twice}; rename a folder")
    return [replace(series, light=series_light(series.levels, light)) for series in found], left_out


def _folders_within(folder: Path) -> list[Path]:
    """Folders within one that has no image of its own; none of any other, nor of what is no folder."""
    if not folder.is_dir() or images_in(folder):
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


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
        ConfigError: If no level has that number.
    """
    if number is None:
        return levels[0]
    found = [level for level in levels if level.number == number]
    if not found:
        names = ", ".join(level.name for level in levels)
        raise ConfigError(f"expected a reference among the levels {names}, got {number:g}; leave it out for the first")
    return found[0]


def series_light(levels: Sequence[Level], asked: str) -> str:
    """The light of a series: what was asked for, or with `auto` what its files state.

    Raises:
        ConfigError: If the files state different lights, or `asked` is not a known light.
    """
    if asked != "auto":
        return str(Recipe(light=asked).light)
    found: dict[str, str] = {}
    for level in levels:
        with suppress(ImageError):  # whoever measures that level says why
            found.setdefault(read_view(level.path, 1).light.words, level.path.name)
    if len(found) > 1:
        words = ", ".join(f"{light} of {name}" for light, name in found.items())
        raise ConfigError(
            f"{levels[0].path.parent}: expected levels that state one light, got {words}; "
            "say --light linear or --light srgb"
        )
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


def scatter(levels: Sequence[float], widths: Sequence[float | None]) -> float | None:
    """How much a width jumps from level to level: the median distance, as a share, from what its neighbours say.

    A width is expected half-way between those of its two neighbours, on one side of the sharp level, in proportion.

    Returns:
        The median over all levels that have two neighbours; None if there is none.
    """
    known = {level: width for level, width in zip(levels, widths, strict=True) if width}
    jumps = []
    for side in (1, -1):
        order = sorted((level for level in known if level * side >= 0), key=abs)
        logs = [math.log(known[level]) for level in order]
        for place in range(1, len(order) - 1):
            share = (order[place] - order[place - 1]) / (order[place + 1] - order[place - 1])
            jumps.append(abs(logs[place] - (1 - share) * logs[place - 1] - share * logs[place + 1]))
    return float(np.median(jumps)) if jumps else None
