"""Measure what restoring an image larger than memory costs in each format that is read by windows, side by side.

Usage: python scripts/large_files.py --gigapixels 0.2 --out FOLDER [--formats tiff,zarr] [--width 8192] [--window N]

Makes the strip of `large_strip.py` (mono, 12 bits) in each format, restores each in a process of its own with `swift`,
which measures the width, and compares the results, which have to be the same to the bit. `pace_by_...` is the speed as
a share of the first format's, by the clock and by what the processor did. A further format is one more line in
`FORMATS`.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

import large_strip
from pinsharp.images.codec import Reading
from pinsharp.images.large import open_large
from pinsharp.images.places import disk_path
from pinsharp.images.raw import layout_of, packed
from pinsharp.images.tiff_packed import packed_rows

BITS = 12
CHUNK, LEVELS = 1024, 5
ROWS = 1024
"""Rows of two results that are compared together."""

Shape = tuple[int, int]


@dataclass(frozen=True)
class Format:
    """A format that is measured.

    Attributes:
        name: Of a file, with its suffix.
        make: Writes a strip of a shape.
        said: What has to be said of it, as options of `large_strip.py`, {width} and {height} filled in.
    """

    name: str
    make: Callable[[Path, Shape], None]
    said: tuple[str, ...] = ()

    def options(self, shape: Shape) -> list[str]:
        """What is said of a strip of a shape."""
        return [words.format(height=shape[0], width=shape[1]) for words in self.said]

    def reading(self, shape: Shape) -> Reading:
        """The same, for reading it."""
        said = self.options(shape)
        return Reading(raw=said[said.index("--raw") + 1] if "--raw" in said else None)


def make_tiff(path: Path, shape: Shape) -> None:
    """12 bits stored in 16, in strips of 256 rows, uncompressed."""
    bands = (band for _, band in _bands(shape, large_strip.TILE))
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        writer.write(bands, shape=shape, dtype=np.uint16, rowsperstrip=large_strip.TILE, metadata=None)


def make_packed(path: Path, shape: Shape) -> None:
    """12 bits packed, in strips of 256 rows."""
    strips = (packed_rows(band, BITS) for _, band in _bands(shape, large_strip.TILE))
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        writer.write(
            strips, shape=shape, dtype=np.uint16, bitspersample=BITS, rowsperstrip=large_strip.TILE, metadata=None
        )


def make_raw(path: Path, shape: Shape) -> None:
    """A frame without a header, Mono12p."""
    layout = layout_of(f"{shape[1]}x{shape[0]}:Mono12p")
    with path.open("wb") as file:
        for _, band in _bands(shape, large_strip.TILE):
            file.write(packed(band.ravel(), layout))


def make_zarr(path: Path, shape: Shape) -> None:
    """OME-Zarr 0.4 as microscopes write it: chunks of 1024 pixels a side, zstd, and a pyramid."""
    import zarr

    from pinsharp.images.ome_zarr_writer import shrink

    group = zarr.open_group(str(path), mode="w", zarr_format=2)
    levels = []
    for number in range(LEVELS):
        size = (1, 1, 1, *(-(-side // 2**number) for side in shape))
        chunks = (1, 1, 1, CHUNK, CHUNK)
        levels.append(group.create_array(str(number), shape=size, chunks=chunks, dtype="u2", fill_value=0))
        if number:
            shrink(levels[-2], levels[-1])
            continue
        for top, band in _bands(shape, CHUNK):
            levels[0][0, 0, 0, top : top + len(band)] = band
    kinds = {"t": "time", "c": "channel"}
    datasets = [
        {
            "path": str(number),
            "coordinateTransformations": [{"type": "scale", "scale": [1, 1, 1, 2**number, 2**number]}],
        }
        for number in range(LEVELS)
    ]
    axes = [{"name": name, "type": kinds.get(name, "space")} for name in "tczyx"]
    group.attrs["multiscales"] = [{"version": "0.4", "name": "strip", "axes": axes, "datasets": datasets}]


def make_hdf5(path: Path, shape: Shape) -> None:
    """A dataset in chunks of 256 pixels a side, gzip."""
    import h5py

    with h5py.File(path, "w") as file:
        data = file.create_dataset("strip", shape, "u2", chunks=(256, 256), compression="gzip", compression_opts=1)
        for top, band in _bands(shape, large_strip.TILE):
            data[top : top + len(band)] = band


_WHITE = ("--white-level", str(large_strip.WHITE))
FORMATS = {
    "tiff": Format("strip.tif", make_tiff, _WHITE),
    "packed": Format("packed.tif", make_packed),
    "mono12p": Format("strip.raw", make_raw, ("--raw", "{width}x{height}:Mono12p")),
    "zarr": Format("strip.zarr", make_zarr, _WHITE),
    "hdf5": Format("strip.h5::/strip", make_hdf5, _WHITE),
}


def _bands(shape: Shape, rows: int) -> Iterator[tuple[int, NDArray[np.uint16]]]:
    """The strip in bands of some multiple of a tile's height, with the row that each begins at."""
    for top in range(0, shape[0], rows):
        numbers = range(top // large_strip.TILE, -(-min(top + rows, shape[0]) // large_strip.TILE))
        yield top, np.concatenate([large_strip.blurred_band(each, shape[1:]) for each in numbers])[: shape[0] - top]


def _measure(form: Format, shape: Shape, options: argparse.Namespace) -> dict[str, Any]:
    source, target = options.out / form.name, options.out / f"restored-{form.name}"
    begun = time.monotonic()
    form.make(disk_path(source), shape)
    print(f"{source}: made in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    command = [sys.executable, large_strip.__file__, "--restore", source, target, *form.options(shape)]
    command += ["--window", str(options.window)] if options.window else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def _is_same(forms: list[Format], shape: Shape, out: Path) -> bool:
    """Whether two results have the same pixels."""
    one, other = ((out / f"restored-{form.name}", form.reading(shape)) for form in forms)
    with open_large(*one) as first, open_large(*other) as second:
        whole = slice(0, first.width)
        rows = (slice(top, min(top + ROWS, first.height)) for top in range(0, first.height, ROWS))
        return all(np.array_equal(first.read(part, whole), second.read(part, whole)) for part in rows)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main() -> None:
    """Measure each format and print a line of JSON for it; the first one is what the others are compared with."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigapixels", type=float, default=0.2)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--width", type=int, default=8192)
    parser.add_argument("--formats", default="tiff,packed,zarr", help=f"joined by commas: {', '.join(FORMATS)}")
    parser.add_argument("--window", type=int, help="side of the windows; chosen by the size unless given")
    parser.add_argument("--keep", action="store_true", help="keep the strips")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    shape = (max(1, round(options.gigapixels * 1e9 / options.width)), options.width)
    forms = [FORMATS[name] for name in options.formats.split(",")]
    first: dict[str, Any] = {}
    try:
        for name, form in zip(options.formats.split(","), forms, strict=True):
            found = _measure(form, shape, options)
            first = first or found
            same = _is_same([forms[0], form], shape, options.out)
            about = {"format": name, "height": shape[0], "width": shape[1], "same_pixels": same}
            about |= {f"pace_by_{what}": round(first[what] / found[what], 3) for what in ("seconds", "cpu_seconds")}
            print(json.dumps(about | found), flush=True)
    finally:
        for form in forms if not options.keep else []:
            for path in (options.out / form.name, options.out / f"restored-{form.name}"):
                _remove(disk_path(path))


if __name__ == "__main__":
    main()
