"""A picture of how the windows of an image voted: where each lies and what it says, and all of them in a row."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from pinsharp.blur.normal import NINETY
from pinsharp.blur.trend import trend
from pinsharp.blur.verdict import Finding
from pinsharp.blur.votes import Votes

if TYPE_CHECKING:
    from pinsharp.blur.field import BlurField

BLUE, GREY = "#0072B2", "#9A9A9A"
_FINENESS = 64  # samples of the field along each side


def draw_votes(figure: SubFigure, blur: "BlurField") -> None:
    """Draw the votes of one image; the blur has some."""
    assert blur.votes is not None
    assert blur.finding is not None
    places, said = figure.subplots(1, 2, width_ratios=(1, 1.4))
    _draw_places(places, figure, blur.votes[0], blur.finding)
    _draw_said(said, blur.votes[0], blur.finding)


def _draw_places(axes: Axes, figure: SubFigure, votes: Votes, finding: Finding) -> None:
    """The field, and over it the windows in the colour of what they say; as large as their weight."""
    low, high = (votes.places[:, :2].amin(dim=0), (votes.places[:, :2] + votes.places[:, 2:]).amax(dim=0))
    rows, columns = (torch.linspace(float(low[axis]), float(high[axis]), _FINENESS) for axis in (0, 1))
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1)
    widths = votes.log_width.exp().numpy()
    least, most = np.quantile(widths, (0.05, 0.95))
    scale = {"cmap": "viridis", "vmin": min(least, finding.low), "vmax": max(most, finding.high)}
    extent = (float(low[1]), float(high[1]), float(high[0]), float(low[0]))
    shown = axes.imshow(finding.field.at(grid.double()).numpy(), extent=extent, alpha=0.45, **scale)
    size = 20 + 180 * (votes.weights / votes.weights.max()).numpy()
    centres = votes.centres.numpy()
    axes.scatter(centres[:, 1], centres[:, 0], c=widths, s=size, edgecolors="black", linewidths=0.6, **scale)
    figure.colorbar(shown, ax=axes, shrink=0.8, label="sigma, px")
    axes.set(xlabel="column, px", ylabel="row, px")
    axes.set_title(f"Windows over the field ({finding.field.shape})\n{trend(votes, finding).words}", fontsize="medium")


def _draw_said(axes: Axes, votes: Votes, finding: Finding) -> None:
    """What each window says, with nine tenths of its own doubt, against the interval of all together."""
    order = votes.log_width.argsort()
    middle = votes.log_width[order].exp().numpy()
    spread = (NINETY * votes.std[order]).exp().numpy()
    outliers = finding.field.outliers[order].numpy()
    place = np.arange(len(middle))
    axes.axhspan(finding.low, finding.high, color=BLUE, alpha=0.2, label="all together, 90 % interval")
    for which, colour, label in ((~outliers, BLUE, "a window"), (outliers, GREY, "a window that says something else")):
        if which.any():
            ends = np.array([middle - middle / spread, middle * spread - middle])[:, which]
            axes.errorbar(place[which], middle[which], ends, fmt="o", color=colour, markersize=4, label=label)
    axes.set(
        title=f"{100 * finding.agreement:.0f} % agree, by weight",
        xlabel="windows, by what they say",
        ylabel="sigma, px",
    )
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    few = MaxNLocator(6, steps=[1, 2, 5, 10]) if high < 4 * low else LogLocator(subs=(1, 2, 3, 5))
    axes.yaxis.set_major_locator(few)  # all of a decade would be written over each other
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))  # 3, not 3 x 10^0
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(loc="upper left", frameon=False)
