"""A trunk for brightness, begun as the colour trunk that sees three equal channels."""

import torch
from torch import nn

from pinsharp.nets.swift.blur_condition import BlurCondition
from pinsharp.nets.swift.restorer import SwiftRestorer

_PHASES = 4  # pixels that a half-resolution one holds


@torch.no_grad()
def start_from_colour(restorer: SwiftRestorer, trained: SwiftRestorer) -> None:
    """Let a restorer restore mono images as a trained one restores colour images of three equal channels.

    Args:
        restorer: Of the same widths and blocks, without a trunk of its own for mono images. It may tell noise apart by
            ring: white noise then is what it was.
        trained: What it begins as.
    """
    restorer.bank.load_state_dict(trained.bank.state_dict())
    restorer.trunk.load_state_dict(trained.trunk.state_dict())
    for part in ("enter", "leave"):
        colour, mono = getattr(restorer, part)["colour"], getattr(restorer, part)["mono"]
        colour.load_state_dict(getattr(trained, part)["colour"].state_dict())
        _copy_mono(mono, colour, part)
    if restorer.condition is not None and trained.condition is not None:
        _copy_condition(restorer.condition, trained.condition)


def _copy_mono(mono: nn.Conv2d, colour: nn.Conv2d, part: str) -> None:
    """What three equal channels would give: the sum over those that come in, the mean of those that go out."""
    weight, bias = colour.weight, colour.state_dict()["bias"]
    if part == "enter":
        out, _, *kernel = weight.shape
        weight = weight.reshape(out, -1, 3, _PHASES, *kernel).sum(dim=2).flatten(1, 2)
    else:
        weight = weight.reshape(3, _PHASES, *weight.shape[1:]).mean(dim=0)
        bias = bias.reshape(3, _PHASES).mean(dim=0)
    mono.load_state_dict({"weight": weight, "bias": bias})


def _copy_condition(condition: BlurCondition, trained: BlurCondition) -> None:
    """The level of white noise is what all rings say together; a doubt that is new says nothing yet."""
    state = trained.layers.state_dict()
    first = state["0.weight"]
    before = 2 * BlurCondition.RINGS
    rings = condition.noise_rings or 1
    level = first[:, before : before + 1].expand(-1, rings) / rings
    doubt = first.new_zeros(len(first), int(condition.doubts and not trained.doubts))
    state["0.weight"] = torch.cat([first[:, :before], level, first[:, before + 1 :], doubt], dim=1)
    condition.layers.load_state_dict(state)
