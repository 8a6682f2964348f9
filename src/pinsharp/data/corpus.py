"""A corpus: sharp images, in memory or read when they are needed, split once and for all into training and held-out."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pinsharp.data.photograph import Photograph, find_photographs
from pinsharp.errors import ImageError

HELD_OUT_SHARE = 10
"""One image in this many is held out of training, for validation."""

PHOTOGRAPHS = Path(__file__).parent / "photographs"

GENERAL = PHOTOGRAPHS / "trained"
"""Folder of the few photographs that come with pinsharp, to be mixed in where a net is trained on for one purpose."""

GENERAL_HELD_OUT = PHOTOGRAPHS / "held_out"
"""Folder of a few more, on which nothing that comes with pinsharp was trained."""


@dataclass(frozen=True)
class Corpus:
    """Sharp images in memory as 8-bit colour tensors (3, H, W), with the names of their files."""

    images: tuple[Tensor, ...]  # the images, of any sizes
    names: tuple[str, ...]  # file names in the same order

    def __len__(self) -> int:
        return len(self.images)

    @property
    def device(self) -> torch.device:
        """Where the images are."""
        return self.images[0].device

    def pick(self, number: int, _index: int) -> Tensor:
        """The image that was drawn, whatever the sample."""
        return self.images[number]

    def reader(self, _batch: int, _seed: int) -> "Corpus":
        """What the samples of a run are made of: see `pinsharp.data.stream.Stream`."""
        return self

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
    """Read the training or the held-out images of a corpus into memory; see `find_photographs` for what it may be.

    Crops of one photograph (`street_1.webp`, `street_2.webp`) and frames of one GOPRO sequence are never split between
    the two, unless the files to hold out are `chosen` by name. Images with a side below `smallest` pixels and those of
    the names `left_out` are not read; `progress` is called with (images read, images in all).

    Raises:
        ImageError: If no image is left, or one that is chosen or left out is not there.
    """
    found = share_of(find_photographs(root), root, held_out=held_out, chosen=chosen, left_out=left_out)
    images, names = [], []
    for done, photograph in enumerate(found, start=1):
        image = photograph.read()
        if min(image.shape[1:]) >= smallest:
            images.append(image)
            names.append(photograph.name)
        if progress:
            progress(done, len(found))
    if not images:
        raise too_few(root, held_out=held_out, smallest=smallest)
    return Corpus(tuple(images), tuple(names))


def share_of(
    found: Sequence[Photograph],
    root: str | Path,
    *,
    held_out: bool,
    chosen: Sequence[str] = (),
    left_out: Sequence[str] = (),
) -> list[Photograph]:
    """Those photographs of a folder that are trained on, or held out; see `load_corpus`.

    Raises:
        ImageError: If an image that is chosen or left out is missing.
    """
    if missing := {*chosen, *left_out} - {photograph.name for photograph in found}:
        raise ImageError(f"{root}: expected an image named {min(missing)}, got none; train on the folder as it was")
    return [
        one
        for one in found
        if one.name not in left_out and (one.name in chosen if chosen else is_held_out(one.source)) == held_out
    ]


def too_few(root: str | Path, *, held_out: bool, smallest: int) -> ImageError:
    """The error for a corpus of which nothing is left."""
    kind = "held-out" if held_out else "training"
    return ImageError(
        f"{root}: no {kind} image of at least {smallest} x {smallest} pixels; "
        f"one photograph in {HELD_OUT_SHARE} is held out, so a corpus needs a few dozen "
        "(files that differ only in _1, _2 at the end count as one)"
    )


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
        images.append(Photograph(path).read())
        if progress:
            progress(done, len(paths))
    return Corpus(tuple(images), tuple(path.name for path in paths))


def is_held_out(name: str) -> bool:
    """Say whether an image belongs to the held-out tenth, by its name; all crops of a photograph share the answer."""
    # One or two digits number the crops of a photograph; three or more (IMG_0123) the photographs of a camera.
    photograph = re.sub(r"[-_]\d{1,2}$", "", Path(name).stem) or name
    return int.from_bytes(hashlib.sha256(photograph.encode()).digest()[:4]) % HELD_OUT_SHARE == 0
