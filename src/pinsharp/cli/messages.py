"""What commands tell people: one line an error on stderr, and results as JSON."""

import json
import sys
from collections.abc import Mapping

from pinsharp.errors import ConfigError

INTERRUPTED = 130
"""Exit status of what was stopped by Ctrl-C or `kill`."""


def complain(error: Exception | str) -> None:
    """Print an error on stderr, on one line."""
    print("pinsharp: error:", " ".join(str(error).split()), file=sys.stderr, flush=True)


def remark(words: str) -> None:
    """Tell people something on stderr, on one line."""
    print("pinsharp:", " ".join(words.split()), file=sys.stderr, flush=True)


class Interrupted(SystemExit):
    """Ends a command that was interrupted and has said itself what is left and how to go on."""

    def __init__(self) -> None:
        super().__init__(INTERRUPTED)


def print_json(record: dict[str, object]) -> None:
    """Print a record as JSON on one line of stdout."""
    print(json.dumps(record), flush=True)


def refuse(given: Mapping[str, bool], reason: str) -> None:
    """Refuse options that go with the other way. Raises ConfigError with the first of them."""
    for option, is_given in given.items():
        if is_given:
            raise ConfigError(f"{option} {reason}")
