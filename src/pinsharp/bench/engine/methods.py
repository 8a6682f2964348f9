"""Rows of a study: what they are called, what they are in plain values, and methods that restore several times."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pinsharp.errors import ConfigError
from pinsharp.methods.devices import choose_dtype
from pinsharp.methods.method import Method, takes_kernel
from pinsharp.restoration.restorer import Restorer

BLURRED, LINEAR_LIMIT = "blurred", "linear-limit"
"""Rows that no method makes: the input itself, and the limit of linear restoration."""

TRUE_KERNEL = ", true kernel"
"""What the row of a method is called, after its name, when a blind method was given the kernel."""

FITTED_KERNEL = ", fitted kernel"
"""The same if the true kernel is unknown: it was given the one that best makes a sharp image as blurred."""


@dataclass(frozen=True)
class Attempt:
    """A method that restores every image so many times."""

    row: str
    passes: int  # how many times it restores; 0 for rows that no method makes
    restorer: Restorer | None  # the loaded method; None for rows that no method makes
    about: dict[str, Any]  # what it is, as plain values for records; see `describe`


def attempts(
    names: Sequence[str],
    passes: Sequence[int],
    load: Callable[[str], Restorer],
    *,
    always: str,
    offered: Sequence[str] = (),
    true_kernel: bool = False,
) -> list[Attempt]:
    """Make the rows of a study whose methods restore several times.

    Args:
        names: Methods as `load_method` takes them, and `offered` ones; LABEL=METHOD names the row.
        passes: How many times to restore; methods that are given the true kernel restore once.
        load: Makes a restorer of a method's name.
        always: The first row, made by no method, which is always there.
        offered: Rows that no method makes and that are there if they are named.
        true_kernel: Add a row for each method that takes a kernel, in which it is given the true one.

    Raises:
        ConfigError: If a number of passes is below 1, or two methods would make the same row.
        PinsharpError: If a method is unknown or its weights are not there.
    """
    if not passes or min(passes) < 1:
        raise ConfigError(f"expected passes of at least 1, got {', '.join(map(str, passes)) or 'none'}")
    rows = labelled(names, (always, *offered))
    made = [Attempt(row, 0, None, describe(row)) for row in (always, *(row for row in offered if row in rows))]
    for row, name in rows.items():
        if row in (always, *offered):
            continue
        restorer = load(name)
        about = describe(name, restorer.method)
        made += [Attempt(row, count, restorer, about) for count in dict.fromkeys(passes)]
        if true_kernel and takes_kernel(restorer.method):
            made.append(Attempt(row + TRUE_KERNEL, 1, restorer, describe(name, restorer.method, informed=True)))
    return made


def title(row: str, passes: int) -> str:
    """What a row is called in tables and legends; with a given kernel, and without a method, there is but one pass."""
    if passes == 0 or row.endswith((TRUE_KERNEL, FITTED_KERNEL)):
        return row
    return f"{row}, once" if passes == 1 else f"{row}, {passes} passes"


def describe(given: str, method: Method | None = None, *, informed: bool = False) -> dict[str, Any]:
    """Say what a row is, as plain values for records.

    Args:
        given: Name or file of the method, as it was given.
        method: The method; None for a row that no method makes.
        informed: Whether it is given the true kernel.
    """
    info = None if method is None else method.info
    is_measured = not informed and method is not None and method.kernel_from == "swift"
    measurer = method.measurer if method is not None and is_measured else None
    dtype = None if method is None else method.dtype
    if dtype is None and measurer is not None:
        dtype = choose_dtype(measurer.precision, measurer.device)
    return {
        "method": given,
        "informed": informed,
        "kind": None if method is None else method.kind,
        "kernel_from": None if method is None else method.kernel_from,
        "weights_sha256": None if info is None else info.sha256,
        "parameters": None if info is None else info.parameters,
        "budget": None if info is None else _budget(info.card),
        "precision": None if dtype is None else str(dtype).removeprefix("torch."),
        "kernel_weights_sha256": None if measurer is None else measurer.info.sha256,
        "device": str(device_of(method)),
    }


def labelled(names: Sequence[str], built_in: Collection[str] = (BLURRED, LINEAR_LIMIT)) -> dict[str, str]:
    """Split names and LABEL=METHOD into methods by row; a path may hold a = too.

    Raises:
        ConfigError: If two methods would make the same row, or one is called as what no method makes (`built_in`).
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


def device_of(method: Method | None) -> torch.device:
    """Where a method computes."""
    return torch.device("cpu") if method is None else method.device
