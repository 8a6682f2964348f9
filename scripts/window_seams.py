"""Show what restoring by windows changes: python scripts/window_seams.py IMAGE [--model M] [--window N ...].

Prints for each size of the windows by how much the image restored by them differs from the image restored at once, and
draws both for the first of them, with their difference, strongly amplified. Where they are equal to the last bit, as
with `swift`, the difference is an even grey. Run it on an image that was blurred, such as one of `pinsharp synth`.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from pinsharp.images.arrays import FULL_SCALE
from pinsharp.images.files import read_image
from pinsharp.restoration.restorer import Restorer


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path)
    parser.add_argument("--model", default="swift")
    parser.add_argument("--kernel", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--window", type=int, nargs="+", default=[256, 128, 200, 512])
    parser.add_argument("--amplify", type=float, default=500)
    parser.add_argument("--out", type=Path, default=Path("window-seams.png"))
    asked = parser.parse_args()

    image = read_image(asked.image).pixels
    image = image[..., :3] if image.ndim == 3 else image
    image = image / np.float32(FULL_SCALE[image.dtype])  # not rounded: differences are far below an 8-bit level
    whole = restored(image, asked, 0)
    for window in asked.window:
        parts = restored(image, asked, window)
        difference = parts.image.astype(float) - whole.image
        error = np.mean(difference**2)
        print(
            f"{asked.image.name}, {asked.model}, windows of {window}: "
            f"largest difference {np.abs(difference).max():.2e} of full scale, "
            f"{'equal' if error == 0 else f'{-10 * np.log10(error):.1f} dB'}, "
            f"{np.mean(np.abs(difference) > 1e-3):.1e} of the values above 1e-3, seam {parts.seam}",
            flush=True,
        )
        if window == asked.window[0]:
            save(asked, whole.image, parts.image, difference)


def restored(image, asked, window):
    return Restorer(asked.model, precision=asked.precision, window=window)(image, kernel=asked.kernel)


def save(asked, whole, parts, difference):
    figure, axes = plt.subplots(1, 3, figsize=(18, 18 * whole.shape[0] / whole.shape[1] / 3 + 0.6), layout="tight")
    shown = [whole, parts, np.clip(0.5 + asked.amplify * difference, 0, 1)]
    titles = ["whole image at once", f"windows of {asked.window[0]}", f"difference, {asked.amplify:g} times"]
    for axis, picture, title in zip(axes, shown, titles, strict=True):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axis.set_title(title)
        axis.set_axis_off()
    figure.savefig(asked.out, dpi=100)


if __name__ == "__main__":
    main()
