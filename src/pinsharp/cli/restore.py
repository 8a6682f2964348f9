"""`pinsharp restore`: bring defocused images back."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pinsharp.batch.interrupts import stoppable
from pinsharp.batch.job import Job, Outcome
from pinsharp.cli.batches import Report, conclude, say_resumed, say_stopping, tell, tell_all
from pinsharp.cli.each import Teller
from pinsharp.cli.options import Inputs, Jobs, Json, Overwrite, Recursive, takes_recipe
from pinsharp.cli.outputs import names_image, plan_jobs
from pinsharp.cli.piped import is_piped, piped
from pinsharp.cli.progress import percent_progress
from pinsharp.cli.trained import say_trained_on
from pinsharp.errors import ConfigError, PinsharpError
from pinsharp.restoration.recipe import OPTIONS, Recipe


@takes_recipe(*OPTIONS)
def restore(
    inputs: Inputs,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            help="Where results go: a folder (made if it is not there; names are kept) or, for one input, a file; of a "
            "video also an image for each frame, such as frames/%06d.png. "
            "`restore - < IN > OUT` alone needs none: standard input to standard output.",
        ),
    ] = None,
    *,
    recipe: Recipe,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
    name_template: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="How results are named in the folder OUT, such as '{stem}-sharp{suffix}', '{folder}-{stem}{suffix}' "
            "with the name of their folder, or '{stem}.tif' for inputs of formats that are only read. Unless given: as "
            "their inputs.",
        ),
    ] = None,
    side_by_side: Annotated[
        bool,
        typer.Option("--side-by-side", help="Also write NAME.side-by-side.png: blurred and restored, with a detail."),
    ] = False,
    tta: Annotated[
        bool,
        typer.Option(
            "--tta", help="Restore the image turned and mirrored in eight ways too, and take the mean: a little better."
        ),
    ] = False,
    save_mask: Annotated[
        Path | None,
        typer.Option(
            "--save-mask",
            metavar="F.png|FOLDER",
            help="Also write what is not light, white on black, for --mask; of several inputs FOLDER/NAME.mask.png.",
        ),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence",
            metavar="F.png|F.tif|FOLDER",
            help="Also write a map of how much of each place is recovered from the image (dark, 0) and how much was "
            "only found likely (bright, 1): .png in colours, .tif 16-bit grey; of several inputs "
            "FOLDER/NAME.evidence.png. An image that stays as it is gets no map.",
        ),
    ] = None,
    jobs: Jobs = 1,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with a run that was stopped: leave out what is done and has not changed."),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="F.html", help="Also write a page with thumbnails, widths and failures, to look at."),
    ] = None,
) -> None:
    """Bring defocused images back.

    Results keep format, bit depth, channels, size, resolution, colour profile and tags of the inputs, which are never
    changed. Videos are restored frame by frame with one blur, that of a fixed camera.
    Of several images, OUT/.pinsharp.sqlite remembers what is done, so that --resume can continue after a crash;
    a single image leaves nothing but its result. Ctrl-C stops after the current images, a second one at once.

    Exit status: 0 all done; 1 some of several images failed (each with its reason, the others are done); 2 wrong use,
    or the only image could not be restored; 130 stopped by Ctrl-C.
    """
    from pinsharp.cli.inputs import asked_images

    if tta:
        recipe = replace(recipe, model=f"ensemble:{recipe.model}")
    if is_piped(inputs, out):
        if any((side_by_side, save_mask, evidence, report, resume, name_template)):
            raise ConfigError(
                "expected only the result of standard input, got an option that writes files; leave it out"
            )
        with piped(is_raw=recipe.raw is not None) as (source, target):
            _Run([Job(source, target)], target.parent, recipe, Report(None), False, False).only(Teller(1, as_json))
        return
    assert out is not None  # `is_piped` has seen to it
    found = asked_images(inputs, recursive=recursive, apart=(Path(out), save_mask, evidence))
    is_batch = _is_batch(out, len(found), resume=resume)
    advice = _check_folder(Path(out), resume=resume) if is_batch else "--overwrite replaces it"
    # What --resume may replace is known only when the manifest is read.
    planned = plan_jobs(
        found,
        out,
        side_by_side=side_by_side,
        overwrite=overwrite or resume,
        advice=advice,
        save_mask=save_mask,
        evidence=evidence,
        template=name_template,
    )
    run = _Run(planned, Path(out), recipe, Report(report), overwrite, resume)
    run.report.check(planned, overwrite=overwrite or resume)
    teller = Teller(len(planned), as_json)
    if is_batch:
        run.all(teller, processes=jobs)
    else:
        run.only(teller)


@dataclass(frozen=True)
class _Run:
    """What is to be restored, and how."""

    jobs: list[Job]
    folder: Path  # for the results, if they are several
    recipe: Recipe
    report: Report
    overwrite: bool
    resume: bool

    def only(self, teller: Teller) -> None:
        """Restore a single image; nothing is left beside its result."""
        from pinsharp.batch.summary import Summary
        from pinsharp.batch.work import restore_job
        from pinsharp.restoration.restorer import Restorer

        (job,), restorer = self.jobs, Restorer(recipe=self.recipe)
        summary = Summary()  # its time runs from here
        say_trained_on(str(self.recipe.model))
        try:
            with percent_progress("restoring, percent") as report:
                figures = restore_job(job, restorer=restorer, overwrite=self.overwrite, progress=report)
        except PinsharpError as error:
            outcome = Outcome(job, "failed", {}, error)
        else:
            outcome = Outcome(job, "done", figures)
        tell([outcome], teller, str(self.recipe.model), note=self.report.note, summary=summary)
        self.report.write(summary, restorer.settings())

    def all(self, teller: Teller, *, processes: int) -> None:
        """Restore several images, each step of which the manifest remembers."""
        from pinsharp.batch.manifest import Manifest
        from pinsharp.batch.run import plan_batch, run_batch
        from pinsharp.batch.work import load_work
        from pinsharp.restoration.restorer import Restorer

        say_trained_on(str(self.recipe.model))
        restorer = Restorer(recipe=self.recipe)  # here too if others do the work: what does not go is refused before
        work, settings = load_work(self.recipe, restorer=restorer), restorer.settings()
        load = partial(load_work, self.recipe, share=processes)
        with Manifest(self.folder) as manifest, stoppable(say_stopping) as stop:
            plan = plan_batch(self.jobs, manifest, settings, resume=self.resume, overwrite=self.overwrite)
            if self.resume:
                say_resumed(plan, manifest)
            processes = max(1, min(processes, len(plan.to_do)))
            outcomes = run_batch(plan, manifest, load, stop, work=work, processes=processes)
            summary = tell_all(plan, outcomes, teller, str(self.recipe.model), self.report)
        self.report.write(summary, settings)
        conclude(teller, summary, stop)


def _is_batch(out: str, images: int, *, resume: bool) -> bool:
    """Whether a manifest is kept: of several images, and where a run is to be resumed."""
    if resume and names_image(out):
        raise ConfigError(f"--resume needs a folder for the results, got the file {out}; leave --resume out")
    return resume or images > 1


def _check_folder(folder: Path, *, resume: bool) -> str:
    """Refuse a folder in which another run is at work; returns what can be done about an older result there."""
    from pinsharp.batch.manifest import MANIFEST, check_free

    check_free(folder)
    is_known = (folder / MANIFEST).is_file() and not resume
    return "--overwrite replaces it" + (", --resume leaves out what is done" if is_known else "")
