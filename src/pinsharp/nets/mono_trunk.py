"""A smaller trunk for mono images in `swift`, started from some residual blocks of the trunk that it has.

Residual blocks near the identity can be left out, and what remains trained on (compare stochastic depth, Huang et al.,
2016): a far better start than random weights.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch

from pinsharp.nets.swift.blur_condition import BlurCondition
from pinsharp.nets.swift.swift import Swift, SwiftRestorer


def with_mono_trunk(net: Swift, *, deep: Sequence[int], after: Sequence[int]) -> Swift:
    """Copy a net whose mono images share the trunk, and give them one of their own.

    Args:
        net: The net; it stays as it is.
        deep: Residual blocks at quarter resolution to take over, by number.
        after: Residual blocks behind them to take over, by number; those before them are left out.

    Returns:
        The larger net. Its colour images are restored as before, its mono images as well as the blocks allow.
    """
    grown = Swift(replace(net.config, mono_blocks=len(after), mono_deep_blocks=len(deep)))
    grown.load_state_dict(grown.state_dict() | net.state_dict())
    _take_blocks(grown.restorer, deep, after)
    return grown


def _take_blocks(restorer: SwiftRestorer, deep: Sequence[int], after: Sequence[int]) -> None:
    trunk, small = restorer.trunk, restorer.mono_trunk
    assert small is not None
    small.down.load_state_dict(trunk.down.state_dict())
    small.up.load_state_dict(trunk.up.state_dict())
    for mine, there, numbers in ((small.deep, trunk.deep, deep), (small.after, trunk.after, after)):
        for block, number in zip(mine, numbers, strict=True):
            block.load_state_dict(there[number].state_dict())
    if restorer.condition and restorer.mono_condition:
        first, last = len(trunk.before), len(trunk.before) + len(trunk.deep)
        chosen = [first + number for number in deep] + [last + number for number in after]
        _take_modulation(restorer.condition, restorer.mono_condition, chosen)


@torch.no_grad()
def _take_modulation(condition: BlurCondition, small: BlurCondition, blocks: Sequence[int]) -> None:
    """Take over the hidden layer, and the last layer's rows of the chosen blocks."""
    small.layers[0].load_state_dict(condition.layers[0].state_dict())
    sizes = [2 * count for count in condition.channels]
    for name in ("weight", "bias"):
        rows = torch.split(getattr(condition.layers[-1], name), sizes)
        getattr(small.layers[-1], name).copy_(torch.cat([rows[number] for number in blocks]))
