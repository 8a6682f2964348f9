"""The picture of docs/profile.md: the profile of a simulated camera, softer towards the rim, with a tilted part.

Usage: python scripts/profile_picture.py docs/images/profile.webp
"""

import io
import math
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pinsharp import Restorer
from pinsharp.cli.profile_plot import draw
from pinsharp.profiling.create import Material, create

SIDES = (480, 640)
PITCH, FINE, DEGREES = 160, 8, 5  # pixels between dark squares, samples a pixel, turn of the squares
MIDDLE, RIM = 0.9, 1.25  # sigma in pixels there
POSITIONS, BEST, TILT, SLOPE = (-40, -20, 0, 20, 40, 60), 6.0, 16.0, 0.06  # um, um, um over the part, px per um
READ_NOISE, GAIN = 1.2 / 255, 1.3e-4  # of full scale; variance per signal
BAND, CELL = 20, 4  # pixels: rows of one width, side of a cell of the scene


def exposed(light: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.uint8]:
    """What the camera makes of light: noise of reading and of photons, 8 bits."""
    noise = random.normal(0, 1, light.shape) * np.sqrt(READ_NOISE**2 + GAIN * light)
    return np.clip(np.rint(255 * (light + noise)), 0, 255).astype(np.uint8)


def blurred(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """The image behind a Gaussian."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)


def chart() -> NDArray[np.float32]:
    """Dark squares, each blurred by the width of its place."""
    corners = cv2.boxPoints(((PITCH * FINE / 2,) * 2, (PITCH * FINE / 2,) * 2, DEGREES)).astype(np.int32)
    fine = np.full((PITCH * FINE, PITCH * FINE), 0.75, np.float32)
    square = cv2.resize(cv2.fillConvexPoly(fine, corners, 0.12), (PITCH, PITCH), interpolation=cv2.INTER_AREA)
    rows = []
    for row in range(PITCH // 2, SIDES[0], PITCH):
        away = [math.hypot(row - SIDES[0] / 2, column - SIDES[1] / 2) for column in range(PITCH // 2, SIDES[1], PITCH)]
        shares = [(2 * each / math.hypot(*SIDES)) ** 2 for each in away]
        rows.append(np.hstack([blurred(square, MIDDLE + (RIM - MIDDLE) * share) for share in shares]))
    return np.vstack(rows)


def focused(scene: NDArray[np.float32], position: float) -> NDArray[np.float32]:
    """The scene on a tilted part, with the focus at a position."""
    bands = []
    for top in range(0, SIDES[0], BAND):
        best = BEST + TILT * ((top + BAND / 2) / SIDES[0] - 0.5)
        bands.append(blurred(scene, math.hypot(MIDDLE, SLOPE * (position - best)))[top : top + BAND])
    return np.vstack(bands)


def main(out: str) -> None:
    """Photograph the chart and a scene through the focus, make the profile, and draw it."""
    random = np.random.default_rng(0)
    cells = random.random((SIDES[0] // CELL, SIDES[1] // CELL)) > 0.6
    scene = 0.2 + 0.5 * cells.astype(np.float32).repeat(CELL, axis=0).repeat(CELL, axis=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cv2.imwrite(str(folder / "chart.png"), exposed(chart(), random))
        stack = [folder / f"{number}.png" for number in range(len(POSITIONS))]
        for path, position in zip(stack, POSITIONS, strict=True):
            cv2.imwrite(str(path), exposed(focused(scene, position), random))
        material = Material(edges=[folder / "chart.png"], stack=stack, positions=POSITIONS, unit="um")
        drawn = draw(create(material, Restorer), title="camera.json", kind="png")
    with Image.open(io.BytesIO(drawn)) as picture:
        picture.convert("RGB").resize((1350, 810), Image.Resampling.LANCZOS).save(out, quality=85)


if __name__ == "__main__":
    main(sys.argv[1])
