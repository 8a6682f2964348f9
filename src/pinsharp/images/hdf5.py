"""HDF5: a dataset of a file, `FILE.h5::/path`, through h5py; written in the same type, chunks and compression.

A result holds the dataset with its attributes, and the attributes of the groups that it lies in; nothing else of the
file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pinsharp.atomic import whole_or_nothing
from pinsharp.errors import FormatError, ImageError, MissingExtra
from pinsharp.images.array_planes import DAMAGED, ArrayImage, axes_of
from pinsharp.images.places import Place, place_of
from pinsharp.images.refusals import damaged

_LEAST_SIDE = 16  # of a dataset that is listed as an image
_MOST_LISTED = 12
_MOST_COUNTED = 1000


@contextlib.contextmanager
def open_dataset(place: Place) -> Iterator[ArrayImage]:
    """Open a dataset of a file.

    Raises:
        ImageError: If the file is no HDF5 or damaged, there is no such dataset, or it is no image.
        MissingExtra: If h5py is not installed.
    """
    with _open(place.path) as file:
        if not place.inside:
            raise ImageError(_choices(file, place, "the name of a dataset, got the file alone"))
        dataset = _dataset(file, place)
        shape = _image_shape(dataset)
        _check_filters(dataset, place)
        try:
            axes, others = axes_of(shape), _others(file, dataset)
            image = ArrayImage(Path(str(place)), "hdf5", dataset, axes, dataset.chunks, others)
        except ImageError as error:
            raise ImageError(f"{place}: {error}") from error
        yield image


@contextlib.contextmanager
def writing_like(image: ArrayImage, target: Place) -> Iterator[Any]:
    """Write a file with one dataset like another, completely or not at all; an existing file is replaced.

    Yields:
        The dataset, empty.

    Raises:
        OutputError: If `target` cannot be written.
    """
    h5py, old, source = _h5py(), image.array, place_of(image.path)
    with contextlib.ExitStack() as stack:
        hidden = stack.enter_context(whole_or_nothing(target.path, old.nbytes))
        file = stack.enter_context(h5py.File(hidden.name, "w", locking=False))  # the lock is ours
        _copy_attributes(old.file, file)
        outer, _, name = target.inside.rpartition("/")
        group = file.require_group(outer) if outer else file
        if target.inside == source.inside:
            for depth in range(1, target.inside.count("/") + 1):
                path = "/".join(target.inside.split("/")[:depth])
                _copy_attributes(old.file[path], file[path])
        new = _create(group, name, old)
        _copy_attributes(old, new)
        yield new


def _h5py() -> ModuleType:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtra(
            "reading HDF5 needs h5py, which is not installed; run: pip install 'pinsharp[hdf5]'"
        ) from error
    with contextlib.suppress(ImportError):  # brings further compressions, where it is installed
        import hdf5plugin  # noqa: F401
    module: ModuleType = h5py
    return module


@contextlib.contextmanager
def _open(path: Path) -> Iterator[Any]:
    h5py = _h5py()
    if not path.is_file():
        raise ImageError(f"{path}: expected an HDF5 file, got no such file; check the name")
    try:
        file = h5py.File(path, "r", locking="best-effort")
    except BlockingIOError as error:
        raise ImageError(f"{path}: expected a finished file, got one that is being written; run it again") from error
    except OSError as error:
        raise ImageError(f"{path}: {damaged('HDF5', error)}") from error
    with file:
        yield file


def _dataset(file: Any, place: Place) -> Any:
    h5py = _h5py()
    try:
        found = file[place.inside]
    except KeyError:
        raise ImageError(_choices(file, place, f"a dataset of the file, got no /{place.inside}")) from None
    except DAMAGED as error:
        raise ImageError(f"{place}: {damaged('HDF5', error)}") from error
    if not isinstance(found, h5py.Dataset):
        raise ImageError(_choices(file, place, f"a dataset, got the group /{place.inside}"))
    return found


def _image_shape(dataset: Any) -> tuple[int, ...]:
    """The shape of a dataset; an empty one has none."""
    return tuple(dataset.shape or ())


def _choices(file: Any, place: Place, wrong: str) -> str:
    """A sentence that lists what a user could mean."""
    h5py = _h5py()
    found: list[str] = []

    def note(name: str, item: Any) -> bool | None:
        if isinstance(item, h5py.Dataset) and _is_image_like(item):
            shape = " x ".join(map(str, item.shape))
            found.append(f"{place.path}::/{name} ({shape} {item.dtype})")
        return True if len(found) > _MOST_LISTED else None

    try:
        file.visititems(note)
    except DAMAGED as error:
        return f"{place.path}: {damaged('HDF5', error)}"
    if not found:
        return f"{place.path}: expected {wrong}, and no dataset in it looks like an image; check the file"
    more = " and more" if len(found) > _MOST_LISTED else ""
    return f"{place.path}: expected {wrong}; name one of {', '.join(found[:_MOST_LISTED])}{more}"


def _is_image_like(dataset: Any) -> bool:
    shape = _image_shape(dataset)
    try:
        axes = axes_of(shape)
    except ImageError:
        return False
    first = axes.index("y")
    is_number = dataset.dtype.kind in "uif" and dataset.dtype.itemsize <= 8
    return is_number and min(shape[first : first + 2]) >= _LEAST_SIDE


def _check_filters(dataset: Any, place: Place) -> None:
    """Refuse a compression that is not installed."""
    h5py, plan = _h5py(), dataset.id.get_create_plist()
    for number in range(plan.get_nfilters()):
        code, _, _, name = plan.get_filter(number)
        if not h5py.h5z.filter_avail(code):
            raise ImageError(
                f"{place}: expected a compression that h5py has, got filter {code} ({name.decode(errors='replace')}); "
                "run: pip install hdf5plugin, or repack the file, for example with `h5repack -f GZIP=4 INPUT OUTPUT`"
            )


def _others(file: Any, dataset: Any) -> str:
    """How many datasets the file has besides one, in words."""
    h5py, count = _h5py(), 0

    def note(_: str, item: Any) -> bool | None:
        nonlocal count
        count += isinstance(item, h5py.Dataset) and item != dataset
        return True if count > _MOST_COUNTED else None

    with contextlib.suppress(*DAMAGED):
        file.visititems(note)
    if not count:
        return ""
    return f"{count if count <= _MOST_COUNTED else f'more than {_MOST_COUNTED}'} other dataset{'s' * (count > 1)}"


def _create(group: Any, name: str, old: Any) -> Any:
    """An empty dataset with the type (byte order too), shape, chunks and compression of another."""
    h5py, plan = _h5py(), old.id.get_create_plist()
    if plan.get_layout() == h5py.h5d.VIRTUAL or plan.get_external_count():  # its values lie in other files
        return group.create_dataset(name, shape=old.shape, dtype=old.dtype)
    for number in range(plan.get_nfilters()):
        code = plan.get_filter(number)[0]
        if not h5py.h5z.get_filter_info(code) & h5py.h5z.FILTER_CONFIG_ENCODE_ENABLED:
            raise FormatError(
                f"{old.file.filename}: expected a compression that h5py can write, got filter {code}, which it only "
                "reads; repack the file, for example with `h5repack -f GZIP=4 INPUT OUTPUT`"
            )
    made = h5py.h5d.create(group.id, name.encode(), old.id.get_type(), old.id.get_space(), dcpl=plan)
    return h5py.Dataset(made)


def _copy_attributes(old: Any, new: Any) -> None:
    """Copy all attributes in their types, but for references to what is not there."""
    for name in old.attrs:
        kind = old.attrs.get_id(name)
        if not _has_reference(kind.dtype):
            new.attrs.create(name, old.attrs[name], shape=kind.shape, dtype=kind.dtype)


def _has_reference(dtype: Any) -> bool:
    h5py = _h5py()
    if dtype.names:
        return any(_has_reference(dtype[name]) for name in dtype.names)
    inner = h5py.check_vlen_dtype(dtype)
    if inner is not None and inner not in (str, bytes):
        return _has_reference(inner)
    return h5py.check_ref_dtype(dtype) is not None
