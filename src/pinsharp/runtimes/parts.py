"""What of each network is exported: its convolutions as a graph, and how their result comes back into the network.

A graph has one or two entries, for `mono` and `colour` images, which share what they have in common. Whatever runs an
entry is a `Run`; installed in a network, it takes the place of the network's own convolutions.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from pinsharp.errors import ConfigError
from pinsharp.nets.blocks import CHANNELS, ResBlock
from pinsharp.nets.registry import NETS, net_kind, traits_of
from pinsharp.runtimes.graph import Entry, Graph, Run

if TYPE_CHECKING:
    from pinsharp.nets.swift.refiner import Refiner
    from pinsharp.nets.swift.swift import Swift

COLOUR = "colour"


def check_exportable(net: str) -> None:
    """Refuse kinds of networks whose convolutions cannot be taken out in one piece.

    Raises:
        ConfigError: If Fourier transforms stand between the convolutions of such a network.
    """
    if not net_kind(net).traits.is_exportable:
        known = ", ".join(name for name, kind in NETS.items() if kind.traits.is_exportable)
        raise ConfigError(f"expected one of the nets {known} to export or to run elsewhere, got {net}")


def graph_of(net: nn.Module) -> Graph:
    """Take the convolutions out of a network of an exportable kind; weights are shared with it."""
    if traits_of(net).convolutions == "refiner":
        return _swift_graph(cast("Swift", net))
    image = torch.rand(2, CHANNELS[COLOUR], 40, 56)
    return Graph(_Whole(net), {"image": image}, {COLOUR: Entry(("image",), "result")})


def install(net: nn.Module, run: Run) -> None:
    """Let `run` compute the convolutions of a network from now on."""
    convolutions = traits_of(net).convolutions
    if convolutions == "refiner":
        cast("Swift", net).restorer.refine = _swift_refine(cast("Swift", net), run)
    elif convolutions == "residual":
        # The sum stays here, in float32: in bfloat16 it would round the image itself to 8 bits.
        vars(net)["restore"] = lambda blurred: blurred + run(COLOUR, (blurred,)).to(blurred.dtype)
    else:
        vars(net)["restore"] = lambda blurred: run(COLOUR, (blurred,))


def remove(net: nn.Module) -> None:
    """Give a network its own convolutions back."""
    if traits_of(net).convolutions == "refiner":
        cast("Swift", net).restorer.refine = None
    else:
        vars(net).pop("restore", None)


@contextmanager
def installed(net: nn.Module, run: Run) -> Iterator[None]:
    """Let `run` compute the convolutions of a network for a while."""
    install(net, run)
    try:
        yield
    finally:
        remove(net)


class _Whole(nn.Module):
    """An end-to-end network, or what it adds to the image."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net: Any = net
        self.is_residual = traits_of(net).convolutions == "residual"

    def forward(self, image: Tensor) -> Tensor:
        if self.is_residual:
            return cast(Tensor, self.net.body(image))
        # The class's own method: what is installed in the network must not come to itself again.
        return cast(Tensor, type(self.net).restore(self.net, image))


class _SwiftGraph(nn.Module):
    """Both refiners of `swift`, in operations that every runtime knows and knows how to fuse."""

    def __init__(self, mono: "Refiner", colour: "Refiner") -> None:
        super().__init__()
        self.mono = mono
        self.colour = colour

    def forward(
        self, stack_mono: Tensor, stack_colour: Tensor, modulation_mono: Tensor, modulation_colour: Tensor
    ) -> tuple[Tensor, Tensor]:
        mono = _refined(self.mono, stack_mono, modulation_mono)
        return mono, _refined(self.colour, stack_colour, modulation_colour)


def _refined(refiner: "Refiner", stack: Tensor, modulation: Tensor) -> Tensor:
    """`Refiner.forward`, with scales and shifts on features: runtimes want weights that are constant."""
    trunk = refiner.trunk
    parts = iter(torch.split(modulation, [2 * count for count in trunk.block_widths], dim=1))

    def run(blocks: nn.ModuleList, features: Tensor) -> Tensor:
        for block in blocks:
            assert isinstance(block, ResBlock)
            scale, shift = next(parts)[..., None, None].chunk(2, dim=1)
            hidden = torch.relu(block.first(features) * (1 + scale) + shift)
            features = features + block.second(hidden)
        return features

    features = run(trunk.before, refiner.enter(stack))
    deep = run(trunk.deep, trunk.down(features))
    return cast(Tensor, refiner.leave(run(trunk.after, features + _upsampled(trunk.up[0], deep))))


def _upsampled(layer: nn.Module, deep: Tensor) -> Tensor:
    """A 1x1 convolution and its shuffle to twice the resolution, as one transposed convolution.

    Runtimes move the shuffle's pixels three times, which took a third of the whole in OpenVINO. A transposed
    convolution has one bias a channel where this layer has four; so they are the weights of one more channel of ones.
    """
    assert isinstance(layer, nn.Conv2d)
    assert layer.bias is not None
    weight = layer.weight.reshape(-1, 2, 2, layer.in_channels).permute(3, 0, 1, 2)  # (deep channels, channels, 2, 2)
    weight = torch.cat([weight, layer.bias.reshape(1, -1, 2, 2)])
    return nn.functional.conv_transpose2d(torch.cat([deep, torch.ones_like(deep[:, :1])], dim=1), weight, stride=2)


def _swift_graph(net: "Swift") -> Graph:
    restorer = net.restorer
    refiners = {name: restorer.refiner(name) for name in CHANNELS}
    planes = {name: 4 * count * (net.config.filters + 1) for name, count in CHANNELS.items()}
    # Different sizes, or both would be taken for one.
    inputs = {f"stack_{name}": torch.rand(2, planes[name], 6 + 2 * planes[name] // 8, 20) for name in CHANNELS}
    inputs |= {f"modulation_{name}": torch.rand(2, refiners[name].modulation_length) for name in CHANNELS}
    entries = {name: Entry((f"stack_{name}", f"modulation_{name}"), f"correction_{name}") for name in CHANNELS}
    return Graph(_SwiftGraph(refiners["mono"], refiners[COLOUR]), inputs, entries)


def _swift_refine(net: "Swift", run: Run) -> Callable[[Tensor, Tensor | None], Tensor]:
    mono_planes = 4 * (net.config.filters + 1)

    def refine(stack: Tensor, modulation: Tensor | None) -> Tensor:
        name = "mono" if stack.shape[1] == mono_planes else COLOUR
        if modulation is None:
            length = net.restorer.refiner(name).modulation_length
            modulation = stack.new_zeros((len(stack), length), dtype=torch.float32)
        return run(name, (stack, modulation))

    return refine
