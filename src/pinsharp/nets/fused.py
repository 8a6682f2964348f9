"""Convolutions with what follows them in one go, while their results are still in the cache; nothing is trained so.

oneDNN applies activations, sums and products as it writes a convolution's result. PyTorch's compiler makes use of that,
eager mode does not, though the operators are there; they know no gradients. Features are (1, C, H, W), channels last.
"""

from typing import cast

import torch
from torch import Tensor, nn

_LANES = 16
"""Channels that oneDNN computes at once with instructions of 512 bits."""

_OPERATORS = ("_convolution_pointwise", "_convolution_pointwise_")


def can_fuse(features: Tensor) -> bool:
    """Whether fused operations may take the place of the plain ones: one image on a CPU, restored, not trained."""
    return (
        torch.is_inference_mode_enabled()
        and len(features) == 1  # what is known of one image goes into the weights
        and features.device.type == "cpu"
        and features.dtype in (torch.float32, torch.bfloat16)
        and not torch.compiler.is_compiling()
        and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        and all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS)
        and (convolution_dtype(features) == torch.float32 or _knows_bfloat16())
    )


def convolution_dtype(tensor: Tensor) -> torch.dtype:
    """Data type in which convolutions of a float32 tensor are computed here."""
    kind = tensor.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32


def convolved(
    layer: nn.Module,
    features: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    padding: int | None = None,
    activation: str = "none",
    slope: float | None = None,
) -> Tensor:
    """Convolve features (1, C, H, W), in their data type, and apply an activation.

    Weight, bias and padding of the layer may be replaced.
    What is past the border is 0. The activation is `none`, `relu`, or `leaky_relu` with its slope.
    """
    assert isinstance(layer, nn.Conv2d)
    weight, bias = _as(features, layer.weight if weight is None else weight, layer.bias if bias is None else bias)
    around = layer.padding if padding is None else (padding, padding)
    geometry = (around, layer.stride, layer.dilation, layer.groups)
    scalars = [] if slope is None else [slope]
    result = torch.ops.mkldnn._convolution_pointwise(features, weight, bias, *geometry, activation, scalars, "")
    return cast(Tensor, result)


def add_convolved(
    total: Tensor, layer: nn.Module, features: Tensor, weight: Tensor | None = None, bias: Tensor | None = None
) -> None:
    """Add the convolution of features (1, C, H, W) to `total`, in place; weight and bias may be replaced."""
    assert isinstance(layer, nn.Conv2d)
    weight, bias = _as(features, layer.weight if weight is None else weight, layer.bias if bias is None else bias)
    geometry = (layer.padding, layer.stride, layer.dilation, layer.groups)
    torch.ops.mkldnn._convolution_pointwise_.binary(
        total, features, weight, bias, *geometry, "add", 1.0, None, [], None
    )


def mixed(features: Tensor, weight: Tensor, bias: Tensor | None = None, *, times: Tensor | None = None) -> Tensor:
    """Mix the channels of every pixel, weight (D, C) and bias (D,), and multiply the result with (1, D, H, W)."""
    weight, bias = _as(features, weight[..., None, None], bias)
    geometry = ([0, 0], [1, 1], [1, 1], 1)
    operator = torch.ops.mkldnn._convolution_pointwise
    if times is None:
        return cast(Tensor, operator(features, weight, bias, *geometry, "none", [], ""))
    return cast(Tensor, operator.binary(features, times, weight, bias, *geometry, "mul", None, None, [], None))


def convolved_by_groups(layer: nn.Module, features: Tensor) -> Tensor:
    """Convolve features (1, C, H, W) by a layer of few channels out, several neighbours of a row at once.

    oneDNN computes 16 channels at once, or as many of them as there are. Neighbours see much the same pixels, so one
    wider convolution gives all of theirs: 22 instead of 11 ms from 8 channels to 3 (a megapixel, bfloat16, one core).
    """
    assert isinstance(layer, nn.Conv2d)
    channels, (high, wide), (height, width) = layer.out_channels, layer.kernel_size, features.shape[-2:]
    group = max(count for count in (1, 2, 4, 8) if count * channels <= max(_LANES, channels) and width % count == 0)
    weight = layer.weight.new_zeros((group, channels, layer.in_channels, high, wide + group - 1))
    for place in range(group):
        weight[place, ..., place : place + wide] = layer.weight
    bias = None if layer.bias is None else layer.bias.repeat(group)
    weight, bias = _as(features, weight.flatten(0, 1), bias)
    operator = torch.ops.mkldnn._convolution_pointwise
    result = operator(features, weight, bias, layer.padding, (1, group), (1, 1), 1, "none", [], "")
    # (1, group C, H, W / group), channels last: in memory these are the pixels in their order
    pixels = result.permute(0, 2, 3, 1).reshape(1, height, width, channels)
    return cast(Tensor, pixels.permute(0, 3, 1, 2))


def add_upsampled(features: Tensor, layer: nn.Module, deep: Tensor) -> Tensor:
    """Add a 1x1 convolution of `deep`, at half the resolution, shuffled to that of `features`, which are changed.

    Its channels are put into the order in which pixels of two rows lie in memory, so that the sum needs no shuffle:
    15 instead of 27 ms by a transposed convolution (a megapixel, one core).
    """
    assert isinstance(layer, nn.Conv2d)
    channels, height, width = features.shape[1:]
    weight, bias = (
        None if parameter is None else parameter.reshape(channels, 4, -1).transpose(0, 1).reshape(parameter.shape)
        for parameter in (layer.weight, layer.bias)
    )
    quarters = convolved(layer, deep, weight, bias).permute(0, 2, 3, 1)  # (1, H / 2, W / 2, 4 C), contiguous
    pairs = features.permute(0, 2, 3, 1).view(height // 2, 2, width // 2, 2 * channels)
    shuffled = quarters.view(height // 2, width // 2, 2, 2 * channels).transpose(1, 2)
    if channels < _LANES and features.dtype != torch.float32:
        shuffled = shuffled.contiguous()  # 4 instead of 24 ms for 8 channels: sums of short runs are slow in bfloat16
    pairs.add_(shuffled)
    return features


def _knows_bfloat16() -> bool:
    """Whether oneDNN computes bfloat16 on this processor; plain operations emulate it where it does not."""
    known = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return known is not None and bool(known())


def _as(features: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Weight and bias in the data type of the features, channels last as these are."""
    converted = weight.to(features.dtype, memory_format=torch.channels_last)
    return converted, None if bias is None else bias.to(features.dtype)
