"""What the commands that measure share: their options, and measuring that can be watched, stopped and continued."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from pinsharp.cli.progress import progress

Results = Annotated[
    Path, typer.Option("--out", "-o", metavar="OUT", help="Folder for the results; made if it is not there.")
]
Passes = Annotated[
    str, typer.Option(metavar="N,...", help="How many times each method restores, each time what is left.")
]


def watch(failures: Iterable[bool], total: int, what: str) -> None:
    """Let everything be measured, and tell what is left to a user who interrupts it.

    Args:
        failures: Whether a measurement has failed, as they come.
        total: How many will come.
        what: What goes on, before the progress.
    """
    done = failed = 0
    with progress(total, what, in_lines=True) as advance:
        try:
            for has_failed in failures:
                done += 1
                failed += has_failed
                advance(f"{what}, {failed} failed" if failed else None)
        except KeyboardInterrupt:
            print(f"stopped after {done} of {total}; the same command goes on from there", file=sys.stderr)
            raise
