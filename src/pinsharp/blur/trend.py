"""What a field of widths says of the part and the lens: tilt, curvature, or two planes."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinsharp.blur.verdict import RISE, SHARP_BELOW, Finding
from pinsharp.blur.votes import LEAST_STD, SHAPES, Votes, fit_shape

_LEAST_SIDE = 0.1
"""Share of the windows that either of two planes has at the least."""

_LEAST_WINDOWS = 12
"""Windows without which nothing is said of two planes."""

_LEAST_SPAN = 2.5
"""Sides of a window by which the outermost centres lie apart in both directions at the least: over less, the windows
overlap so much that a tilt looks like two planes. Images of 448 pixels and more with windows of 128."""

_BETTER = 0.8
"""Share of the scatter around the best field of any shape, below which two planes explain the windows instead.
75 of 80 photographs with two halves are recognised, of 280 even, tilted and curved ones none (scripts/field_words)."""

_TOGETHER = 0.25
"""How far windows of a plane lie together: 0 as by chance, 1 if the nearest windows of each are of the same plane."""

_NEAREST = 4  # windows that count as the nearest

_WORTH_SAYING = 0.4
"""Share of the largest part of a trend from which on another part is said too."""


@dataclass(frozen=True)
class Trend:
    """How the width changes over the part of an image that windows saw, all in pixels.

    Attributes:
        down: Width at the lower edge less that at the upper one.
        across: Width at the right edge less that at the left one.
        curvature: Mean width of the corners less that in the middle.
        planes: Widths of two planes at different depths, the narrower first; empty unless there are two.
        width: Width in the middle.
    """

    down: float
    across: float
    curvature: float
    planes: tuple[float, ...]
    width: float

    @property
    def words(self) -> str:
        """The trend in one sentence."""
        if self.planes:
            return f"two planes: {self.planes[0]:.1f} px and {self.planes[1]:.1f} px"
        most = max(abs(self.down), abs(self.across), abs(self.curvature))
        if most < 0.05:
            return f"no tilt or curvature: {self.width:.1f} px all over"
        said = []
        tilt = max(abs(self.down), abs(self.across))
        if tilt >= _WORTH_SAYING * most:
            said.append(self._tilt())
        if abs(self.curvature) >= _WORTH_SAYING * most:
            wide, narrow = ("corners are", "middle") if self.curvature > 0 else ("middle is", "corners")
            said.append(f"the {wide} {abs(self.curvature):.1f} px wider than the {narrow}: curvature")
        return "; ".join(said)

    def _tilt(self) -> str:
        vertical, horizontal = (("lower", "upper"), ("right", "left"))
        wide_row, narrow_row = vertical if self.down > 0 else vertical[::-1]
        wide_column, narrow_column = horizontal if self.across > 0 else horizontal[::-1]
        least = _WORTH_SAYING * max(abs(self.down), abs(self.across))
        if abs(self.down) < least:
            wide, narrow, by = f"{wide_column} edge", narrow_column, abs(self.across)
        elif abs(self.across) < least:
            wide, narrow, by = f"{wide_row} edge", f"{narrow_row} one", abs(self.down)
        else:
            wide, narrow = f"{wide_row} {wide_column} corner", f"{narrow_row} {narrow_column} one"
            by = abs(self.down) + abs(self.across)
        return f"the {wide} is {by:.1f} px wider than the {narrow}: a tilt"


def trend(votes: Votes, finding: Finding) -> Trend:
    """Read the trend of one image from what its windows said and the field that was fitted."""
    ends = torch.stack([votes.places[:, :2].amin(dim=0), (votes.places[:, :2] + votes.places[:, 2:]).amax(dim=0)])
    low, high = ends.double()
    middle = (low + high) / 2

    def at(row: Tensor, column: Tensor) -> float:
        return float(finding.field.at(torch.stack([row, column])))

    corners = [at(row, column) for row in (low[0], high[0]) for column in (low[1], high[1])]
    width = at(middle[0], middle[1])
    return Trend(
        down=at(high[0], middle[1]) - at(low[0], middle[1]),
        across=at(middle[0], high[1]) - at(middle[0], low[1]),
        curvature=sum(corners) / 4 - width,
        planes=two_planes(votes),
        width=width,
    )


def two_planes(votes: Votes) -> tuple[float, ...]:
    """Widths of two planes, where they explain the windows better than a field of any shape; empty otherwise.

    Every window counts alike: joined to one width, those of the other plane are outliers of no weight.
    """
    span = (votes.centres.amax(dim=0) - votes.centres.amin(dim=0)).double() / votes.places[:, 2:].double().mean(dim=0)
    if len(votes) < _LEAST_WINDOWS or float(span.min()) < _LEAST_SPAN:
        return ()
    # Below, widths are hardly distinguished.
    said, order = votes.log_width.double().clamp(min=math.log(SHARP_BELOW)).sort()
    std = votes.std[order].double().clamp(min=LEAST_STD)
    count, levels = _split(said, std)
    if levels[1] - levels[0] <= RISE:
        return ()
    is_far = torch.arange(len(said)) >= count
    left = _scatter(said - torch.where(is_far, levels[1], levels[0]), std)
    fields = [fit_shape(votes, shape).at(votes.centres).log()[order] for shape in SHAPES]
    is_better = left < _BETTER * min(_scatter(said - field, std) for field in fields)
    is_apart = is_better and _together(votes.centres[order], is_far) > _TOGETHER
    return (math.exp(levels[0]), math.exp(levels[1])) if is_apart else ()


def _split(said: Tensor, std: Tensor) -> tuple[int, tuple[float, float]]:
    """How many of rising logarithms of widths belong to the narrower of two planes, and the widths of both."""
    trust, least = std.square().reciprocal(), math.ceil(_LEAST_SIDE * len(said))

    def levels(count: int) -> tuple[float, float]:
        below, above = (
            float((trust[part] * said[part]).sum() / trust[part].sum()) for part in (slice(count), slice(count, None))
        )
        return below, above

    def left(count: int) -> float:
        low, high = levels(count)
        return _scatter(said - torch.where(torch.arange(len(said)) < count, low, high), std)

    best = min(range(least, len(said) - least + 1), key=left)
    return best, levels(best)


def _together(centres: Tensor, is_far: Tensor) -> float:
    """How much more often the nearest windows (N, 2) are of the same plane than by chance."""
    apart = torch.cdist(centres.double(), centres.double())
    nearest = apart.fill_diagonal_(math.inf).topk(_NEAREST, largest=False).indices
    same = float((is_far[nearest] == is_far[:, None]).double().mean())
    share = float(is_far.double().mean())
    chance = share**2 + (1 - share) ** 2
    return (same - chance) / (1 - chance)


def _scatter(distance: Tensor, std: Tensor) -> float:
    """Mean distance, each in its own standard deviations, from which no single one stands out."""
    return float((distance.abs() / std).clamp(max=6).mean())
