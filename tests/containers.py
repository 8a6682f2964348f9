"""HDF5 and OME-Zarr as h5py and zarr write them, and what these say of them: nothing here goes through pinsharp."""

import json
import warnings
from pathlib import Path

import numpy as np

TYPES = {"t": "time", "c": "channel"}
OMERO = {
    "channels": [{"label": "DAPI", "color": "0000FF", "window": {"start": 7, "end": 4000, "min": 0, "max": 65535}}]
}


def write_ome(path, pixels, axes="yx", version="0.4", *, chunks=None, factors=(1, 2, 4), said=None, **options):
    """Write an OME-Zarr whose levels below the first are not means: every pixel is the first of its block."""
    import zarr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = zarr.open_group(str(path), mode="w", zarr_format=2 if version == "0.4" else 3)
        datasets = []
        for number, factor in enumerate(factors):
            steps = [1] * (pixels.ndim - 2) + [factor] * 2
            level = pixels[tuple(slice(None, None, step) for step in steps)]
            array = group.create_array(
                f"s{number}",
                shape=level.shape,
                dtype=pixels.dtype,
                chunks=tuple(map(min, chunks or level.shape, level.shape)),
                **options,
            )
            array[:] = level
            scale = [{"type": "scale", "scale": [0.5 * step for step in steps]}]
            datasets.append({"path": f"s{number}", "coordinateTransformations": scale})
        multiscale = {
            "axes": [{"name": name, "type": TYPES.get(name, "space")} for name in axes],
            "datasets": datasets,
            "metadata": {"made": "by a test"},
        }
        say(path, {"multiscales": [multiscale], "omero": OMERO, **(said or {})}, version)
    return path


def say(path, said, version="0.4"):
    """Replace what a group says."""
    path = Path(path)
    if version == "0.4":
        if "multiscales" in said:
            said["multiscales"][0]["version"] = "0.4"
        (path / ".zattrs").write_text(json.dumps(said))
        return
    document = json.loads((path / "zarr.json").read_text())
    document["attributes"] = {"ome": {"version": "0.5", **said}, "other": [1, "two"]}
    (path / "zarr.json").write_text(json.dumps(document))


def said_of(path):
    """All metadata files of a Zarr by their names, as text."""
    names = ("zarr.json", ".zarray", ".zattrs", ".zgroup")
    return {str(file.relative_to(path)): file.read_text() for file in path.rglob("*") if file.name in names}


def level(path, number=0):
    """The pixels of a level."""
    import zarr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(zarr.open_array(str(path / f"s{number}"), mode="r")[:])


def chunk_files(path, number=0):
    """The files of a level that hold pixels."""
    names = ("zarr.json", ".zarray", ".zattrs")
    return sorted(file for file in (path / f"s{number}").rglob("*") if file.is_file() and file.name not in names)


def counts(shape, dtype, seed=0):
    """Pixels of a type that need no white level: whole numbers from 0 on, floats in [0, 1]."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(seed)
    if dtype.kind == "f":
        return rng.random(shape).astype("f2").astype(dtype)  # each value is exact in float32
    return rng.integers(0, min(np.iinfo(dtype).max, 65535), shape, endpoint=True).astype(dtype)
