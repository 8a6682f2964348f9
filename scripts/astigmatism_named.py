"""How often a blur that is longer than wide is named so, and a round one by mistake.

Usage: python scripts/astigmatism_named.py PHOTOGRAPHS [--images 70]
Held-out photographs in mono, blurred by Gaussians of a mean width of 2 px along a random angle, with noise of 0.7 grey
levels, 8 bits; once more behind a camera that denoises, sharpens and compresses.
"""

import argparse
import math

import cv2
import numpy as np
from numpy.typing import NDArray

import pinsharp
from pinsharp.data.corpus import load_corpus

WIDTH, SIDE, NOISE, SEED = 2.0, 384, 0.7, 5
RATIOS = (1.0, 1.3, 1.6, 2.0)
REACH = 12  # pixels of the kernel to each side


def kernel_of(ratio: float, angle: float) -> NDArray[np.float32]:
    """A Gaussian whose widths have this ratio and the mean width, the longer one along the angle, in radians."""
    rows, columns = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].astype(np.float32)
    along = columns * math.cos(angle) + rows * math.sin(angle)
    across = rows * math.cos(angle) - columns * math.sin(angle)
    kernel = np.exp(-(along**2 / ratio + across**2 * ratio) / (2 * WIDTH**2))
    return np.asarray(kernel / kernel.sum(), np.float32)


def processed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What a camera makes of it that denoises, sharpens and compresses."""
    smooth = cv2.bilateralFilter(image, 5, 8, 1.5)
    sharp = cv2.addWeighted(smooth, 1.8, cv2.GaussianBlur(smooth, (0, 0), 1.0), -0.8, 0)
    coded = cv2.imencode(".jpg", sharp, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def main() -> None:
    """Print a line for each ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--images", type=int, default=70)
    asked = parser.parse_args()
    corpus = load_corpus(asked.photographs, held_out=True, smallest=SIDE)
    restorer = pinsharp.Restorer("swift", light="linear", faults="off")
    for ratio in RATIOS:
        random, named, behind = np.random.default_rng(SEED), 0, 0
        for number in range(asked.images):
            grey = corpus.images[number % len(corpus)].float().mean(dim=0).numpy()
            top, left = (int(random.integers(size - SIDE + 1)) for size in grey.shape)
            blurred = cv2.filter2D(grey, -1, kernel_of(ratio, random.uniform(0, math.pi)))
            noisy = blurred[top : top + SIDE, left : left + SIDE] + random.normal(0, NOISE, (SIDE, SIDE))
            image = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
            named += restorer.measure(image).astigmatism is not None
            behind += restorer.measure(processed(image)).astigmatism is not None
        shares = (100 * count / asked.images for count in (named, behind))
        print("ratio {}: named in {:.0f} %, behind a camera in {:.0f} %".format(ratio, *shares), flush=True)


if __name__ == "__main__":
    main()
