"""Everything that is random about one training pair, as values that never change."""

from dataclasses import dataclass
from typing import Literal

from pinsharp.data.cameras.faults import Faults
from pinsharp.data.cameras.lens import Lens
from pinsharp.data.cameras.light import Exposure, Tone
from pinsharp.data.cameras.processing import Processing
from pinsharp.data.cameras.sensor import Sensor

Drawing = Literal["photograph", "shapes", "grains", "pattern", "empty"]


@dataclass(frozen=True)
class Scene:
    """What is in front of the camera.

    Args:
        image: Which photograph, as a share of all, 0 to 1.
        down: Where in it, as a share of the room there is, 0 to 1.
        across: The same from left to right.
        turns: Quarter turns, 0 to 3.
        flipped: Whether it is mirrored.
        shrink: Reduced by this factor before anything else, which makes it crisper.
        drawing: Taken as it is, or drawn on; see `pinsharp.data.shapes`, `grains` and `patterns`.
        decoding: Tone curve that its values are taken to have.
        mono: Whether only its brightness is seen.
    """

    image: float
    down: float
    across: float
    turns: int
    flipped: bool
    shrink: float
    drawing: Drawing
    decoding: Tone
    mono: bool


@dataclass(frozen=True)
class Draw:
    """All choices of one pair.

    Args:
        camera: Name of the camera; never that of a mixture.
        scene: What is in front of it.
        exposure: How much of the range the light takes.
        lens: The blur.
        sensor: The sensor.
        processing: What becomes of its values.
        faults: What spoils the image.
        by_computer: Whether a program blurs the image in 8 bits, rather than the lens.
        phase: Where the crop lies on the grid of a JPEG's blocks, (down, across), 0 to 7.
        seed: Of the noise, and of what is drawn on the scene.
    """

    camera: str
    scene: Scene
    exposure: Exposure
    lens: Lens
    sensor: Sensor
    processing: Processing
    faults: Faults
    by_computer: bool
    phase: tuple[int, int]
    seed: int
