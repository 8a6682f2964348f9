"""What several images say of one blur that a single one does not: how much of its doubt is each image's own.

What a scene does to the windows of its image differs from image to image, and is averaged out. What the camera does to
all of them, its tone curve, sharpening, compression and the shape of its kernel, does not, however many there are.
"""

import math

import torch
from torch import Tensor

COMMON = 0.7
"""Share of the squared doubt that images of one camera have in common. On 129 simulated cameras the intervals of 2, 4
and 8 photographs held the width 9 times of 10 with 0.6 to 0.7, those of one photograph as they are."""

_SAMPLE = 1 << 15
"""Pixels of an image that are compared with those of others."""


def sample(grey: Tensor) -> Tensor:
    """What tells whether two images, each as parts (N, h, w), show the same: differences between pixels, (M,).

    They have a length of 1, or 0 where an image is flat.
    """
    step = max(1, math.isqrt(grey.numel() // _SAMPLE))
    seen = grey[..., ::step, ::step]
    change = (seen[..., 1:] - seen[..., :-1]).flatten()
    return change / change.square().sum().sqrt().clamp(min=1e-12)


def doubt_left(samples: list[Tensor], shares: Tensor) -> float:
    """What is left of the standard deviation of one image's width when several are joined, 1 for a single one.

    Images that show the same scene say the same twice, and count as one.

    Args:
        samples: What `sample` gives of each image.
        shares: What each counts in the joined width, (I,), of sum 1.
    """
    seen = torch.stack(samples)
    likeness = (seen @ seen.T).clamp(0, 1)
    likeness.fill_diagonal_(1)
    own = float(shares @ likeness.to(shares) @ shares)  # 1 / I for as many images of different scenes
    return math.sqrt(COMMON + (1 - COMMON) * own)
