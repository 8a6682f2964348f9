"""A line of the table of methods: what it says of a method, and how the method is made."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from pinsharp.errors import ConfigError
from pinsharp.methods.devices import Precision, Runtime
from pinsharp.methods.method import KernelFrom, Kind, Method


@dataclass(frozen=True)
class Request:
    """What is asked of a line of the table.

    Args:
        name: The line's name.
        option: What follows the name after a colon; often nothing.
        device: Where to compute.
        precision: Of a network's convolutions.
        runtime: What computes them.
    """

    name: str
    option: str
    device: torch.device
    precision: Precision
    runtime: Runtime

    def refuse_option(self) -> None:
        """Refuse an option on behalf of a method that takes none.

        Raises:
            ConfigError: If there is one.
        """
        if self.option:
            raise ConfigError(f"{self.name} takes no option after its name, got {self.option!r}; leave it out")


@dataclass(frozen=True)
class MethodInfo:
    """An entry of the table of methods.

    Args:
        kind: `classical` or `network`.
        kernel_from: Who measures the blur when no kernel is given.
        summary: What it is, in one line.
        make: Makes the method.
        has_weights: Whether it works only with trained weights.
    """

    kind: Kind
    kernel_from: KernelFrom
    summary: str
    make: Callable[[Request], Method]
    has_weights: bool = False


@dataclass(frozen=True)
class Option:
    """A number that may follow a method's name after a colon.

    Args:
        setting: The setting that it replaces.
        words: What it is, in words; of a count, what is counted.
        example: One, for the sentence about a wrong one.
        is_count: Whether it is a whole number.
    """

    setting: str
    words: str
    example: str
    is_count: bool = False

    def read(self, asked: Request) -> dict[str, Any]:
        """The setting as it was asked for; nothing where no option was given.

        Raises:
            ConfigError: If what was given is not a positive number, or not a whole one for a count.
        """
        name, option = asked.name, asked.option
        if not option:
            return {}
        value = _positive(option, is_count=self.is_count)
        if value is None:
            what = f"number of {self.words}" if self.is_count else f"{self.words}, a positive number,"
            raise ConfigError(f"{name} takes its {what} after the colon, got {option!r}; try {name}:{self.example}")
        return {self.setting: value}


def _positive(text: str, *, is_count: bool) -> float | None:
    """Read a positive number; None if `text` is another."""
    if is_count:
        return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None
