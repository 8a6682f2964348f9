"""Larger nets that restore as `swift` does until they are trained on: a deeper trunk, and an ear for doubt.

A residual block whose last convolution is zero passes its input on, and an input whose weights are zero goes unheard
(compare Net2Net, Chen et al., 2016).
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from pinsharp.errors import ConfigError
from pinsharp.nets.swift.swift import Swift, SwiftRestorer


def with_deeper_trunk(net: Swift, *, times: int, seed: int = 0) -> Swift:
    """Copy a net and put new blocks behind each residual block of the trunk that colour images use.

    Args:
        net: The net; it stays as it is. Mono images must share its trunk.
        times: Blocks of the copy for each block of the net, at least 1.
        seed: Of the new blocks' first convolutions.

    Returns:
        The deeper net. It restores as `net` does.

    Raises:
        ConfigError: If mono images have a trunk of their own, or `times` is less than 1.
    """
    if net.restorer.mono_trunk is not None:
        raise ConfigError("only a net whose mono images share the trunk can be deepened; this one has a mono trunk")
    if times < 1:
        raise ConfigError(f"times must be at least 1, got {times}")
    config = replace(net.config, blocks=times * net.config.blocks, deep_blocks=times * net.config.deep_blocks)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        deeper = Swift(config)
    deeper.kernel_net.load_state_dict(net.kernel_net.state_dict())
    _take_over(deeper.restorer, net.restorer, times)
    return deeper


@torch.no_grad()
def with_doubt(net: Swift) -> Swift:
    """Copy a net, and tell its residual blocks how uncertain the width of a measured kernel is.

    Args:
        net: The net; it stays as it is. One that is told already is copied.

    Returns:
        The net that listens. It restores as `net` does.

    Raises:
        ConfigError: If its blocks are told nothing at all.
    """
    if not net.config.condition:
        raise ConfigError("expected a net with a condition, to which the doubt is one input more; got condition = 0")
    listening = Swift(replace(net.config, condition_doubt=True))
    state = dict(net.state_dict())
    for name, wanted in listening.state_dict().items():
        missing = wanted.shape[-1] - state[name].shape[-1] if wanted.ndim > 1 else 0
        state[name] = nn.functional.pad(state[name], (0, missing))  # no weight on the input that is new
    listening.load_state_dict(state)
    return listening


@torch.no_grad()
def _take_over(deeper: SwiftRestorer, restorer: SwiftRestorer, times: int) -> None:
    for name in ("bank", "enter", "leave", "trunk.down", "trunk.up"):
        deeper.get_submodule(name).load_state_dict(restorer.get_submodule(name).state_dict())
    for name in ("before", "deep", "after"):
        mine, theirs = (getattr(one.trunk, name) for one in (deeper, restorer))
        for number, block in enumerate(mine):
            if number % times == 0:
                block.load_state_dict(theirs[number // times].state_dict())
            else:
                nn.init.zeros_(block.second.weight)
                nn.init.zeros_(block.second.bias)
    if deeper.condition is not None and restorer.condition is not None:
        deeper.condition.layers[0].load_state_dict(restorer.condition.layers[0].state_dict())
        _take_modulation(deeper.condition.layers[-1], restorer.condition.layers[-1], restorer.condition.channels, times)


def _take_modulation(mine: nn.Module, theirs: nn.Module, channels: Sequence[int], times: int) -> None:
    """Take over the rows of the blocks that are there; those of new blocks are zero, which modulates nothing."""
    for name in ("weight", "bias"):
        rows = torch.split(getattr(theirs, name), [2 * count for count in channels])
        spread = [part for row in rows for part in (row, *[torch.zeros_like(row)] * (times - 1))]
        getattr(mine, name).copy_(torch.cat(spread))
