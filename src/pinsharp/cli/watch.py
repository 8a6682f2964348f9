"""`pinsharp watch`: restore images as they arrive in a folder."""

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.batch.interrupts import stoppable
from pinsharp.batch.options import RestoreOptions
from pinsharp.cli.batches import conclude, say_stopping, tell
from pinsharp.cli.each import Teller
from pinsharp.cli.messages import remark
from pinsharp.cli.options import (
    DEFAULT_MODEL,
    Channels,
    Device,
    Gamma,
    Iterations,
    Jobs,
    Json,
    Kernel,
    Model,
    Overwrite,
    Precision,
    Runtime,
    WhiteLevel,
    Window,
)
from pinsharp.errors import ConfigError

if TYPE_CHECKING:
    from pinsharp.batch.watch import Place


def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to watch; folders inside it are not searched.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="OUT", help="Folder for the results; names are kept.")],
    failed_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="Folder to which images are moved that cannot be restored, each with NAME.reason.txt; "
            "DIR/failed unless set.",
        ),
    ] = None,
    settle: Annotated[
        float,
        typer.Option(
            metavar="S", help="An image is complete when its size and its time have stood still for S seconds."
        ),
    ] = 2.0,
    jobs: Jobs = 1,
    once: Annotated[bool, typer.Option("--once", help="Restore what is there and stop, for cron.")] = False,
    model: Model = DEFAULT_MODEL,
    kernel: Kernel = "auto",
    iterations: Iterations = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "torch",
    window: Window = None,
    white_level: WhiteLevel = None,
    channels: Channels = "joint",
    gamma: Gamma = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Restore images as they arrive in a folder, each once, begun in the order in which they are complete.

    OUT/.pinsharp.sqlite remembers what is done: started again, it first restores what has arrived meanwhile, and never
    what it has done, even if the results were taken away; an image that changes is restored again. The images stay
    where they are, but for those that cannot be restored. Ctrl-C stops after the current images, a second one at once.

    Exit status: 130 stopped by Ctrl-C; 2 wrong use; with --once 0 all done, 1 some images failed.
    """
    if settle < 0:
        raise ConfigError(f"--settle must be at least 0 seconds, got {settle:g}")
    if not once:
        from pinsharp.cli.extras import need

        need("watchfiles", extra="watch")
    from pinsharp.batch.watch import Place, check_place

    place = Place(folder, failed_dir or folder / "failed", settle, overwrite)
    check_place(place, out)
    _watch(
        place,
        out,
        RestoreOptions(model, kernel, iterations, device, precision, window, white_level, channels, gamma, runtime),
        jobs=jobs,
        once=once,
        as_json=as_json,
    )


def _watch(place: "Place", out: Path, options: RestoreOptions, *, jobs: int, once: bool, as_json: bool) -> None:
    """Restore and tell until there is nothing left or somebody stops it."""
    from pinsharp.batch.manifest import Manifest
    from pinsharp.batch.watch import Watch
    from pinsharp.batch.work import load_work

    restorer = options.load()  # here too if others do the work: wrong options are refused before it
    work, settings = load_work(options, restorer=restorer), options.settings(restorer)
    load = partial(load_work, options, share=jobs)
    teller = Teller(None, as_json)
    with Manifest(out) as manifest, stoppable(say_stopping) as stop:
        watching = Watch(place, manifest, load, settings, stop, remark, work=work, processes=jobs)
        if not once:
            remark(f"watching {place.source}; Ctrl-C stops")
        with closing(watching.once() if once else watching.forever()) as outcomes:
            summary = tell(outcomes, teller, options.model)
    conclude(teller, summary, stop)
