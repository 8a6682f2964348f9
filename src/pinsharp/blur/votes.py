"""What the windows of an image say about its blur, and what they say together.

Each window votes with a width and its own standard deviation. They are joined by a location that outliers cannot move
far (Student's t, three degrees of freedom), so that a window which no lens made is outvoted.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_STD = 0.04
"""No window is surer of the logarithm of its width than this: its errors are not the whole of what can be wrong."""

_ROUNDS = 10
_TUNING = 1.5  # standard deviations at which a vote counts half


@dataclass(frozen=True, eq=False)
class Votes:
    """The windows of one image that have a say."""

    places: Tensor  # (N, 4), integers: top, left, height and width of each window in pixels
    log_width: Tensor  # natural logarithm of the width in pixels that each says, (N,)
    std: Tensor  # standard deviation of each, (N,)

    def __len__(self) -> int:
        return len(self.log_width)


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
    return weighted_median(distance, torch.ones_like(distance)) / 0.6745  # the median of a normal distribution's sizes
