"""Measure what restoring a strip that is larger than memory costs: speed and peak memory, one line of JSON each.

Usage: python scripts/large_strip.py --gigapixels 0.1 0.5 2 --out FOLDER [--rgb] [--compression zlib] [--width 8192]

Makes a strip (textured, blurred by a Gaussian of sigma 2, noisy, 12 bits stored in 16, tiles) by bands, restores it in
a process of its own as `pinsharp restore` does, and removes both files. Two gigapixels need 8 GB in FOLDER, of colour
24 GB; its channels have the same structures and each its own noise.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

SIGMA, NOISE, WHITE = 2.0, 3.0, 4095
TILE = 256
_REACH = 16
"""Rows of the neighbouring bands that the blur reaches into."""


def make_strip(path: Path, shape: tuple[int, ...], compression: str) -> None:
    """Write a strip by bands of a tile's height; the memory for it does not grow with its length."""
    with tifffile.TiffWriter(path, bigtiff=True) as writer:
        writer.write(
            _tiles(shape),
            shape=shape,
            dtype=np.uint16,
            tile=(TILE, TILE),
            photometric="rgb" if len(shape) == 3 else "minisblack",
            compression=None if compression == "none" else compression,
            predictor=compression != "none",
            maxworkers=1,
            metadata=None,
        )


def restore_strip(source: Path, target: Path, precision: str, window: int | None, **said: Any) -> dict[str, Any]:
    """Restore a strip in this process and tell what it took."""
    import torch

    from pinsharp.restoration import sources
    from pinsharp.restoration.restorer import Restorer

    sources.LARGE_VALUES = 0  # a short strip too is restored from disk
    restorer, begun = Restorer(precision=precision, window=window, **said), time.process_time()
    result = restorer.restore_file(source, target, overwrite=True, progress=_Pace())
    return {
        "megapixels_per_s": round(result.megapixels / result.seconds, 3),
        "seconds": round(result.seconds, 1),
        "cpu_seconds": round(time.process_time() - begun, 1),
        "peak_mib": round(peak_mib()),
        "sigma": round(result.defocus.sigma, 3),
        "window": result.window,
        "precision": precision,
        "threads": torch.get_num_threads(),
    }


def peak_mib() -> float:
    """Largest resident memory of this process so far. Not of its parent, as getrusage may tell (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("expected Linux, whose /proc/self/status tells the peak of the memory")


class _Pace:
    """Says once a minute on stderr how far it is."""

    def __init__(self) -> None:
        self._begun = self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said > 60:
            self._said = now
            left = (now - self._begun) / done * (total - done)
            print(f"{done / 1e6:.0f} of {total / 1e6:.0f} megapixels, {left:.0f} s left", file=sys.stderr, flush=True)


def _tiles(shape: tuple[int, ...]) -> Iterator[NDArray[np.uint16]]:
    for top in range(0, shape[0], TILE):
        band = blurred_band(top // TILE, shape[1:])[: shape[0] - top]
        for left in range(0, shape[1], TILE):
            yield band[:, left : left + TILE]


def blurred_band(band: int, row: tuple[int, ...]) -> NDArray[np.uint16]:
    """A band of rows of some shape, (W,) or (W, 3)."""
    above, below = _sharp(band - 1, row[0])[-_REACH:], _sharp(band + 1, row[0])[:_REACH]
    sharp = np.concatenate([above, _sharp(band, row[0]), below])
    blurred = cv2.GaussianBlur(sharp, (0, 0), SIGMA)[_REACH:-_REACH]
    noise = np.random.default_rng([1, band + 1]).normal(0, NOISE, (len(blurred), *row))
    noisy = np.rint(blurred.reshape(*blurred.shape, *[1] * (len(row) - 1)) + noise)
    return np.clip(noisy, 0, WHITE).astype(np.uint16)


def _sharp(band: int, width: int) -> NDArray[np.float32]:
    """Structures of 2, 8 and 64 pixels; every band from its own seed."""
    rng = np.random.default_rng([0, band + 1])
    image = np.full((TILE, width), 0.1, np.float32)
    for size in (2, 8, 64):
        coarse = rng.random((TILE // size, -(-width // size)), np.float32)
        image += 0.27 * coarse.repeat(size, axis=0).repeat(size, axis=1)[:, :width]
    return image * WHITE


def _measure(gigapixels: float, options: argparse.Namespace) -> None:
    shape = (max(1, round(gigapixels * 1e9 / options.width)), options.width)
    source, target = options.out / f"strip-{gigapixels:g}.tif", options.out / f"restored-{gigapixels:g}.tif"
    begun = time.monotonic()
    make_strip(source, (*shape, 3) if options.rgb else shape, options.compression)
    print(f"{source}: {shape[1]} x {shape[0]} made in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--restore", source, target, "--precision", options.precision]
    command += ["--window", str(options.window)] if options.window else []
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    finally:
        if not options.keep:
            source.unlink()
            target.unlink(missing_ok=True)
    about = {"gigapixels": gigapixels, "height": shape[0], "width": shape[1], "channels": 3 if options.rgb else 1}
    about["compression"] = options.compression
    print(json.dumps(about | json.loads(done.stdout)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigapixels", type=float, nargs="+", default=[0.1])
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--width", type=int, default=8192)
    parser.add_argument("--rgb", action="store_true", help="make a strip of colour")
    parser.add_argument("--compression", choices=["none", "zlib", "lzw", "zstd"], default="none")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    parser.add_argument("--window", type=int, help="side of the windows; chosen by the size unless given")
    parser.add_argument("--keep", action="store_true", help="keep the strips")
    parser.add_argument("--restore", type=Path, nargs=2, help=argparse.SUPPRESS)  # the process that is measured
    parser.add_argument("--raw", help=argparse.SUPPRESS)
    parser.add_argument("--white-level", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.restore:
        said = {"raw": options.raw, "white_level": options.white_level}
        print(json.dumps(restore_strip(*options.restore, options.precision, options.window, **said)))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    for gigapixels in options.gigapixels:
        _measure(gigapixels, options)


if __name__ == "__main__":
    main()
