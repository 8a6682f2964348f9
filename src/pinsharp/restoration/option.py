"""How an option of restoring is declared: its help, its type, and whether it changes the pixels."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Option:
    """What is said of one field of `Recipe`.

    Attributes:
        help: What it does, for people.
        metavar: What stands for its value in the help of the command line.
        kind: What the command line turns a word into.
        decides: Whether the pixels of a result depend on it.
    """

    help: str
    metavar: str | None
    kind: Any
    decides: bool


def declared(default: Any, metavar: str | None, kind: Any, text: str, *, decides: bool = True) -> Any:
    """A field of a dataclass with a default, about which `Option` says the rest."""
    return field(default=default, metadata={"option": Option(text, metavar, kind, decides)})
