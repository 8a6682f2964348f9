"""Restoring one file with the model that is loaded, as one process does it again and again."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from pinsharp.atomic import make_folder
from pinsharp.batch.job import Figures, Job, Work
from pinsharp.batch.options import RestoreOptions
from pinsharp.batch.words import printable, width_in_words
from pinsharp.errors import ConfigError
from pinsharp.workers import threads_for

if TYPE_CHECKING:
    from pinsharp.restoration.restored import Restored
    from pinsharp.restoration.restorer import Restorer
    from pinsharp.restoration.streaming import StreamedResult

Progress = Callable[[int, int], None]
"""Is told how many of how many pixels of a large image are done."""


def load_work(
    options: RestoreOptions,
    *,
    share: int = 1,
    progress: Progress | None = None,
    restorer: "Restorer | None" = None,
) -> Work:
    """Load the model once; what is returned restores one file after another.

    Args:
        options: How.
        share: How many processes share the threads.
        progress: Is told how many of how many pixels of a large image are done.
        restorer: The model, if it is loaded already.

    Raises:
        PinsharpError: If no image could be restored with these options.
    """
    if share > 1:
        import torch

        torch.set_num_threads(threads_for(share))
    return partial(restore_job, restorer=restorer or options.load(), options=options, progress=progress)


def restore_job(
    job: Job,
    *,
    restorer: "Restorer",
    options: RestoreOptions,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Figures:
    """Restore one file, write the result and, if it is wanted, the picture of both.

    Args:
        job: Input and results.
        restorer: The loaded model.
        options: How.
        overwrite: Whether older results may be replaced.
        progress: As for `load_work`.

    Raises:
        PinsharpError: If it cannot be read, restored or written.
    """
    from pinsharp.restoration.streaming import is_large

    if options.window != 0 and is_large(job.input):
        return _restore_large(job, restorer, options, overwrite, progress)
    return _restore_whole(job, restorer, options, overwrite)


def _restore_whole(job: Job, restorer: "Restorer", options: RestoreOptions, overwrite: bool) -> Figures:
    from pinsharp.images.files import check_output, read_image, write_image

    source = read_image(job.input)
    check_output(job.output, source.pixels, overwrite=overwrite)
    result = restorer(source.pixels, kernel=options.kernel, iterations=options.iterations)
    make_folder(job.output.parent)
    write_image(job.output, result.image, like=source, overwrite=overwrite)
    if job.picture:
        from pinsharp.batch.side_by_side import draw

        labels = _labels(job, result, restorer.method.name)
        write_image(job.picture, draw(source.pixels, result.image, labels=labels), overwrite=overwrite)
    unexplained = {"residual": result.residual, "doubtful": result.is_doubtful}
    return _figures(result, result.sigmas, source.pixels.shape[0] * source.pixels.shape[1] / 1e6) | unexplained


def _restore_large(
    job: Job, restorer: "Restorer", options: RestoreOptions, overwrite: bool, progress: Progress | None
) -> Figures:
    from pinsharp.restoration.streaming import restore_file

    for option, is_asked in (
        ("--iterations 1", options.iterations > 1),
        ("no --side-by-side", job.picture is not None),
    ):
        if is_asked:
            raise ConfigError(
                f"expected {option} for an image so large that it is restored from disk by windows, got more; leave it "
                "out, or give --window 0 if the image fits into memory"
            )
    make_folder(job.output.parent)
    result = restore_file(
        job.input, job.output, restorer, kernel=options.kernel, progress=progress, overwrite=overwrite
    )
    return _figures(result, (result.defocus.sigma,), result.megapixels)


def _labels(job: Job, result: "Restored", model: str) -> tuple[str, str]:
    times = f", {result.iterations} iterations" if result.iterations > 1 else ""
    return f"{printable(job.input.name)}: {width_in_words(result.defocus)}", f"Restored by {model}{times}"


def _figures(result: "Restored | StreamedResult", sigmas: Sequence[float], megapixels: float) -> Figures:
    found = result.defocus
    return {
        "sigma": found.sigma,
        "sigma_relative_std": found.sigma_relative_std,
        "family": found.family,
        "iterations": len(sigmas),
        "sigmas": list(sigmas),
        "seconds": round(result.seconds, 4),
        "megapixels": megapixels,
        "window": result.window,
        "seam": asdict(result.seam) if result.seam else None,
        "channel_sigmas": [channel.sigma for channel in result.channels],
        "noise": found.noise_level,
        "residual": None,
        "doubtful": False,
    }
