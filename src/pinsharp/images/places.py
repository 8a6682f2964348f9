"""Names of images: a file, a folder that is one image (`X.zarr`), or an array in either (`X.h5::/entry/data`)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pinsharp.atomic import check_free, check_name
from pinsharp.errors import OutputError

SEPARATOR = "::"
"""Stands between a container and the path of an array in it."""

HDF5_SUFFIXES = (".h5", ".hdf5")
IMAGE_FOLDERS = (".zarr",)
"""Suffixes of folders that are one image each."""

_SUFFIXES = (*HDF5_SUFFIXES, *IMAGE_FOLDERS)


@dataclass(frozen=True)
class Place:
    """Where an image lies.

    Attributes:
        path: The file or folder on disk.
        inside: The path of an array in it without slashes around it; empty where nothing is said.
    """

    path: Path
    inside: str = ""

    def __str__(self) -> str:
        return f"{self.path}{SEPARATOR}/{self.inside}" if self.inside else str(self.path)

    @property
    def is_container(self) -> bool:
        """Whether it is called like a container of arrays."""
        return self.path.suffix.lower() in _SUFFIXES

    @property
    def is_zarr(self) -> bool:
        """Whether it is called like a Zarr folder."""
        return self.path.suffix.lower() in IMAGE_FOLDERS


@dataclass(frozen=True)
class PlaneOf:
    """One of the planes of an array.

    Attributes:
        path: The array, as a user names it.
        number: Of the plane, from 0.
    """

    path: Path
    number: int

    def __str__(self) -> str:
        return f"{self.path}, plane {self.number + 1}"


def place_of(path: str | Path) -> Place:
    """Take a name apart; only names of containers have an inside."""
    before, separator, inside = str(path).partition(SEPARATOR)
    if separator and Path(before).suffix.lower() in _SUFFIXES:
        return Place(Path(before), inside.strip("/"))
    return Place(path if isinstance(path, Path) else Path(path))  # an address in a store stays one


def disk_path(path: str | Path) -> Path:
    """The file or folder on disk that a name leads to."""
    return place_of(path).path


def is_container(path: str | Path) -> bool:
    """Whether a name is that of a container of arrays, or of an array in one."""
    return place_of(path).is_container


def is_folder_image(path: Path) -> bool:
    """Whether a path is a folder that is one image."""
    is_folder = os.path.isdir(path)  # noqa: PTH112 - Path raises for a link into a folder that is closed
    return path.suffix.lower() in IMAGE_FOLDERS and is_folder


def result_place(target: str | Path, source: str | Path) -> Place:
    """Where the result of an array goes: in HDF5 to the path of its source unless another one is said."""
    asked = place_of(target)
    is_said = asked.inside or asked.is_zarr or not asked.is_container
    return asked if is_said else Place(asked.path, place_of(source).inside)


def result_path(target: str | Path, source: str | Path) -> Path:
    """How the result of an image is named when it is there."""
    place = result_place(target, source)
    return Path(str(place)) if place.inside else place.path


def shown_name(path: str | Path) -> str:
    """What an image is called without the folders that it lies in."""
    place = place_of(path)
    return str(Place(Path(place.path.name), place.inside))


def check_free_place(path: str | Path, *, overwrite: bool, advice: str = "use --overwrite to replace it") -> None:
    """Refuse a result as `check_free` does, where a folder may be one.

    Raises:
        OutputError: If `check_free` refuses it; or if it is a folder that is named like a Zarr but is not one.
    """
    place = place_of(path)
    check_name(place.path)
    if not place.is_zarr or not place.path.is_dir():
        check_free(place.path, overwrite=overwrite, advice=advice)
        return
    if not overwrite:
        raise OutputError(f"{place.path}: expected a new name, got an existing folder; {advice}")
    if not any((place.path / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")):
        raise OutputError(f"{place.path}: expected a Zarr to replace, got another folder; choose another name")


def holds(folder: str | Path, path: Path) -> bool:
    """Whether a path lies in a folder that is one image, which writing there would change."""
    return is_folder_image(image := disk_path(folder)) and image.resolve() in path.resolve().parents


def same_place(first: str | Path, second: str | Path) -> bool:
    """Whether two names lead to one file or folder, through links too, whether or not it exists yet."""
    one, other = disk_path(first), disk_path(second)
    try:
        return os.path.samefile(one, other)  # noqa: PTH121 - both are alike
    except OSError:  # one of them is not there
        return one.resolve() == other.resolve()
