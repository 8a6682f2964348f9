"""A sheet of restorations: one image whole, and beside it the same detail of every version, pixel by pixel."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.bench.show.figures import FONT, footnote, new_figure
from pinsharp.errors import ConfigError

DETAIL_WIDTH = 112  # width of the detail in pixels; it is three quarters as high
_FRAME = "#E69F00"  # orange of Okabe and Ito: visible on dark and on bright, in grey too
_WHOLE_WIDTH, _CELL_WIDTH, _CELL_HEIGHT = 2.5, 1.55, 1.6  # inches
_BESIDE, _MOST_BESIDE = {1: 1, 2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 9: 3}, 4
"""How many versions stand beside one another, by their number: rows as full as can be."""


@dataclass(frozen=True)
class Box:
    """A rectangle in an image, in pixels. Raises ConfigError if it has no pixel."""

    top: int
    left: int
    height: int
    width: int

    def __post_init__(self) -> None:
        if min(self.top, self.left) < 0 or min(self.height, self.width) < 1:
            raise ConfigError(
                f"expected a detail TOP,LEFT,HEIGHT,WIDTH inside the image, got "
                f"{self.top},{self.left},{self.height},{self.width}"
            )

    def cut(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """What of an image lies in it."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True)
class Version:
    """A version of the image: what to write above it, and its pixels, (1, C, H, W) in [0, 1]."""

    label: str
    image: Tensor


def most_damaged(sharp: Tensor, blurred: Tensor, width: int = DETAIL_WIDTH) -> Box:
    """Find the detail that the blur has hurt most, smaller if the image is: a choice that favours no method."""
    error = (sharp - blurred).square().mean(dim=1)[0].double().cpu().numpy()
    high, wide = min(error.shape[0], width * 3 // 4), min(error.shape[1], width)
    error = _without_border(error, high, wide)
    return fullest(error, high, wide)


def fullest(weights: NDArray[Any], high: int, wide: int) -> Box:
    """Find the box of a height and width with the largest sum of the weights of its pixels, (H, W)."""
    sums = np.pad(weights.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    inside = sums[high:, wide:] - sums[:-high, wide:] - sums[high:, :-wide] + sums[:-high, :-wide]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return Box(int(top), int(left), high, wide)


def _without_border(error: NDArray[np.float64], high: int, wide: int) -> NDArray[np.float64]:
    """Errors, but none within an eighth of the detail of the border, where frames of scans and boundary rules show."""
    margin = min(high, wide) // 8
    if error.shape[0] < high + 2 * margin or error.shape[1] < wide + 2 * margin:
        return error
    inner = np.zeros_like(error)
    inner[margin:-margin, margin:-margin] = error[margin:-margin, margin:-margin]
    return inner


def draw_sheet(whole: Version, versions: Sequence[Version], box: Box, notes: Sequence[str] = ()) -> Figure:
    """Draw one image whole, at the left, with the detail framed, and that detail of each version, all of one size.

    Raises:
        ConfigError: If the detail lies outside the image.
    """
    height, width = versions[0].image.shape[-2:]
    if box.top + box.height > height or box.left + box.width > width:
        raise ConfigError(
            f"expected a detail inside the image of {height} x {width} pixels (height x width), got "
            f"{box.height} x {box.width} from row {box.top}, column {box.left}"
        )
    beside = _BESIDE.get(len(versions), _MOST_BESIDE)
    below = -(-len(versions) // beside)
    figure = new_figure(_WHOLE_WIDTH + beside * _CELL_WIDTH, below * _CELL_HEIGHT + 0.12 * len(notes))
    ratios = [_WHOLE_WIDTH, *[_CELL_WIDTH] * beside]
    grid = figure.add_gridspec(below, beside + 1, width_ratios=ratios)
    left = figure.add_subplot(grid[:, 0])
    _show(left, _pixels(whole.image), whole.label, letters=42)
    left.add_patch(Rectangle((box.left - 0.5, box.top - 0.5), box.width, box.height, fill=False, ec=_FRAME, lw=1.5))
    for place, version in enumerate(versions):
        axes = figure.add_subplot(grid[place // beside, place % beside + 1])
        _show(axes, box.cut(_pixels(version.image)), version.label, letters=26)
    footnote(figure, notes)
    return figure


def _pixels(image: Tensor) -> NDArray[np.float32]:
    """(H, W, 3) in [0, 1], whatever the channels."""
    planes = image[0].detach().float().clamp(0, 1).cpu()
    return np.asarray(planes.expand(3, -1, -1).permute(1, 2, 0).numpy(), np.float32)


def _show(axes: Axes, pixels: NDArray[np.float32], label: str, *, letters: int) -> None:
    axes.imshow(pixels, interpolation="nearest", vmin=0, vmax=1)
    lines = [part for line in label.splitlines() for part in textwrap.wrap(line, letters) or [" "]]
    axes.set_title("\n".join(lines), fontsize=FONT, parse_math=False, pad=3, loc="left")
    axes.set_anchor("NW")
    axes.set_axis_off()
