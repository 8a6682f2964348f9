"""`swift`'s convolutions with what follows them in one go, where nothing is trained.

oneDNN applies activations and sums as it writes a convolution's result. PyTorch's compiler makes use of that, eager
mode does not, though the operators are there; they know no gradients. On one core with bfloat16 matrix instructions,
half of the trunk's time went into separate additions and activations.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pinsharp.nets.blocks import ResBlock
from pinsharp.nets.fused import add_convolved, add_upsampled, convolution_dtype, convolved
from pinsharp.nets.swift.blur_condition import split_modulation

if TYPE_CHECKING:
    from pinsharp.nets.swift.refiner import Refiner

_FAST_COLUMNS = 32
"""Widths at half resolution that are multiples of this, and the half of them, are fast."""

_MOST_MORE = 0.1
"""Largest share of columns that is worth adding for that."""


def run_fused(refiner: "Refiner", stack: Tensor, modulation: Tensor | None) -> Tensor:
    """Compute what `Refiner.forward` computes, for one image; raises nothing of its own."""
    trunk = refiner.trunk
    widths = trunk.block_widths
    parts = iter([None] * len(widths) if modulation is None else split_modulation(modulation, widths))
    width = stack.shape[-1]
    features = convolved(refiner.enter, _widened(stack.to(convolution_dtype(stack))))
    features = _blocks(trunk.before, features, parts, width)
    deep = _blocks(trunk.deep, convolved(trunk.down, features), parts, width // 2)
    features = _blocks(trunk.after, add_upsampled(features, trunk.up[0], deep), parts, width)
    return convolved(refiner.leave, features)[..., :width]


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


def _blocks(blocks: Iterable[nn.Module], features: Tensor, parts: Iterable[Tensor | None], width: int) -> Tensor:
    """Run residual blocks; features (1, C, H, W) are changed in place, and are 0 in the columns from `width` on."""
    _clear(features, width)
    for block, part in zip(blocks, parts, strict=False):
        assert isinstance(block, ResBlock)
        weight, bias = block.modulated_weights(part)
        hidden = _clear(convolved(block.first, features, weight, bias, activation="relu"), width)
        add_convolved(features, block.second, hidden)
        _clear(features, width)
    return features


def _clear(features: Tensor, width: int) -> Tensor:
    """Set the columns from `width` on to 0."""
    if features.shape[-1] > width:
        features[..., width:] = 0
    return features
