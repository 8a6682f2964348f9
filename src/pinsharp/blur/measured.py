"""What was measured of a camera, as its profile holds it: kernels, transfer functions, focus and noise.

Lengths are in pixels, rows before columns; brightness and noise are in units of full scale, which is the white level.
Widths are those of the light before pixels average it, as all widths of pinsharp are; transfer functions are those of
the whole camera, its pixels included (ISO 12233).
"""

import itertools
import math
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from pinsharp.blur.family import Family, exact_kernels, family_of
from pinsharp.errors import ConfigError

Source = Literal["edge", "points", "target", "sharp", "in-focus", "stack"]
"""What a kernel was measured from."""

Way = Literal["flat places", "photon transfer"]
"""How noise was measured: in one image's flat places, or in several images of the same scene."""

MOST_WIDTH = 1000.0
"""Widest blur in pixels that a profile holds."""

_LEAST_NEARER = 0.1  # no change of size makes a distance more than one over this times as long


@dataclass(frozen=True)
class Blur:
    """A kernel of the family: Gaussian, disc, or both, with the interval of its width.

    Attributes:
        sigma: Effective width in pixels: the sigma of a Gaussian, half the radius of a disc.
        low: Lower end of the 90 % interval of the width.
        high: Its upper end.
        disk_share: Share of the squared width that the disc explains, 0 to 1; None if nothing tells the shape.
    """

    sigma: float
    low: float
    high: float
    disk_share: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.sigma <= self.high <= MOST_WIDTH:
            raise ConfigError(
                f"a width must lie within its interval, 0 to {MOST_WIDTH:g} pixels, got {self.sigma:g} in "
                f"{self.low:g} to {self.high:g}"
            )
        if self.disk_share is not None and not 0 <= self.disk_share <= 1:
            raise ConfigError(f"disk_share must lie in 0 to 1, got {self.disk_share:g}")

    @property
    def family(self) -> Family:
        """`gaussian`, `disk`, `mixture` of both, or `free` if nothing tells the shape."""
        return "free" if self.disk_share is None else family_of(self.disk_share)

    @property
    def kernel(self) -> Tensor:
        """The kernel (1, 1, K, K), sum 1; a Gaussian where nothing tells the shape."""
        share = self.disk_share or 0.0
        gaussian, radius = self.sigma * math.sqrt(1 - share), 2 * self.sigma * math.sqrt(share)
        return exact_kernels(gaussian, radius, 2 * math.ceil(4 * gaussian + radius) + 1)


@dataclass(frozen=True)
class Mtf:
    """A transfer function of the whole camera, with its band.

    Attributes:
        frequency: Cycles a pixel, rising from 0.
        contrast: What is left of the contrast at each, 1 at frequency 0; above 1 where a camera sharpens.
        low: Lower ends of the 90 % intervals.
        high: Its upper end.
        mtf50: First frequency at which half of the contrast is left; None if more is left at half a cycle a pixel.
        mtf10: The same for a tenth.
    """

    frequency: tuple[float, ...]
    contrast: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    mtf50: float | None = None
    mtf10: float | None = None

    def __post_init__(self) -> None:
        _check_alike("a transfer function", self.frequency, self.contrast, self.low, self.high)


@dataclass(frozen=True)
class EdgeSpread:
    """The profile across an edge.

    Attributes:
        distance: Pixels from the edge, rising.
        level: Share of the step that is climbed at each: 0 on the dark side, 1 on the bright one.
        overshoot: How far the profile leaves the levels of both sides, as a share of the step.
    """

    distance: tuple[float, ...]
    level: tuple[float, ...]
    overshoot: float = 0.0

    def __post_init__(self) -> None:
        _check_alike("an edge spread", self.distance, self.level)


@dataclass(frozen=True)
class LocalKernel:
    """The kernel at one place.

    Attributes:
        source: What it was measured from.
        file: Name of the image, without its folder.
        row: Centre of what was measured, in pixels from the top.
        column: The same from the left.
        blur: The kernel. Of the source `sharp` it is the kernel between both images.
        focus: Position of the focus, in the unit of the stack; None outside a stack.
        angle: Direction in degrees from the vertical, clockwise, of the measured edge; None of anything else.
        mtf: Transfer function across the edge, or of the points.
        edge_spread: Profile of the edge.
    """

    source: Source
    file: str
    row: float
    column: float
    blur: Blur
    focus: float | None = None
    angle: float | None = None
    mtf: Mtf | None = None
    edge_spread: EdgeSpread | None = None


