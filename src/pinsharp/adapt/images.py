"""The sharp images that a net is adapted to: read, checked, and split once and for all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pinsharp.blur.field import BlurField
from pinsharp.blur.verdict import UNTRUSTED
from pinsharp.data.corpus import HELD_OUT_SHARE
from pinsharp.data.testset import file_sha256
from pinsharp.errors import ImageError
from pinsharp.images.arrays import split_alpha
from pinsharp.images.discover import images_in
from pinsharp.images.files import read_image

LEAST_IMAGES = 20
"""Fewest sharp images that a net is adapted to."""

LEAST_HELD_OUT = 4
"""Fewest of them that are held out."""

BLURRED_ABOVE = 1.0
"""Width in pixels above which an image is no example of a sharp one. Simulated panels in focus, behind a lens of sigma
0.7, are read as 0.4; the same with a defocus of sigma 2 as 2.1."""

_DARK = 1 / 8
"""Share of the range that the brightest pixel of 16-bit images has to reach: training reads the upper eight bits."""


@dataclass(frozen=True)
class SharpImages:
    """Sharp images of one folder."""

    folder: Path
    names: tuple[str, ...]  # files that are used, in the order of their names
    held_out: tuple[str, ...]  # those of them that are not trained on
    blurred: dict[str, float]  # files that are left out because they are not sharp, with their widths in pixels
    is_mono: bool

    @property
    def held_out_files(self) -> list[Path]:
        """Paths of the held-out images."""
        return [self.folder / name for name in self.held_out]


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every image file of a folder, by name.

    Raises:
        ImageError: If the folder cannot be listed, or holds fewer than `LEAST_IMAGES`.
    """
    return {path.name: file_sha256(path) for path in _listed(folder)}


def look_at(
    folder: Path, *, least_side: int, measure: Callable[[Path], BlurField], progress: Callable[[], object]
) -> SharpImages:
    """Read and check the images of a folder, and choose those to hold out.

    Args:
        folder: Holds the images; its subfolders are not looked at.
        least_side: Pixels that each side needs.
        measure: Measures the blur of an image file.
        progress: Called after each image.

    Raises:
        ImageError: If there are too few images, one cannot be used, kinds are mixed, or most are not sharp.
    """
    paths = _listed(folder)
    kinds: dict[bool, Path] = {}
    blurred: dict[str, float] = {}
    for path in paths:
        kinds.setdefault(_is_mono(path, least_side), path)
        if len(kinds) == 2:
            raise ImageError(
                f"{folder}: expected images that are all mono or all in colour, got {kinds[True].name} in mono and "
                f"{kinds[False].name} in colour; adapt a model to each kind, from folders of their own"
            )
        if (width := _too_wide(measure(path))) is not None:
            blurred[path.name] = width
        progress()
    names = tuple(path.name for path in paths if path.name not in blurred)
    _check_enough(folder, len(paths), len(names), blurred)
    return SharpImages(folder, names, held_out_of(names), blurred, is_mono=next(iter(kinds)))


def held_out_of(names: Sequence[str]) -> tuple[str, ...]:
    """Choose one name in ten, but at least four, evenly over their order."""
    count = max(LEAST_HELD_OUT, len(names) // HELD_OUT_SHARE)
    return tuple(names[(2 * number + 1) * len(names) // (2 * count)] for number in range(count))


def _listed(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise ImageError(f"{folder}: expected a folder of sharp images, got {'a file' if folder.exists() else 'none'}")
    paths = images_in(folder)
    if len(paths) < LEAST_IMAGES:
        raise ImageError(
            f"{folder}: expected at least {LEAST_IMAGES} sharp images of different places, got {len(paths)}; take more"
        )
    return paths


def _is_mono(path: Path, least_side: int) -> bool:
    """Whether an image is mono, or has three channels that are alike; what cannot be trained on is refused."""
    pixels, _ = split_alpha(read_image(path).pixels)
    height, width = pixels.shape[:2]
    if min(height, width) < least_side:
        raise ImageError(
            f"{path}: expected sides of at least {least_side} pixels, got {width} x {height}; take larger images"
        )
    if pixels.dtype == np.uint16 and int(pixels.max()) < _DARK * np.iinfo(np.uint16).max:
        raise ImageError(
            f"{path}: expected 16-bit values up to 65535, got none above {int(pixels.max())}; scale the images to the "
            "full range"
        )
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"{path}: expected 8 or 16 bits, got {pixels.dtype}; convert the images")
    return _channels_are_alike(pixels)


def _channels_are_alike(pixels: NDArray[Any]) -> bool:
    return pixels.ndim == 2 or bool((pixels == pixels[..., :1]).all())


def _too_wide(found: BlurField) -> float | None:
    """Width of an image that is surely not sharp; None of one that may be."""
    return found.sigma if found.verdict not in UNTRUSTED and found.sigma > BLURRED_ABOVE else None


def _check_enough(folder: Path, found: int, sharp: int, blurred: dict[str, float]) -> None:
    if sharp >= LEAST_IMAGES and 2 * sharp >= found:
        return
    raise ImageError(
        f"{folder}: expected at least {LEAST_IMAGES} sharp images and most of them sharp, got {found}, of which "
        f"{len(blurred)} are blurred: {told_blurred(blurred)}; take those away, and add sharp ones"
    )


def told_blurred(blurred: dict[str, float], most: int = 5) -> str:
    """The blurred images in words, the widest first."""
    widest = sorted(blurred, key=lambda name: -blurred[name])
    told = ", ".join(f"{name} (sigma {blurred[name]:.1f} px)" for name in widest[:most])
    return told + (f" and {len(widest) - most} more" if len(widest) > most else "")
