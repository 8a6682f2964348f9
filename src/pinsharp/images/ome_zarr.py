"""OME-Zarr 0.4 (Zarr v2) and 0.5 (Zarr v3): an image in a folder `X.zarr`, or `X.zarr::/path` where there are several.

https://ngff.openmicroscopy.org/0.5/. What is no image of light is refused: labels, plates and wells.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

import numpy as np

from pinsharp.errors import ImageError, MissingExtra
from pinsharp.images.array_planes import DAMAGED, ArrayImage
from pinsharp.images.places import Place
from pinsharp.images.refusals import damaged

VERSIONS = {2: "0.4", 3: "0.5"}
"""Version of OME-Zarr by that of Zarr."""

METADATA_FILES = ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")

_MOST_LISTED = 12
_BLOSC_HEADER = 16  # bytes; the last four of them say how many a chunk has


@dataclass(frozen=True, eq=False)
class OmeImage(ArrayImage):
    """Level 0 of an image in a folder.

    Attributes:
        root: The folder that a result is a copy of, but for its pixels.
        levels: Paths of the arrays in it, the largest first.
        scales: Of each level, how large a pixel is on each axis; empty where nothing says it.
    """

    root: Path = Path()
    levels: tuple[str, ...] = ()
    scales: tuple[tuple[float, ...], ...] = ()

    def fetch(self, place: tuple[int | slice, ...]) -> Any:
        """Let zarr decode what lies at a place.

        Raises:
            ValueError: If a chunk of Blosc is truncated; its library would read past its end.
        """
        if _is_blosc(self.array):
            sides = zip(place, self.array.chunks, strict=False)
            for coordinates in product(*(_chunk_range(part, chunk) for part, chunk in sides)):
                _check_blosc(self.root / self.levels[0] / self.array.metadata.encode_chunk_key(coordinates))
        with few_at_once():
            return self.array[place]


def open_image(place: Place) -> OmeImage:
    """Open an image of a folder.

    Raises:
        ImageError: If the folder is not OME-Zarr 0.4 or 0.5, holds several images or none, or has wrong metadata.
        MissingExtra: If zarr is not installed.
    """
    zarr_library()
    root = place.path / _safe(place.inside, place) if place.inside else place.path
    if not root.is_dir():
        raise ImageError(f"{place}: expected a Zarr folder, got no such folder; check the name")
    try:
        said, inner = _image_at(root, place)
        return _opened(place, root, inner, said)
    except ImageError as error:
        raise ImageError(f"{place}: {error}") from error
    except DAMAGED as error:
        raise ImageError(f"{place}: {damaged('OME-Zarr', error)}") from error


def open_array(folder: Path, mode: str) -> Any:
    """Open an array of a folder, quietly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of both versions side by side, and of data types without a standard
        return zarr_library().open_array(str(folder), mode=mode, zarr_format=3 if _is_v3(folder) else 2)


def zarr_library() -> ModuleType:
    """The library.

    Raises:
        MissingExtra: If zarr is not installed, or too old.
    """
    try:
        import zarr
    except ImportError as error:
        raise MissingExtra(
            "reading Zarr needs zarr, which is not installed; run: pip install 'pinsharp[zarr]'"
        ) from error
    if int(zarr.__version__.split(".")[0]) < 3:
        raise MissingExtra(
            f"reading Zarr needs zarr 3, got {zarr.__version__}; run: pip install --upgrade 'pinsharp[zarr]'"
        )
    module: ModuleType = zarr
    return module


def few_at_once() -> AbstractContextManager[Any]:
    """Let zarr code few chunks at the same time: each takes a thread, which keeps the memory that it had."""
    settings: AbstractContextManager[Any] = zarr_library().config.set({"async.concurrency": 2})
    return settings


def _is_blosc(array: Any) -> bool:
    """Whether each chunk of an array is a file that Blosc made."""
    compressors = array.compressors
    if not compressors or getattr(array, "shards", None):
        return False
    last = compressors[-1]
    return "blosc" in (getattr(last, "codec_id", ""), type(last).__name__.lower().removesuffix("codec"))


