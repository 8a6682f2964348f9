"""The `pinsharp` command: its subcommands, and what happens to errors on their way out."""

import io
import sys
from typing import Annotated

import typer

from pinsharp.allocator import keep_freed_memory
from pinsharp.cli.adapt import adapt
from pinsharp.cli.batch import batch
from pinsharp.cli.bench import bench
from pinsharp.cli.detect import detect
from pinsharp.cli.export import export
from pinsharp.cli.info import info
from pinsharp.cli.kernel import kernel
from pinsharp.cli.messages import INTERRUPTED, Interrupted, complain
from pinsharp.cli.monitor import monitor
from pinsharp.cli.profile import profile
from pinsharp.cli.restore import restore
from pinsharp.cli.serve import serve
from pinsharp.cli.synth import synth
from pinsharp.cli.train import train
from pinsharp.cli.usage import OneLineGroup
from pinsharp.cli.watch import watch
from pinsharp.errors import PinsharpError
from pinsharp.version import __version__

app = typer.Typer(
    name="pinsharp",
    cls=OneLineGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # joins the lines of a docstring's paragraph
    context_settings={"help_option_names": ["-h", "--help"]},  # subcommands inherit it
)
for _command in (restore, batch, watch, monitor, kernel, info, synth, export, train, adapt, serve):
    app.command()(_command)
app.add_typer(detect)
app.add_typer(bench)
app.add_typer(profile)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"pinsharp {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Measure how far images are out of focus and bring them back."""


def run() -> None:
    """Run the command line; what a user can put right is one line on stderr and exit status 2."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name or sign that the terminal cannot show must not stop the work
        sys.stdout.reconfigure(errors="backslashreplace")
    keep_freed_memory()
    try:
        app(prog_name="pinsharp")
    except PinsharpError as error:
        complain(error)
        sys.exit(2)
    except SystemExit as done:
        if done.code == INTERRUPTED and not isinstance(done, Interrupted):  # click has caught the KeyboardInterrupt
            complain("interrupted; what was finished is complete, nothing else was written")
        raise
