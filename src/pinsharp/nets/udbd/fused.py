"""The convolutions of kernel net and feature extraction with what goes with them, where nothing is trained.

All of them continue an image by its border values, which oneDNN does not: it takes zeros, and the few rows and columns
that saw them are computed again. Features are (1, C, H, W), channels last.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.nets.blocks import ResBlock
from pinsharp.nets.fused import add_convolved, convolution_dtype, convolved

if TYPE_CHECKING:
    from pinsharp.nets.udbd.kernel_net import KernelNet


def extracted(extraction: nn.Sequential, colour: Tensor) -> Tensor:
    """Compute the features (1, n, H, W) of an image (1, 3, H, W): a convolution, `ReLU`, residual blocks."""
    first, _, *blocks = extraction
    image = colour.to(convolution_dtype(colour), memory_format=torch.channels_last)
    features = _replicated(cast(nn.Conv2d, first), image, activation="relu")
    for block in blocks:
        assert isinstance(block, ResBlock)
        _add_replicated(features, block.second, _hidden(block, features))
    return features


def pooled(net: "KernelNet", grey: Tensor) -> Tensor:
    """Compute the means of the kernel net's features over an image (1, 1, H, W): (1, C, 1, 1), float32.

    The last convolution is not carried out: the mean of a convolution is the convolution of means.
    """
    half = net.head.kernel_size[0] // 2
    features = convolved(net.head, _continued(grey, half).to(convolution_dtype(grey)), padding=0)
    total = _mean(features)  # of what is added to the blocks' result
    blocks = [cast(ResBlock, block) for block in net.body]
    for block in blocks[:-1]:
        _add_replicated(features, block.second, _hidden(block, features))
    total = total + _mean(features)
    if blocks:
        total = total + _mean_convolved(blocks[-1].second, _hidden(blocks[-1], features))
    return total


def _hidden(block: ResBlock, features: Tensor) -> Tensor:
    """The first convolution of a residual block with its activation."""
    if isinstance(block.activation, nn.LeakyReLU):
        return _replicated(block.first, features, activation="leaky_relu", slope=block.activation.negative_slope)
    return _replicated(block.first, features, activation="relu")


def _replicated(layer: nn.Conv2d, features: Tensor, *, activation: str = "none", slope: float | None = None) -> Tensor:
    """Convolve features continued by their border values, and apply an activation."""

    def convolve(part: Tensor, padding: int) -> Tensor:
        return convolved(layer, part, padding=padding, activation=activation, slope=slope)

    return replicated(convolve, features, layer.kernel_size[0] // 2)


def replicated(convolve: Callable[[Tensor, int], Tensor], features: Tensor, half: int) -> Tensor:
    """Convolve features continued by `half` border values, by a function of features and padding that takes zeros."""
    if _is_small(features, half):
        return convolve(_continued(features, half), 0)
    result = convolve(features, half)
    for place, around in _borders(features, half):
        result[place] = convolve(around, 0)
    return result


def _add_replicated(total: Tensor, layer: nn.Conv2d, features: Tensor) -> None:
    """Add a convolution of features continued by their border values, in place."""
    half = layer.kernel_size[0] // 2
    if _is_small(features, half):
        total += _replicated(layer, features)
        return
    borders = [
        (place, total[place] + convolved(layer, around, padding=0)) for place, around in _borders(features, half)
    ]
    add_convolved(total, layer, features)
    for place, border in borders:
        total[place] = border


def _borders(features: Tensor, half: int) -> Iterator[tuple[tuple[slice, ...], Tensor]]:
    """The pixels whose surroundings of `half` pixels reach past the border, and these surroundings, continued."""
    every, near, far = slice(None), slice(0, half), slice(-half, None)
    yield (every, every, near), F.pad(features[:, :, : 2 * half], (half, half, half, 0), mode="replicate")
    yield (every, every, far), F.pad(features[:, :, -2 * half :], (half, half, 0, half), mode="replicate")
    yield (every, every, every, near), F.pad(features[..., : 2 * half], (half, 0, half, half), mode="replicate")
    yield (every, every, every, far), F.pad(features[..., -2 * half :], (0, half, half, half), mode="replicate")


def _is_small(features: Tensor, half: int) -> bool:
    """Whether there is nothing else than borders of `half` pixels, or no border at all."""
    return half == 0 or min(features.shape[-2:]) < 2 * half


def _continued(features: Tensor, half: int) -> Tensor:
    return F.pad(features, (half, half, half, half), mode="replicate")


def _mean(features: Tensor) -> Tensor:
    """Means of channels, (1, C, 1, 1), float32."""
    return features.mean(dim=(-2, -1), keepdim=True, dtype=torch.float32)


def _mean_convolved(layer: nn.Conv2d, features: Tensor) -> Tensor:
    """Means of a convolution of features continued by their border values: (1, D, 1, 1), float32.

    Each tap of the kernel sees the mean of the features shifted by it.
    """
    half = layer.kernel_size[0] // 2
    if _is_small(features, half):
        return _mean(_replicated(layer, features))
    channels, height, width = features.shape[1:]
    pixels = features.permute(0, 2, 3, 1).float().reshape(height, width * channels)
    by_row = _means_shifted(pixels, half).view(-1, width, channels)  # (k, W, C)
    means = _means_shifted(by_row, half).permute(2, 1, 0)[None]  # (1, C, k, k)
    with torch.autocast("cpu", enabled=False):
        return F.conv2d(means, layer.weight, layer.bias)


def _means_shifted(values: Tensor, half: int) -> Tensor:
    """Means (2 half + 1, ..., M) along the last axis but one of (..., L, M), shifted and continued by what is last."""
    length = values.shape[-2]
    first, last, whole = values[..., :half, :], values[..., length - half :, :], values.sum(-2)
    before = [whole + by * first[..., 0, :] - last[..., half - by :, :].sum(-2) for by in range(half, 0, -1)]
    after = [whole + by * last[..., -1, :] - first[..., :by, :].sum(-2) for by in range(1, half + 1)]
    return torch.stack([*before, whole, *after]) / length
