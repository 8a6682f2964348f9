"""How well widths are measured on held-out pictures of simulated cameras, and how often 90 % intervals hold them.

Usage: python scripts/interval_cover.py PHOTOGRAPHS [--model FILE] [--pairs 50]
Prints a line a camera; its last one says by how much `kernel_widen` would have to be multiplied for 90 %.
"""

import argparse
import math

import numpy as np

import pinsharp
from pinsharp.blur.verdict import LEFT_ALONE, NINETY
from pinsharp.data.cameras.pair import make_pair
from pinsharp.data.corpus import Corpus, load_corpus
from pinsharp.train.camera_pairs import light_width

CAMERAS = ("lab", "mono", "line-scan", "photo", "phone", "sem")
LEAST, MOST = 0.5, 5.0  # pixels
SIDE, SEED = 384, 177


def errors(
    restorer: pinsharp.Restorer, corpus: Corpus, camera: str, pairs: int
) -> tuple[list[float], list[float], int]:
    """Errors of the logarithm of the width, the same in stated standard deviations, and how many were left alone."""
    found, scaled, left = [], [], 0
    for index in range(pairs):
        pair = make_pair(corpus, camera, size=SIDE, seed=SEED, index=index)
        width = light_width(pair.sigma, pair.draw)
        if LEAST < width < MOST:
            blur = restorer.measure(np.ascontiguousarray(pair.image))
            found.append(abs(math.log(blur.sigma / width)))
            scaled.append(found[-1] / (blur.sigma_relative_std or math.inf))
            left += blur.verdict in LEFT_ALONE
    return found, scaled, left


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--model", default="swift")
    parser.add_argument("--pairs", type=int, default=50)
    asked = parser.parse_args()
    restorer = pinsharp.Restorer(asked.model, light="linear", faults="off")
    corpus = load_corpus(asked.photographs, held_out=True)
    every: list[float] = []
    for camera in CAMERAS:
        found, scaled, left = errors(restorer, corpus, camera, asked.pairs)
        every += scaled
        covered = np.mean(np.array(scaled) < NINETY)
        print(
            f"{camera:10} {len(found)} pictures, median error {100 * np.median(found):.1f} %, covered {covered:.2f}, "
            f"left alone {left}",
            flush=True,
        )
    factor = np.quantile(every, 0.9) / NINETY
    print(f"all: covered {np.mean(np.array(every) < NINETY):.3f}; for 90 % times {factor:.2f}")


if __name__ == "__main__":
    main()
