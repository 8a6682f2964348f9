"""The rows of a benchmark: one row a method, the blurred input itself, and the best linear filter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pinsharp.bench.engine.methods import BLURRED, LINEAR_LIMIT, TRUE_KERNEL, describe, device_of, labelled
from pinsharp.bench.quality.linear_limit import linear_limit
from pinsharp.blur.camera import generator
from pinsharp.data.testset import BlurredPair, Degradation
from pinsharp.methods.method import Method, takes_kernel
from pinsharp.methods.table import load_method


@dataclass(frozen=True)
class Restored:
    """What a contender made of a pair, what it should have made, and the kernel that it measured."""

    image: Tensor
    reference: Tensor
    kernel: Tensor | None = None


@dataclass(frozen=True)
class Contender:
    """One row of a benchmark."""

    row: str
    restore: Callable[[BlurredPair], Restored]
    about: dict[str, Any] = field(default_factory=dict)  # what it is, as plain values for records; see `describe`
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


def contenders(
    names: Sequence[str],
    protocol: Degradation,
    *,
    true_kernel: bool = False,
    load: Callable[[str], Method] = load_method,
) -> list[Contender]:
    """Make the rows of a benchmark.

    Args:
        names: Methods as `load_method` takes them; `blurred`, the input itself; `linear-limit`, the best linear filter
            (circular boundary, whatever the protocol says). LABEL=METHOD names the row, for files with long names.
        protocol: What the linear limit needs to know of noise and rounding.
        true_kernel: Add a row for each method that takes a kernel, in which it is given the true one.
        load: Makes a method of a name.

    Raises:
        PinsharpError: If two methods would make the same row, one is unknown, or its weights are not there.
    """
    rows: dict[str, Contender] = {}
    for name, method in labelled(names).items():
        made = [_built_in(name, protocol)] if name in (BLURRED, LINEAR_LIMIT) else _rows(name, method, load(method))
        rows |= {row.row: row for row in (made if true_kernel else made[:1])}
    return list(rows.values())


def _built_in(name: str, protocol: Degradation) -> Contender:
    return Contender(name, leave if name == BLURRED else _linear_limit(protocol), describe(name))


def _rows(row: str, given: str, method: Method) -> list[Contender]:
    """The blind row of a method, and the one with the true kernel if it takes one."""
    rows = [Contender(row, _blind(method), describe(given, method), device_of(method))]
    if takes_kernel(method):
        about = describe(given, method, informed=True)
        rows.append(Contender(row + TRUE_KERNEL, _informed(method), about, device_of(method)))
    return rows


def leave(pair: BlurredPair) -> Restored:
    """The blurred image as it is."""
    return Restored(pair.blurred, pair.sharp)


def _linear_limit(protocol: Degradation) -> Callable[[BlurredPair], Restored]:
    def restore(pair: BlurredPair) -> Restored:
        source = generator(protocol.seed, pair.index)
        limit = linear_limit(pair.whole, pair.kernel, protocol.noise, bits=protocol.bits, generator=source)
        return Restored(limit, pair.whole)

    return restore


def _blind(method: Method) -> Callable[[BlurredPair], Restored]:
    def restore(pair: BlurredPair) -> Restored:
        deblurred = method(pair.blurred)
        return Restored(deblurred.image, pair.sharp, deblurred.kernel)

    return restore


def _informed(method: Method) -> Callable[[BlurredPair], Restored]:
    return lambda pair: Restored(method(pair.blurred, pair.kernel).image, pair.sharp)
