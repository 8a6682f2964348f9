"""`pinsharp batch`: many images on the machines of a Ray cluster."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.batch.interrupts import stoppable
from pinsharp.cli.batches import Report, conclude, say_resumed, say_stopping, tell_all
from pinsharp.cli.each import Teller
from pinsharp.cli.extras import need
from pinsharp.cli.messages import remark
from pinsharp.cli.options import Json, Overwrite, takes_recipe
from pinsharp.cli.outputs import PICTURE_SUFFIX, names_image, plan_jobs, templated
from pinsharp.errors import OutputError
from pinsharp.restoration.recipe import OPTIONS, Recipe

if TYPE_CHECKING:
    from pinsharp.batch.job import Job
    from pinsharp.cluster.actor import Errand
    from pinsharp.cluster.size import Size


@takes_recipe(*OPTIONS)
def batch(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Images, folders of images, patterns, each as a path or an address such as s3://bucket/scans/*.tif; "
            "or @list.txt, a file with one of these a line.",
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            help="Folder for the results, which every node sees, or one in a store, such as s3://bucket/restored.",
        ),
    ],
    ray: Annotated[
        str,
        typer.Option(
            "--ray",
            metavar="ADDRESS|local",
            help="The cluster: auto (the one that this machine belongs to), HOST:PORT, ray://HOST:PORT; local starts "
            "one on this machine and ends it.",
        ),
    ],
    *,
    recipe: Recipe,
    min_actors: Annotated[int, typer.Option(metavar="N", help="Actors that stay though no image waits.")] = 1,
    max_actors: Annotated[
        int, typer.Option(metavar="N", help="Actors at most, each with its own model. Unless given: all that fit.")
    ] = 0,
    cpus: Annotated[float, typer.Option(metavar="N", help="Processors of each actor, and its threads.")] = 1,
    gpus: Annotated[float, typer.Option(metavar="N", help="GPUs of each actor; 0.25 lets four share one.")] = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
    name_template: Annotated[
        str | None,
        typer.Option(metavar="T", help="How results are named, such as '{stem}.tif'. Unless given: as their inputs."),
    ] = None,
    side_by_side: Annotated[
        bool,
        typer.Option("--side-by-side", help="Also write NAME.side-by-side.png: blurred and restored, with a detail."),
    ] = False,
    tta: Annotated[
        bool, typer.Option("--tta", help="Restore turned and mirrored in eight ways too, and take the mean.")
    ] = False,
    save_mask: Annotated[
        str | None,
        typer.Option("--save-mask", metavar="FOLDER", help="Also write what is not light, as FOLDER/NAME.mask.png."),
    ] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Also write FOLDER/NAME.evidence.png: how much of each place was only found likely (bright).",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="F.html", help="Also write a page with thumbnails, widths and failures, to look at."),
    ] = None,
) -> None:
    """Restore many images on the machines of a Ray cluster.

    Started again with the same command it continues, after any failure: OUT/.pinsharp.sqlite remembers what is
    done; `restore --resume` may continue in the same folder, and the other way round. With --overwrite images that
    were done with other settings are done again, and other files are replaced. If a machine or a process dies, its
    current images are restored again. Ctrl-C stops after the current images, a second one at
    once.

    Exit status: 0 all done; 1 some of several images failed (each with its reason, the others are done); 2 wrong use,
    or the only image could not be restored; 130 stopped by Ctrl-C.
    """
    for module in ("ray", "fsspec"):
        need(module, extra="cluster")
    from pinsharp.cluster.inputs import find_inputs
    from pinsharp.cluster.size import Size

    size = Size(min_actors, max_actors, cpus, gpus)
    if tta:
        recipe = replace(recipe, model=f"ensemble:{recipe.model}")
    paths = find_inputs(inputs)
    jobs = _jobs(paths, out, side_by_side=side_by_side, save_mask=save_mask, evidence=evidence, template=name_template)
    page = Report(report)
    if report:
        page.check([job for job in jobs if job.input.exists()], overwrite=True)
    _Batch(jobs, recipe, size, page, overwrite).run(ray, Teller(len(jobs), as_json))


@dataclass(frozen=True)
class _Batch:
    """What is to be restored, and how."""

    jobs: "list[Job]"
    recipe: Recipe
    size: "Size"
    report: Report
    overwrite: bool

    def run(self, address: str, teller: Teller) -> None:
        """Restore everything, and tell what becomes of it."""
        from pinsharp.batch.run import plan_batch
        from pinsharp.cluster.report import brought
        from pinsharp.cluster.run import Crew, open_manifest
        from pinsharp.cluster.session import connected
        from pinsharp.cluster.shelf import Shelves
        from pinsharp.restoration.restorer import Restorer

        settings = Restorer(recipe=self.recipe).settings()  # what does not go is refused before anything begins
        folder, model = self.jobs[0].output.parent, str(self.recipe.model)
        with open_manifest(folder) as manifest, stoppable(say_stopping) as stop:
            plan = plan_batch(
                self.jobs, manifest, settings, resume=True, overwrite=self.overwrite, shelf=Shelves(folder)
            )
            if not manifest.is_new:
                say_resumed(plan, manifest)
            if plan.to_do:
                with connected(address):
                    crew = Crew(partial(self._errand, settings), self.size, stop, remark)
                    summary = tell_all(plan, crew.run(plan, manifest), teller, model, self.report)
            else:
                summary = tell_all(plan, iter(()), teller, model, self.report)
        with brought(self.report.outcomes) as outcomes:
            self.report.outcomes[:] = outcomes
            self.report.write(summary, settings)
        conclude(teller, summary, stop)

    def _errand(self, settings: dict[str, object], staging: Path | None) -> "Errand":
        from pinsharp.cluster.actor import Errand
        from pinsharp.cluster.work import everywhere, load_checked

        load = partial(load_checked, everywhere(self.recipe), settings)
        return Errand(load, staging, threads=max(1, int(self.size.cpus)), spreads=True)


def _jobs(
    paths: list[Path],
    out: str,
    *,
    side_by_side: bool,
    save_mask: str | None,
    evidence: str | None,
    template: str | None,
) -> "list[Job]":
    """Where the results of all inputs go."""
    from pinsharp.cluster.address import Address, place
    from pinsharp.cluster.plan import plan_into_store
    from pinsharp.images.discover import Found

    folder = place(out)
    if isinstance(folder, Address):
        picture = PICTURE_SUFFIX if side_by_side else ""
        return plan_into_store(
            paths, folder, partial(templated, template), picture=picture, mask=save_mask, evidence=evidence
        )
    if names_image(str(folder)):
        raise OutputError(f"{out}: expected a folder for the results, got the name of an image; name a folder")
    return plan_jobs(
        [Found(path) for path in paths],
        f"{folder}/",
        side_by_side=side_by_side,
        overwrite=True,  # what may be replaced is known only when the manifest is read
        save_mask=_as_folder(save_mask),
        evidence=_as_folder(evidence),
        template=template,
    )


def _as_folder(where: str | None) -> Path | None:
    """A folder, even for one image; the name of a file in it is refused later."""
    if where is None:
        return None
    if Path(where).suffix:
        raise OutputError(f"{where}: expected a folder, got a name with a suffix; name a folder")
    return Path(where)
