"""One piece of work for each of several images: a progress bar, a line a result, and a failure stops no other image."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from pinsharp.batch.job import named
from pinsharp.cli.messages import complain, print_json
from pinsharp.cli.progress import progress
from pinsharp.errors import PinsharpError

Record = dict[str, object]


@dataclass(frozen=True)
class Task:
    """Work on one image."""

    record: Record  # what --json prints of it even if it fails: the input, and where the result was to go
    work: Callable[[], tuple[Record, str]]  # does it, and returns what more --json prints and the line for people


@dataclass
class Teller:
    """Tells what became of each of `total` images (None if unknown), in words or as a JSON object a line."""

    total: int | None
    as_json: bool
    failures: int = 0

    def done(self, record: Record, figures: Record, line: str) -> None:
        """Print a result on stdout."""
        print_json(record | figures) if self.as_json else print(line, flush=True)

    def failed(self, record: Record, error: PinsharpError) -> None:
        """Print a failure on stderr, and what --json has to say about it on stdout.

        Raises:
            PinsharpError: If the only image failed: to the user it is one wrong input (exit 2).
        """
        self.failures += 1
        error = named(error, str(record["input"]))
        if self.as_json:
            print_json(record | {"error": str(error)})
        if self.total == 1:
            raise error from None
        complain(error)

    def conclude(self) -> None:
        """Say how many have failed.

        Raises:
            typer.Exit: With 1, if some have.
        """
        if not self.failures:
            return
        if self.total is not None:
            complain(f"{self.failures} of {self.total} images failed, {self.total - self.failures} are done")
        raise typer.Exit(1)


def carry_out(tasks: Sequence[Task], *, as_json: bool) -> None:
    """Carry out all tasks and print a line for each.

    Raises:
        PinsharpError: If there was a single task and it failed: to the user it is one wrong input (exit 2).
        typer.Exit: With 1, if some of several failed; their reasons are on stderr then.
    """
    teller = Teller(len(tasks), as_json)
    with progress(len(tasks), "images") as advance:
        for task in tasks:
            try:
                figures, line = task.work()
            except PinsharpError as error:
                teller.failed(task.record, error)
            else:
                teller.done(task.record, figures, line)
            advance()
    teller.conclude()
