"""`pinsharp detect report`: what a detector finds before and after something was done to an image, on one page."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pinsharp.cli.options import JsonDocument, Overwrite
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress
from pinsharp.errors import ConfigError, ImageError, OutputError, PinsharpError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pinsharp.detect.comparison import Comparison
    from pinsharp.detect.report import Entry
    from pinsharp.detect.settings import DetectorSettings

PAGE_SUFFIXES = (".html", ".htm")


def report(
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="Image of a part, or a folder of images: blurred, say.")
    ],
    after: Annotated[
        Path, typer.Argument(metavar="AFTER", help="The same part again, or a folder with the same names: restored.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="F.html", help="Where the page goes.")],
    truth: Annotated[
        Path | None,
        typer.Option(
            metavar="T.csv",
            help="True particles: row, column, diameter, strength, pin. For folders, a folder with "
            "NAME.particles.csv or NAME.csv for each NAME.png.",
        ),
    ] = None,
    pins: Annotated[
        Path | None,
        typer.Option(
            metavar="P.csv",
            help="True pins: number, top, left, bottom, right. For folders, a folder with NAME.pins.csv for each. "
            "Unless given, pins are looked for in each image.",
        ),
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(metavar="F.toml", help="Settings of the detector, for both sides alike.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(metavar="PX", help="Two detections this close, in pixels, are the same particle.")
    ] = 3.0,
    overwrite: Overwrite = False,
    as_json: JsonDocument = False,
) -> None:
    """Inspect images before and after with the same settings, and write a page about what changed.

    The page shows which detections are new and which are lost, with crops of both images, the particles on each pin,
    and which pins change their verdict; with --truth also precision, recall, F1 and average precision of both. It needs
    no network and no script, and prints on A4. The images stay as they are.
    """
    from pinsharp.cli.messages import print_json
    from pinsharp.detect.comparison_figures import figures_of_all
    from pinsharp.detect.report import write_report
    from pinsharp.detect.settings import load_settings

    if out.suffix.lower() not in PAGE_SUFFIXES:
        raise OutputError(f"{out}: expected a name that ends in .html, got '{out.suffix}'; rename it")
    parts = _parts(before, after, truth, pins)
    inputs = [path for part in parts for path in part.files] + [path for path in (settings,) if path]
    check_results([out], inputs, overwrite=overwrite)
    chosen = load_settings(settings)
    entries = []
    with progress(len(parts), "inspecting") as advance:
        for part in parts:
            entries.append(_entry(part, chosen, tolerance))
            advance()
    write_report(out, entries, {"before": before, "after": after, **({"truth": truth} if truth else {})})
    found = figures_of_all([entry.comparison for entry in entries])
    if as_json:
        print_json({"report": str(out), "before": str(before), "after": str(after), "tolerance_px": tolerance, **found})
    else:
        _tell(out, [entry.comparison for entry in entries])


@dataclass(frozen=True)
class _Part:
    """The files of one part."""

    before: Path
    after: Path
    truth: Path | None
    pins: Path | None

    @property
    def files(self) -> list[Path]:
        return [path for path in (self.before, self.after, self.truth, self.pins) if path]

    def images(self) -> "tuple[NDArray[Any], NDArray[Any]]":
        """The pixels before and after, as read."""
        from pinsharp.images.files import read_image

        return read_image(self.before).pixels, read_image(self.after).pixels


def _parts(before: Path, after: Path, truth: Path | None, pins: Path | None) -> list[_Part]:
    """Pair images, and their tables, by name; refuse what has no partner."""
    from pinsharp.images.discover import images_in

    if not before.is_dir() and not after.is_dir():
        for table in (truth, pins):
            if table and table.is_dir():
                raise ConfigError(f"{table}: expected a table for one image, got a folder; name the table in it")
        return [_Part(_image(before), _image(after), truth, pins)]
    if not (before.is_dir() and after.is_dir()):
        file, folder = (after, before) if before.is_dir() else (before, after)
        raise ImageError(
            f"{file}: expected a folder as {folder} is one, got {'a file' if file.exists() else 'none'}; "
            "name two images or two folders"
        )
    names = [[path.name for path in images_in(folder)] for folder in (before, after)]
    if alone := sorted(set(names[0]) ^ set(names[1])):
        here, there = (before, after) if alone[0] in names[0] else (after, before)
        raise ImageError(
            f"{here / alone[0]}: expected an image of this name in {there} too, got none"
            f"{f' (and {len(alone) - 1} more)' if len(alone) > 1 else ''}; both folders need the same names"
        )
    if not names[0]:
        raise ImageError(f"{before}: expected a folder with images, got none in it; name another folder")
    return [
        _Part(
            before / name,
            after / name,
            _table(truth, name, (".particles.csv", ".csv")),
            _table(pins, name, (".pins.csv",)),
        )
        for name in names[0]
    ]


def _image(path: Path) -> Path:
    """The path, if it is that of an image; a pattern is not, because the images of one part are compared."""
    from pinsharp.images.discover import suffix_fault

    if not path.exists():
        raise ImageError(f"{path}: expected an image file or a folder, got no such file; check the name")
    if fault := suffix_fault(path):
        raise ImageError(f"{path}: {fault}")
    return path


def _table(folder: Path | None, name: str, endings: tuple[str, ...]) -> Path | None:
    """The table of an image in a folder of tables."""
    if folder is None:
        return None
    if not folder.is_dir():
        raise ConfigError(f"{folder}: expected a folder of tables for a folder of images, got a file or nothing")
    candidates = [folder / (Path(name).stem + ending) for ending in endings]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise ConfigError(f"{candidates[0]}: expected the table of {name}, got no such file; each image needs one")
    return found


def _entry(part: _Part, settings: "DetectorSettings", tolerance: float) -> "Entry":
    from pinsharp.detect.comparison import compare
    from pinsharp.detect.report import Entry
    from pinsharp.detect.tables import read_particles, read_pins

    truth = read_particles(part.truth) if part.truth else None
    pins = read_pins(part.pins) if part.pins else None
    before, after = part.images()
    try:
        comparison = compare(before, after, settings, name=part.after.name, tolerance=tolerance, truth=truth, pins=pins)
    except PinsharpError as error:
        raise type(error)(f"{part.before} and {part.after}: {error}") from error
    return Entry(comparison, part.images)


def _tell(out: Path, comparisons: "list[Comparison]") -> None:
    """Say the main figures in words."""
    from pinsharp.detect.comparison_figures import total_scores, totals

    found = totals(comparisons)
    print(
        f"detections {found.before} before, {found.after} after: {found.both} in both, {found.new} new, "
        f"{found.lost} lost"
    )
    if pins := sum(len(each.pins) for each in comparisons):
        print(f"pins that change their verdict: {found.changed_pins} of {pins}")
    if scores := total_scores(comparisons):
        for when, each in zip(("before", "after"), scores, strict=True):
            quality = f"precision {each.precision:.3f}, recall {each.recall:.3f}, F1 {each.f1:.3f}"
            area = f"average precision {each.average_precision:.3f}"
            print(f"{when}: {quality}, {area}, {each.false_alarms} false alarms, {each.missed} missed")
    print(f"wrote {out}")
