"""What the windows of an image say about its blur, and what they say together.

Each window votes with a width and its own standard deviation. They are joined by a location that outliers cannot move
far (Student's t, three degrees of freedom), so that a window which no lens made is outvoted.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from pinsharp.blur.normal import MEDIAN_SIZE

LEAST_STD = 0.04
"""No window is surer of the logarithm of its width than this: its errors are not the whole of what can be wrong."""

UNTOLD = 1e3
"""Standard deviation of what a window says nothing of."""

_LEAST_WIDTH = 0.15  # pixels; no field is narrower anywhere
_ROUNDS = 10
_TUNING = 1.5  # standard deviations at which a vote counts half


@dataclass(frozen=True, eq=False)
class Votes:
    """The windows of one image that vote."""

    places: Tensor  # (N, 4), integers: top, left, height and width of each window in pixels
    log_width: Tensor  # natural logarithm of the width in pixels that each says, (N,)
    std: Tensor  # standard deviation of each, (N,)
    elongation: Tensor  # how much longer than wide each says the kernel is, as a natural logarithm, (N,)
    periodicity: Tensor  # how far its structure repeats itself, 0 to 1, (N,)
    structure: Tensor  # share of its contrast that is not an even slope, 0 to 1, (N,)
    weights: Tensor  # what each counts in the joined width, (N,), of sum 1
    combed: Tensor | None = None  # 1 where every second row or column is shifted against the others, else 0, (N,)
    mosaic: Tensor | None = None  # 1 where neighbours differ as in the raw mosaic of a colour sensor, else 0, (N,)
    # By how much the squared width along rows, and along 45 degrees down from them, exceeds its mean over directions,
    # and the standard deviation of both, (N, 3): by spectra, in pixels squared, and by edges, its logarithm.
    spectrum_turn: Tensor | None = None
    edge_turn: Tensor | None = None

    def __len__(self) -> int:
        return len(self.log_width)

    @property
    def centres(self) -> Tensor:
        """Centres of the windows, (N, 2): row and column in pixels."""
        return self.places[:, :2] + self.places[:, 2:] / 2


def join(log_width: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    """Join the votes of each image.

    Args:
        log_width: What the windows of images say, (B, N).
        std: Their standard deviations, (B, N).

    Returns:
        Locations (B,), and the weights (B, N) that the votes had in them, of sum 1 for each image.
    """
    std = std.clamp(min=LEAST_STD)
    trust = std.square().reciprocal()
    location = weighted_median(log_width, trust)
    weights = trust
    for _ in range(_ROUNDS):
        distance = (log_width - location[:, None]) / (_TUNING * std)
        weights = trust / (1 + distance.square())
        location = (weights * log_width).sum(dim=1) / weights.sum(dim=1)
    return location, weights / weights.sum(dim=1, keepdim=True)


def weighted_median(values: Tensor, weights: Tensor) -> Tensor:
    """Smallest of the values (B, N) at which half of the weights (B, N) is reached, (B,)."""
    ordered, order = values.sort(dim=1)
    share = weights.gather(1, order).cumsum(dim=1) / weights.sum(dim=1, keepdim=True)
    place = (share < 0.5).sum(dim=1, keepdim=True).clamp(max=values.shape[1] - 1)
    return ordered.gather(1, place)[:, 0]


def scatter(log_width: Tensor, std: Tensor, location: Tensor) -> Tensor:
    """How far votes (B, N) lie from the location (B,) in their own standard deviations: 1 where they are as honest."""
    distance = (log_width - location[:, None]).abs() / std.clamp(min=LEAST_STD)
    return weighted_median(distance, torch.ones_like(distance)) / MEDIAN_SIZE


Shape = Literal["constant", "plane", "smooth"]
_TERMS: dict[Shape, int] = {"constant": 1, "plane": 3, "smooth": 6}
SHAPES: tuple[Shape, ...] = tuple(_TERMS)
_HONEST = 1.0
"""Scatter, in the windows' own standard deviations, down to which a field needs no further term."""

_GAIN = 0.6
"""Share of the scatter that a simpler field leaves, below which a field with more terms has to come. At 0.8 of the mean
square more curved fields were found, but boards of uneven depth, read with wide doubt, too: from 0.5 to 4.4 px."""


