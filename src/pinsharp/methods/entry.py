"""A line of the table of methods: the description of a method, and how it is made."""

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
    """What is asked of a line of the table."""

    name: str  # the line's name
    option: str  # what follows the name after a colon; often nothing
    device: torch.device  # where to compute
    precision: Precision  # of a network's convolutions
    runtime: Runtime  # what computes them

    def refuse_option(self) -> None:
        """Refuse an option on behalf of a method that takes none.

        Raises:
            ConfigError: If the user gave an option.
        """
        if self.option:
            raise ConfigError(f"{self.name} takes no option after its name, got {self.option!r}; leave it out")


@dataclass(frozen=True)
class MethodInfo:
    """An entry of the table of methods."""

    kind: Kind  # `classical` or `network`
    kernel_from: KernelFrom  # who measures the blur when no kernel is given
    summary: str  # what it is, in one line
    make: Callable[[Request], Method]  # makes the method
    has_weights: bool = False  # whether it works only with trained weights


@dataclass(frozen=True)
class Option:
    """A number that may follow a method's name after a colon."""

    setting: str  # the setting that it replaces
    words: str  # what it is, in words; of a count, what is counted
    example: str  # one, for the sentence about a wrong one
    is_count: bool = False  # whether it is a whole number

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
