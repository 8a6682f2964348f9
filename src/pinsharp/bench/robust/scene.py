"""A sharp photograph in front of a defocused lens: the start of all situations."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pinsharp.data.cameras.lens import Lens, kernel_side, lens_kernels, render, see, width
from pinsharp.data.cameras.light import LINEAR, Array, Tone
from pinsharp.data.cameras.sensor import Sensor, read_out
from pinsharp.errors import ImageError
from pinsharp.images.arrays import BT601

SIDE = 384
"""Side in pixels of what is seen of a photograph; smaller ones are seen as far as they go."""

LEAST_SIDE = 192
"""Side in pixels that has to be left of a photograph."""

CAMERA = Sensor(bits=8, full_well=60_000, read_noise=20)
"""The camera where nothing else is said: noise of 0.7 of 255 at middle grey."""


@dataclass(frozen=True, eq=False)
class Taken:
    """Light (H, W, C) behind a lens, and the same in focus."""

    blurred: Array
    sharp: Array


@dataclass(frozen=True, eq=False)
class Scene:
    """A photograph and a lens.

    Args:
        photograph: Sharp 8-bit colours (H, W, 3).
        lens: The blur that the study asks for; in focus where a situation has one of its own.
        seed: Decides noise and whatever else is random.
    """

    photograph: NDArray[np.uint8]
    lens: Lens
    seed: int

    @cached_property
    def kernel(self) -> Array:
        """Kernel (K, K) of the lens."""
        return render(self.lens)

    @cached_property
    def width(self) -> float:
        """Effective width of the lens in pixels."""
        return width(self.kernel)

    def rng(self, stage: int = 0) -> np.random.Generator:
        """Random numbers, others for each stage."""
        return np.random.default_rng((self.seed, stage))

    def light(self, side: int, *, colour: bool = False, tone: Tone = LINEAR) -> Array:
        """Light of the middle of the photograph in focus.

        Args:
            side: Side of the square in pixels; the photograph's, if that is shorter.
            colour: Whether it has three channels rather than one.
            tone: Curve by which the photograph's values stand for light; by default they are proportional to it.

        Returns:
            (side, side, C) in [0, 1].
        """
        side = min(side, *self.photograph.shape[:2])
        top, left = ((length - side) // 2 for length in self.photograph.shape[:2])
        values = self.photograph[top : top + side, left : left + side].astype(np.float32) / np.float32(255)
        light = tone.decode(values)
        return light if colour else light @ np.array(BT601, np.float32)[:, None]

    def taken(self, *, side: int = SIDE, colour: bool = False, tone: Tone = LINEAR, lens: Lens | None = None) -> Taken:
        """See the photograph through the lens, or another one.

        Raises:
            ImageError: If the photograph is too small.
        """
        lens = lens or self.lens
        edge = kernel_side(lens) // 2
        light = self.light(side + 2 * edge, colour=colour, tone=tone)
        return seen_by(light, lens, min(side, LEAST_SIDE))

    def exposed(self, light: Array, camera: Sensor = CAMERA) -> Array:
        """What a camera reads of light (H, W, C), noise and rounding included."""
        return read_out(light, camera, self.rng(1))


def seen_by(light: Array, lens: Lens, least: int = 1) -> Taken:
    """Blur light (H, W, C) by a lens; its border, where that would need light from outside, is cut off.

    Raises:
        ImageError: If less than `least` pixels a side are left.
    """
    if lens.is_sharp:
        return Taken(light, light)
    kernels = lens_kernels(lens, 1.0, light.shape[2])
    edge = kernels.shape[-1] // 2
    if len(light) - 2 * edge < least:
        raise ImageError(
            f"expected a photograph of at least {least + 2 * edge} pixels a side for this blur, got {len(light)}; "
            "take larger ones"
        )
    return Taken(see(light, kernels), cropped(light, edge))


def cropped(values: Array, edge: int) -> Array:
    """Values (H, W, C) without so many pixels at each side."""
    return values[edge : values.shape[0] - edge, edge : values.shape[1] - edge]


def middle(values: Array, height: int, across: int) -> Array:
    """Rows and columns from the middle of values (H, W, C)."""
    top, left = (values.shape[0] - height) // 2, (values.shape[1] - across) // 2
    return values[top : top + height, left : left + across]


def places(side: int) -> tuple[Array, Array]:
    """Rows and columns (side, side) of a square, in shares from -1 to 1 of half its side."""
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    return np.broadcast_to(axis[:, None], (side, side)), np.broadcast_to(axis[None, :], (side, side))


def varying(light: Array, sigmas: Array) -> Taken:
    """Blur light (H, W, C) by Gaussians whose sigma in pixels changes slowly from place to place.

    Between a dozen sigmas the light is interpolated.

    Args:
        light: Sharp light.
        sigmas: Standard deviations (h, w) of the result, whose centre is that of the light.
    """
    steps = np.linspace(float(sigmas.min()), float(sigmas.max()), 12)
    place = (sigmas - steps[0]) / (steps[1] - steps[0])
    blurred = np.zeros((*sigmas.shape, light.shape[2]), np.float32)
    for number, sigma in enumerate(steps):
        share = np.clip(1 - np.abs(place - number), 0, 1)[..., None]
        blurred += share * middle(seen_by(light, Lens(sigma=sigma)).blurred, *sigmas.shape)
    return Taken(blurred, middle(light, *sigmas.shape))


def edge_of(sigma: float) -> int:
    """Pixels that a Gaussian of a sigma needs at each side."""
    return math.ceil(kernel_side(Lens(sigma=sigma)) / 2)