def _chunk_range(part: int | slice, chunk: int) -> range:
    """Which chunks along an axis a part of it touches."""
    start, stop = (part, part + 1) if isinstance(part, int) else (part.start, part.stop)
    return range(start // chunk, -(-stop // chunk))


def _check_blosc(path: Path) -> None:
    """Refuse a chunk that is shorter than its header says; one that is not there is of the fill value."""
    try:
        with path.open("rb") as file:
            header, found = file.read(_BLOSC_HEADER), path.stat().st_size
    except FileNotFoundError:
        return
    expected = int.from_bytes(header[12:16], "little") if len(header) == _BLOSC_HEADER else _BLOSC_HEADER
    if found < expected:
        raise ValueError(f"a chunk of {expected} bytes has {found}")


def _is_v3(folder: Path) -> bool:
    return (folder / "zarr.json").is_file()


def _is_group(folder: Path) -> bool:
    if _is_v3(folder):
        return _json(folder / "zarr.json").get("node_type") == "group"
    return (folder / ".zgroup").is_file()


def _attributes(folder: Path) -> dict[str, Any]:
    """What a group says: of OME in version 0.5 what stands under `ome`."""
    if not _is_group(folder):
        is_array = _is_v3(folder) or (folder / ".zarray").is_file()
        what = "a plain Zarr array" if is_array else "a folder without .zgroup or zarr.json"
        raise ImageError(f"expected an OME-Zarr group, got {what}; write it as OME-Zarr 0.4 or 0.5")
    if _is_v3(folder):
        attributes = _mapping(_json(folder / "zarr.json").get("attributes", {}), "attributes")
        return _mapping(attributes.get("ome", {}), "attributes.ome")
    return _json(folder / ".zattrs") if (folder / ".zattrs").is_file() else {}


def _json(path: Path) -> dict[str, Any]:
    return _mapping(json.loads(path.read_text(encoding="utf-8")), path.name)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ImageError(f"expected a JSON object as {name}, got {value!r:.40}; export the image again")
    return value


def _image_at(root: Path, place: Place) -> tuple[dict[str, Any], str]:
    """What the image of a folder says, and where in it that is: at the root, or in its only group that is one."""
    said = _attributes(root)
    if "plate" in said or "well" in said:
        what, fields = "plate" if "plate" in said else "well", _names(place, root, _images_below(root))
        raise ImageError(f"expected an image, got a {what} of several; {_one_of(fields)}")
    if "image-label" in said or root.name == "labels" or root.parent.name == "labels":
        raise ImageError("expected an image, got labels, whose numbers are no light; name the image that they are of")
    if "multiscales" in said:
        return said, ""
    found = list(_images_below(root, depth=1))
    if len(found) == 1:
        return _attributes(found[0]), found[0].relative_to(root).as_posix()
    if found:
        raise ImageError(f"expected one image, got {len(found)}; {_one_of(_names(place, root, found))}")
    raise ImageError("expected multiscales of OME-Zarr, got a Zarr group without; write it as OME-Zarr 0.4 or 0.5")


def _images_below(root: Path, depth: int = 3) -> Iterator[Path]:
    """Groups in a folder that are images, those of labels left out."""
    for folder in sorted(root.iterdir()) if depth else ():
        if folder.name != "labels" and folder.is_dir() and _is_group(folder):
            if "multiscales" in _attributes(folder):
                yield folder
            else:
                yield from _images_below(folder, depth - 1)


def _names(place: Place, root: Path, folders: Iterable[Path]) -> list[str]:
    """What a user calls the images in some folders."""
    inner = (folder.relative_to(root).as_posix() for folder in folders)
    return [str(Place(place.path, "/".join(filter(None, (place.inside, path))))) for path in inner]


def _one_of(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"name one: {', '.join(names[:_MOST_LISTED])}{more}" if names else "name an image in it"


def _opened(place: Place, root: Path, inner: str, said: dict[str, Any]) -> OmeImage:
    """The array that is level 0, with all that was checked."""
    group = root / inner
    scale = _only_multiscale(said, 3 if _is_v3(group) else 2)
    axes = _axes(scale.get("axes"))
    datasets = scale.get("datasets")
    if not isinstance(datasets, list) or not datasets:
        raise ImageError("expected datasets in multiscales, got none; export the image again")
    paths = [_safe(_mapping(each, "a dataset").get("path"), place) for each in datasets]
    arrays = [_level(group, path, axes) for path in paths]
    for above, below in pairwise(arrays):
        if any(lower > upper for lower, upper in zip(below.shape, above.shape, strict=True)):
            raise ImageError(f"expected levels that become smaller, got {below.shape} after {above.shape}; sort them")
    scales = tuple(_scale(each, len(axes)) for each in datasets)
    array = arrays[0]
    levels = tuple((PurePosixPath(inner) / path).as_posix() for path in paths)
    return OmeImage(Path(str(place)), "zarr", array, axes, tuple(array.chunks), root=root, levels=levels, scales=scales)


def _only_multiscale(said: dict[str, Any], zarr_version: int) -> dict[str, Any]:
    """The multiscale of an image, of a version that is read."""
    scales = said["multiscales"]
    if not isinstance(scales, list) or len(scales) != 1:
        count = len(scales) if isinstance(scales, list) else repr(scales)[:40]
        raise ImageError(f"expected one entry in multiscales, got {count}; write the images apart")
    scale, wanted = _mapping(scales[0], "multiscales[0]"), VERSIONS[zarr_version]
    version = said.get("version") if zarr_version == 3 else scale.get("version", wanted)
    if version != wanted:
        raise ImageError(
            f"expected OME-Zarr {wanted} in Zarr v{zarr_version}, got version {version}; write it again as 0.4 or 0.5"
        )
    return scale


def _axes(said: Any) -> str:
    """A letter for each axis: its name, or p of one without a known name."""
    if not isinstance(said, list) or not said:
        raise ImageError("expected axes in multiscales, got none; export the image again")
    names = [str(_mapping(axis, "an axis").get("name")).lower() for axis in said]
    if names[-2:] != ["y", "x"] or len(set(names)) < len(names):
        raise ImageError(f"expected different axes that end in y, x, got {', '.join(names)}; write them in that order")
    return "".join(name if name in ("t", "c", "z", "y", "x") else "p" for name in names)


def _level(group: Path, path: str, axes: str) -> Any:
    """An array that a multiscale names."""
    folder = group / path
    if not (_is_v3(folder) or (folder / ".zarray").is_file()):
        raise ImageError(f"expected an array at {path}, as multiscales say, got none; export the image again")
    array = open_array(folder, "r")
    if array.ndim != len(axes):
        raise ImageError(f"expected an array of {len(axes)} axes ({', '.join(axes)}) at {path}, got {array.shape}")
    return array


def _scale(dataset: dict[str, Any], count: int) -> tuple[float, ...]:
    """How large a pixel of a level is on each axis, as its first transformation says."""
    transformations = dataset.get("coordinateTransformations")
    first = transformations[0] if isinstance(transformations, list) and transformations else None
    scale = first.get("scale") if isinstance(first, dict) else None
    if not isinstance(scale, list) or len(scale) != count:
        return ()
    is_known = all(isinstance(each, int | float) and np.isfinite(each) and each > 0 for each in scale)
    return tuple(float(each) for each in scale) if is_known else ()


def _safe(path: Any, place: Place) -> str:
    """A path in a folder that does not lead out of it."""
    if not isinstance(path, str) or not path.strip("/.") or ".." in PurePosixPath(path).parts or path.startswith("/"):
        raise ImageError(f"expected a path in the folder, got {path!r:.60}; check {place.path}")
    return path
