"""`pinsharp kernel`: measure how far images are out of focus, and save or draw the kernel."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pinsharp.batch.words import light_in_words, printable, width_in_words
from pinsharp.cli.each import Task, carry_out
from pinsharp.cli.options import Inputs, Json, Overwrite, takes_recipe
from pinsharp.cli.outputs import check_results
from pinsharp.errors import ConfigError, OutputError
from pinsharp.restoration.recipe import Recipe

if TYPE_CHECKING:
    from pinsharp.blur.field import BlurField
    from pinsharp.restoration.restorer import Restorer

SAVE_SUFFIXES = (".npy", ".json")
PLOT_SUFFIXES = (".png", ".pdf", ".svg")


@takes_recipe("model", "white_level", "light", "device", "precision", "mask", "faults")
def kernel(
    inputs: Inputs,
    save: Annotated[
        Path | None,
        typer.Option(metavar="F", help="Write the kernel of the only input as .npy or .json, for --kernel of restore."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="F",
            help="Draw the kernel of the only input, its profile and its transfer function: .png, .pdf or .svg.",
        ),
    ] = None,
    save_mask: Annotated[
        Path | None,
        typer.Option("--save-mask", metavar="F.png", help="Write what is not light in the only input, white on black."),
    ] = None,
    field: Annotated[
        bool,
        typer.Option(
            "--field", help="Say how the width changes over the image, in a sentence: tilt, curvature, or two planes."
        ),
    ] = False,
    *,
    recipe: Recipe,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Measure how far images are out of focus; the images stay as they are.

    sigma is the width of the blur in pixels: the standard deviation of a Gaussian, half the radius of a disc. What
    stands after ± is one standard deviation, in the model's own judgement. Where the model cannot measure, swift does.
    Measure with the same --white-level and --light as you restore with. A TIFF so large that it is restored from disk
    by windows is measured on the same sample of it, at most 16 megapixels, and need not fit into memory.
    Exit status as of `pinsharp restore`.
    """
    from pinsharp.images.discover import find_images

    paths = find_images(inputs)
    _check_files(paths, save, plot, save_mask, overwrite)
    from pinsharp.restoration.restorer import Restorer

    restorer = Restorer(recipe=recipe)
    restorer.check_measurable()

    def task(path: Path) -> Task:
        record: dict[str, object] = {"input": str(path), "model": str(recipe.model)}
        return Task(record, lambda: _measure_file(path, restorer, save, plot, save_mask, field=field))

    carry_out([task(path) for path in paths], as_json=as_json)


def _check_files(
    paths: list[Path], save: Path | None, plot: Path | None, save_mask: Path | None, overwrite: bool
) -> None:
    """Refuse files that could not be written, before anything is measured."""
    for name, file, suffixes in (
        ("--save", save, SAVE_SUFFIXES),
        ("--plot", plot, PLOT_SUFFIXES),
        ("--save-mask", save_mask, (".png",)),
    ):
        if file is None:
            continue
        if len(paths) > 1:
            raise ConfigError(f"{name} takes the kernel of one image, got {len(paths)} images; call it for each")
        if file.suffix.lower() not in suffixes:
            known = " or ".join(suffixes)
            raise OutputError(f"{file}: expected a name that ends in {known}, got '{file.suffix}'; rename it")
        check_results([file], paths, overwrite=overwrite)
        if not file.parent.is_dir():
            raise OutputError(f"{file}: expected the folder {file.parent} to exist, got none; create it first")


def _measure_file(
    path: Path,
    restorer: "Restorer",
    save: Path | None,
    plot: Path | None,
    save_mask: Path | None,
    *,
    field: bool,
) -> tuple[dict[str, object], str]:
    """Measure one file; return its figures and the line for people."""
    from pinsharp.atomic import write_atomically
    from pinsharp.blur.kernel_names import save_kernel

    found, light = restorer.measure_with_light(path)
    if save:
        save_kernel(save, found.kernel)
    if save_mask:
        from pinsharp.images.masks import write_mask

        write_mask(save_mask, restorer.hidden(path), overwrite=True)
    if plot:
        from pinsharp.cli.kernel_plot import draw

        write_atomically(plot, draw(found, title=printable(path.name), kind=plot.suffix[1:].lower()))
    words, further = _trend(found) if field else ("", {})
    line = _line(path, found) + light_in_words(light.figures()) + words
    return _figures(found) | light.figures() | further, line


def _trend(found: "BlurField") -> tuple[str, dict[str, object]]:
    """How the width changes over the image: a sentence for behind a line, and its figures."""
    if found.votes is None or found.finding is None:
        return "; field: this model measures one width for the whole image", {"field": None}
    from dataclasses import asdict

    from pinsharp.blur.trend import trend

    seen = trend(found.votes[0], found.finding)
    return f"; field: {seen.words}", {"field": {"words": seen.words, **asdict(seen)}}


def _figures(found: "BlurField") -> dict[str, object]:
    return {
        "sigma": found.sigma,
        "sigma_relative_std": found.sigma_relative_std,
        "verdict": found.verdict,
        "reason": found.finding.reason if found.finding else "",
        "interval": found.interval,
        "agreement": found.finding.agreement if found.finding else None,
        "shape": found.finding.field.shape if found.finding else None,
        "family": found.family,
        "disk_share": found.disk_fraction,
        "disk_radius": found.disk_radius,
        "noise": found.noise_level,
        "continuation": found.continuation,
        "kernel_size": found.kernel.shape[-1],
    }


def _line(path: Path, found: "BlurField") -> str:
    level = found.noise_level
    noise = "" if level is None else f", noise {255 * level:.2f}/255"
    width = width_in_words(found.sigma, found.sigma_relative_std, found.family)
    verdict = f"; {found.verdict}: {found.finding.reason}" if found.finding else ""
    return f"{path}: {width}; as wide as a disc of radius {found.disk_radius:.2f} px{noise}{verdict}"
