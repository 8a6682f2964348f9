"""Writing an OME-Zarr like the one that it came from, completely or not at all.

Everything but pixels is copied as it is: metadata of groups and arrays (so version, chunks, codecs, axes,
transformations and `omero` stay), labels, further files. Level 0 is written by rows of chunks. Each level below is made
of the one above it: every pixel is the mean of those that it stands for.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import whole_folder
from pinsharp.images.array_planes import ArrayImage
from pinsharp.images.ome_zarr import METADATA_FILES, OmeImage, few_at_once, open_array, zarr_library
from pinsharp.images.places import Place

_VALUES_AT_ONCE = 2**20
"""Values of a level of which means are made together."""


@contextlib.contextmanager
def writing_like(image: ArrayImage, target: Place) -> Iterator[Any]:
    """Write a folder like that of an image; an existing one is replaced when the new one is whole.

    Yields:
        The array of level 0, empty; when the body ends, the other levels are made of it.

    Raises:
        OutputError: If `target` cannot be written.
    """
    assert isinstance(image, OmeImage)
    with few_at_once(), whole_folder(target.path) as folder:
        root = folder / target.inside
        if target.inside:
            _make_groups(folder, target.inside, 3 if (image.root / "zarr.json").is_file() else 2)
        _copy(image.root, root, set(image.levels))
        levels = [open_array(root / path, "r+") for path in image.levels]
        yield levels[0]
        for number, (above, below) in enumerate(pairwise(levels)):
            shrink(above, below, _hinted(image.scales[number : number + 2]))


def write_rows(array: Any) -> int:
    """Rows of an array that are written together: those of a chunk, or of a shard that holds many."""
    shards = getattr(array, "shards", None)
    return int((shards or array.chunks)[-2])


def shrink(above: Any, below: Any, hint: Sequence[float] = ()) -> None:
    """Fill a level with the means of the one above it, rounded where they are whole numbers.

    Args:
        above: The larger level.
        below: The smaller one.
        hint: By how much it is said to be smaller on each axis; of what does not fit the shapes the shapes decide.
    """
    sides = itertools.zip_longest(above.shape, below.shape, hint)
    edges = [_edges(longer, shorter, factor) for longer, shorter, factor in sides]
    height = write_rows(below)
    for index in np.ndindex(*below.shape[:-2]):
        leading = tuple(slice(*edges[axis][place : place + 2]) for axis, place in enumerate(index))
        for top in range(0, below.shape[-2], height):
            rows = edges[-2][top : top + height + 1]
            below[(*index, slice(top, top + len(rows) - 1))] = _means(above, leading, rows, edges[-1], below.dtype)


def _means(
    above: Any, leading: tuple[slice, ...], rows: NDArray[np.intp], columns: NDArray[np.intp], dtype: Any
) -> NDArray[Any]:
    """Means (h, w) of the blocks of a level that lie between edges."""
    deep = int(np.prod([part.stop - part.start for part in leading], dtype=int))
    tallest = int(np.diff(rows).max())
    step = max(1, _VALUES_AT_ONCE // (deep * tallest * int(columns[-1])))
    made = np.empty((len(rows) - 1, len(columns) - 1), np.dtype(dtype).newbyteorder("="))
    for top in range(0, len(made), step):
        few = rows[top : top + step + 1]
        part = np.asarray(above[(*leading, slice(few[0], few[-1]), slice(0, columns[-1]))])
        flat = part.reshape(-1, *part.shape[-2:]).sum(axis=0, dtype=np.float64)
        sums = np.add.reduceat(np.add.reduceat(flat, few[:-1] - few[0], axis=0), columns[:-1], axis=1)
        means = sums / (deep * np.diff(few)[:, None] * np.diff(columns)[None])
        made[top : top + step] = means if made.dtype.kind == "f" else np.rint(means)
    return made


def _edges(longer: int, shorter: int, hint: float | None) -> NDArray[np.intp]:
    """Where the blocks along an axis begin and end: of equal length, but perhaps the last."""
    for factor in dict.fromkeys((round(hint or 0), round(longer / shorter))):
        if factor and shorter in (longer // factor, -(-longer // factor)):
            return np.minimum(np.arange(shorter + 1) * factor, longer)
    return np.rint(np.linspace(0, longer, shorter + 1)).astype(np.intp)


def _hinted(scales: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    """By how much one level is said to be smaller than another."""
    if len(scales) < 2 or not all(scales):
        return ()
    return tuple(lower / upper for upper, lower in zip(*scales, strict=True))


def _make_groups(folder: Path, inside: str, version: int) -> None:
    """Make the groups that an image lies in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr_library().open_group(str(folder), mode="w", zarr_format=version)
        if "/" in inside:
            group.require_group(inside.rpartition("/")[0])


def _copy(source: Path, target: Path, levels: set[str]) -> None:
    """Copy a folder, of the arrays that are levels only what they say."""
    for place, folders, names in os.walk(source, followlinks=True):
        here = Path(place)
        if (inner := here.relative_to(source).as_posix()) in levels:
            folders.clear()
            names = [name for name in names if name in METADATA_FILES]
        (target / inner).mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copyfile(here / name, target / inner / name)
