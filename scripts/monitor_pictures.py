"""`pinsharp monitor` from end to end: pictures that a defocusing camera takes arrive in a folder and are monitored.

Usage: python scripts/monitor_pictures.py PHOTOGRAPHS FOLDER [--good 60] [--drifting 120] [--rate 0.006]
Crops of photographs, one after the other, blurred by a disc as wide as 1.5 px, which grows by a share of that with each
image after the first 60, with noise, 8 bits. Then the command runs once over FOLDER, with a limit of 2.25 px, and its
alarms are printed beside the images at which the drift began and the true width reached the limit.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from scipy.signal import fftconvolve

from pinsharp.blur.kernel_names import parse_kernel
from pinsharp.images.discover import find_images
from pinsharp.images.files import write_image

SIDE, MARGIN = 384, 24
WIDTH, LIMIT, NOISE = 1.5, 2.25, 1.5 / 255


def picture(photograph: Path, width: float, rng: np.random.Generator) -> np.ndarray:
    """A crop (SIDE, SIDE) of a photograph, blurred by a disc of a width, with noise, uint8."""
    image = cv2.imread(str(photograph), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    side = SIDE + 2 * MARGIN
    top, left = (int(rng.integers(0, length - side + 1)) for length in image.shape)
    kernel = parse_kernel(f"disk:{2 * width:.4f}")[0, 0].numpy()
    blurred = fftconvolve(image[top : top + side, left : left + side], kernel, mode="same")[
        MARGIN:-MARGIN, MARGIN:-MARGIN
    ]
    return np.round(255 * np.clip(blurred + NOISE * rng.standard_normal(blurred.shape), 0, 1)).astype(np.uint8)


def main() -> None:
    """Make the pictures, run the command, print its alarms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--good", type=int, default=60)
    parser.add_argument("--drifting", type=int, default=120)
    parser.add_argument("--rate", type=float, default=0.006)
    parser.add_argument("--page", type=Path)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    photographs = [
        path for path in find_images([asked.photographs]) if min(cv2.imread(str(path)).shape[:2]) >= SIDE + 2 * MARGIN
    ]
    asked.folder.mkdir(parents=True)
    for index in range(asked.good + asked.drifting):
        width = WIDTH * (1 + asked.rate * max(0, index + 1 - asked.good))
        write_image(asked.folder / f"{index + 1:04}.png", picture(photographs[index % len(photographs)], width, rng))
    page = ["--page", str(asked.page)] if asked.page else []
    command = [sys.executable, "-m", "pinsharp", "monitor", str(asked.folder), "--once", "--light", "linear", "--json"]
    shown = subprocess.run([*command, "--limit", f"{LIMIT}px", *page], capture_output=True, text=True, check=False)
    records = [json.loads(line) for line in shown.stdout.splitlines()]
    reached = asked.good + (LIMIT / WIDTH - 1) / asked.rate
    print(f"the drift begins after image {asked.good}; the true width reaches {LIMIT} px at image {reached:.0f}")
    for record in records:
        if record["event"] == "alarm":
            print(f"image {record['number']}: {record['kind']}: {record['words']}")
    print(shown.stderr)


if __name__ == "__main__":
    main()
