"""What the commands that make tables and figures share: where these go, and how they are shown."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinsharp.cli.messages import print_json
from pinsharp.errors import ConfigError

if TYPE_CHECKING:
    from pinsharp.bench.quality.records import RunRecords
    from pinsharp.bench.show.sheet import Box
    from pinsharp.bench.show.typeset import Table

Out = Annotated[Path, typer.Argument(metavar="OUT", help="Folder of a benchmark, that `pinsharp bench run -o` wrote.")]
Psnr = Annotated[
    str,
    typer.Option(
        metavar="P",
        help="Which PSNR is drawn: mean, that of the images' PSNR, or aggregate, 10 log10(1 / mean MSE), the paper's. "
        "The numbers beside the picture hold both.",
    ),
]
Detail = Annotated[
    str | None,
    typer.Option(
        metavar="T,L,H,W",
        help="Show this detail: top, left, height and width in pixels. By default the one that the blur has hurt most.",
    ),
]

TABLE_SUFFIXES = (".md", ".csv", ".tex")
NUMBER_SUFFIXES = (".csv", ".json")


def names(text: str | None) -> list[str]:
    """Split what is joined by commas; nothing is an empty list. `, true kernel` stays with the name before it."""
    from pinsharp.bench.engine.methods import TRUE_KERNEL

    if not text:
        return []
    mark = "\0"  # no name holds it
    parts = text.replace(TRUE_KERNEL, mark).split(",")
    return [part.strip().replace(mark, TRUE_KERNEL) for part in parts]


def numbers(text: str, option: str) -> list[float]:
    """Read numbers joined by commas. Raises ConfigError if one is not a number."""
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(f"{option}: expected numbers joined by commas, such as 0.25,1, got {text!r}") from None


def whole_numbers(text: str, option: str) -> list[int]:
    """Read whole numbers joined by commas. Raises ConfigError if one is not a number."""
    found = numbers(text, option)
    if any(number != int(number) for number in found):
        raise ConfigError(f"{option}: expected whole numbers, got {text!r}")
    return [int(number) for number in found]


def box_of(text: str | None, option: str = "--detail") -> "Box | None":
    """Read a box, TOP,LEFT,HEIGHT,WIDTH. Raises ConfigError if the text is something else."""
    from pinsharp.bench.show.sheet import Box

    if text is None:
        return None
    values = whole_numbers(text, option)
    if len(values) != 4:
        raise ConfigError(f"{option}: expected four numbers TOP,LEFT,HEIGHT,WIDTH, got {text!r}")
    return Box(*values)


def check_psnr(psnr: str) -> None:
    """Refuse what is no definition of PSNR. Raises ConfigError with those there are."""
    from pinsharp.bench.show.figures import PSNRS

    if psnr not in PSNRS:
        raise ConfigError(f"--psnr: expected {' or '.join(PSNRS)}, got {psnr!r}")


def choose_run(runs: "Sequence[RunRecords]", wanted: str | None) -> "RunRecords":
    """The run that is named by its ID or its set; the first if none is named.

    Raises:
        ConfigError: If no run, or more than one, has that ID or set.
    """
    if wanted is None and runs:
        return runs[0]
    fitting = [run for run in runs if wanted in (run.id, run.set)]
    if len(fitting) != 1:
        there = ", ".join(f"{run.id} ({run.set})" for run in runs)
        raise ConfigError(f"--run: expected one of {there or 'no runs'}, got {wanted!r}")
    return fitting[0]


def write_table(table: "Table", folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Write a table into a folder, once by each suffix. Raises OutputError if a file cannot be written."""
    from pinsharp.atomic import write_atomically
    from pinsharp.bench.show.typeset import WRITERS

    paths = [folder / f"{table.name}{suffix}" for suffix in suffixes]
    for path in paths:
        write_atomically(path, WRITERS[path.suffix](table).encode())
    return paths


def show(tables: "Sequence[Table]", paths: Sequence[Path], content: dict[str, Any], *, as_json: bool) -> None:
    """Print tables, as Markdown where nobody watches, and on stderr which files were written; or one JSON document."""
    from pinsharp.bench.show.typeset import markdown

    if as_json:
        print_json(content | {"files": [str(path) for path in paths]})
        return
    if sys.stdout.isatty():
        for table in tables:
            _show_on_terminal(table)
    elif tables:
        print("\n".join(markdown(table) for table in tables), end="", flush=True)
    print("wrote", ", ".join(str(path) for path in paths), file=sys.stderr, flush=True)


def _show_on_terminal(table: "Table") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console()
    for group in table.groups:
        drawn = RichTable(box=box.SIMPLE_HEAD, title=Text(group.title), title_justify="left")
        for column in table.printed:
            drawn.add_column(column.heading or "", justify="right" if column.is_number else "left")
        for row in table.printed_rows(group):
            drawn.add_row(*(Text(cell) for cell in row))
        console.print(drawn)
    for note in table.notes:
        console.print(Text(note))
