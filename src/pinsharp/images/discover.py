"""From what a user types (files, folders, patterns) to the list of images that are meant."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pinsharp.errors import ImageError
from pinsharp.images.codec import ONLY_BY_NAME, SUFFIXES
from pinsharp.images.places import SEPARATOR, Place, disk_path, is_folder_image, place_of
from pinsharp.images.tree import Tree, tree_of

_FITS = (".fits", ".fit", ".fts")  # Pillow and FFmpeg, which converters use, change their counts
_DEEPER = "name them or use a pattern such as '**/*.png'"


@dataclass(frozen=True)
class Found:
    """An image file that was asked for.

    Attributes:
        path: As given.
        below: The folder, below that for results, in which its result keeps its place in the tree.
    """

    path: Path
    below: Path = Path()


@dataclass(frozen=True)
class Search:
    """What was found.

    Attributes:
        images: In the order of the inputs, each once.
        unfollowed: Links to folders that are searched already, or that hold the folder in which they lie.
    """

    images: list[Found]
    unfollowed: list[Path]


def find_images(inputs: Sequence[str | Path], *, deeper: str = _DEEPER) -> list[Path]:
    """List the image files that the inputs name, in their order, each once.

    Args:
        inputs: Files; folders, whose direct children with a known suffix are taken in alphabetical order, hidden ones
            left out; patterns with `*`, `?`, `[...]` or `**`, where the shell did not expand them. A folder that ends
            in .zarr is one image. `FILE::/path` is an array of a container, also where FILE is a pattern.
        deeper: What a sentence says to do about folders inside a folder without images.

    Returns:
        Paths as given (not made absolute). They are not opened: `read_image` says whether they hold images.

    Raises:
        ImageError: If an input does not exist, a file's suffix is unknown, or a folder or pattern leads to no image.
    """
    unique: dict[str, Path] = {}
    for path in itertools.chain.from_iterable(_expand(Path(item), deeper) for item in inputs):
        unique.setdefault(_absolute(path), path)
    return list(unique.values())


def find_in_trees(inputs: Sequence[str | Path], *, apart: Iterable[Path] = ()) -> Search:
    """List the image files that the inputs name, those in folders below their folders too, as `tree_of` finds them.

    What an image is `below` is its path from the deepest folder in which all inputs lie, so that no two have one place.
    An input counts as the folder itself, that of the file, or that in front of the first `*`, `?` or `[` of a pattern;
    folders that a pattern matches are searched.

    Args:
        inputs: As for `find_images`.
        apart: Folders that are not searched, such as those for results.

    Raises:
        ImageError: As `find_images`, or if a folder below cannot be listed.
    """
    asked = [(item, _roots(item)) for item in map(Path, inputs)]
    tree = tree_of([root for _, roots in asked for root in roots], apart)
    for refused, error in tree.refused:
        raise unlisted(refused, error) from error
    below = {root: sorted(filter(_is_of_folder, entries)) for root, entries in tree.entries.items()}
    paths = dict[str, Path]()
    for item, roots in asked:
        images = [image for root in roots for image in below[root]]
        named = [] if _is_searched(item) else _named_in_tree(item)
        if not named and not images and not any(_has(root, below) for root in roots):
            raise ImageError(
                f"{item}: expected images ({known_suffixes()}) in it or in folders below, got none; check the name"
            )
        for path in (*named, *images):
            paths.setdefault(_absolute(path), path)
    places = [disk_path(name).parent for name in paths]
    together = os.path.commonpath([*(_absolute(_start(item)) for item, _ in asked), *places]) if inputs else ""
    images_found = [
        Found(path, place.relative_to(together)) for path, place in zip(paths.values(), places, strict=True)
    ]
    return Search(images_found, tree.unfollowed)


def images_below(folder: Path, *, apart: Iterable[Path] = ()) -> tuple[list[Path], Tree]:
    """List the images in a folder and in those below it, even if there is none, with the tree that was searched."""
    tree = tree_of([folder], apart)
    return sorted(filter(_is_of_folder, tree.entries[folder])), tree


def images_in(folder: Path) -> list[Path]:
    """List the images in a folder in alphabetical order, as `find_images` does, even if there is none.

    Raises:
        ImageError: If the folder cannot be listed.
    """
    return [path for path in _children(folder) if _is_of_folder(path)]


def images_matching(pattern: str) -> list[Path]:
    """List the images that a pattern with `*`, `?`, `[...]` or `**` names, as `find_images` does, even if none is."""
    return [path for path in _matches(Path(pattern)) if _is_image(path)]


def suffix_fault(path: Path) -> str | None:
    """What is wrong with a file's suffix, as the rest of a sentence; None if it names a format that we know."""
    if disk_path(path).suffix.lower() in SUFFIXES:
        return None
    advice = "convert the image to PNG"
    if path.suffix.lower() in _FITS:
        advice = "read it with astropy and save its counts as .npy: other converters change them"
    return f"expected a name that ends in {known_suffixes()}, got {path.suffix or 'none'}; {advice}"


