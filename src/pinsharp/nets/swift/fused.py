"""`swift`'s convolutions with what follows them in one go, while their results are still in the cache.

oneDNN applies activations and sums as it writes a convolution's result. PyTorch's compiler makes use of that, eager
mode does not, though the operators are there; they know no gradients. On one core with bfloat16 matrix instructions,
half of the trunk's time went into separate additions and activations.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from pinsharp.nets.blocks import ResBlock
from pinsharp.nets.swift.blur_condition import split_modulation
from pinsharp.nets.swift.half_resolution import convolution_dtype

if TYPE_CHECKING:
    from pinsharp.nets.swift.refiner import Refiner

_OPERATORS = ("_convolution_pointwise", "_convolution_pointwise_")

_FAST_COLUMNS = 32
"""Widths at half resolution that are multiples of this, and the half of them, are fast."""

_MOST_MORE = 0.1
"""Largest share of columns that is worth adding for that."""


def can_fuse(stack: Tensor) -> bool:
    """Whether `run_fused` may take the place of the plain operations: one image on a CPU, restored, not trained."""
    return (
        torch.is_inference_mode_enabled()
        and len(stack) == 1  # the modulation of one image goes into the weights
        and stack.device.type == "cpu"
        and not torch.compiler.is_compiling()
        and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        and all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS)
        and (convolution_dtype(stack) == torch.float32 or _knows_bfloat16())
    )


def run_fused(refiner: "Refiner", stack: Tensor, modulation: Tensor | None) -> Tensor:
    """Compute what `Refiner.forward` computes, for one image; raises nothing of its own."""
    trunk = refiner.trunk
    widths = trunk.block_widths
    parts = iter([None] * len(widths) if modulation is None else split_modulation(modulation, widths))
    width = stack.shape[-1]
    features = _convolved(refiner.enter, _widened(stack.to(convolution_dtype(stack))))
    features = _blocks(trunk.before, features, parts, width)
    deep = _blocks(trunk.deep, _convolved(trunk.down, features), parts, width // 2)
    features = _blocks(trunk.after, _add_upsampled(features, trunk.up[0], deep), parts, width)
    return _convolved(refiner.leave, features)[..., :width]


def _widened(stack: Tensor) -> Tensor:
    """Columns of zeros at the right, up to a width that convolutions on bfloat16 matrix instructions do fast.

    On 96 channels and 217 rows, 288 columns took 6.2 ms and 289 took 13.4 (one core); at 32 more columns in a thousand
    that pays. The layers keep these columns at zero, so that they are no other than the zeros past the border.
    """
    more = -stack.shape[-1] % _FAST_COLUMNS
    if stack.dtype != torch.bfloat16 or more > stack.shape[-1] * _MOST_MORE:
        return stack
    # As pixels (1, H, W, C): of a batch of one, pad may take the layout for another, and turn it first.
    return nn.functional.pad(stack.permute(0, 2, 3, 1), (0, 0, 0, more)).permute(0, 3, 1, 2) if more else stack


def _knows_bfloat16() -> bool:
    """Whether oneDNN computes bfloat16 on this processor; plain operations emulate it where it does not."""
    known = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", None)
    return known is not None and bool(known())


def _blocks(blocks: Iterable[nn.Module], features: Tensor, parts: Iterable[Tensor | None], width: int) -> Tensor:
    """Run residual blocks; features (1, C, H, W) are changed in place, and are 0 in the columns from `width` on."""
    _clear(features, width)
    for block, part in zip(blocks, parts, strict=False):
        assert isinstance(block, ResBlock)
        weight, bias = block.modulated_weights(part)
        hidden = _clear(_convolved(block.first, features, weight, bias, activation="relu"), width)
        _add_convolved(features, block.second, hidden)
        _clear(features, width)
    return features


def _clear(features: Tensor, width: int) -> Tensor:
    """Set the columns from `width` on to 0."""
    if features.shape[-1] > width:
        features[..., width:] = 0
    return features


def _add_upsampled(features: Tensor, layer: nn.Module, deep: Tensor) -> Tensor:
    """Add a 1x1 convolution of features at half the resolution, shuffled to the full one; `features` are changed.

    Its channels are put into the order in which pixels of two rows lie in memory, so that the sum needs no shuffle:
    15 instead of 27 ms by a transposed convolution (a megapixel, one core).
    """
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    channels, height, width = features.shape[1:]
    weight, bias = (
        parameter.reshape(channels, 4, -1).transpose(0, 1).reshape(parameter.shape)
        for parameter in (layer.weight, layer.bias)
    )
    quarters = _convolved(layer, deep, weight, bias).permute(0, 2, 3, 1)  # (1, H / 2, W / 2, 4 C), contiguous
    pairs = features.permute(0, 2, 3, 1).view(height // 2, 2, width // 2, 2 * channels)
    pairs.add_(quarters.view(height // 2, width // 2, 2, 2 * channels).transpose(1, 2))
    return features


def _convolved(
    layer: nn.Module,
    features: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    activation: str = "none",
) -> Tensor:
    """Convolve features, in their data type, and apply `none` or `relu`; weight and bias may be replaced."""
    assert isinstance(layer, nn.Conv2d)
    weight, bias = _as(features, layer.weight if weight is None else weight, layer.bias if bias is None else bias)
    geometry = (layer.padding, layer.stride, layer.dilation, layer.groups)
    result = torch.ops.mkldnn._convolution_pointwise(features, weight, bias, *geometry, activation, [], "")
    return cast(Tensor, result)


def _add_convolved(total: Tensor, layer: nn.Conv2d, features: Tensor) -> None:
    """Add the convolution of features to `total`, in place."""
    weight, bias = _as(features, layer.weight, layer.bias)
    geometry = (layer.padding, layer.stride, layer.dilation, layer.groups)
    torch.ops.mkldnn._convolution_pointwise_.binary(
        total, features, weight, bias, *geometry, "add", 1.0, None, [], None
    )


def _as(features: Tensor, weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """Weight and bias in the data type of the features, channels last as these are."""
    converted = weight.to(features.dtype, memory_format=torch.channels_last)
    return converted, None if bias is None else bias.to(features.dtype)
