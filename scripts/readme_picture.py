"""The picture of the README: a detail of each sample image, as it is and as `pinsharp restore` leaves it.

Usage: python scripts/readme_picture.py docs/images/demo.webp
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pinsharp import Restorer, read_image
from pinsharp.bench.show.figures import new_figure

SAMPLES = Path(__file__).parents[1] / "examples" / "sample"
DETAILS = {"board.png": (300, 110, 130), "chart.png": (560, 10, 200), "board-in-focus.png": (300, 110, 130)}
"""Top, left and side in pixels of what is shown of each image."""

TITLES = {
    "board.png": "circuit board, out of focus",
    "chart.png": "printed chart, out of focus",
    "board-in-focus.png": "the same board, in focus",
}


def main(out: str) -> None:
    """Restore the samples and draw what is seen before and after."""
    restorer = Restorer()
    figure = new_figure(9.0, 6.6)
    grid = figure.subplots(2, len(DETAILS))
    for (name, place), (above, below) in zip(DETAILS.items(), grid.T, strict=True):
        image = read_image(SAMPLES / name).pixels
        result = restorer(image)
        low, high = result.defocus.interval or (result.sigma, result.sigma)
        width = f"{result.sigma:.1f} px ({low:.1f} to {high:.1f})" if result.is_restored else "below 0.5 px"
        _show(above, detail(image, place), f"{TITLES[name]}\nwidth {width}")
        words = "restored" if result.is_restored else "left as it is: in focus"
        _show(below, detail(result.image, place), words)
    figure.canvas.draw()
    drawn = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3])  # type: ignore[attr-defined]
    drawn.resize((1200, 880), Image.Resampling.LANCZOS).save(out, quality=85)


def detail(image: NDArray[Any], place: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Cut the detail out, as 8 bits for a screen; linear light of the chart is brightened."""
    top, left, side = place
    cut = image[top : top + side, left : left + side].astype(np.float32) / np.iinfo(image.dtype).max
    if cut.ndim == 2 or (cut == cut[..., :1]).all():
        cut = cut ** np.float32(1 / 2.2)
    return np.rint(255 * cut).astype(np.uint8)


def _show(axes: Any, pixels: NDArray[np.uint8], title: str) -> None:
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()


if __name__ == "__main__":
    main(sys.argv[1])
