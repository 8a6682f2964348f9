"""Restoring one file with the model that is loaded, as one process does it again and again."""

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from pinsharp.atomic import make_folder
from pinsharp.batch.job import Figures, Job, Work
from pinsharp.images.places import check_free_place
from pinsharp.restoration.recipe import Recipe
from pinsharp.words import printable, width_in_words
from pinsharp.workers import threads_for

if TYPE_CHECKING:
    from pinsharp.restoration.pipeline import Progress
    from pinsharp.restoration.restorer import Restorer
    from pinsharp.restoration.result import Restored


def load_work(recipe: Recipe, *, share: int = 1, restorer: "Restorer | None" = None) -> Work:
    """Load the model once; what is returned restores one file after another, with its `share` of the threads.

    Raises:
        PinsharpError: If no image could be restored with this recipe.
    """
    from pinsharp.restoration.restorer import Restorer

    if share > 1:
        import torch

        torch.set_num_threads(threads_for(share))
    return partial(restore_job, restorer=restorer or Restorer(recipe=recipe))


def restore_job(
    job: Job, *, restorer: "Restorer", overwrite: bool = False, progress: "Progress | None" = None
) -> Figures:
    """Restore one file, write the result and what else is wanted of it; `progress` is called with pixels done.

    Raises:
        PinsharpError: If the image cannot be read, restored or written.
    """
    for path in job.results:
        check_free_place(path, overwrite=overwrite)
    if job.evidence:
        restorer.check_map(job.input, job.evidence)
    if job.evidence or job.mask:
        _check_single(job, restorer.recipe)
    result = restorer.restore_file(job.input, job.output, overwrite=overwrite, progress=progress)
    if job.mask:
        from pinsharp.images.masks import write_mask
        from pinsharp.images.packed_mask import PackedMask

        make_folder(job.mask.parent)
        height, width = result.held.shape[:2]
        mask = PackedMask((height, width)) if result.mask is None else result.mask
        write_mask(job.mask, mask, overwrite=overwrite)
    if job.evidence and result.is_restored:
        from pinsharp.restoration.maps import write_evidence

        make_folder(job.evidence.parent)
        write_evidence(job.evidence, result, overwrite=overwrite)
    elif job.evidence and overwrite:  # an older one would be of another result
        job.evidence.unlink(missing_ok=True)
    if job.picture:
        _write_picture(job, result, restorer, overwrite=overwrite)
    return restored_figures(result)


def _check_single(job: Job, recipe: Recipe) -> None:
    """Refuse a mask or a map of several planes or frames."""
    from pinsharp.errors import ImageError
    from pinsharp.images.mosaic_file import is_mosaic
    from pinsharp.images.stack import is_stack
    from pinsharp.images.video_names import is_video

    is_several = is_video(job.input) or (recipe.planes and is_stack(job.input))
    if is_several or is_mosaic(job.input, recipe.reading):
        raise ImageError(
            f"{job.input}: expected one image for a mask or an evidence map, got several planes or frames; leave it out"
        )


def _write_picture(job: Job, result: "Restored", restorer: "Restorer", *, overwrite: bool) -> None:
    """Write the picture of before and after, with what was found."""
    from pinsharp.batch.side_by_side import Found, draw
    from pinsharp.images.files import write_image
    from pinsharp.restoration.views import read_view

    assert job.picture is not None
    before, after = read_view(job.input, reading=restorer.recipe.reading), result.view()
    note = f", {before.note}" if before.note else ""
    left, right = (label + note for label in _labels(job, result, restorer.method.name))
    details = ("Blurred", "Restored") if result.is_restored else ("Before", "Left as it is")
    found = Found(restored_figures(result), result.unsupported_view() if job.evidence else None)
    picture = draw(before.pixels, after.pixels, labels=(left, right), details=details, found=found)
    write_image(job.picture, picture, overwrite=overwrite)


def _labels(job: Job, result: "Restored", model: str) -> tuple[str, str]:
    times = f", {result.iterations} iterations" if result.iterations > 1 else ""
    found = result.defocus
    width = width_in_words(found.sigma, found.sigma_relative_std, found.family, is_uncertain=found.is_uncertain)
    return f"{printable(job.title)}: {width}", f"Restored by {model}{times}" if result.is_restored else "Left as it is"


def restored_figures(result: "Restored") -> Figures:
    """What was found on the way to a result, as `--json` prints it."""
    from pinsharp.restoration.widths import field_figures

    found, left = result.defocus, result.remaining
    # Names that are here stay: manifests of earlier runs have them, and programs of users read them.
    return {
        "sigma": found.sigma,
        "sigma_relative_std": found.sigma_relative_std,
        "family": found.family,
        "iterations": result.iterations,
        "sigmas": list(result.sigmas),
        "seconds": round(result.seconds, 4),
        "megapixels": result.megapixels,
        "frames": result.frames,
        "window": result.window,
        "seam": asdict(result.seam) if result.seam else None,
        "field": asdict(result.field) if result.field else None,
        "channel_sigmas": [channel.sigma for channel in result.channels],
        "verdict": found.verdict,
        "uncertain": found.is_uncertain,
        "interval": found.interval,
        "restored": result.is_restored,
        "reason": result.reason,
        "verdict_reason": found.finding.reason if found.finding else "",
        "width_map": field_figures(found, (result.held.shape[0], result.held.shape[1])),
        "guard": result.guard_share,
        "noise": found.noise_level,
        "residual": result.residual,
        "doubtful": result.is_doubtful,
        "refuted_sigma": result.refuted_sigma,
        "remaining": asdict(left) if left else None,
        "own_softness": None if found.own is None else found.own.sigma,
        "distance": result.distance,
        "dropped": result.dropped,
        "remarks": list(result.remarks),
        **result.light.figures(),
        "masked_share": result.masked_share,
        "faults": result.faults,
    }
