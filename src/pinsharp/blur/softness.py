"""A camera's own softness, taken out of the blur that its images show, so that defocus alone is left.

Squared widths add under convolution, whatever the kernels: what an image shows is the square of the defocus and the
square of the camera's own. A camera that sharpens has a negative one.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.measured import Blur
from pinsharp.blur.normal import NINETY
from pinsharp.blur.other_width import of_width
from pinsharp.blur.votes import Votes

LEAST_WIDTH = 0.15
"""Narrowest defocus in pixels that is stated: less shows in no image."""

CARE = 0.4
"""Standard deviations by which the kernel is narrower than the width: too wide a kernel costs more than too narrow a
one. Clean frames with widths that were 2 and 4 % too large lost 0.3 and 1.0 dB, as much too small 0.1 and 0.4."""

_MOST_CARE = 0.15  # of the logarithm of the width, however unsure that is


@dataclass(frozen=True)
class Softness:
    """What a camera takes from every image in best focus.

    Attributes:
        square: Squared width in pixels; negative where the camera sharpens more than its lens blurs.
        std: Standard deviation of it.
        disk_square: Part of it that a disc explains.
    """

    square: float
    std: float = 0.0
    disk_square: float = 0.0

    @property
    def sigma(self) -> float:
        """Width in pixels; 0 where the camera sharpens."""
        return math.sqrt(max(self.square, 0.0))


def softness_of(blur: Blur) -> Softness:
    """The softness that a profile says, its interval taken for that of a normal distribution."""
    std = (blur.high**2 - blur.low**2) / (2 * NINETY)
    return Softness(blur.sigma**2, std, blur.sigma**2 * (blur.disk_share or 0.0))


def beyond_softness(found: BlurField, own: Softness, *, share: float | None = None) -> BlurField:
    """The defocus alone of one image whose whole blur was measured.

    Args:
        found: The blur of one image, with width and standard deviation.
        own: What the camera takes without any defocus; with nothing of it `found` comes back as it is. So does a
            kernel whose width has no uncertainty.
        share: Share of the squared width of the defocus that a disc explains; None if the image has to tell.
    """
    if (own.square == 0 and own.std == 0) or found.log_width is None or found.log_width_std is None:
        return found
    total, std = _width(found)
    if share is None:
        disk = total**2 * (found.disk_fraction or 0.0) - own.disk_square
        share = min(max(disk / max(total**2 - own.square, LEAST_WIDTH**2), 0.0), 1.0)
    return defocus(found, own, square_std=math.hypot(2 * total**2 * std, own.std), disk_share=share)


def defocus(found: BlurField, own: Softness, *, square_std: float, disk_share: float) -> BlurField:
    """The defocus alone, of which more is known than the width.

    Args:
        found: The whole blur of one image.
        own: What is taken out of its square, as a whole and of every window.
        square_std: Standard deviation of the squared width that is left.
        disk_share: Share of the squared width that is left which a disc explains.
    """
    total, _ = _width(found)
    square = max(total**2 - own.square, LEAST_WIDTH**2)
    width, std = math.sqrt(square), _log_std(square_std / square)
    like = found.kernel
    known = replace(
        found,
        log_width=like.new_tensor([math.log(width)]),
        log_width_std=like.new_tensor([std]),
        disk_share=like.new_tensor([disk_share]),
        votes=None if found.votes is None else tuple(_votes(votes, own) for votes in found.votes),
        own=own,
    )
    return replace(known, kernel=of_width(known, width * math.exp(-min(CARE * std, _MOST_CARE))).kernel)


def total_width(found: BlurField) -> float:
    """Width in pixels of defocus and own softness together."""
    return found.sigma if found.own is None else math.sqrt(max(found.sigma**2 + found.own.square, 0.0))


def _votes(votes: Votes, own: Softness) -> Votes:
    total = votes.log_width.double().mul(2).exp()
    square = (total - own.square).clamp(min=LEAST_WIDTH**2)
    std = torch.log1p(NINETY * 2 * total * votes.std.double() / square) / (2 * NINETY)
    return replace(votes, log_width=_like(square.log() / 2, votes.log_width), std=_like(std, votes.std))


def _like(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like)


def _log_std(relative: float) -> float:
    """Standard deviation of the logarithm of a width whose square has a relative one: right at the interval's end."""
    return math.log1p(NINETY * relative) / (2 * NINETY)


def _width(found: BlurField) -> tuple[float, float]:
    assert found.log_width is not None
    assert found.log_width_std is not None
    return float(found.log_width[0].double().exp()), float(found.log_width_std[0])
