"""What a field of widths says of the part and the lens: tilt, curvature, or two planes."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinsharp.blur.verdict import RISE, Finding
from pinsharp.blur.votes import LEAST_STD, Votes

_LEAST_SIDE = 0.15
"""Share that the windows of either of two planes have at the least, by how exactly each knows its width. Not by their
weights: those follow the texture, which blur takes away. Of 26 photographs, one half blurred by 1.2 px and the other
by 3, two planes were found in 1 by weight and in 24 so; in none that was blurred evenly or in four steps."""

_FAR_BETTER = 0.6
"""Share of the scatter around the field, below which two planes explain the windows instead."""

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
        planes=_planes(votes, finding),
        width=width,
    )


def _planes(votes: Votes, finding: Finding) -> tuple[float, ...]:
    """Widths of two planes, where they explain the windows far better than the field; empty otherwise."""
    order = votes.log_width.argsort()
    said, std = votes.log_width[order].double(), votes.std[order].double().clamp(min=LEAST_STD)
    trust = std.square().reciprocal()
    best, found = math.inf, (0.0, 0.0)
    share = trust.cumsum(0) / trust.sum()
    for count in range(1, len(said)):
        if not _LEAST_SIDE <= float(share[count - 1]) <= 1 - _LEAST_SIDE:
            continue
        means = [
            float((trust[part] * said[part]).sum() / trust[part].sum()) for part in (slice(count), slice(count, None))
        ]
        expected = torch.where(torch.arange(len(said)) < count, means[0], means[1])
        size = _scatter(said - expected, std)
        if size < best:
            best, found = size, (means[0], means[1])
    field = finding.field.at(votes.centres).log()[order]
    is_apart = found[1] - found[0] > RISE and best < _FAR_BETTER * _scatter(said - field, std)
    return (math.exp(found[0]), math.exp(found[1])) if is_apart else ()


def _scatter(distance: Tensor, std: Tensor) -> float:
    """Mean distance, each in its own standard deviations, from which no single one stands out."""
    return float((distance.abs() / std).clamp(max=6).mean())
