"""A network's convolutions as a graph: what goes in, what comes out, and what runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from pinsharp.errors import WeightsError

Run = Callable[[str, tuple[Tensor, ...]], Tensor]
"""Runs the entry of a name with its inputs."""


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


def check_ports(file: Path, expected: Ports, found: Ports) -> None:
    """Refuse a file whose graph cannot be fed as the graphs of this version are.

    Args:
        file: For the sentence.
        expected: Of the network that the file was made of.
        found: In the file.

    Raises:
        WeightsError: If the two graphs differ.
    """
    if found != expected:
        raise WeightsError(
            f"{file} was exported by another version of pinsharp: expected a graph from {expected}, got one from "
            f"{found}; export it again with `pinsharp export`"
        )
