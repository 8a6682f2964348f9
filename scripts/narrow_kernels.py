"""How often a given kernel is said to be too narrow: the right one, and those narrower and wider by 30 %.

Usage: python scripts/narrow_kernels.py PHOTOGRAPHS [--pairs 200] [--results]
Held-out photographs by simulated cameras, a line a camera; only images whose width can be trusted count. --results also
restores each and measures the results, which is slow and tells little.
"""

import argparse
import math
from collections import defaultdict

import numpy as np
import torch
from numpy.typing import NDArray

import pinsharp
from pinsharp.blur.family import render_kernels, split_width
from pinsharp.blur.field import BlurField
from pinsharp.blur.verdict import UNTRUSTED
from pinsharp.data.cameras.pair import Pair, make_pair
from pinsharp.data.corpus import load_corpus
from pinsharp.restoration.remaining import remaining
from pinsharp.train.camera_pairs import light_width

CAMERAS = ("lab", "mono", "line-scan", "photo", "phone", "sem")
FACTORS = {"30 % too narrow": 0.7, "right": 1.0, "30 % too wide": 1.3}
LEAST, MOST = 0.7, 4.0  # pixels
SIDE, SEED = 384, 777


def kernel_of(pair: Pair, factor: float) -> torch.Tensor:
    """The kernel (1, 1, K, K) of the family that is as wide as that of a pair times a factor."""
    lens = pair.draw.lens
    disc = (lens.radius / 2) ** 2
    share = disc / (disc + lens.sigma**2) if disc and not pair.draw.by_computer else 0.0
    width = factor * light_width(pair.sigma, pair.draw)
    sigma, radius = split_width(torch.tensor([width]), torch.tensor([share]))
    return render_kernels(sigma, radius, 2 * math.ceil(float(radius + 4 * sigma)) + 1)


def is_said(kernel: torch.Tensor, found: BlurField) -> bool:
    """Whether a kernel is said to be too narrow for an image that reads so."""
    left = remaining(BlurField(kernel, is_given=True, measured=(found,)))
    return left is not None and left.is_sure


def reread(restorer: pinsharp.Restorer, image: NDArray[np.float32], kernel: torch.Tensor) -> float:
    """Width that is read of an image restored with a kernel."""
    return restorer.measure(restorer(image, kernel=kernel[0, 0].numpy()).image).sigma


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--results", action="store_true")
    asked = parser.parse_args()
    restorer = pinsharp.Restorer("swift", light="linear", faults="off")
    corpus = load_corpus(asked.photographs, held_out=True)
    every: dict[str, list[bool]] = defaultdict(list)
    read: dict[str, list[float]] = defaultdict(list)
    for camera in CAMERAS:
        said: dict[str, list[bool]] = defaultdict(list)
        for index in range(asked.pairs):
            pair = make_pair(corpus, camera, size=SIDE, seed=SEED, index=index)
            if not LEAST < light_width(pair.sigma, pair.draw) < MOST:
                continue
            image = np.ascontiguousarray(pair.image)
            found = restorer.measure(image)
            if found.verdict in UNTRUSTED:
                continue
            for name, factor in FACTORS.items():
                said[name].append(is_said(kernel_of(pair, factor), found))
                if asked.results:
                    read[name].append(reread(restorer, image, kernel_of(pair, factor)))
        print_line(camera, said)
        for name, values in said.items():
            every[name] += values
    print_line("all", every)
    for name, widths in read.items():
        print(f"restored with a kernel {name}: reads as {np.median(widths):.2f} px (median)")


def print_line(camera: str, said: dict[str, list[bool]]) -> None:
    """Print how often each kernel was said to be too narrow."""
    shares = ", ".join(f"{name} {sum(values)} of {len(values)}" for name, values in said.items())
    print(f"{camera:10} said to be too narrow: {shares}", flush=True)


if __name__ == "__main__":
    main()
