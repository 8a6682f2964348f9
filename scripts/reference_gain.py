"""What one sharp frame of another sequence of the same camera gains over blind restoration, beside the true kernel.

Usage: python scripts/reference_gain.py FRAMES [--model swift] [--kernels gaussian:1.2,gaussian:2,gaussian:2.8,disk:3]
       [--count N] [--every]
FRAMES are sharp images named SEQUENCE_frame-NUMBER..., as GoPro's are; a frame's reference is the first of the first
other sequence, with --every each frame of all other ones in turn. Each frame is blurred, its border cut off (valid) and
rounded to 8 bits. Prints the mean PSNR of the colour frames in dB, the whole frame counted, a line a kernel: blurred,
blind, with the reference, with the true kernel; and of the width with the reference the mean and largest error, and how
often its 90 % interval holds the truth.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import pinsharp
from pinsharp.blur.family import DISK_ABOVE
from pinsharp.blur.kernel_names import parse_kernel
from pinsharp.blur.kernels import flatness, kernel_sigma
from pinsharp.blur.operators import Blur
from pinsharp.images.discover import find_images
from pinsharp.images.files import read_image

KERNELS = "gaussian:1.2,gaussian:2,gaussian:2.8,disk:3"
Image = NDArray[np.uint8]


def main() -> None:
    """Print a line a kernel."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames")
    parser.add_argument("--model", default="swift")
    parser.add_argument("--kernels", default=KERNELS)
    parser.add_argument("--count", type=int, help="only the first frames")
    parser.add_argument("--every", action="store_true", help="with every reference")
    asked = parser.parse_args()
    restorer = pinsharp.Restorer(asked.model, light="linear", faults="off")
    paths = find_images([asked.frames])
    for name in asked.kernels.split(","):
        kernel = parse_kernel(name)
        rows = [
            row
            for path in paths[: asked.count]
            for row in _rows(restorer, path, references(path, paths, every=asked.every), kernel)
        ]
        off = np.array([row["off"] for row in rows])
        print(
            f"{name}: "
            + ", ".join(f"{key} {np.mean([row[key] for row in rows]):.2f}" for key in rows[0] if key != "off")
            + f"; width off by {100 * np.abs(off).mean():.1f} %, at most {100 * np.abs(off).max():.1f} %",
            flush=True,
        )


def references(path: Path, paths: list[Path], *, every: bool) -> list[Path]:
    """The frames of other sequences that a frame is restored with."""
    others = [each for each in paths if sequence(each) != sequence(path)]
    return others if every else others[:1]


def sequence(path: Path) -> str:
    """What a frame's sequence is called."""
    return path.name.partition("_frame")[0]


def _rows(
    restorer: pinsharp.Restorer, path: Path, sharp_frames: list[Path], kernel: torch.Tensor
) -> Iterator[dict[str, float]]:
    """Figures of one frame with each of its references."""
    blurred, sharp = taken(read_image(path).pixels, kernel)
    blind, true = restorer(blurred).image, restorer(blurred, kernel=kernel[0, 0].numpy()).image
    for reference in sharp_frames:
        known = pinsharp.Restorer(restorer.method, recipe=restorer.recipe, keep_memory=False, reference=str(reference))
        found = known(blurred)
        low, high = found.defocus.interval or (0.0, np.inf)
        width = light_width(kernel)
        yield {
            "blurred": decibels(blurred, sharp),
            "blind": decibels(blind, sharp),
            "reference": decibels(found.image, sharp),
            "true kernel": decibels(true, sharp),
            "held": float(low <= width <= high),
            "off": float(np.log(found.sigma / width)),
        }


def taken(sharp: NDArray[np.generic], kernel: torch.Tensor) -> tuple[Image, Image]:
    """A frame through a kernel, rounded to 8 bits, and the same place of it sharp."""
    planes = torch.from_numpy(sharp.astype(np.float32) / 255).permute(2, 0, 1)[None]
    blurred = Blur(kernel, "valid")(planes)[0].permute(1, 2, 0).numpy()
    reach = kernel.shape[-1] // 2
    inside = sharp[reach : sharp.shape[0] - reach, reach : sharp.shape[1] - reach].astype(np.uint8)
    return np.clip(np.rint(255 * blurred), 0, 255).astype(np.uint8), inside


def light_width(kernel: torch.Tensor) -> float:
    """Effective width in pixels of a kernel before pixels average it, which a disc's is by its area in them."""
    square = float(kernel_sigma(kernel)[0]) ** 2
    return float(np.sqrt(square - (1 / 12 if float(flatness(kernel)[0]) > DISK_ABOVE else 0)))


def decibels(image: NDArray[np.generic], sharp: Image) -> float:
    """PSNR of 8-bit images."""
    return float(-10 * np.log10(np.mean(((image.astype(float) - sharp) / 255) ** 2)))


if __name__ == "__main__":
    main()
