"""From what a user types (files, folders, patterns) to the list of images that are meant."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pinsharp.errors import ImageError
from pinsharp.images.codec import ONLY_BY_NAME, SUFFIXES
from pinsharp.images.places import SEPARATOR, Place, disk_path, is_folder_image, place_of


def find_images(inputs: Sequence[str | Path]) -> list[Path]:
    """List the image files that the inputs name, in their order, each once.

    Args:
        inputs: Files; folders, whose direct children with a known suffix are taken in alphabetical order, hidden ones
            left out; patterns with `*`, `?`, `[...]` or `**`, where the shell did not expand them. A folder that ends
            in .zarr is one image. `FILE::/path` is an array of a container, also where FILE is a pattern.

    Returns:
        Paths as given (not made absolute). They are not opened: `read_image` says whether they hold images.

    Raises:
        ImageError: If an input does not exist, a file's suffix is unknown, or a folder or pattern leads to no image.
    """
    unique: dict[str, Path] = {}
    for path in itertools.chain.from_iterable(_expand(Path(item)) for item in inputs):
        # Not resolve(): two links with names of their own are two images that were asked for.
        unique.setdefault(os.path.abspath(path), path)  # noqa: PTH100
    return list(unique.values())


def images_in(folder: Path) -> list[Path]:
    """List the images in a folder in alphabetical order, as `find_images` does, even if there is none.

    Raises:
        ImageError: If the folder cannot be listed.
    """
    return [path for path in _children(folder) if _is_of_folder(path)]


def suffix_fault(path: Path) -> str | None:
    """What is wrong with a file's suffix, as the rest of a sentence; None if it names a format that we know."""
    if disk_path(path).suffix.lower() in SUFFIXES:
        return None
    return f"expected a name that ends in {known_suffixes()}, got {path.suffix or 'none'}; convert the image to PNG"


def known_suffixes() -> str:
    """The known suffixes as a list in words, ".png, .jpg or .tif"."""
    *others, last = SUFFIXES
    return f"{', '.join(others)} or {last}"


def _expand(path: Path) -> Iterable[Path]:
    place = place_of(path)
    if place.inside:
        return [Path(str(Place(found, place.inside))) for found in _expand(place.path)]
    path = Path(str(path).removesuffix(SEPARATOR)) if place.is_container else path
    if path.is_dir() and not is_folder_image(path):
        return _in_folder(path)
    if os.path.lexists(path):
        if fault := suffix_fault(path):
            raise ImageError(f"{path}: {fault}")
        return [path]
    if glob.has_magic(str(path)):
        return _matching(path)
    raise ImageError(f"{path}: expected an image file, a folder or a pattern, got no such file; check the name")


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise ImageError(
            f"{folder}: expected a folder that can be listed, got {error.strerror}; check its rights"
        ) from error


def _in_folder(folder: Path) -> list[Path]:
    children = _children(folder)
    images = [path for path in children if _is_of_folder(path)]
    if not images and any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")):
        raise ImageError(
            f"{folder}: expected a folder with images, got a Zarr; rename it so that its name ends in .zarr"
        )
    if not images:
        raise ImageError(
            f"{folder}: expected a folder with images ({known_suffixes()}), got none among {len(children)} entries; "
            "folders inside it are not searched, name them or use a pattern such as '**/*.png'"
        )
    return images


def _matching(pattern: Path) -> list[Path]:
    names = glob.glob(str(pattern), recursive=True)  # noqa: PTH207 - Path.glob refuses absolute patterns
    matches = sorted(Path(name) for name in names)
    images = [path for path in matches if _is_image(path)]
    if not images:
        raise ImageError(
            f"{pattern}: expected a pattern that matches images, got {len(matches)} matches and no image among them; "
            "check the folder and the suffix"
        )
    return images


def _is_image(path: Path) -> bool:
    is_named = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    return is_named and (path.is_file() or is_folder_image(path))


def _is_of_folder(path: Path) -> bool:
    return _is_image(path) and path.suffix.lower() not in ONLY_BY_NAME
