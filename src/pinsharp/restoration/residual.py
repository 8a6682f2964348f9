"""What a result leaves unexplained: the restored image, blurred again, against the image that it was made of.

They differ by the noise if kernel and restoration are right. A kernel that is too wide makes detail that would have
shown in the image, and leaves more. One that is too narrow explains the image as well as the right one: this says
nothing of it, nor of what was invented beyond the blur's reach.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from pinsharp.blur.fourier import fast_size
from pinsharp.blur.operators import Blur

SIDE = 320
"""Least side in pixels of the parts that are compared, the borders that the blur reaches over included."""

DOUBTFUL_RATIO = 2.0
"""Residuals of more times the noise are doubtful. On photographs blurred by a known kernel it was 0.9 to 1.7 times with
that kernel, and with one wider by 30 % without noise 3 to 20 times."""

LEAST_DOUBTFUL = 1 / 255
"""Smaller ones never are, in units of full scale: no noise is told so well."""


def residual(blurred: Tensor, restored: Tensor, kernel: Tensor) -> float | None:
    """Root of the mean squared difference between an image and its restoration blurred again.

    Of a large image it is taken on parts, in a quarter and three quarters of height and width; of colour in green.

    Args:
        blurred: The image (1, C, H, W).
        restored: What was made of it, of the same shape.
        kernel: The kernel that it was restored with, (1, 1, K, K).

    Returns:
        In units of the images; None if the image is not larger than the kernel.
    """
    reach = kernel.shape[-1] // 2
    if min(blurred.shape[-2:]) <= 2 * reach:
        return None
    blur = Blur(kernel.to(restored), "valid")
    green = slice(blurred.shape[1] // 2, blurred.shape[1] // 2 + 1)
    total, count = 0.0, 0
    for rows, columns in _parts((blurred.shape[-2], blurred.shape[-1]), fast_size(max(SIDE, 4 * reach))):
        seen, again = blurred[:, green, rows, columns], blur(restored[:, green, rows, columns])
        inner = seen[..., reach : seen.shape[-2] - reach, reach : seen.shape[-1] - reach]
        total += float((again - inner).square().sum(dtype=torch.float64))
        count += inner.numel()
    return float((total / count) ** 0.5)


def is_doubtful(left: float | None, noise: float | None) -> bool:
    """Whether a residual is larger than noise can be, both in units of full scale; not where one is unknown."""
    return left is not None and noise is not None and left > max(DOUBTFUL_RATIO * noise, LEAST_DOUBTFUL)


def _parts(shape: tuple[int, int], side: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of the parts: two along each axis that is longer than two sides, otherwise all of it."""
    spans = [
        [slice(middle - side // 2, middle - side // 2 + side) for middle in (length // 4, length - length // 4)]
        if length > 2 * side
        else [slice(0, length)]
        for length in shape
    ]
    return ((rows, columns) for rows in spans[0] for columns in spans[1])
