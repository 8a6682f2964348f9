"""A blur whose width changes over the image, as a few levels of the width between which results are blended.

Restored with kernels a little too narrow and a little too wide, an image is wrong by as much in opposite ways. So
between two levels the results are blended linearly in the logarithm of the width, and levels need not be close.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.normal import MEDIAN_SIZE
from pinsharp.blur.other_width import of_width
from pinsharp.blur.verdict import MOST_WIDTH, SHARP_BELOW
from pinsharp.blur.votes import Votes, WidthField

COUNT = 10
"""Levels from what counts as sharp (not restored) to the widest that can be undone: steps of 26 %. On photographs with
a known field from 1 to 3 px steps of 33 % were 0.04 dB worse than steps of 4 %, steps of 21 % 0.01 dB."""

_STEP = math.log(MOST_WIDTH / SHARP_BELOW) / COUNT
_LEAST_STD = 0.02  # `local_std` says why
_FINENESS = 65  # places along each side at which the ends of a field are looked for

WidthsAt = Callable[[Tensor], Tensor]
"""Widths in pixels at places (..., 2), row and column in pixels from the image's corner."""


@dataclass(frozen=True, eq=False)
class Part:
    """Where a level contributes to some rows and columns: the smallest rectangle, and its share in each pixel of it."""

    blur: BlurField | None  # None where the image stays as it is
    rows: slice
    columns: slice
    share: Tensor  # (h, w), in [0, 1]


@dataclass(frozen=True, eq=False)
class Levels:
    """The blur of one image by levels of its width.

    Level 0 is as wide as what counts as sharp, the last one wider than what can be undone: there the image stays as it
    is. `None` stands for these two.
    """

    whole: BlurField  # what is known of the image as a whole; only the width differs from level to level
    widths_at: WidthsAt
    shape: tuple[int, int]  # height and width of the image
    std: float | None = None  # relative standard deviation of a local width; None for that of `whole`
    _made: dict[int, BlurField | None] = field(default_factory=dict)

    def blur(self, number: int) -> BlurField | None:
        """The blur of a level; None where the image stays as it is."""
        if number not in self._made:
            self._made[number] = of_width(self.whole, _width(number), self.std) if 0 < number <= COUNT else None
        return self._made[number]

    def numbers(self, places: Tensor) -> Tensor:
        """Where between the levels places (..., 2) lie: 2.3 is between levels 2 and 3."""
        number = (self.widths_at(places).double() / SHARP_BELOW).log() / _STEP
        return number.clamp(0, COUNT + 1).float()

    def parts(self, rows: slice, columns: slice) -> Iterator[Part]:
        """Give each level that contributes to some rows and columns, counted from where these begin."""
        numbers = self.numbers(pixel_centres(rows, columns))
        for number in range(math.floor(float(numbers.min())), math.ceil(float(numbers.max())) + 1):
            share = (1 - (numbers - number).abs()).clamp(min=0)
            there = share > 0
            if bool(there.any()):
                box = _extent(there.any(dim=1)), _extent(there.any(dim=0))
                yield Part(self.blur(number), *box, share[box])

    def restored_share(self, rows: slice, columns: slice) -> Tensor:
        """Share (h, w) of what is restored in each pixel; the rest is the image as it is."""
        numbers = self.numbers(pixel_centres(rows, columns))
        return numbers.clamp(max=1) * (COUNT + 1 - numbers).clamp(max=1)

    def moved(self, by: int) -> "Levels":
        """The same for an image with so many more pixels on each side."""
        if not by:
            return self
        height, width = self.shape
        return replace(
            self, widths_at=lambda places: self.widths_at(places - by), shape=(height + 2 * by, width + 2 * by)
        )

    def cut(self, top: int, left: int, shape: tuple[int, int]) -> "Levels":
        """The same for a part of the image of a shape (H, W)."""
        corner = torch.tensor([top, left])
        return replace(self, widths_at=lambda places: self.widths_at(places + corner), shape=shape)

    def mixed(self, places: Tensor, tell: Callable[[BlurField], Tensor]) -> Tensor:
        """What describes the blur (1, T), blended like the results, at places (N, 2): (N, T)."""
        numbers = self.numbers(places).clamp(1, COUNT)
        low, high = math.floor(float(numbers.min())), math.ceil(float(numbers.max()))
        said = torch.cat([tell(known) for number in range(low, high + 1) if (known := self.blur(number))])
        below = (numbers - low).long().clamp(max=max(high - low - 1, 0))
        above = (below + 1).clamp(max=high - low)
        part = (numbers - low - below)[:, None].to(said)
        return torch.lerp(said[below.to(said.device)], said[above.to(said.device)], part)

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Least and most width in pixels in the image."""
        height, width = self.shape
        axes = (torch.linspace(0, length, _FINENESS, dtype=torch.float64) for length in (height, width))
        found = self.widths_at(torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1))
        return float(found.min()), float(found.max())

    @cached_property
    def middle(self) -> BlurField:
        """The blur half way between the ends of what is restored."""
        least, most = (min(max(end, SHARP_BELOW), MOST_WIDTH) for end in self.ends)
        return of_width(self.whole, math.sqrt(least * most), self.std)

    @property
    def widest(self) -> BlurField:
        """The blur of the widest level that the image is restored with."""
        return of_width(self.whole, max(self.widths, default=SHARP_BELOW), self.std)

    @property
    def widths(self) -> tuple[float, ...]:
        """Widths in pixels of the levels that the image is restored with."""
        first, last = (math.log(end / SHARP_BELOW) / _STEP for end in self.ends)
        return tuple(_width(number) for number in range(max(1, math.floor(first)), min(COUNT, math.ceil(last)) + 1))


def local_std(votes: Votes, fitted: WidthField) -> float:
    """Relative standard deviation of a fitted width: what windows scatter by around it, and how many there are.

    That of the whole image is larger, since its windows say different widths. With it, `swift` restored tilted and
    curved photographs 0.3 dB worse than with 0.02.
    """
    apart = (votes.log_width.double() - fitted.at(votes.centres).log()).abs()
    size = float(apart.median()) / MEDIAN_SIZE
    return max(size * math.sqrt(len(fitted.coefficients) / len(votes)), _LEAST_STD)


def pixel_centres(rows: slice, columns: slice) -> Tensor:
    """Centres of pixels (h, w, 2), in pixels from the image's corner, float64."""
    axes = (torch.arange(one.start, one.stop, dtype=torch.float64) + 0.5 for one in (rows, columns))
    return torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)


def _extent(there: Tensor) -> slice:
    """From the first to the last that is true."""
    found = there.nonzero()[:, 0]
    return slice(int(found[0]), int(found[-1]) + 1)


def _width(number: int) -> float:
    return SHARP_BELOW * math.exp(_STEP * number)
