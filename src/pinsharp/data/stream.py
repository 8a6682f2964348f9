"""A corpus larger than memory: each photograph is read when its turn comes, cut a few times and dropped.

Which photograph a sample is cut from is decided by the run's seed and the sample's number alone, so a run that was
stopped goes on exactly, and every process of a run reads only what its own samples are cut from.
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from pinsharp.blur.camera import generator
from pinsharp.data.corpus import share_of, too_few
from pinsharp.data.photograph import Photograph, find_photographs
from pinsharp.errors import ImageError

CPU = torch.device("cpu")
_ORDER = 400_000_000  # sets these random numbers apart from those that make the pairs

_MOST_BAD = 100
"""So many photographs in a row that cannot be used mean that the corpus is gone, or is something else."""


@dataclass(frozen=True)
class Stream:
    """The photographs of a corpus, and where they are when they have been read."""

    photographs: tuple[Photograph, ...]
    reuse: int  # how many samples in a row are cut from one that was read
    smallest: int  # side in pixels below which one is left out
    device: torch.device = CPU

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(photograph.name for photograph in self.photographs)

    def to(self, device: torch.device) -> "Stream":
        """The same, whose images are moved to a device as they are read."""
        return replace(self, device=device)

    def fingerprint(self) -> str:
        """SHA-256 over the names, and how often each is used, shortened to 16 hexadecimal digits; not over pixels."""
        return hashlib.sha256(repr((self.reuse, self.names)).encode()).hexdigest()[:16]

    def reader(self, batch: int, seed: int) -> "Reader":
        """What the samples of a run are cut from, steps of `batch` samples each."""
        return Reader(self, batch, seed)


@dataclass
class Reader:
    """Photographs that are read in turn, as many at once as this process has samples in a step.

    A step's samples have a place each, and each place a photograph of its own, from which it is cut in `reuse` steps in
    a row; places change theirs one after the other, so that every step reads about as much. In an epoch every
    photograph has one turn, in an order that seed and epoch decide.
    """

    stream: Stream
    batch: int
    seed: int
    _held: dict[int, tuple[int, Tensor]] = field(default_factory=dict)  # by place: the turn, and its image
    _left_out: set[int] = field(default_factory=set)  # photographs that cannot be used

    @property
    def device(self) -> torch.device:
        """Where the images are."""
        return self.stream.device

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the photographs."""
        return self.stream.names

    def __len__(self) -> int:
        return len(self.stream.photographs)

    def pick(self, _number: int, index: int) -> Tensor:
        """The image whose turn it is at sample `index`.

        Raises:
            ImageError: If many photographs in a row cannot be used.
        """
        step, place = divmod(index, self.batch)
        turn = (step + place * self.stream.reuse // self.batch) // self.stream.reuse
        if place not in self._held or self._held[place][0] != turn:
            self._held.pop(place, None)  # before the next one is read
            self._held[place] = turn, self._read(turn * self.batch + place)
        return self._held[place][1]

    def _read(self, turn: int) -> Tensor:
        """The photograph of a turn of the whole run; if it cannot be used, the next one in the order that can."""
        for tried in range(min(_MOST_BAD, len(self))):
            epoch, position = divmod(turn + tried, len(self))
            number = int(_order(len(self), self.seed, epoch)[position])
            if number in self._left_out:
                continue
            photograph = self.stream.photographs[number]
            try:
                image = photograph.read()
            except ImageError as error:
                self._leave_out(number, str(error))
                continue
            if min(image.shape[1:]) >= self.stream.smallest:
                return image.to(self.device)
            self._leave_out(number, "")
        raise ImageError(
            f"expected photographs of at least {self.stream.smallest} x {self.stream.smallest} pixels, got "
            f"{min(_MOST_BAD, len(self))} in a row that cannot be used, the last one {photograph}; check the corpus"
        )

    def _leave_out(self, number: int, fault: str) -> None:
        """Never read a photograph again; say so if it is not just too small."""
        self._left_out.add(number)
        if fault:
            sys.stderr.write(f"left out: {fault}\n")


def open_stream(
    root: str | Path,
    *,
    held_out: bool,
    reuse: int,
    smallest: int = 0,
    chosen: Sequence[str] = (),
    left_out: Sequence[str] = (),
) -> Stream:
    """List the training or the held-out photographs of a corpus; see `pinsharp.data.corpus.load_corpus`.

    Raises:
        ImageError: If the corpus is empty, or an image that is chosen or left out is missing.
    """
    found = share_of(find_photographs(root), root, held_out=held_out, chosen=chosen, left_out=left_out)
    if not found:
        raise too_few(root, held_out=held_out, smallest=smallest)
    return Stream(tuple(found), reuse, smallest)


@lru_cache(maxsize=4)
def _order(count: int, seed: int, epoch: int) -> Tensor:
    """In which order the photographs have their turns in an epoch."""
    return torch.randperm(count, generator=generator(seed + _ORDER, epoch))
