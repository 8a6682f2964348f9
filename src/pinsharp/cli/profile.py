"""`pinsharp profile`: measure a camera once, keep what it does, and show it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from pinsharp.cli.messages import remark
from pinsharp.cli.options import JsonDocument, Overwrite, option
from pinsharp.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from pinsharp.blur.profile import Profile

PICTURES = (".png", ".pdf", ".svg")
SEVERAL = ("--edge", "--points", "--in-focus", "--stack", "--flat")
"""Options that take one or several files each."""

profile = typer.Typer(name="profile", no_args_is_help=True, help="Measure what a camera does to images, and show it.")


class TakesSeveral(TyperCommand):
    """A command whose options of files take all that follow: `--stack 0.png 1.png` as shells expand `--stack *.png`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the option before each further file."""
        spread: list[str] = []
        current, has_value = "", False
        for word in args:
            if word.startswith("-"):
                current, has_value = (word if word in SEVERAL else ""), False
            elif current and has_value:
                spread.append(current)
            else:
                has_value = True
            spread.append(word)
        return super().parse_args(ctx, spread)


@profile.command(cls=TakesSeveral)
def create(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="CAMERA.json", help="Where the profile goes.")],
    edge: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE...", help="Slanted edges, 2 to 12 degrees off the grid; each is found by itself."),
    ] = None,
    points: Annotated[
        list[str] | None, typer.Option(metavar="FILE...", help="Pinholes, LEDs or stars on a dark ground.")
    ] = None,
    target: Annotated[
        Path | None, typer.Option(metavar="F", help="A photograph of a checkerboard or random dots; needs --print.")
    ] = None,
    printed: Annotated[Path | None, typer.Option("--print", metavar="F", help="The image that was printed.")] = None,
    blurred: Annotated[Path | None, typer.Option(metavar="F", help="A photograph out of focus; needs --sharp.")] = None,
    sharp: Annotated[Path | None, typer.Option(metavar="F", help="The same scene in focus.")] = None,
    in_focus: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE...", help="Scenes in best focus; their windows vote for the camera's own softness."),
    ] = None,
    stack: Annotated[
        list[str] | None, typer.Option(metavar="FILE...", help="One scene through the focus; needs --steps.")
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(metavar="Z,...", help="Position of the focus of each image of --stack: 0,10,20um, -1,0,1."),
    ] = None,
    flat: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE...",
            help="For noise: two or more images of one scene at the same settings (photon transfer), or one with plain "
            "places. Without it the first image serves.",
        ),
    ] = None,
    light: Annotated[str, option("light")] = "auto",
    white_level: Annotated[int | None, option("white_level")] = None,
    overwrite: Overwrite = False,
    as_json: JsonDocument = False,
) -> None:
    """Make the profile of a camera from photographs that it has taken.

    One or several kinds of photographs, whichever are at hand; each option takes one or several files, folders or
    patterns. The profile holds kernels over the field with their intervals, transfer functions, the camera's own
    softness, noise, faulty pixels, and of a stack the best focus, its tilt, and how much defocus a pixel stands for.
    """
    from pinsharp.atomic import check_folder, check_free
    from pinsharp.blur.profile_json import to_json, write_profile
    from pinsharp.profiling.create import Material
    from pinsharp.profiling.create import create as make
    from pinsharp.profiling.steps import parse_steps
    from pinsharp.restoration.restorer import Restorer

    if output.suffix.lower() != ".json":
        raise OutputError(f"{output}: expected a name that ends in .json, got '{output.suffix}'; rename it")
    check_free(output, overwrite=overwrite)
    check_folder(output)
    images = _found(stack)
    if bool(images) != (steps is not None):
        raise ConfigError("--stack goes with --steps, got one without the other; give both")
    positions, unit = parse_steps(steps, len(images)) if steps is not None else ((), "steps")
    material = Material(
        edges=_found(edge),
        points=_found(points),
        in_focus=_found(in_focus),
        stack=images,
        positions=positions,
        unit=unit,
        target=target,
        printed=printed,
        blurred=blurred,
        sharp=sharp,
        flat=_found(flat),
        light=light,
        white_level=white_level,
    )
    found = make(material, lambda: Restorer(light=light, white_level=white_level))
    write_profile(output, found)
    if as_json:
        print(to_json(found), end="")
        return
    _say(found)
    remark(f"wrote {output}; show it with pinsharp profile show {output}")


@profile.command()
def show(
    camera: Annotated[Path, typer.Argument(metavar="CAMERA.json", help="A profile.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="F",
            help="Draw kernel, edge spread, transfer function, field, focus, noise, and what directions and colours "
            "differ by: .png, .pdf or .svg.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    as_json: JsonDocument = False,
) -> None:
    """Print the profile of a camera, and draw it."""
    from pinsharp.atomic import check_free, write_atomically
    from pinsharp.blur.profile_json import read_profile, to_json

    if output:
        if output.suffix.lower() not in PICTURES:
            raise OutputError(f"{output}: expected a name that ends in {', '.join(PICTURES)}; rename it")
        check_free(output, overwrite=overwrite)
    found = read_profile(camera)
    if output:
        from pinsharp.cli.profile_plot import draw

        write_atomically(output, draw(found, title=camera.name, kind=output.suffix[1:].lower()))
    if as_json:
        print(to_json(found), end="")
    else:
        _say(found)


def _found(inputs: list[str] | None) -> list[Path]:
    """The images that are meant."""
    from pinsharp.images.discover import find_images

    return find_images(inputs) if inputs else []


def _say(found: "Profile") -> None:
    from pinsharp.cli.profile_words import in_words

    for line in in_words(found):
        print(line)
