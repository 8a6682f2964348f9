"""`pinsharp detect simulate`: panels with known particles, to try detectors on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from pinsharp.cli.options import Json, Overwrite
from pinsharp.cli.outputs import check_results
from pinsharp.cli.progress import progress

if TYPE_CHECKING:
    from pinsharp.detect.camera import CameraSettings
    from pinsharp.detect.panel import PanelSettings


def simulate(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the panels; made if it is not there.")
    ],
    panels: Annotated[int, typer.Option(min=1, metavar="N", help="How many.")] = 1,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Seed of the first panel; the next panels count up. It decides particles, dirt and noise.",
        ),
    ] = 0,
    kernel: Annotated[
        str | None,
        typer.Option(
            metavar="K", help="Defocus: gaussian:SIGMA, disk:RADIUS (pixels), or a file. Unless given: in focus."
        ),
    ] = None,
    bits: Annotated[
        int | None, typer.Option(metavar="8|12", help="Depth of the camera; 12 bits are stored in 16 as 0..4095.")
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml", help="Tables [panel], [panel.particles], [panel.dirt] and [camera]; see settings.json."
        ),
    ] = None,
    image_type: Annotated[str, typer.Option("--format", metavar="png|tif", help="Of the images.")] = "png",
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Draw panels as line-scan cameras see them, with tables of their particles and pins.

    Writes DIR/panel-SEED.png, DIR/panel-SEED.particles.csv, DIR/panel-SEED.pins.csv and DIR/settings.json, which holds
    all settings in micrometres and pixels. The same seed with another kernel is the same panel, out of focus.
    """
    from pinsharp.cli.messages import print_json
    from pinsharp.detect.panel_set import PanelSet, write_panels

    panel, camera = read_settings(settings, bits)
    plan = PanelSet(out, range(seed, seed + panels), panel, camera, kernel, cast(Any, image_type))
    check_results(plan.targets, [path for path in (settings,) if path], overwrite=overwrite)
    with progress(panels, "simulating") as advance:

        def report(entry: dict[str, Any]) -> None:
            if as_json:
                print_json(entry)
            advance()

        manifest = write_panels(plan, overwrite=overwrite, report=report)
    if not as_json:
        print(f"{panels} panel{'s' * (panels > 1)}: {manifest}")


def read_settings(path: Path | None, bits: int | None) -> "tuple[PanelSettings, CameraSettings]":
    """Read panel and camera from a TOML file, or take the defaults; `bits` from the command line wins.

    Raises:
        ConfigError: If the file cannot be read, or holds an unknown or wrong setting.
    """
    from pinsharp.detect.camera import CameraSettings
    from pinsharp.detect.panel import PanelSettings
    from pinsharp.errors import ConfigError
    from pinsharp.settings import build, read_toml

    tables: dict[str, Any] = {}
    if path is not None:
        tables = read_toml(path, example="pins = 20")
        unknown = sorted(tables.keys() - {"panel", "camera"})
        if unknown:
            raise ConfigError(f"{path}: expected the tables [panel] and [camera], got {unknown[0]}; put it into one")
    camera = tables.get("camera", {})
    if bits is not None and isinstance(camera, dict):
        camera = camera | {"bits": bits}
    try:
        return build(PanelSettings, tables.get("panel", {}), "panel."), build(CameraSettings, camera, "camera.")
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}" if path is not None else str(error)) from None