def known_suffixes(kinds: Container[str] | None = None) -> str:
    """The known suffixes as a list in words, ".png, .jpg or .tif": the first of each format, or of each of `kinds`."""
    firsts: dict[str, str] = {}
    for suffix, kind in SUFFIXES.items():
        if kinds is None or kind in kinds:
            firsts.setdefault(kind, suffix)
    *others, last = firsts.values()
    return f"{', '.join(others)} or {last}"


def _absolute(path: Path) -> str:
    """What an image is known by; not resolved: two links with names of their own are two images."""
    return os.path.abspath(path)  # noqa: PTH100


def _is_searched(path: Path) -> bool:
    """Whether a path is a folder of images, not one that is an image itself."""
    return path.is_dir() and not is_folder_image(path)


def _start(item: Path) -> Path:
    """The folder from which on the tree of an input counts."""
    path = disk_path(item)
    if os.path.lexists(path):
        return path if _is_searched(path) else path.parent
    plain = itertools.takewhile(lambda part: not glob.has_magic(part), path.parts)
    return Path(*plain)


def _roots(item: Path) -> list[Path]:
    """The folders whose trees an input means."""
    if os.path.lexists(item):
        return [item] if _is_searched(item) else []
    return [] if "**" in item.parts else [path for path in _matches(item) if _is_searched(path)]


def _named_in_tree(item: Path) -> Iterable[Path]:
    """The images that an input names itself."""
    is_pattern = not os.path.lexists(item) and not place_of(item).inside and glob.has_magic(str(item))
    return [path for path in _matches(item) if _is_image(path)] if is_pattern else _expand(item)


def _has(root: Path, below: dict[Path, list[Path]]) -> bool:
    """Whether an image was found in a folder, be it by way of another."""
    real = Path(os.path.realpath(root))
    places = {path.parent for paths in below.values() for path in paths}
    return any(Path(os.path.realpath(place)).is_relative_to(real) for place in places)


def _expand(path: Path, deeper: str = _DEEPER) -> Iterable[Path]:
    place = place_of(path)
    if place.inside:
        return [Path(str(Place(found, place.inside))) for found in _expand(place.path, deeper)]
    path = Path(str(path).removesuffix(SEPARATOR)) if place.is_container else path
    if _is_searched(path):
        return _in_folder(path, deeper)
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
        raise unlisted(folder, error) from error


def unlisted(folder: Path, error: OSError) -> ImageError:
    """What to say of a folder that cannot be listed."""
    return ImageError(f"{folder}: expected a folder that can be listed, got {error.strerror}; check its rights")


def _in_folder(folder: Path, deeper: str) -> list[Path]:
    children = _children(folder)
    images = [path for path in children if _is_of_folder(path)]
    if not images and any((folder / name).is_file() for name in ("zarr.json", ".zgroup", ".zarray")):
        raise ImageError(
            f"{folder}: expected a folder with images, got a Zarr; rename it so that its name ends in .zarr"
        )
    if not images:
        raise ImageError(
            f"{folder}: expected a folder with images ({known_suffixes()}), got none among {len(children)} entries; "
            f"folders inside it are not searched, {deeper}"
        )
    return images


def _matching(pattern: Path) -> list[Path]:
    matches = _matches(pattern)
    images = [path for path in matches if _is_image(path)]
    if not images:
        raise ImageError(
            f"{pattern}: expected a pattern that matches images, got {len(matches)} matches and no image among them; "
            "check the folder and the suffix"
        )
    return images


def _matches(pattern: Path) -> list[Path]:
    names = glob.glob(str(pattern), recursive=True)  # noqa: PTH207 - Path.glob refuses absolute patterns
    return sorted(Path(name) for name in names)


def _is_image(path: Path) -> bool:
    has_name = path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    is_file = os.path.isfile(path)  # noqa: PTH113 - Path raises for a link into a folder that is closed
    return has_name and (is_file or is_folder_image(path))


def _is_of_folder(path: Path) -> bool:
    return _is_image(path) and path.suffix.lower() not in ONLY_BY_NAME
