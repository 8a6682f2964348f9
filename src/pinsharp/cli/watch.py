"""`pinsharp watch`: restore images as they arrive in a folder."""

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.batch.interrupts import stoppable
from pinsharp.cli.batches import conclude, say_stopping, tell
from pinsharp.cli.each import Teller
from pinsharp.cli.messages import remark
from pinsharp.cli.options import Jobs, Json, Overwrite, Recursive, takes_recipe
from pinsharp.errors import ConfigError
from pinsharp.restoration.recipe import OPTIONS, Recipe

if TYPE_CHECKING:
    from pinsharp.batch.watch import Place


@takes_recipe(*OPTIONS)
def watch(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to watch; those inside it with --recursive.")],
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
    *,
    recipe: Recipe,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Restore images as they arrive in a folder, each once, in the order in which they are complete.

    OUT/.pinsharp.sqlite remembers what is done: started again, it first restores what has arrived meanwhile, and never
    what it has done, even if the results were taken away; an image that changes is restored again. The images stay
    where they are; those that cannot be restored are moved aside. Ctrl-C stops after the current images, a second one
    at once.

    Exit status: 130 stopped by Ctrl-C; 2 wrong use; with --once 0 all done, 1 some images failed.
    """
    if settle < 0:
        raise ConfigError(f"--settle must be at least 0 seconds, got {settle:g}")
    if not once:
        from pinsharp.cli.extras import need

        need("watchfiles", extra="watch")
    from pinsharp.batch.watch import Place, check_place

    place = Place(folder, failed_dir or folder / "failed", settle, overwrite, recursive)
    check_place(place, out)
    _watch(place, out, recipe, jobs=jobs, once=once, as_json=as_json)


def _watch(place: "Place", out: Path, recipe: Recipe, *, jobs: int, once: bool, as_json: bool) -> None:
    """Restore and tell until there is nothing left or somebody stops it."""
    from pinsharp.batch.manifest import Manifest
    from pinsharp.batch.watch import Watch
    from pinsharp.batch.work import load_work
    from pinsharp.restoration.restorer import Restorer

    restorer = Restorer(recipe=recipe)  # here too if others do the work: what does not go is refused before
    work, settings = load_work(recipe, restorer=restorer), restorer.settings()
    load = partial(load_work, recipe, share=jobs)
    teller = Teller(None, as_json)
    with Manifest(out) as manifest, stoppable(say_stopping) as stop:
        watching = Watch(place, manifest, load, settings, stop, remark, work=work, processes=jobs)
        if not once:
            remark(f"watching {place.source}; Ctrl-C stops")
        with closing(watching.once() if once else watching.forever()) as outcomes:
            summary = tell(outcomes, teller, str(recipe.model))
    conclude(teller, summary, stop)
