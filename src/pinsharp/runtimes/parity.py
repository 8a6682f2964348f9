"""Whether a network restores elsewhere as it does in PyTorch: the largest difference, end to end, over images."""

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.nets.registry import traits_of
from pinsharp.runtimes.graph import Run
from pinsharp.runtimes.parts import installed

TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 0.2}
"""Largest difference from PyTorch in float32, of full scale. That of bfloat16 only tells rounding from a mistake: white
noise, deconvolved, swings several times full scale, and eight bits of that are 0.06."""

SHAPES = ((37, 51), (64, 130), (95, 33), (128, 128))
"""Heights and widths of the fixed images."""

_MOST_SIDE, _LEAST_SIDE = 161, 33


def largest_difference(net: nn.Module, run: Run, *, dtype: torch.dtype = torch.float32, seed: int = 0) -> float:
    """Restore fixed and random images, mono and colour, of odd and even sizes, in PyTorch (float32) and with `run`.

    Args:
        net: An exportable network on the CPU.
        run: What computes its convolutions elsewhere.
        dtype: Precision of `run`.
        seed: Decides sizes and content of the random images.

    Returns:
        The largest absolute difference of a pixel, of full scale; infinite if a result is not finite.
    """
    worst, kernel = 0.0, gaussian_kernel(1.6)
    with torch.inference_mode():
        for image in _images(net, seed):
            expected = restored(net, image, kernel).float()
            with installed(net, run), torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
                found = restored(net, image, kernel).float()
            if found.shape != expected.shape or not bool(torch.isfinite(found).all()):
                return float("inf")
            worst = max(worst, float((found - expected).abs().max()))
    return worst


def restored(net: Any, image: Tensor, kernel: Tensor) -> Tensor:
    """Restore images (B, C, H, W) by an exportable network, with a kernel (1, 1, K, K) if it takes one."""
    if traits_of(net).takes_kernel:
        known = BlurField(kernel, torch.tensor([2 / 255]))
        return cast(Tensor, net.deconvolve(image, known))
    return cast(Tensor, net.restore(image))


def _images(net: nn.Module, seed: int) -> Iterator[Tensor]:
    source = torch.Generator().manual_seed(seed)
    sides = torch.randint(_LEAST_SIDE // 2, _MOST_SIDE // 2, (2, 2), generator=source) * 2 + 1
    for channels in traits_of(net).channels:
        for height, width in SHAPES:
            yield _pattern(channels, height, width)
        for height, width in sides.tolist():
            yield torch.rand(1, channels, height, width, generator=source)


def _pattern(channels: int, height: int, width: int) -> Tensor:
    """Waves that grow finer to the right and below, another phase for each channel: (1, C, H, W) in [0, 1]."""
    rows = torch.linspace(0, 1, height)[:, None].square() * height
    columns = torch.linspace(0, 1, width)[None, :].square() * width
    return torch.stack([0.5 + 0.5 * torch.sin(rows + columns + phase) for phase in range(channels)])[None]