@dataclass(frozen=True)
class FocusStep:
    """The width of the blur at one position of the focus, over the whole field.

    Attributes:
        position: Of the focus.
        blur: The width, in pixels of the image.
        magnification: Size of the scene in the image, in that of best focus, if the defocus grows with it; else 1.
    """

    position: float
    blur: Blur
    magnification: float = 1.0

    def __post_init__(self) -> None:
        if not self.magnification > 0:
            raise ConfigError(f"the magnification of a step must be positive, got {self.magnification:g}")


@dataclass(frozen=True)
class Focus:
    """What a focus stack says.

    Attributes:
        unit: Of positions: `um`, `mm`, or `steps` if the steps have no unit.
        steps: Width at each position, positions rising.
        best: Position of best focus.
        best_low: Lower end of its 90 % interval.
        best_high: Its upper end.
        slope: Pixels of width by which the blur grows with each unit of defocus, far outside of focus; where the scene
            changes its size with the position, pixels of the size that it has in best focus.
        tilt_rows: By how much the best position rises with each pixel down; None if the field does not tell.
        tilt_columns: The same with each pixel to the right.
    """

    unit: str
    steps: tuple[FocusStep, ...]
    best: float
    best_low: float
    best_high: float
    slope: float
    tilt_rows: float | None = None
    tilt_columns: float | None = None

    def __post_init__(self) -> None:
        if not self.best_low <= self.best <= self.best_high:
            raise ConfigError(f"the best focus must lie in its interval, got {self.best:g}")
        if self.slope <= 0:
            raise ConfigError(f"the slope of the width outside focus must be positive, got {self.slope:g}")


@dataclass(frozen=True)
class DistanceScale:
    """How much defocus a pixel of width stands for, outside of focus.

    Where the width grows with the size of the scene in the image, which is 1 / (1 - growth * z) at z units from best
    focus, it stands for less on the side where the scene is larger.

    Attributes:
        per_px: Units of defocus, of the size that the scene has in best focus.
        low: Lower end of its 90 % interval.
        high: Its upper end.
        unit: `um`, `mm` or `steps`.
        growth: Share by which the scene becomes larger with each unit of position, in best focus; 0 if the width does
            not grow with it.
    """

    per_px: float
    low: float
    high: float
    unit: str
    growth: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.per_px <= self.high:
            raise ConfigError(f"the distance a pixel must be positive and in its interval, got {self.per_px:g}")

    def distance(self, width: float, side: int = 0) -> float:
        """Units from best focus that a width of defocus in pixels stands for.

        Args:
            width: The width, without the camera's own softness.
            side: 1 beyond best focus, at larger positions; -1 before it; 0 if unknown: between those of both.
        """
        return self._distance(width * self.per_px, side)

    def interval(self, low: float, high: float, side: int = 0) -> tuple[float, float]:
        """The same of the interval of a width; it holds both sides where the side is unknown."""
        sides = (side,) if side else (-1, 1)
        return (
            min(self._distance(low * self.low, each) for each in sides),
            max(self._distance(high * self.high, each) for each in sides),
        )

    def _distance(self, near: float, side: int) -> float:
        """Units that are so many if the scene does not change its size."""
        return near / max(1 + side * self.growth * near, _LEAST_NEARER)


@dataclass(frozen=True)
class Noise:
    """Noise against signal: variance = read_noise^2 + gain * signal, in linear light.

    Attributes:
        read_noise: Standard deviation without light, rounding included.
        gain: By how much the variance rises from black to white; one over it is the full well in electrons.
        signal: Brightness at which noise was measured, for showing.
        std: Standard deviation of the noise at each.
        way: How it was measured.
    """

    read_noise: float
    gain: float
    signal: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    way: Way = "flat places"

    def __post_init__(self) -> None:
        if min(self.read_noise, self.gain) < 0:
            raise ConfigError(f"read noise and gain must not be negative, got {self.read_noise:g} and {self.gain:g}")
        _check_alike("a noise curve", self.signal, self.std)

    @property
    def full_well(self) -> float:
        """Electrons at full scale, as `blur.camera.Camera` has it; 0 if no shot noise was seen."""
        return 1 / self.gain if self.gain else 0.0

    def std_at(self, signal: float) -> float:
        """Standard deviation of the noise at a brightness."""
        return math.sqrt(self.read_noise**2 + self.gain * max(signal, 0.0))


def _check_alike(what: str, first: tuple[Any, ...], *others: tuple[Any, ...]) -> None:
    if any(len(other) != len(first) for other in others):
        raise ConfigError(f"{what} must have as many values as places, got {[len(first), *map(len, others)]}")
    if any(two <= one for one, two in itertools.pairwise(first)):
        raise ConfigError(f"{what} must be given at rising places")
