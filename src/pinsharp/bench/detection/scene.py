"""What the detection benchmark looks at: a simulated panel, photographed in focus or out of it, inspected, judged."""

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.bench.engine.study import ID_DIGITS
from pinsharp.bench.quality.linear_limit import best_linear_filter
from pinsharp.blur.fourier import spectrum
from pinsharp.detect.camera import CameraSettings, expose
from pinsharp.detect.matching import TOLERANCE, Scores, judged_wrongly, score
from pinsharp.detect.panel import Panel, PanelSettings
from pinsharp.detect.particles import Inspection, inspect
from pinsharp.detect.settings import DetectorSettings
from pinsharp.detect.simulate import simulate_panel
from pinsharp.errors import ImageError
from pinsharp.images.arrays import to_array, to_tensor

TUNING_SEED = 1000
"""The detector's settings were chosen on panels from this seed on; those below belong to the benchmark."""

_VERSION = 1  # of what the figures mean: another one, and all are measured again


@dataclass(frozen=True)
class Setup:
    """How every panel is made, photographed, inspected and judged."""

    panel: PanelSettings = field(default_factory=PanelSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    detector: DetectorSettings = field(default_factory=DetectorSettings)  # the same for every image
    tolerance: float = TOLERANCE  # pixels that a detection may be away from its particle
    true_pins: bool = False  # tell the detector where the pins are, instead of letting it find them in each image

    @cached_property
    def summary(self) -> dict[str, Any]:
        """All settings as plain values, and what simulator and detector make of one panel of them."""
        return {"version": _VERSION, **asdict(self), "first_panel": self._first_panel()}

    @property
    def id(self) -> str:
        """12 digits: the same for the same settings, simulator and detector; seeds, blurs and methods do not matter."""
        return hashlib.sha256(json.dumps(self.summary, sort_keys=True).encode()).hexdigest()[:ID_DIGITS]

    def _first_panel(self) -> dict[str, Any]:
        """What tells another simulator or detector: panel 0 without the camera, whose rounding depends on threads."""
        panel = _panel(self.panel, 0)
        found = inspect(np.rint(panel.scene * 255).astype(np.uint8), self.detector, pins=panel.pins)
        places = (f"{each.row:.1f},{each.column:.1f}" for each in (*panel.particles, *found.particles))
        return {"brightness": round(float(panel.scene.mean()), 4), "particles_sha256": _sha256(" ".join(places))}


@dataclass(frozen=True, eq=False)
class Shot:
    """A photograph of a panel."""

    setup: Setup
    seed: int  # decides panel and noise: the same with every blur
    kernel: Tensor | None = None  # defocus (1, 1, K, K); None in focus

    @property
    def panel(self) -> Panel:
        """The panel and the truth about it."""
        return _panel(self.setup.panel, self.seed)

    @cached_property
    def image(self) -> NDArray[Any]:
        """What the camera gives, (H, W), uint8 or uint16."""
        return expose(self.panel, self.setup.camera, self.seed, self.kernel)

    def linear_limit(self) -> NDArray[Any]:
        """Restore by the best linear filter, which knows the kernel, the sharp image's spectrum and the noise's.

        Images are continued by their mirror images, so that opposite borders fit together. The spectrum is that of the
        light in focus, before it meets the camera's noise.

        Raises:
            ImageError: If there is no blur to undo, or the panel is smaller than the kernel.
        """
        if self.kernel is None:
            raise ImageError("expected a blurred image for the linear limit, got a sharp one")
        if min(self.image.shape) < self.kernel.shape[-1]:
            raise ImageError(
                f"the linear limit needs at least {self.kernel.shape[-1]} pixels a side, got {self.image.shape}"
            )
        camera = self.setup.camera
        noiseless = replace(camera, line_gain=0, full_well=0, read_noise=0, bits=12)
        sharp = to_tensor(_mirrored(expose(self.panel, noiseless, self.seed)), white_level=noiseless.white_level)
        blurred = to_tensor(_mirrored(self.image), white_level=camera.white_level)
        noise = camera.sensor.noise_variance(float(sharp.mean())) + column_noise_power(camera, blurred)
        height, width = self.image.shape
        restored = best_linear_filter(blurred, sharp, self.kernel, noise)[..., :height, :width]
        return to_array(restored, self.image, white_level=camera.white_level)


@dataclass(frozen=True)
class Judgement:
    """What was found on an image, and how it compares with the truth."""

    found: Inspection  # particles and pins
    scores: Scores  # of the particles
    wrong_pins: int  # how many pins were judged wrongly


def judge(shot: Shot, image: NDArray[Any]) -> Judgement:
    """Inspect an image of a shot's panel, and compare with the truth."""
    setup, panel = shot.setup, shot.panel
    found = inspect(image, setup.detector, pins=panel.pins if setup.true_pins else None)
    scores = score(found.particles, panel.particles, tolerance=setup.tolerance, area_px=image.size)
    return Judgement(found, scores, judged_wrongly(found, panel.particles, panel.pins, setup.detector.minimum_per_pin))


def column_noise_power(camera: CameraSettings, light: Tensor) -> Tensor:
    """Power of the columns' unequal gains at each frequency along a column, (1, 1, H, 1), for light (1, 1, H, W).

    A gain of its own for each column is white along the rows; along a column it repeats the light that it multiplies.
    Restoring takes such stripes for structure, and strengthens them as it does what the blur has weakened.
    """
    columns = spectrum(light.permute(0, 3, 2, 1))  # (1, W, H, 1)
    return camera.line_gain**2 * columns.abs().square().mean(dim=1, keepdim=True) / light.shape[-2]


def _mirrored(image: NDArray[Any]) -> NDArray[Any]:
    """The image with its mirror images to the right and below, (2H, 2W)."""
    return np.pad(image, [(0, size) for size in image.shape], mode="symmetric")


@lru_cache(maxsize=1)  # the next shot is mostly of the same panel
def _panel(settings: PanelSettings, seed: int) -> Panel:
    return simulate_panel(settings, seed)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
