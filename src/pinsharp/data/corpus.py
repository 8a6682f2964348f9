"""A corpus: sharp images in memory, split once and for all into training and held-out images."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pinsharp.data.testset import find_sharp_images
from pinsharp.errors import ImageError
from pinsharp.images.arrays import split_alpha
from pinsharp.images.files import read_image

HELD_OUT_SHARE = 10
"""One image in this many is held out of training, for validation."""

PHOTOGRAPHS = Path(__file__).parent / "photographs"

GENERAL = PHOTOGRAPHS / "trained"
"""Folder of the few photographs that come with pinsharp, to be mixed in where a net is trained on for one purpose."""

GENERAL_HELD_OUT = PHOTOGRAPHS / "held_out"
"""Folder of a few more, on which nothing that comes with pinsharp was trained."""


@dataclass(frozen=True)
class Corpus:
    """Sharp images as 8-bit colour tensors (3, H, W), with the names of their files."""

    images: tuple[Tensor, ...]  # the images, of any sizes
    names: tuple[str, ...]  # file names in the same order

    def to(self, device: torch.device) -> "Corpus":
        """Move all images to a device, so that crops are cut there."""
        return Corpus(tuple(image.to(device) for image in self.images), self.names)

    def fingerprint(self) -> str:
        """SHA-256 over names and pixels, shortened to 16 hexadecimal digits: says on which data a model was trained."""
        digest = hashlib.sha256()
        for name, image in zip(self.names, self.images, strict=True):
            digest.update(name.encode())
            digest.update(image.cpu().numpy().tobytes())
        return digest.hexdigest()[:16]


def load_corpus(
    root: str | Path,
    *,
    held_out: bool,
    smallest: int = 0,
    progress: Callable[[int, int], None] | None = None,
    chosen: Sequence[str] = (),
    left_out: Sequence[str] = (),
) -> Corpus:
    """Read the training or the held-out images of a folder, such as DIV2K's or GOPRO's, into memory.

    Crops of one photograph (`street_1.webp`, `street_2.webp`) and frames of one GOPRO sequence are never split between
    the two, unless the files to hold out are `chosen` by name. Images with a side below `smallest` pixels and those of
    the names `left_out` are not read; `progress` is called with (images read, images in all).

    Raises:
        ImageError: If no image is left, or one that is chosen or left out is not there.
    """
    found = find_sharp_images(root)
    if missing := {*chosen, *left_out} - {path.name for path in found}:
        raise ImageError(f"{root}: expected an image named {min(missing)}, got none; train on the folder as it was")
    paths = [
        path
        for path in found
        if path.name not in left_out and (path.name in chosen if chosen else is_held_out(_source(path))) == held_out
    ]
    images, names = [], []
    for done, path in enumerate(paths, start=1):
        image = _read_colour(path)
        if min(image.shape[1:]) >= smallest:
            images.append(image)
            names.append(path.name)
        if progress:
            progress(done, len(paths))
    if not images:
        kind = "held-out" if held_out else "training"
        raise ImageError(
            f"{root}: no {kind} image of at least {smallest} x {smallest} pixels; "
            f"one photograph in {HELD_OUT_SHARE} is held out, so a corpus needs a few dozen "
            "(files that differ only in _1, _2 at the end count as one)"
        )
    return Corpus(tuple(images), tuple(names))


def mixed(corpus: Corpus, others: Corpus, share: float) -> Corpus:
    """Mix two corpora so that about a `share` of the images, between 0 and 1, is of `others`.

    Images are drawn one as likely as another, so the smaller corpus is listed several times; its pixels are held once.
    """
    own, other = len(corpus.images) * share, len(others.images) * (1 - share)
    times, others_times = max(1, round(other / own)), max(1, round(own / other))
    return Corpus(
        corpus.images * times + others.images * others_times, corpus.names * times + others.names * others_times
    )


def read_corpus(paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> Corpus:
    """Read sharp images into memory; `progress` as of `load_corpus`. Raises ImageError if one cannot be read."""
    images = []
    for done, path in enumerate(paths, start=1):
        images.append(_read_colour(path))
        if progress:
            progress(done, len(paths))
    return Corpus(tuple(images), tuple(path.name for path in paths))


def is_held_out(name: str) -> bool:
    """Say whether an image belongs to the held-out tenth, by its name; all crops of a photograph share the answer."""
    # One or two digits number the crops of a photograph; three or more (IMG_0123) the photographs of a camera.
    photograph = re.sub(r"[-_]\d{1,2}$", "", Path(name).stem) or name
    return int.from_bytes(hashlib.sha256(photograph.encode()).digest()[:4]) % HELD_OUT_SHARE == 0


def _source(path: Path) -> str:
    """Name of what an image was cut from: its own, or that of the video (SEQUENCE/sharp/FRAME in GOPRO)."""
    return path.parent.parent.name if path.parent.name == "sharp" else path.name


def _read_colour(path: Path) -> Tensor:
    pixels, _ = split_alpha(read_image(path).pixels)
    if pixels.dtype.name == "uint16":
        pixels = (pixels >> 8).astype("uint8")
    elif pixels.dtype.name != "uint8":
        raise ImageError(f"{path}: training images must have 8 or 16 bits, got {pixels.dtype}")
    planes = torch.from_numpy(pixels.copy()).reshape(*pixels.shape[:2], -1).permute(2, 0, 1)
    return planes.expand(3, -1, -1).contiguous()
