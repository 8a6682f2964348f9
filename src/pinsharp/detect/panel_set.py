"""Simulated panels on disk: an image, its particles and its pins for each seed, and the settings of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pinsharp.atomic import make_folder, write_json
from pinsharp.detect.camera import CameraSettings, expose
from pinsharp.detect.panel import PanelSettings
from pinsharp.detect.simulate import simulate_panel
from pinsharp.detect.tables import write_particles, write_pins
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.files import write_image
from pinsharp.version import __version__

if TYPE_CHECKING:
    from torch import Tensor

SETTINGS = "settings.json"


@dataclass(frozen=True)
class PanelSet:
    """What will be simulated, and where it goes."""

    folder: Path  # where the files go
    seeds: Sequence[int]  # one for each panel, all different, from 0 on
    panel: PanelSettings = field(default_factory=PanelSettings)  # what the panels are like
    camera: CameraSettings = field(default_factory=CameraSettings)  # what takes them
    kernel: str | None = None  # name of the defocus, for the settings; None in focus
    image_type: Literal["png", "tif"] = "png"  # `png` or `tif`

    def __post_init__(self) -> None:
        if not self.seeds or min(self.seeds) < 0 or len(set(self.seeds)) < len(self.seeds):
            raise ConfigError(f"expected one seed or more, different and from 0 on, got {list(self.seeds)}")
        if self.image_type not in ("png", "tif"):
            raise ConfigError(f"expected images of type png or tif, got {self.image_type!r}")

    def files(self, seed: int) -> tuple[Path, ...]:
        """Image, particles and pins of a seed."""
        stem = f"panel-{seed:04d}"
        tables = (self.folder / f"{stem}.{table}.csv" for table in ("particles", "pins"))
        return self.folder / f"{stem}.{self.image_type}", *tables

    @property
    def targets(self) -> list[Path]:
        """All files, the settings first."""
        return [self.folder / SETTINGS, *(path for seed in self.seeds for path in self.files(seed))]


def write_panels(
    plan: PanelSet, *, overwrite: bool = False, report: Callable[[dict[str, Any]], None] | None = None
) -> Path:
    """Simulate panels and write FOLDER/panel-SEED.png, .particles.csv and .pins.csv, and FOLDER/settings.json.

    Each file appears completely or not at all, the settings last: a folder without them is unfinished. The same seed
    gives the same panel with the same noise, whatever the kernel. `report` is called with each panel's entry in the
    settings when its files are written.

    Returns:
        Path of the settings.

    Raises:
        OutputError: If a file exists already, or the folder cannot be written.
        KernelError: If `plan.kernel` names no kernel.
    """
    from pinsharp.blur.kernel_names import parse_kernel

    kernel = None if plan.kernel is None else parse_kernel(plan.kernel)
    existing = [path for path in plan.targets if path.exists()]
    if existing and not overwrite:
        raise OutputError(f"{existing[0]}: expected a new name, got an existing file; --overwrite replaces it")
    make_folder(plan.folder)
    settings = plan.folder / SETTINGS
    settings.unlink(missing_ok=True)  # from here on the old ones would lie
    entries = []
    for seed in plan.seeds:
        entries.append(_write_panel(plan, seed, kernel, overwrite=overwrite))
        if report:
            report(entries[-1])
    content = _header(plan, kernel) | {"panels": entries}
    write_json(settings, content)
    return settings


def _write_panel(plan: PanelSet, seed: int, kernel: Tensor | None, *, overwrite: bool) -> dict[str, Any]:
    panel = simulate_panel(plan.panel, seed)
    image, particles, pins = plan.files(seed)
    write_image(image, expose(panel, plan.camera, seed, kernel), overwrite=overwrite)
    write_particles(particles, panel.particles)
    write_pins(pins, panel.pins)
    names = {"image": image.name, "particles": particles.name, "pins": pins.name}
    return {"seed": seed} | names | {"particle_count": len(panel.particles), "pin_count": len(panel.pins)}


def _header(plan: PanelSet, kernel: Tensor | None) -> dict[str, Any]:
    from pinsharp.blur.kernels import kernel_sigma

    height, width = plan.panel.shape
    return {
        "pinsharp": __version__,
        "kernel": plan.kernel,
        "kernel_sigma_px": 0.0 if kernel is None else float(kernel_sigma(kernel)),
        "white_level": plan.camera.white_level,
        "shape": [height, width],
        "panel": asdict(plan.panel),
        "panel_px": _in_pixels(plan.panel, plan.panel),
        "camera": asdict(plan.camera),
    }


def _in_pixels(settings: Any, panel: PanelSettings) -> dict[str, Any]:
    """The lengths among settings in pixels: `pitch_um` becomes `pitch_px`."""
    lengths: dict[str, Any] = {}
    for item in fields(settings):
        value = getattr(settings, item.name)
        if item.name.endswith("_um") and item.name != "pixel_um":
            lengths[item.name.removesuffix("_um") + "_px"] = panel.px(value)
        elif item.name in ("particles", "dirt"):
            lengths[item.name] = _in_pixels(value, panel)
    return lengths
