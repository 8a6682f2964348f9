"""Pairs of a simulated camera on disk: blurred and sharp images, masks, kernels, a manifest, and a page to look at."""

import csv
import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.atomic import check_free, make_folder, write_atomically, write_json
from pinsharp.data.cameras.cameras import mixture
from pinsharp.data.cameras.light import Array
from pinsharp.data.cameras.sheet import Row, described, sheet_page, take_rows
from pinsharp.data.corpus import Corpus
from pinsharp.data.testset import file_sha256
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.files import write_image
from pinsharp.version import __version__

MANIFEST, TABLE, PAGE = "manifest.json", "pairs.csv", "index.html"
SMALLEST, LARGEST = 32, 1024
"""Sides of the images in pixels: fewer hold too little to measure a blur by, more than photographs have."""

_SHOWN = 6  # pairs on the page
_FOLDERS = ("blurred", "sharp", "masks", "kernels")


@dataclass(frozen=True)
class PairFile:
    """A pair on disk, as manifest and table list it."""

    index: int  # with the set's seed and camera it decides everything
    camera: str  # what took it; where the set's camera is a mixture, one of it
    photograph: str  # file of the sharp photograph
    blurred: str  # files, relative to the manifest
    sharp: str
    mask: str
    kernel: str
    blurred_sha256: str
    sigma: float  # width of the kernel in pixels of the image, in linear light; 0 in focus
    noise_kind: str
    noise_of_255: float  # standard deviation of the noise of brightness, rounding included, in units of 1/255
    noise_slope: float  # growth of its variance with brightness, both of full scale 1
    gamma: float  # exponent of the tone curve: 1 for linear light, 2.2 for sRGB
    is_mono: bool
    bits: int  # of the file
    jpeg: int  # quality; 0 for none
    valid: float  # share of the pixels that stem from the scene
    choices: str  # everything else, in words


@dataclass(frozen=True)
class CameraSet:
    """Which pairs. Raises ConfigError if there is no such camera, or a number is impossible.

    Args:
        camera: Name of a camera or mixture in `pinsharp.data.cameras.cameras`.
        pairs: How many.
        size: Side of the images in pixels.
        seed: With the number of a pair it decides all that is random about it.
    """

    camera: str
    pairs: int
    size: int
    seed: int = 0

    def __post_init__(self) -> None:
        mixture(self.camera)
        if self.pairs < 1:
            raise ConfigError(f"expected at least 1 pair, got {self.pairs}")
        if not SMALLEST <= self.size <= LARGEST:
            raise ConfigError(f"expected a size of {SMALLEST} to {LARGEST} pixels, got {self.size}")
        if self.seed < 0:
            raise ConfigError(f"expected a seed of 0 or more, got {self.seed}")


def planned_files(asked: CameraSet, folder: Path) -> list[Path]:
    """List all files that `write_camera_set` would write, the manifest first."""
    pairs = [folder / file for index in range(asked.pairs) for file in _files(index).values()]
    return [folder / MANIFEST, folder / TABLE, folder / PAGE, *pairs]


def write_camera_set(
    photographs: Corpus,
    asked: CameraSet,
    folder: Path,
    *,
    overwrite: bool = False,
    report: Callable[[PairFile], None] | None = None,
) -> Path:
    """Take photographs with a simulated camera, and write every pair, a table of them and a page.

    FOLDER/blurred/INDEX.png is the image as its file would hold it, in 8 bits, or 16 where the camera has more;
    FOLDER/sharp/INDEX.png the same camera's image in focus, without noise, faults or compression, in 16 bits. Pair
    INDEX is the one that training gets of the same photographs, camera, size and seed. Each file appears completely
    or not at all, the manifest last. `report` is called with each pair when it is written.

    Returns:
        Path of the manifest.

    Raises:
        OutputError: If there is a manifest or a file of the same name already, or the folder cannot be written.
    """
    manifest = folder / MANIFEST
    if manifest.exists() and not overwrite:
        raise OutputError(f"{folder}: expected a new folder, got one with a test set; --overwrite replaces it")
    for name in _FOLDERS:
        make_folder(folder / name)
    manifest.unlink(missing_ok=True)  # from here on the old one would lie
    entries, shown = [], []
    for index in range(asked.pairs):
        (row,) = take_rows(photographs, asked.camera, size=asked.size, seed=asked.seed, indices=range(index, index + 1))
        entries.append(_write_pair(row, photographs, folder, overwrite=overwrite))
        shown += [row] if index < _SHOWN else []
        if report:
            report(entries[-1])
    check_free(folder / TABLE, overwrite=overwrite)
    write_atomically(folder / TABLE, _table(entries).encode())
    check_free(folder / PAGE, overwrite=overwrite)
    write_atomically(folder / PAGE, sheet_page(asked.camera, shown).encode())
    about = {"pinsharp": __version__, **asdict(asked), "photographs_sha256": photographs.fingerprint()}
    storage = "levels of the file scaled to the full scale of 8- or 16-bit PNG; sharp images 16-bit PNG"
    write_json(manifest, {**about, "storage": storage, "images": [asdict(entry) for entry in entries]})
    return manifest


def _files(index: int) -> dict[str, Path]:
    """Files of a pair, by what they hold."""
    names = (f"{index:05d}.png", f"{index:05d}.png", f"{index:05d}.png", f"{index:05d}.npy")
    return {folder: Path(folder, name) for folder, name in zip(_FOLDERS, names, strict=True)}


def _write_pair(row: Row, photographs: Corpus, folder: Path, *, overwrite: bool) -> PairFile:
    pair, draw, files = row.pair, row.pair.draw, _files(row.index)
    bits = 8 if draw.processing.jpeg else draw.processing.bits
    write_image(folder / files["blurred"], _pixels(pair.image, 8 if bits <= 8 else 16), overwrite=overwrite)
    write_image(folder / files["sharp"], _pixels(pair.sharp, 16), overwrite=overwrite)
    write_image(folder / files["masks"], np.where(pair.mask, 255, 0).astype(np.uint8), overwrite=overwrite)
    stream = io.BytesIO()
    np.save(stream, pair.kernel)
    check_free(folder / files["kernels"], overwrite=overwrite)
    write_atomically(folder / files["kernels"], stream.getvalue())
    return PairFile(
        index=row.index,
        camera=draw.camera,
        photograph=photographs.names[int(draw.scene.image * len(photographs.images))],
        blurred=files["blurred"].as_posix(),
        sharp=files["sharp"].as_posix(),
        mask=files["masks"].as_posix(),
        kernel=files["kernels"].as_posix(),
        blurred_sha256=file_sha256(folder / files["blurred"]),
        sigma=float(pair.sigma),
        noise_kind=pair.noise.kind,
        noise_of_255=float(pair.noise.sigma) * 255,
        noise_slope=float(pair.noise.slope),
        gamma=float(draw.processing.tone.nominal_gamma),
        is_mono=draw.scene.mono,
        bits=bits,
        jpeg=draw.processing.jpeg,
        valid=float(pair.mask.mean()),
        choices="; ".join(described(draw)),
    )


def _pixels(values: Array, bits: int) -> NDArray[Any]:
    """Values (H, W, 1 or 3) in [0, 1] as pixels (H, W) or (H, W, 3)."""
    levels = np.rint(np.clip(values, 0, 1) * np.float64(2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    return levels[..., 0] if levels.shape[-1] == 1 else levels


def _table(entries: list[PairFile]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, [each.name for each in fields(PairFile)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(entry) for entry in entries)
    return text.getvalue()
