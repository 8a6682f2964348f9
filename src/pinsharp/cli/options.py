"""Arguments and options that several commands share, with their help."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from pinsharp.cli.messages import remark
from pinsharp.errors import ConfigError
from pinsharp.restoration.old_names import light_for_gamma
from pinsharp.restoration.recipe import OPTIONS, Recipe

DEFAULT_MODEL = str(Recipe.model)


def option(name: str) -> Any:
    """The option of the command line for a field of `Recipe`."""
    said = OPTIONS[name]
    flags = [f"--{name.replace('_', '-')}"] if said.kind is bool else []  # else typer adds a --no- to it
    return typer.Option(*flags, metavar=said.metavar, help=said.help)


Light = Annotated[str, option("light")]
OldGamma = Annotated[bool, typer.Option("--gamma", hidden=True)]


def renamed(light: str, *, gamma: bool) -> str:
    """The light that is asked for, perhaps by the old option --gamma, which is remarked.

    Raises:
        ConfigError: If --gamma and --light are both given, and differ.
    """
    if not gamma:
        return light
    meant = light_for_gamma(light, gamma=True)
    remark(f"--gamma is an old name; say --light {meant}")
    return meant


def takes_recipe(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, in the place of its parameter `recipe`, an option for each of some fields of `Recipe`."""

    def generate(command: Callable[..., None]) -> Callable[..., None]:
        kept = list(inspect.signature(command, eval_str=True).parameters.values())
        place = [one.name for one in kept].index("recipe")
        generated: dict[str, tuple[Any, Any]] = {
            name: (getattr(Recipe, name), Annotated[OPTIONS[name].kind, option(name)]) for name in names
        }
        if "light" in names:
            generated["gamma"] = (False, OldGamma)
        kept[place : place + 1] = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, (default, annotation) in generated.items()
        ]

        @wraps(command)
        def call(**arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in names}
            if "light" in names:
                given["light"] = renamed(given["light"], gamma=arguments.pop("gamma"))
            recipe = Recipe(**given)
            for words in recipe.doubts() if "kernel" in names else ():
                remark(words)
            command(recipe=recipe, **arguments)

        call.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
        call.__annotations__ = {one.name: one.annotation for one in kept}
        return call

    return generate


Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Images (PNG, JPEG, TIFF, X.zarr, FILE.h5::/path, raw files of cameras; docs/formats.md has all), videos, "
        "folders of images, or patterns such as 'scans/*.tif'.",
    ),
]
Recursive = Annotated[
    bool,
    typer.Option(
        "--recursive",
        "-r",
        help="Search the folders below folders too, and keep the tree in the folder for results; hidden folders, and "
        "the one for results, are left out.",
    ),
]
Device = Annotated[str, option("device")]
Precision = Annotated[str, option("precision")]


def _at_least_one(jobs: int) -> int:
    if jobs < 1:
        raise ConfigError(f"--jobs must be at least 1 process, got {jobs}")
    return jobs


Jobs = Annotated[
    int,
    typer.Option(
        metavar="N",
        callback=_at_least_one,
        help="Work in N processes at once, each with its own model, which share the processor's cores.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results that exist already; never an input.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line instead of words.")]
JsonDocument = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of words.")]

Kernels = Annotated[
    str,
    typer.Option(
        metavar="K",
        help="gaussian8 (the paper's: sigma 1.8 to 3.2, 21 x 21), gaussian8-wide (not cut off), disk6 (radius 2 to 7), "
        "wide-range (sigma 0.6 to 5), a kernel such as gaussian:2 or disk:3.5, a file, or several joined by commas.",
    ),
]
Border = Annotated[
    str,
    typer.Option(
        "--boundary",
        metavar="B",
        help="How an image continues past its border: reflect, replicate, zero or circular; valid cuts the border off, "
        "as a camera that sees more than the image.",
    ),
]
Bits = Annotated[int, typer.Option(metavar="N", help="Round the blurred images to N bits, 1 to 16.")]
Noise = Annotated[
    float, typer.Option(metavar="S", help="Add read noise of this standard deviation, in units of 1/255 of full scale.")
]
Seed = Annotated[int, typer.Option(metavar="N", help="Decides the noise: the same seed gives the same images.")]
Split = Annotated[
    str | None, typer.Option(metavar="NAME", help="Of a DIV2K (train, valid) or GOPRO (train, test) folder with both.")
]
Methods = Annotated[
    str,
    typer.Option(
        metavar="M,...",
        help="Rows, joined by commas: models that `pinsharp info` lists, .safetensors files, blurred (the input "
        "itself) and linear-limit (the best linear filter that knows kernel and spectrum, circular boundary). "
        "LABEL=FILE names the row.",
    ),
]
TrueKernel = Annotated[
    bool, typer.Option("--true-kernel", help="Add a row for each method that takes a kernel, given the true one.")
]
Limit = Annotated[int | None, typer.Option(metavar="N", help="Use only the first N images.")]
