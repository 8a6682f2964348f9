"""The refinement of NAF blocks with fewer passes over the features, where nothing is trained.

Its plain operations are bound by memory: at 8 channels a layer normalisation took ten times as long as a convolution.
Here scales and shifts of normalisations, the attention of an image and the factors of the two sums go into the weights
of the next 1x1 convolution, and products and sums are applied as convolutions are written.
"""

from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pinsharp.nets.blocks import LayerNorm2d, NafBlock
from pinsharp.nets.fused import add_convolved, add_upsampled, convolved, convolved_by_groups, mixed

if TYPE_CHECKING:
    from pinsharp.nets.udbd.frm import Frm

_FEW_CHANNELS = 16
"""Up to so many channels, PyTorch's layer normalisation is slower than convolutions that do the same."""


def run_fused(frm: "Frm", features: Tensor) -> Tensor:
    """Compute what `Frm.forward` computes for one image (1, C, H, W), in the features' data type.

    Both sides are multiples of `frm.multiple`, and autocast is off. The result may lie in memory in any order.
    """
    features = convolved_by_groups(frm.intro, features.contiguous(memory_format=torch.channels_last))
    skips = []
    for encoder, down in zip(frm.encoders, frm.downs, strict=True):
        features = _blocks(encoder, features)
        skips.append(features)
        features = convolved(down, features) if frm.resample else features.clone()
    features = _blocks(frm.middle, features)
    for up, decoder in zip(frm.ups, frm.decoders, strict=True):
        skip = skips.pop()
        features = _blocks(
            decoder, add_upsampled(skip, cast(nn.Sequential, up)[0], features) if frm.resample else skip.add_(features)
        )
    return convolved_by_groups(frm.ending, features)


def _blocks(blocks: nn.Module, features: Tensor) -> Tensor:
    """Run NAF blocks; features (1, C, H, W) are changed in place."""
    for block in cast(nn.Sequential, blocks):
        assert isinstance(block, NafBlock)
        _add_spatial(block, features)
        _add_pointwise(block, features)
    return features


def _add_spatial(block: NafBlock, features: Tensor) -> None:
    """Add the first half of a block, in place: a gated depthwise convolution and the attention."""
    expanded = mixed(_normalised(features, block.norm_1), *_behind(block.norm_1, block.expand))
    first, second = convolved(block.depthwise, expanded).chunk(2, dim=1)
    gated = first * second
    weight = block.project.weight
    if block.attention is not None:
        pooled = block.pooled(gated)
        if pooled.shape[-2:] == (1, 1):
            weight = weight * block.attention(pooled.to(weight.dtype))
        else:  # a mean for each pixel
            gated.mul_(convolved(block.attention, pooled))
    _add_scaled(features, block.project, gated, weight, block.beta)


def _add_pointwise(block: NafBlock, features: Tensor) -> None:
    """Add the second half of a block, in place: a gated pair of 1x1 convolutions."""
    normal = _normalised(features, block.norm_2)
    weight, bias = _behind(block.norm_2, block.widen)
    half = len(weight) // 2
    gated = mixed(normal, weight[half:], bias[half:], times=mixed(normal, weight[:half], bias[:half]))
    _add_scaled(features, block.narrow, gated, block.narrow.weight, block.gamma)


def _add_scaled(features: Tensor, layer: nn.Conv2d, gated: Tensor, weight: Tensor, scale: Tensor) -> None:
    """Add a 1x1 convolution, its channels scaled by (1, C, 1, 1), in place."""
    assert layer.bias is not None
    add_convolved(features, layer, gated, weight * scale.transpose(0, 1), layer.bias * scale.flatten())


def _normalised(features: Tensor, norm: LayerNorm2d) -> Tensor:
    """Bring every pixel over its channels to mean 0 and variance 1, without scale and shift."""
    channels = features.shape[1]
    if channels > _FEW_CHANNELS:
        return F.layer_norm(features.permute(0, 2, 3, 1), (channels,), eps=norm.eps).permute(0, 3, 1, 2)
    mean = norm.weight.new_full((channels, channels), 1 / channels)
    centred = mixed(features, torch.eye(channels) - mean)
    variance = mixed(centred * centred, mean, norm.weight.new_full((channels,), norm.eps))  # the same in all channels
    return centred.mul_(variance.rsqrt_())


def _behind(norm: LayerNorm2d, layer: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Weight (D, C) and bias (D,) of a 1x1 convolution that takes on the scale and shift of a normalisation before."""
    assert layer.bias is not None
    weight = layer.weight.flatten(1)
    return weight * norm.weight, layer.bias + (weight * norm.bias).sum(dim=1)
