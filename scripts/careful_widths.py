"""What it gains to restore held-out pictures of simulated cameras with kernels narrower than their measured widths.

Usage: python scripts/careful_widths.py PHOTOGRAPHS [--model FILE] [--pairs 70] [--seed 377] [--care 0 0.5 1]
Prints a line for each care, in standard deviations of the width, over all pictures that are restored, and then by the
true width: mean gain over the blurred picture in dB, how many lose more than 0.3 dB, and the worst.
"""

import argparse
import math
from itertools import pairwise
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

import pinsharp
from interval_cover import taken
from pinsharp.blur import other_width
from pinsharp.data.cameras.noise import brightness
from pinsharp.data.cameras.pair import Pair
from pinsharp.data.corpus import load_corpus
from pinsharp.train.camera_pairs import light_width

CAMERAS = ("mono", "line-scan", "photo", "phone", "sem")
WIDTHS = (0.35, 0.8, 1.3, 2.0, 5.0)  # pixels
SIDE, BORDER, LOSS = 256, 16, -0.3


def gain(restored: NDArray[np.float32], pair: Pair) -> float:
    """Gain in dB of the brightness of a restored picture (H, W, C) over the blurred one, away from the border."""
    inside = slice(BORDER, -BORDER)
    sharp = brightness(pair.sharp)
    before, after = (
        float(np.mean((brightness(image) - sharp)[inside, inside] ** 2)) for image in (pair.image, restored)
    )
    return 10 * math.log10(before / max(after, 1e-12))


def gains(restorer: pinsharp.Restorer, pair: Pair, cares: list[float]) -> list[float]:
    """Gains of a picture by care; empty if it is left alone."""
    found = []
    for care in cares:
        with patch.object(other_width, "CARE", care):
            restored = restorer(np.ascontiguousarray(pair.image))
        if not restored.is_restored:
            return []
        found.append(gain(restored.image.reshape(pair.image.shape), pair))
    return found


def line(name: str, table: NDArray[np.float64]) -> str:
    """A line of the table."""
    means = " ".join(f"{value:+6.2f}" for value in table.mean(axis=0))
    lost = " ".join(f"{value:3d}" for value in (table < LOSS).sum(axis=0))
    worst = " ".join(f"{value:+6.2f}" for value in table.min(axis=0))
    return f"{name:12} {len(table):4d} pictures, mean {means}, lose {lost}, worst {worst}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--model", default="swift")
    parser.add_argument("--pairs", type=int, default=70)
    parser.add_argument("--seed", type=int, default=377)
    parser.add_argument("--care", type=float, nargs="+", default=[0, 0.5, 0.75, 1])
    asked = parser.parse_args()
    restorer = pinsharp.Restorer(asked.model, light="linear", faults="off")
    corpus = load_corpus(asked.photographs, held_out=True)
    rows: list[tuple[float, list[float]]] = []
    print("care:", *asked.care)
    for camera in CAMERAS:
        begun = len(rows)
        for index in range(asked.pairs):
            pair = taken(corpus, camera, index, seed=asked.seed, side=SIDE)
            width = light_width(pair.sigma, pair.draw)
            if WIDTHS[0] < width < WIDTHS[-1] and (found := gains(restorer, pair, asked.care)):
                rows.append((width, found))
        if rows[begun:]:
            print(line(camera, np.array([found for _, found in rows[begun:]])), flush=True)
    for low, high in pairwise(WIDTHS):
        if some := [found for width, found in rows if low < width <= high]:
            print(line(f"{low} to {high} px", np.array(some)))
    print(line("all", np.array([found for _, found in rows])))


if __name__ == "__main__":
    main()
