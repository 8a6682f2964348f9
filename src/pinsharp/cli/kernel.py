"""`pinsharp kernel`: measure how far images are out of focus, and save or draw the kernel."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinsharp.atomic import check_folder
from pinsharp.cli.each import Task, carry_out
from pinsharp.cli.messages import remark
from pinsharp.cli.options import Inputs, Json, Overwrite, Recursive, takes_recipe
from pinsharp.cli.outputs import check_results
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.places import shown_name
from pinsharp.restoration.figures import COLOURS, channel_figures, measured_figures
from pinsharp.restoration.recipe import Recipe
from pinsharp.words import distance_in_words, light_in_words, printable, width_in_words

if TYPE_CHECKING:
    from pinsharp.blur.field import BlurField
    from pinsharp.restoration.restorer import Restorer

SAVE_SUFFIXES = (".npy", ".json")
PLOT_SUFFIXES = (".png", ".pdf", ".svg")


@takes_recipe(
    *(
        "model",
        "white_level",
        "raw",
        "demosaic",
        "light",
        "device",
        "precision",
        "mask",
        "faults",
        "reference",
        "profile",
    )
)
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
    say_trend: Annotated[
        bool,
        typer.Option(
            "--field", help="Say how the width changes over the image, in a sentence: tilt, curvature, or two planes."
        ),
    ] = False,
    *,
    recipe: Recipe,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
    together: Annotated[
        bool,
        typer.Option(
            "--together",
            help="Measure one blur of all inputs, which one camera took at one focus: of one size, all mono or all in "
            "colour. Nearer to the truth than each by itself.",
        ),
    ] = False,
    per_channel: Annotated[
        bool,
        typer.Option(
            "--per-channel",
            help="Also measure red, green and blue by themselves, for lenses that focus colours differently; takes "
            "four times as long.",
        ),
    ] = False,
) -> None:
    """Measure how far images are out of focus; the images stay as they are.

    sigma is the width of the blur in pixels: the standard deviation of a Gaussian, half the radius of a disc. What
    stands after ± is one standard deviation, in the model's own judgement. Where the model cannot measure, swift does.
    Measure with the same --white-level and --light as you restore with. A TIFF so large that it is restored from disk
    by windows is measured on the same sample of it, at most 16 megapixels, and need not fit into memory.
    With --together the windows of all images vote for one blur, and there is one line.
    Exit status as of `pinsharp restore`.
    """
    from pinsharp.cli.inputs import asked_images

    paths = [found.path for found in asked_images(inputs, recursive=recursive)]
    if together and save_mask:
        raise ConfigError("--save-mask takes the pixels of one image, got --together; leave one of them out")
    _check_files(paths, save, plot, save_mask, overwrite, together=together)
    from pinsharp.restoration.restorer import Restorer

    restorer = Restorer(recipe=recipe)
    restorer.check_measurable()

    asked = _Asked(restorer, save, plot, save_mask, per_channel, say_trend)

    def task(paths: list[Path], name: str) -> Task:
        inputs: dict[str, object] = {"inputs": [str(path) for path in paths]} if together else {}
        record: dict[str, object] = {"input": name, "model": str(recipe.model)}
        return Task(record | inputs, lambda: _measure(paths, name, asked, together=together))

    rows = [(paths, _all_in_words(paths))] if together else [([path], str(path)) for path in paths]
    carry_out([task(*row) for row in rows], as_json=as_json)


@dataclass(frozen=True)
class _Asked:
    """What is measured, and where it is written."""

    restorer: "Restorer"
    save: Path | None
    plot: Path | None
    save_mask: Path | None
    per_channel: bool
    say_trend: bool


def _all_in_words(paths: list[Path]) -> str:
    """What several images are called on one line."""
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more together"


def _check_files(
    paths: list[Path], save: Path | None, plot: Path | None, save_mask: Path | None, overwrite: bool, *, together: bool
) -> None:
    """Refuse files that could not be written, before anything is measured."""
    for name, file, suffixes in (
        ("--save", save, SAVE_SUFFIXES),
        ("--plot", plot, PLOT_SUFFIXES),
        ("--save-mask", save_mask, (".png",)),
    ):
        if file is None:
            continue
        if len(paths) > 1 and not together:
            raise ConfigError(f"{name} takes the kernel of one image, got {len(paths)} images; call it for each")
        if file.suffix.lower() not in suffixes:
            known = " or ".join(suffixes)
            raise OutputError(f"{file}: expected a name that ends in {known}, got '{file.suffix}'; rename it")
        check_results([file], paths, overwrite=overwrite)
        check_folder(file)


def _measure(paths: list[Path], name: str, asked: _Asked, *, together: bool) -> tuple[dict[str, object], str]:
    """Measure one file, or several together; return the figures and the line for people."""
    from pinsharp.restoration.profiled import distance_figures
    from pinsharp.restoration.remarks import of_blur

    images: Any = paths if together else paths[0]
    found, light = asked.restorer.measure_with_light(images)
    channels = asked.restorer.measure_channels(images) if asked.per_channel else ()
    _write_files(paths, found, asked)
    words, further = _trend(found) if asked.say_trend else ("", {})
    further |= {"channels": channel_figures(channels)} if channels else {}
    distance = distance_figures(found, asked.restorer.recipe)
    remarks = (*asked.restorer.remarks(paths[0]), *of_blur(found, asked.restorer.recipe))
    for sentence in remarks:
        remark(f"{name}: {sentence}")
    further |= {"remarks": list(remarks)} if remarks else {}
    further |= {"own_softness": None if found.own is None else found.own.sigma, "distance": distance}
    line = (
        _line(name, found, distance_in_words({"distance": distance}))
        + light_in_words(light.figures())
        + _channels_in_words(channels)
        + words
    )
    return measured_figures(found) | light.figures() | further, line


def _write_files(paths: list[Path], found: "BlurField", asked: _Asked) -> None:
    """Write kernel, mask and picture, where they are asked for."""
    from pinsharp.atomic import write_atomically
    from pinsharp.blur.kernel_names import save_kernel

    if asked.save:
        save_kernel(asked.save, found.kernel)
    if asked.save_mask:
        from pinsharp.images.masks import write_mask

        write_mask(asked.save_mask, asked.restorer.hidden(paths[0]), overwrite=True)
    if asked.plot:
        from pinsharp.blur.kernel_plot import draw

        title = _all_in_words([Path(shown_name(path)) for path in paths])
        write_atomically(asked.plot, draw(found, title=printable(title), kind=asked.plot.suffix[1:].lower()))


def _trend(found: "BlurField") -> tuple[str, dict[str, object]]:
    """How the width changes over the image: a sentence for behind a line, and its figures."""
    if found.votes is None or found.finding is None:
        return "; field: this model measures one width for the whole image", {"field": None}
    from dataclasses import asdict

    from pinsharp.blur.trend import trend

    seen = trend(found.votes[0], found.finding)
    return f"; field: {seen.words}", {"field": {"words": seen.words, **asdict(seen)}}


def _channels_in_words(channels: "Sequence[BlurField]") -> str:
    """Widths of red, green and blue with their intervals; empty if they were not measured."""
    if not channels:
        return ""
    words = []
    for name, each in zip(COLOURS, channels, strict=True):
        between = " ({:.2f} to {:.2f})".format(*each.interval) if each.interval else ""
        words.append(f"{name} {each.sigma:.2f} px{between}")
    return f"; {', '.join(words)}"


def _line(name: str, found: "BlurField", distance: str = "") -> str:
    level = found.noise_level
    noise = "" if level is None else f", noise {255 * level:.2f}/255"
    width = width_in_words(found.sigma, found.sigma_relative_std, found.family, is_uncertain=found.is_uncertain)
    verdict = f"; {found.verdict}: {found.finding.reason}" if found.finding else ""
    turned = f"; astigmatism: {found.astigmatism.words}" if found.astigmatism else ""
    colours = f"; colours focus differently: {found.colour_widths.words}" if found.colour_widths else ""
    disk = f"as wide as a disc of radius {found.disk_radius:.2f} px"
    return f"{name}: {width}; {disk}{distance}{noise}{verdict}{turned}{colours}"
