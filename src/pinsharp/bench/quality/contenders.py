"""Who takes part in a benchmark: one row a method, the blurred input itself, and the best linear filter."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from pinsharp.bench.quality.linear_limit import linear_limit
from pinsharp.bench.quality.records import TRUE_KERNEL
from pinsharp.blur.camera import generator
from pinsharp.data.testset import BlurredPair, Degradation
from pinsharp.errors import ConfigError
from pinsharp.methods.devices import choose_dtype
from pinsharp.methods.method import Method, takes_kernel
from pinsharp.methods.table import load_method

BLURRED, LINEAR_LIMIT = "blurred", "linear-limit"
"""Rows that no method makes: the input itself, and the limit of linear restoration."""


@dataclass(frozen=True)
class Restored:
    """What a contender made of a pair, what it should have made, and the kernel that it measured."""

    image: Tensor
    reference: Tensor
    kernel: Tensor | None = None


@dataclass(frozen=True)
class Contender:
    """One row of a benchmark.

    Args:
        row: Name of the row.
        restore: How it restores a pair.
        about: What it is, as plain values for records; see `describe`.
        device: Where it computes.
    """

    row: str
    restore: Callable[[BlurredPair], Restored]
    about: dict[str, Any] = field(default_factory=dict)
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
        ConfigError: If two different methods would make the same row.
        PinsharpError: If a method is unknown or its weights are not there.
    """
    rows: dict[str, Contender] = {}
    for name, method in labelled(names).items():
        made = [_built_in(name, protocol)] if name in (BLURRED, LINEAR_LIMIT) else _rows(name, method, load(method))
        rows |= {row.row: row for row in (made if true_kernel else made[:1])}
    return list(rows.values())


def describe(given: str, method: Method | None = None, *, informed: bool = False) -> dict[str, Any]:
    """Say what a row is, as plain values for records.

    Args:
        given: Name or file of the method, as it was given.
        method: The method; None for a row that no method makes.
        informed: Whether it is given the true kernel.

    Returns:
        `method`, `informed`, `kind`, `kernel_from`, `device`; hash of the weights, number of parameters and training
        budget of a network; precision of its convolutions; hash of the weights that lend it the estimate of the blur.
    """
    info = None if method is None else method.info
    lends = not informed and method is not None and method.kernel_from == "swift"
    lender = method.lender if method is not None and lends else None
    dtype = None if method is None else method.dtype
    if dtype is None and lender is not None:
        dtype = choose_dtype(lender.precision, lender.device)
    return {
        "method": given,
        "informed": informed,
        "kind": None if method is None else method.kind,
        "kernel_from": None if method is None else method.kernel_from,
        "weights_sha256": None if info is None else info.sha256,
        "parameters": None if info is None else info.parameters,
        "budget": None if info is None else _budget(info.card),
        "precision": None if dtype is None else str(dtype).removeprefix("torch."),
        "kernel_weights_sha256": None if lender is None else lender.info.sha256,
        "device": str(_device(method)),
    }


def labelled(names: Sequence[str], built_in: Collection[str] = (BLURRED, LINEAR_LIMIT)) -> dict[str, str]:
    """Split names and LABEL=METHOD into methods by row; a path may hold a = too.

    Args:
        names: As the user gives them.
        built_in: Rows that no method makes, and no method may be called.

    Raises:
        ConfigError: If two different methods would make the same row, or a method is called as what no method makes.
    """
    methods: dict[str, str] = {}
    for given in names:
        label, equals, method = given.partition("=")
        row, method = (label, method) if equals and "/" not in label else (given, given)
        if methods.setdefault(row, method) != method:
            raise ConfigError(
                f"expected one method for the row {row!r}, got {methods[row]!r} and {method!r}; name one differently"
            )
        if row != method and row in built_in:
            raise ConfigError(
                f"{given}: expected a label of its own, got {row!r}, which no method makes; choose another"
            )
    return methods


def _budget(card: Mapping[str, Any]) -> dict[str, Any] | None:
    """Training budget of weights, with what all that they were started from had cost before, each training once."""
    known: list[dict[str, Any]] = [training["budget"] for training in _trainings(card) if training.get("budget")]
    if not known:
        return None
    sums = {key: sum(budget[key] for budget in known if key in budget) for key in ("crops", "hours")}
    return known[0] | {key: round(total, 2) for key, total in sums.items() if any(key in each for each in known)}


def _trainings(card: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A card's own training and all before it, last first; by several ways one may have come to the same."""
    found = [{key: value for key, value in card.items() if key not in ("start", "name", "figures")}]
    for start in card.get("start", {}).values():
        found += [before for before in _trainings(start) if before not in found]
    return found


def _built_in(name: str, protocol: Degradation) -> Contender:
    return Contender(name, _leave if name == BLURRED else _linear_limit(protocol), describe(name))


def _rows(row: str, given: str, method: Method) -> list[Contender]:
    """The blind row of a method, and the one with the true kernel if it takes one."""
    rows = [Contender(row, _blind(method), describe(given, method), _device(method))]
    if takes_kernel(method):
        about = describe(given, method, informed=True)
        rows.append(Contender(row + TRUE_KERNEL, _informed(method), about, _device(method)))
    return rows


def _device(method: Method | None) -> torch.device:
    return torch.device("cpu") if method is None else method.device


def _leave(pair: BlurredPair) -> Restored:
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
