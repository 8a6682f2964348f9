"""How well widths are measured on held-out pictures of simulated cameras, and how often 90 % intervals hold them.

Usage: python scripts/interval_cover.py PHOTOGRAPHS [--model FILE] [--pairs 50] [--together N]
With --together N, N photographs that one camera takes at one focus are measured together, and each by itself.
Prints a line a camera; its last one says by how much `kernel_widen` would have to be multiplied for 90 %.
"""

import argparse
import math
from dataclasses import replace

import numpy as np

import pinsharp
from pinsharp.blur.normal import NINETY
from pinsharp.blur.verdict import LEFT_ALONE
from pinsharp.data.cameras.draw import draw_pair
from pinsharp.data.cameras.exposing import shoot
from pinsharp.data.cameras.pair import Pair, pair_of
from pinsharp.data.corpus import Corpus, load_corpus
from pinsharp.train.camera_pairs import light_width

CAMERAS = ("lab", "mono", "line-scan", "photo", "phone", "sem")
LEAST, MOST = 0.5, 5.0  # pixels
SIDE, SEED = 384, 177


def errors(
    restorer: pinsharp.Restorer, corpus: Corpus, camera: str, pairs: int, together: int = 1, *, apart: bool = False
) -> tuple[list[float], list[float], int]:
    """Errors of the logarithm of the width, the same in stated standard deviations, and how many were left alone.

    Of `together` photographs at a time, measured together, or `apart`.
    """
    found, scaled, left = [], [], 0
    for index in range(pairs):
        shots = [taken(corpus, camera, index, number) for number in range(together)]
        width = light_width(shots[0].sigma, shots[0].draw)
        if LEAST < width < MOST:
            images = [np.ascontiguousarray(shot.image) for shot in shots]
            for blur in map(restorer.measure, images) if apart or together == 1 else (restorer.measure(images),):
                found.append(abs(math.log(blur.sigma / width)))
                scaled.append(found[-1] / (blur.sigma_relative_std or math.inf))
                left += blur.verdict in LEFT_ALONE
    return found, scaled, left


def taken(corpus: Corpus, camera: str, index: int, number: int = 0, *, seed: int = SEED, side: int = SIDE) -> Pair:
    """Pair `index` of a camera; by number, further photographs with the same lens, exposure and processing."""
    draw = draw_pair(camera, seed, index)
    first = int(draw.scene.image * len(corpus.images))
    photograph = corpus.images[(first + number) % len(corpus.images)]
    return pair_of(shoot(photograph.permute(1, 2, 0).numpy(), replace(draw, seed=draw.seed + number), side), side)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--model", default="swift")
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--together", type=int, default=1, metavar="N")
    asked = parser.parse_args()
    restorer = pinsharp.Restorer(asked.model, light="linear", faults="off")
    corpus = load_corpus(asked.photographs, held_out=True)
    for apart in (False,) if asked.together == 1 else (True, False):
        print_table(restorer, corpus, asked.pairs, asked.together, apart=apart)


def print_table(restorer: pinsharp.Restorer, corpus: Corpus, pairs: int, together: int, *, apart: bool) -> None:
    """Print a line a camera, and one of all."""
    every_error: list[float] = []
    every: list[float] = []
    what = f"{together} together" if together > 1 and not apart else "pictures"
    for camera in CAMERAS:
        found, scaled, left = errors(restorer, corpus, camera, pairs, together, apart=apart)
        every_error += found
        every += scaled
        covered = np.mean(np.array(scaled) < NINETY)
        print(
            f"{camera:10} {len(found)} {what}, median error {100 * np.median(found):.1f} %, covered {covered:.2f}, "
            f"left alone {left}",
            flush=True,
        )
    factor = np.quantile(every, 0.9) / NINETY
    print(
        f"all: median error {100 * np.median(every_error):.1f} %, covered {np.mean(np.array(every) < NINETY):.3f}; "
        f"for 90 % times {factor:.2f}"
    )


if __name__ == "__main__":
    main()