@dataclass(frozen=True, eq=False)
class WidthField:
    """How the width changes over an image: a polynomial of the place, as simple as the votes allow."""

    shape: Shape
    coefficients: Tensor  # of 1, y, x, y^2, y x, x^2, as many as the shape has
    centre: Tensor  # (2,): where y and x are 0
    reach: float  # pixels at which they are 1
    outliers: Tensor  # (N,), true for votes that say something else

    def at(self, places: Tensor) -> Tensor:
        """Widths in pixels at places (..., 2), row and column."""
        terms = _terms((places - self.centre) / self.reach)[..., : len(self.coefficients)]
        return (terms @ self.coefficients).clamp(min=_LEAST_WIDTH)


def fit(votes: Votes) -> WidthField:
    """Fit a field to votes: constant unless a plane, or then a smooth field, explains them far better."""
    terms = _placed(votes)[2]
    width, std = votes.log_width.double().exp(), votes.std.double().clamp(min=LEAST_STD)
    kept: Shape = "constant"
    best, left = _solve(terms[:, :1], width, std), math.inf
    for shape, count in _TERMS.items():
        if len(votes) < 3 * count or left <= _HONEST:
            break
        found = _solve(terms[:, :count], width, std)
        size = _typical(_distance(terms[:, :count], found, width, std)) * math.sqrt(len(votes) / (len(votes) - count))
        if size < _GAIN * left:
            best, kept, left = found, shape, size
    return _field(kept, best, votes)


def fit_shape(votes: Votes, shape: Shape) -> WidthField:
    """Fit a field of one shape to votes, whether a simpler one would do or not."""
    width, std = votes.log_width.double().exp(), votes.std.double().clamp(min=LEAST_STD)
    return _field(shape, _solve(_placed(votes)[2][:, : _TERMS[shape]], width, std), votes)


def _field(shape: Shape, coefficients: Tensor, votes: Votes) -> WidthField:
    centre, reach, terms = _placed(votes)
    width, std = votes.log_width.double().exp(), votes.std.double().clamp(min=LEAST_STD)
    distance = _distance(terms[:, : len(coefficients)], coefficients, width, std).abs()
    return WidthField(shape, coefficients, centre, reach, distance > 4 * max(1.0, _typical(distance)))


def _placed(votes: Votes) -> tuple[Tensor, float, Tensor]:
    """Where y and x of a field are 0, the pixels at which they are 1, and the terms (N, 6) of all windows."""
    centres = votes.centres.double()
    centre = (centres.amin(dim=0) + centres.amax(dim=0)) / 2
    reach = max(float((centres - centre).abs().max()), 1.0)
    return centre, reach, _terms((centres - centre) / reach)


def _distance(terms: Tensor, coefficients: Tensor, width: Tensor, std: Tensor) -> Tensor:
    """How far widths lie from a field, in standard deviations."""
    expected = (terms @ coefficients).clamp(min=_LEAST_WIDTH)
    return (width - expected) / (std * expected)


def _terms(place: Tensor) -> Tensor:
    y, x = place.double().unbind(dim=-1)
    return torch.stack([torch.ones_like(y), y, x, y * y, y * x, x * x], dim=-1)


def _solve(terms: Tensor, width: Tensor, std: Tensor) -> Tensor:
    """Robust least squares, from the median on: weights as in `join`."""
    count = terms.shape[1]
    found = terms.new_zeros(count)
    found[0] = weighted_median(width[None], std[None].square().reciprocal())[0]
    for _ in range(3 * _ROUNDS):
        distance = _distance(terms, found, width, std)
        size = max(_typical(distance), 1.0)
        expected = (terms @ found).clamp(min=_LEAST_WIDTH)
        weight = 1 / (std * expected * (1 + (distance / (_TUNING * size)).square()).sqrt())
        penalty = 1e-3 * torch.diag(torch.arange(count).clamp(max=1).to(terms)) * weight.mean()
        matrix = torch.cat([terms * weight[:, None], penalty])
        target = torch.cat([width * weight, width.new_zeros(count)])
        found = torch.linalg.lstsq(matrix, target[:, None]).solution[:, 0]
    return found


def _typical(distance: Tensor) -> float:
    """Median size of distances as the standard deviation of a normal distribution that has it."""
    return float(distance.abs().median()) / MEDIAN_SIZE
