"""A picture of a kernel: its pixels, the profile through its centre and its transfer function.

Colours are those of Okabe and Ito, and line styles differ too, so that the picture also works for the colour-blind and
in black and white.
"""

import io
import math
import warnings
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from pinsharp.blur.fourier import fast_size, transfer_function
from pinsharp.blur.votes_plot import draw_votes
from pinsharp.words import width_in_words

if TYPE_CHECKING:
    from pinsharp.blur.field import BlurField

BLUE, VERMILLION = "#0072B2", "#D55E00"
DPI = 150


def draw(blur: "BlurField", *, title: str = "", kind: str, dpi: int = DPI) -> bytes:
    """Draw the kernel of an image as the content of a file of a kind: `png`, `pdf` or `svg`."""
    rows = 2 if blur.finding else 1
    figure = Figure(figsize=(12, 4 * rows), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    upper, *lower = figure.subfigures(rows, 1, squeeze=False)[:, 0]
    pixels, profile, transfer = upper.subplots(1, 3)
    width = width_in_words(blur.sigma, blur.sigma_relative_std, blur.family, is_uncertain=blur.is_uncertain)
    verdict = f"\n{blur.verdict}: {blur.finding.reason}" if blur.finding else ""
    figure.suptitle(
        f"{title}{': ' if title else ''}{width}{verdict}", parse_math=False
    )  # a $ in a file's name is no formula
    _draw_pixels(pixels, upper, blur)
    _draw_profile(profile, blur)
    _draw_transfer(transfer, blur)
    for part in lower:
        draw_votes(part, blur)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
        figure.savefig(buffer, format=kind)
    return buffer.getvalue()


def _draw_pixels(axes: Axes, figure: SubFigure, blur: "BlurField") -> None:
    half = blur.kernel.shape[-1] / 2
    shown = axes.imshow(blur.kernel_array, cmap="cividis", extent=(-half, half, half, -half))
    figure.colorbar(shown, ax=axes, shrink=0.8)
    reach = _reach(blur)
    axes.set(title="Kernel", xlabel="column, px", ylabel="row, px", xlim=(-reach, reach), ylim=(reach, -reach))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_profile(axes: Axes, blur: "BlurField") -> None:
    side, reach = blur.kernel.shape[-1], _reach(blur)
    position = np.linspace(-reach, reach, 401)
    gaussian = np.exp(-0.5 * (position / blur.sigma) ** 2) / (2 * np.pi * blur.sigma**2)
    row = blur.kernel_array[side // 2]
    axes.step(np.arange(side) - side // 2, row, where="mid", color=BLUE, label="kernel")
    axes.plot(position, gaussian, "--", color=VERMILLION, label="Gaussian of the same sigma")
    axes.set(title="Profile through the centre", xlabel="column, px", ylabel="share of the light a pixel")
    highest = max(float(row.max()), float(gaussian.max()))
    axes.set(xlim=(-reach, reach), ylim=(min(0.0, float(row.min())) - 0.02 * highest, 1.3 * highest))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="upper right", frameon=False)


def _reach(blur: "BlurField") -> float:
    """Half a side in pixels of the part that holds all but a thousandth of the light, with a little air."""
    return min(blur.kernel.shape[-1] / 2, max(3.5, math.ceil(4 * blur.sigma) + 0.5))


def _draw_transfer(axes: Axes, blur: "BlurField") -> None:
    frequency, kernel = _transfer(blur.kernel)
    gaussian = np.exp(-2 * (np.pi * blur.sigma * frequency) ** 2)
    axes.plot(frequency, kernel, color=BLUE, label="kernel")
    axes.plot(frequency, gaussian, "--", color=VERMILLION, label="Gaussian of the same sigma")
    axes.axhline(0, color="0.6", linewidth=0.8)
    axes.set(title="Transfer function, along rows", xlabel="cycles per pixel", ylabel="contrast that is left")
    axes.set(
        xlim=(0, 0.5), ylim=(min(-0.1, 1.1 * float(kernel.min())), 1.35), yticks=np.linspace(0, 1, 6)
    )  # room for the legend
    axes.legend(loc="upper right", frameon=False)


def _transfer(kernel: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in cycles per pixel, and the real part of the transfer function at them (a defocus has no other)."""
    size = max(512, fast_size(kernel.shape[-1]))
    values = transfer_function(kernel.float().cpu(), (size, size))[0, 0, 0]
    return np.linspace(0, 0.5, size // 2 + 1), values.real.numpy()
