"""One piece of work for each of several images: a progress bar, a line a result, and failures that stop nobody else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import typer

from pinsharp.cli.messages import complain, print_json
from pinsharp.cli.progress import progress
from pinsharp.errors import PinsharpError


@dataclass(frozen=True)
class Task:
    """Work on one image.

    Args:
        record: What --json prints of it even if it fails: the input, and where the result was to go.
        work: Does it, and returns what more --json prints and the line for people.
    """

    record: dict[str, object]
    work: Callable[[], tuple[dict[str, object], str]]


def carry_out(tasks: Sequence[Task], *, as_json: bool) -> None:
    """Carry out all tasks and print a line for each.

    Raises:
        PinsharpError: If there was a single task and it failed: to the user it is one wrong input (exit 2).
        typer.Exit: With 1, if some of several failed; their reasons are on stderr then.
    """
    failures = 0
    with progress(len(tasks), "images") as advance:
        for task in tasks:
            try:
                figures, line = task.work()
            except PinsharpError as error:
                failures += 1
                named = _named(error, str(task.record["input"]))
                if as_json:
                    print_json(task.record | {"error": " ".join(str(named).split())})
                if len(tasks) == 1:
                    raise named from None
                complain(named)
            else:
                print_json(task.record | figures) if as_json else print(line, flush=True)
            advance()
    if failures:
        complain(f"{failures} of {len(tasks)} images failed, {len(tasks) - failures} are done")
        raise typer.Exit(1)


def _named(error: PinsharpError, name: str) -> PinsharpError:
    """The same error, its sentence beginning with the image's name if it does not say it."""
    return error if name in str(error) else type(error)(f"{name}: {error}")
