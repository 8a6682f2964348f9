"""What of each network is exported: its convolutions as a graph, and how their result comes back into the network.

A graph has one or two entries, for `mono` and `colour` images, which share what they have in common. Whatever runs an
entry is a `Run`; installed in a network, it takes the place of the network's own convolutions.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from pinsharp.errors import ConfigError, WeightsError
from pinsharp.nets.blocks import ResBlock
from pinsharp.nets.peers.nafnet import Nafnet
from pinsharp.nets.swift.refiner import Refiner
from pinsharp.nets.swift.swift import CHANNELS, Swift

Run = Callable[[str, tuple[Tensor, ...]], Tensor]
"""Runs the entry of a name with its inputs."""

EXPORTABLE = ("swift", "nafnet", "deepdeblur", "srn")
"""Kinds of networks that can be exported. In udbd and dwdn Fourier transforms stand between convolutions."""

COLOUR = "colour"


@dataclass(frozen=True)
class Entry:
    """One way into a graph and out of it.

    Args:
        inputs: Names of its inputs.
        output: Name of its output.
    """

    inputs: tuple[str, ...]
    output: str


@dataclass(frozen=True)
class Ports:
    """What goes into a graph and what comes out of it.

    Args:
        inputs: Channels of each input, by its name; None where they are free.
        outputs: Names of its outputs.
    """

    inputs: Mapping[str, int | None]
    outputs: frozenset[str]

    def __str__(self) -> str:
        channels = ", ".join(f"{name} ({count} channels)" for name, count in sorted(self.inputs.items()))
        return f"{channels} to {', '.join(sorted(self.outputs))}"


@dataclass(frozen=True)
class Graph:
    """The convolutions of a network, as they are exported.

    Args:
        module: Takes all inputs in order and gives all outputs; free in batch, height and width.
        inputs: Example tensors by name, of two images: a batch of one would be taken for a constant.
        entries: By the kind of images.
    """

    module: nn.Module
    inputs: dict[str, Tensor]
    entries: dict[str, Entry]

    @property
    def outputs(self) -> list[str]:
        """Names of all outputs, in order."""
        return [entry.output for entry in self.entries.values()]

    @property
    def ports(self) -> Ports:
        """What a file of this graph has to take and give."""
        return Ports({name: tensor.shape[1] for name, tensor in self.inputs.items()}, frozenset(self.outputs))


def check_exportable(net: str) -> None:
    """Refuse kinds of networks whose convolutions cannot be taken out in one piece.

    Raises:
        ConfigError: If it is one.
    """
    if net not in EXPORTABLE:
        raise ConfigError(f"expected one of the nets {', '.join(EXPORTABLE)} to export or to run elsewhere, got {net}")


def check_ports(file: Path, expected: Ports, found: Ports) -> None:
    """Refuse a file whose graph cannot be fed as the graphs of this version are.

    Args:
        file: For the sentence.
        expected: Of the network that the file was made of.
        found: In the file.

    Raises:
        WeightsError: If they differ.
    """
    if found != expected:
        raise WeightsError(
            f"{file} was exported by another version of pinsharp: expected a graph from {expected}, got one from "
            f"{found}; export it again with `pinsharp export`"
        )


def graph_of(net: nn.Module) -> Graph:
    """Take the convolutions out of a network of an exportable kind; weights are shared with it."""
    if isinstance(net, Swift):
        return _swift_graph(net)
    image = torch.rand(2, CHANNELS[COLOUR], 40, 56)
    return Graph(_Whole(net), {"image": image}, {COLOUR: Entry(("image",), "result")})


def plain_modules(net: nn.Module) -> dict[str, nn.Module]:
    """The convolutions of a network by the entry that they are of, each a module that takes the entry's inputs."""
    if isinstance(net, Swift):
        return {name: net.restorer.refiner(name) for name in CHANNELS}
    return {COLOUR: _Whole(net)}


def install(net: nn.Module, run: Run) -> None:
    """Let `run` compute the convolutions of a network from now on."""
    if isinstance(net, Swift):
        net.restorer.refine = _swift_refine(net, run)
    elif isinstance(net, Nafnet):
        # The sum stays here, in float32: in bfloat16 it would round the image itself to 8 bits.
        vars(net)["restore"] = lambda blurred: blurred + run(COLOUR, (blurred,)).to(blurred.dtype)
    else:
        vars(net)["restore"] = lambda blurred: run(COLOUR, (blurred,))


def remove(net: nn.Module) -> None:
    """Give a network its own convolutions back."""
    if isinstance(net, Swift):
        net.restorer.refine = None
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
    """An end-to-end network, or what NAFNet adds to the image."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> Tensor:
        if isinstance(self.net, Nafnet):
            return cast(Tensor, self.net.body(image))
        # The class's own method: what is installed in the network must not come to itself again.
        return cast(Tensor, type(self.net).restore(self.net, image))  # type: ignore[attr-defined]


class _SwiftGraph(nn.Module):
    """Both refiners of `swift`, in operations that every runtime knows and knows how to fuse."""

    def __init__(self, mono: Refiner, colour: Refiner) -> None:
        super().__init__()
        self.mono = mono
        self.colour = colour

    def forward(
        self, stack_mono: Tensor, stack_colour: Tensor, modulation_mono: Tensor, modulation_colour: Tensor
    ) -> tuple[Tensor, Tensor]:
        mono = _refined(self.mono, stack_mono, modulation_mono)
        return mono, _refined(self.colour, stack_colour, modulation_colour)


def _refined(refiner: Refiner, stack: Tensor, modulation: Tensor) -> Tensor:
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


def _swift_graph(net: Swift) -> Graph:
    restorer = net.restorer
    refiners = {name: restorer.refiner(name) for name in CHANNELS}
    planes = {name: 4 * count * (net.config.filters + 1) for name, count in CHANNELS.items()}
    # Different sizes, or both would be taken for one.
    inputs = {f"stack_{name}": torch.rand(2, planes[name], 6 + 2 * planes[name] // 8, 20) for name in CHANNELS}
    inputs |= {f"modulation_{name}": torch.rand(2, refiners[name].modulation_length) for name in CHANNELS}
    entries = {name: Entry((f"stack_{name}", f"modulation_{name}"), f"correction_{name}") for name in CHANNELS}
    return Graph(_SwiftGraph(refiners["mono"], refiners[COLOUR]), inputs, entries)


def _swift_refine(net: Swift, run: Run) -> Callable[[Tensor, Tensor | None], Tensor]:
    mono_planes = 4 * (net.config.filters + 1)

    def refine(stack: Tensor, modulation: Tensor | None) -> Tensor:
        name = "mono" if stack.shape[1] == mono_planes else COLOUR
        if modulation is None:
            length = net.restorer.refiner(name).modulation_length
            modulation = stack.new_zeros((len(stack), length), dtype=torch.float32)
        return run(name, (stack, modulation))

    return refine
