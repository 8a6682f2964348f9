"""What restoring by a field gains over one kernel, on photographs whose sigma rises from 1 to 3 px: tilt and curvature.

Usage: python scripts/field_gain.py PHOTOGRAPHS [--model swift] [--count 6] [--side 384] [--noise 0.5]
Prints dB (PSNR without a border of 24 pixels) for: the blurred image; the best of seven single kernels; blind with one
kernel; blind by the measured field; by the true field; and by the true field in steps of 5 %, which is as good as
column by column. Further the error of the measured field, the largest seam that a restored ramp shows in grey levels,
and how many times longer than with one kernel it took (processor time, the least of two).
"""

import argparse
import time
from collections.abc import Callable
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import pinsharp
from pinsharp.bench.robust.scene import edge_of, middle, places, varying
from pinsharp.blur import levels
from pinsharp.images.discover import find_images
from pinsharp.images.files import read_image

LEAST, MOST, BORDER = 1.0, 3.0, 24
SINGLE = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
FINE = 48  # levels for the finest restoration: steps of 5 %
SHAPES: dict[str, Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float32]]] = {
    "tilt": lambda down, across: (across + 1) / 2,
    "curvature": lambda down, across: (down**2 + across**2) / 2,
}
Image = NDArray[np.uint8]


def main() -> None:
    """Print a line an image, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--model", default="swift")
    parser.add_argument("--count", type=int, default=6)
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--noise", type=float, default=0.5, help="of 255")
    asked = parser.parse_args()
    restorer = pinsharp.Restorer(asked.model, light="linear", faults="off")
    found = find_images([asked.photographs])
    for shape in SHAPES:
        rows = [
            _row(restorer, *_taken(read_image(path).pixels, shape, asked.side, asked.noise))
            for path in found[:: max(1, len(found) // asked.count)][: asked.count]
        ]
        print(
            f"{shape}: mean of {len(rows)}: " + _words({name: np.mean([row[name] for row in rows]) for name in rows[0]})
        )
    print(f"seam of a ramp {_seam(restorer, asked.side):.3f} grey levels; time {_time(restorer, asked.side):.2f} times")


def _taken(
    photograph: NDArray[np.generic], shape: str, side: int, noise: float
) -> tuple[Image, Image, NDArray[np.float32]]:
    """A photograph (side, side) through such a lens, the same sharp, and the true sigma of every pixel."""
    light = photograph.reshape(*photograph.shape[:2], -1)[..., :3].mean(axis=2, dtype=np.float32, keepdims=True) / 255
    room = min(*light.shape[:2], side + 2 * edge_of(MOST))
    light = middle(light, room, room)
    sigmas = np.float32(LEAST) + np.float32(MOST - LEAST) * SHAPES[shape](*places(room - 2 * edge_of(MOST)))
    taken = varying(light, sigmas)
    noisy = taken.blurred + np.random.default_rng(0).normal(0, noise / 255, taken.blurred.shape)
    blurred, sharp = (np.clip(np.rint(255 * each[..., 0]), 0, 255).astype(np.uint8) for each in (noisy, taken.sharp))
    return blurred, sharp, sigmas


def _row(restorer: pinsharp.Restorer, blurred: Image, sharp: Image, sigmas: NDArray[np.float32]) -> dict[str, float]:
    """Figures of one image."""

    def decibels(image: NDArray[np.generic]) -> float:
        inner = (slice(BORDER, -BORDER),) * 2
        return float(-10 * np.log10(np.mean(((image[inner].astype(float) - sharp[inner]) / 255) ** 2)))

    blind = restorer(blurred)
    said = restorer.measure(blurred).widths((sigmas.shape[0], sigmas.shape[1]))
    row = {
        "blurred": decibels(blurred),
        "single": max(decibels(restorer(blurred, kernel=f"gaussian:{sigma}").image) for sigma in SINGLE),
        "one": decibels(restorer(blurred, field="off").image),
        "blind": decibels(blind.image),
        "true": decibels(restorer(blurred, field=sigmas).image),
        "fine": decibels(_finely(restorer, blurred, sigmas)),
        "field off by %": float(100 * np.median(np.abs(np.log(said / sigmas)))),
        "by field": float(blind.field is not None),
        "doubtful": float(blind.is_doubtful),
    }
    print("   " + _words(row), flush=True)
    return row


def _finely(restorer: pinsharp.Restorer, blurred: Image, sigmas: NDArray[np.float32]) -> NDArray[np.generic]:
    with mock.patch.multiple(levels, COUNT=FINE, _STEP=levels._STEP * levels.COUNT / FINE):
        return restorer(blurred, field=sigmas).image


def _seam(restorer: pinsharp.Restorer, side: int) -> float:
    """Largest second difference, in grey levels of 256, of a float ramp that was restored as if it were tilted.

    Without the border, where `swift` bends a ramp with one kernel too.
    """
    ramp = np.broadcast_to(np.linspace(0.2, 0.8, side, dtype=np.float32)[:, None], (side, side)).copy()
    restored = restorer(ramp, field=np.linspace(LEAST, MOST, side, dtype=np.float32)[None]).image
    return float(255 * np.abs(np.diff(restored, n=2, axis=1)[48:-48, 48:-48]).max())


def _time(restorer: pinsharp.Restorer, side: int) -> float:
    """Time by a field from 1 to 3 in that of one kernel."""
    scene = np.random.default_rng(0).integers(0, 256, (side, side), dtype=np.uint8)
    field = np.linspace(LEAST, MOST, side, dtype=np.float32)[None]

    def seconds(given: NDArray[np.float32]) -> float:
        begun = time.process_time()
        restorer(scene, field=given)
        return time.process_time() - begun

    return min(seconds(field) for _ in range(2)) / min(seconds(field[:, :1]) for _ in range(2))


def _words(row: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in row.items())


if __name__ == "__main__":
    main()
