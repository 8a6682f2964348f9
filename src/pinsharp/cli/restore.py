"""`pinsharp restore`: bring defocused images back."""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from pinsharp.cli.each import Task, carry_out
from pinsharp.cli.messages import printable, width_in_words
from pinsharp.cli.options import DEFAULT_MODEL, Device, Inputs, Json, Model, Overwrite, Precision
from pinsharp.cli.outputs import Job, make_folder, plan_jobs

if TYPE_CHECKING:
    from pinsharp import methods
    from pinsharp.restore.restorer import Restored, Restorer


def restore(
    inputs: Inputs,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT",
            help="Where results go: a folder (made if it is not there; names are kept) or, for one input, a file.",
        ),
    ],
    model: Model = DEFAULT_MODEL,
    kernel: Annotated[
        str,
        typer.Option(
            metavar="K",
            help="auto measures the blur of each image, with swift if the model cannot; where it is known: "
            "gaussian:SIGMA, disk:RADIUS (pixels), or a file (.npy, .json, or a mono image of a point).",
        ),
    ] = "auto",
    iterations: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Restore up to N times, each time with the blur that is left: sharper, and slower by the same factor. "
            "Stops early when nothing is left.",
        ),
    ] = 1,
    device: Device = "auto",
    precision: Precision = "auto",
    overwrite: Overwrite = False,
    as_json: Json = False,
    side_by_side: Annotated[
        bool,
        typer.Option("--side-by-side", help="Also write NAME.side-by-side.png: blurred and restored, with a detail."),
    ] = False,
) -> None:
    """Bring defocused images back.

    Results keep format, bit depth, channels, size, resolution, colour profile and tags of the inputs, which are never
    changed. Exit status: 0 all done; 1 some of several images failed (each with its reason, the others are done);
    2 wrong use, or the only image could not be restored.
    """
    from pinsharp.images.discover import find_images

    jobs = plan_jobs(find_images(inputs), out, side_by_side=side_by_side, overwrite=overwrite)
    from pinsharp.restore.restorer import Restorer

    restorer = Restorer(model, device=device, precision=cast("methods.Precision", precision))
    restorer.check_options(kernel=kernel, iterations=iterations)

    def task(job: Job) -> Task:
        record: dict[str, object] = {"input": str(job.input), "output": str(job.output), "model": model}
        return Task(record, lambda: _restore_file(job, restorer, kernel, iterations, overwrite))

    carry_out([task(job) for job in jobs], as_json=as_json)


def _restore_file(
    job: Job, restorer: "Restorer", kernel: str, iterations: int, overwrite: bool
) -> tuple[dict[str, object], str]:
    """Restore one file; return its figures and the line for people."""
    from pinsharp.images.files import check_output, read_image, write_image

    source = read_image(job.input)
    check_output(job.output, source.pixels, overwrite=overwrite)
    result = restorer(source.pixels, kernel=kernel, iterations=iterations)
    make_folder(job)
    write_image(job.output, result.image, like=source, overwrite=overwrite)
    if job.picture:
        from pinsharp.cli.side_by_side import draw

        times = f", {result.iterations} iterations" if result.iterations > 1 else ""
        labels = (
            f"{printable(job.input.name)}: {width_in_words(result.defocus)}",
            f"Restored by {restorer.method.name}{times}",
        )
        picture = draw(source.pixels, result.image, labels=labels)
        write_image(job.picture, picture, overwrite=overwrite)
    megapixels = source.pixels.shape[0] * source.pixels.shape[1] / 1e6
    return _figures(result, megapixels), _line(job, result, megapixels)


def _figures(result: "Restored", megapixels: float) -> dict[str, object]:
    return {
        "sigma": result.sigma,
        "sigma_relative_std": result.sigma_relative_std,
        "family": result.family,
        "iterations": result.iterations,
        "sigmas": result.sigmas,
        "seconds": round(result.seconds, 4),
        "megapixels": megapixels,
    }


def _line(job: Job, result: "Restored", megapixels: float) -> str:
    further = ", then ".join(f"{sigma:.2f}" for sigma in result.sigmas[1:])
    times = f", {result.iterations} iterations (then {further} px)" if further else ""
    return (
        f"{job.input} -> {job.output}: {width_in_words(result.defocus)}{times}, "
        f"{megapixels:.2f} megapixels in {result.seconds:.2f} s"
    )
