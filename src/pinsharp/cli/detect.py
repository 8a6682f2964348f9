"""`pinsharp detect`: conductive particles found and counted on the pins of panels; and what belongs to that."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from pinsharp.cli.detect_report import report
from pinsharp.cli.detect_simulate import simulate
from pinsharp.cli.distinct import check_distinct
from pinsharp.cli.each import Record, Task, carry_out
from pinsharp.cli.options import Inputs, Json, Overwrite, Recursive
from pinsharp.cli.outputs import check_results

if TYPE_CHECKING:
    from pinsharp.detect.particles import DetectorSettings, Inspection
    from pinsharp.detect.tables import Pin

IMAGES = "images"


class ImagesByDefault(TyperGroup):
    """A group that passes arguments which are not its commands on to `images`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `images` in front, unless a command or help was asked for."""
        is_for_us = not args or args[0] in {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, args if is_for_us else [IMAGES, *args])


detect = typer.Typer(
    name="detect",
    cls=ImagesByDefault,
    help="Find conductive particles on the pins of panels, and judge the pins: `pinsharp detect IMAGE... [-o DIR]`, "
    "which is short for `pinsharp detect images`.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


def images(
    inputs: Inputs,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for the tables and pictures of each image, made if it is not there. Without it, nothing is "
            "written.",
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="F.toml", help="Settings of the detector that differ from the defaults, a line each."),
    ] = None,
    pins: Annotated[
        Path | None,
        typer.Option(
            metavar="F.csv",
            help="Where the pins are in all images: number, top, left, bottom, right in pixels. Unless given, they are "
            "looked for in each.",
        ),
    ] = None,
    recursive: Recursive = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Find conductive particles, count them on each pin, and judge the pins.

    Writes, of each image NAME, DIR/NAME.found.csv (particles) and DIR/NAME.found-pins.csv (pins, as --pins takes them),
    DIR/NAME.found.json (both, the verdicts and the settings) and DIR/NAME.found.png (the image with what was found;
    pins with too few particles are hatched). Of an image that shows no pins the whole is searched and nothing judged.

    Exit status: 0 all inspected, whatever the verdicts; 1 some of several images failed; 2 wrong use, or the only image
    could not be read.
    """
    from pinsharp.cli.inputs import asked_images
    from pinsharp.detect.settings import load_settings
    from pinsharp.detect.tables import read_pins

    asked = asked_images(inputs, recursive=recursive, apart=(out,))
    paths = [found.path for found in asked]
    chosen, known_pins = load_settings(settings), read_pins(pins) if pins else None
    results = [_Results.of(found.path, out / found.below) if out else None for found in asked]
    check_distinct([(found.document, path) for path, found in zip(paths, results, strict=True) if found])
    check_results([file for found in results if found for file in found.files], paths, overwrite=overwrite)
    tasks = [_task(path, found, chosen, known_pins) for path, found in zip(paths, results, strict=True)]
    carry_out(tasks, as_json=as_json)


@dataclass(frozen=True)
class _Results:
    """The files that are written of one image."""

    particles: Path
    pins: Path
    document: Path
    overlay: Path

    @classmethod
    def of(cls, image: Path, folder: Path) -> "_Results":
        """Their names in a folder."""
        suffixes = (".found.csv", ".found-pins.csv", ".found.json", ".found.png")
        return cls(*(folder / (image.stem + suffix) for suffix in suffixes))

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return self.particles, self.pins, self.document, self.overlay

    def write(self, pixels: Any, found: "Inspection", record: Record) -> None:
        """Write all.

        Raises:
            OutputError: If one of the files cannot be written.
        """
        from pinsharp.atomic import make_folder, write_json
        from pinsharp.detect.overlay import draw
        from pinsharp.detect.tables import write_particles, write_pins
        from pinsharp.images.files import write_image

        make_folder(self.document.parent)
        write_particles(self.particles, found.particles)
        write_pins(self.pins, found.pins)
        write_json(self.document, record)
        write_image(self.overlay, draw(pixels, found), overwrite=True)


def _task(path: Path, results: _Results | None, settings: "DetectorSettings", pins: "tuple[Pin, ...] | None") -> Task:
    """The work on one image: inspect it, write its results, and return its figures and the line for people."""
    from pinsharp.detect.particles import inspect
    from pinsharp.images.files import read_image

    def work() -> tuple[Record, str]:
        pixels = read_image(path).pixels
        found = inspect(pixels, settings, pins=pins)
        figures = found.figures()
        if results:
            particles: Record = {"particles": [asdict(particle) for particle in found.particles]}
            made_with: Record = {"settings": asdict(settings)}
            results.write(pixels, found, {"input": str(path)} | figures | particles | made_with)
        return {**figures, "particles": len(found.particles)}, _line(path, found)

    record: Record = {"input": str(path)}
    if results:
        record["output"] = str(results.document)
    return Task(record, work)


def _line(path: Path, found: "Inspection") -> str:
    """The verdict on an image, on one line."""
    particles = f"{path}: {len(found.particles)} particle{'s' * (len(found.particles) != 1)}"
    if not found.pins:
        return f"{particles}; no pins in the image, nothing to judge"
    pins = f"{len(found.pins)} pin{'s' * (len(found.pins) != 1)}"
    failed = found.failed_pins
    if not failed:
        return f"{particles} on {pins}; all pass"
    named = ", ".join(f"{pin.number} ({found.counts[pin.number]})" for pin in failed[:8])
    more = f" and {len(failed) - 8} more" if len(failed) > 8 else ""
    verdict = f"{len(failed)} {'fails' if len(failed) == 1 else 'fail'}"
    return f"{particles} on {pins}; {verdict}, with fewer than {found.settings.minimum_per_pin}: {named}{more}"


for _name, _command in ((IMAGES, images), ("report", report), ("simulate", simulate)):
    detect.command(_name)(_command)
