"""How figures look: one style a method, readable in black and white and by the colour-blind, and files for print.

Colours are those of Okabe and Ito without yellow, which white paper swallows. Marker and line style differ too.
"""

import io
import math
import re
import textwrap
import warnings
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from pinsharp.atomic import write_atomically
from pinsharp.bench.show.typeset import MARK

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "p", "h", ">")
LINES = ("-", "--", "-.")
GREY = "#6E6E6E"

PSNRS = {"mean": "mean PSNR, dB", "aggregate": "aggregate PSNR, dB"}
"""Both definitions and what the axis calls them: the mean of the images' PSNR, and 10 log10(1 / mean MSE)."""

KINDS = ("png", "pdf")
DPI = 200
FONT = 8  # size of text in points: that of a caption, at the size at which a figure is made
_FAMILIES = {"gaussian": "Gaussian sigma, pixels", "disk": "disc radius, pixels"}
_OTHERS = "effective sigma, pixels"
_PANEL, _LARGE_PANEL = (2.7, 2.6), (3.3, 3.2)  # inches, width and height
_PANELS_BESIDE = 3
_LEGEND_WIDTH, _LEGEND_ROW = 1.5, 0.17  # inches
_MANY_ROWS = 8
_LETTERS_AN_INCH = 19  # of a footnote
_LONGEST_NAME = 32  # letters
_LONG_AXIS = 1.5  # decades


def method_styles(names: Sequence[str], *, true_kernel: str) -> dict[str, dict[str, Any]]:
    """Choose a colour, a marker and a line style for each method, as keyword arguments of `Axes.plot`.

    A row whose name ends in `true_kernel` has the colour and marker of the blind one, hollow and dotted.
    """
    methods = list(dict.fromkeys(name.removesuffix(true_kernel) for name in names))
    # Eleven markers and six colours have no common factor: 66 methods until a pair of both comes back.
    pairs = zip(cycle(COLOURS), cycle(MARKERS), cycle(LINES), strict=False)
    chosen = dict(zip(methods, islice(pairs, len(methods)), strict=True))
    styles = {}
    for name in names:
        colour, marker, line = chosen[name.removesuffix(true_kernel)]
        hollow = name.endswith(true_kernel)
        styles[name] = {
            "color": colour,
            "marker": marker,
            "linestyle": ":" if hollow else line,
            "markerfacecolor": "white" if hollow else colour,
            "markersize": 5,
            "linewidth": 1.3,
        }
    return styles


def new_figure(width: float, height: float) -> Figure:
    """Make a figure of a size in inches that needs no screen."""
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes) -> None:
    """Leave of a frame only what is read from: two axes, small figures and a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=FONT)
    axes.xaxis.label.set_fontsize(FONT + 1)
    axes.yaxis.label.set_fontsize(FONT + 1)
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)


def log_axis(axes: Axes) -> None:
    """Make the horizontal axis of a finished plot logarithmic, with plain numbers that do not touch."""
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    is_long = math.log10(high / low) > _LONG_AXIS
    axes.xaxis.set_major_locator(LogLocator(subs=(1,) if is_long else (1, 2, 5), numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def shortened(name: str) -> str:
    """The end of a name, if it is a path too long for a legend."""
    return name if len(name) <= _LONGEST_NAME else "..." + name[3 - _LONGEST_NAME :]


def panel_grid(count: int, rows: int) -> tuple[Figure, list[Axes]]:
    """Make a figure with room for a legend of as many rows at its right; the more rows, the larger its panels."""
    beside = 2 if count in (2, 4) else min(count, _PANELS_BESIDE)
    below = -(-count // beside)
    width, height = _LARGE_PANEL if rows > _MANY_ROWS else _PANEL
    figure = new_figure(beside * width + _LEGEND_WIDTH, max(below * height, rows * _LEGEND_ROW + 0.3))
    grid = figure.subplots(below, beside, squeeze=False).flatten()
    for unused in grid[count:]:
        unused.remove()
    return figure, list(grid[:count])


def head(axes: Axes, title: str) -> None:
    """Write above a panel which set it is of, and below that how it was blurred."""
    name, _, rest = title.partition(": ")
    lines = [part for line in (name, rest) for part in textwrap.wrap(re.sub(r",(?=\S)", ", ", line), 38)]
    axes.set_title("\n".join(lines), loc="left", fontsize=FONT, parse_math=False)


def legend(figure: Figure, grid: Sequence[Axes], marked: Sequence[str]) -> None:
    """One legend for all panels, at the right, in the order in which the lines of the first panel start."""
    lines: dict[str, Line2D] = {}
    for axes in grid:
        for line in axes.get_lines():
            lines.setdefault(str(line.get_label()), line)
    starts = {name: np.asarray(line.get_ydata(), float)[0] for name, line in lines.items()}
    order = sorted(lines, key=lambda name: -np.nan_to_num(starts[name], nan=np.inf))  # the perfect first
    labels = [f"{shortened(name)} {MARK}" if name in marked else shortened(name) for name in order]
    legend_beside(figure, [lines[name] for name in order], labels, handlelength=3, borderaxespad=0.2)


def legend_beside(figure: Figure, handles: Sequence[Artist], labels: Sequence[str], **look: float) -> None:
    """A legend at the right, whose labels mean what they say: a $ starts no formula."""
    legend = figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=FONT, **look)
    for text in legend.get_texts():
        text.set_parse_math(False)


def footnote(figure: Figure, notes: Sequence[str]) -> None:
    """Write sentences below a figure."""
    letters = int(figure.get_figwidth() * _LETTERS_AN_INCH)
    lines = [line for note in notes for line in textwrap.wrap(note, letters)]
    if lines:
        figure.supxlabel("\n".join(lines), fontsize=FONT - 1, x=0.01, ha="left", parse_math=False)


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write a figure as PNG and as PDF. Raises OutputError if a file cannot be written."""
    paths = []
    for kind in KINDS:
        buffer = io.BytesIO()
        with warnings.catch_warnings(), mpl.rc_context({"pdf.fonttype": 42}):  # text that stays text
            warnings.filterwarnings("ignore", message="Glyph .* missing")  # a name in a script that the font lacks
            undated = {"CreationDate": None} if kind == "pdf" else {}  # the same figures, the same file
            figure.savefig(buffer, format=kind, metadata=undated)
        paths.append(folder / f"{name}.{kind}")
        write_atomically(paths[-1], buffer.getvalue())
    return paths


def drawn(value: float | None) -> float:
    """What of a figure can be drawn: nothing where there is none or it is infinite."""
    return math.nan if value is None or math.isinf(value) else value


def width_of(kernel: str, sigma: float) -> tuple[str, float]:
    """Say what to call the width of a kernel, and the width: the one in its name, or the effective sigma."""
    family, _, rest = kernel.partition(":")
    if family in _FAMILIES and "+" not in rest:
        return _FAMILIES[family], float(rest.partition(":")[0])
    return _OTHERS, sigma
