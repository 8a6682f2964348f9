"""The figure of simulated cameras: gains of every row, a panel of bars a camera."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from pinsharp.bench.cameras.records import CameraRecords
from pinsharp.bench.show.figures import footnote, new_figure, tidy

_HEIGHT, _WIDTH, _HEAD = 0.16, 7.0, 1.2  # inches: of a bar; of the figure; of what is around the bars


def draw_gains(records: CameraRecords) -> Figure:
    """Draw the mean gain of every row on every camera and process, with a dot an image."""
    groups = list(dict.fromkeys(each.group for each in records.figures))
    rows = list(dict.fromkeys(each.row for each in records.figures))
    figure = new_figure(_WIDTH, _HEAD + _HEIGHT * len(groups) * (len(rows) + 1))
    axes = figure.subplots()
    for place, row in enumerate(rows):
        gains = [_gains(records, group, row) for group in groups]
        at = np.arange(len(groups)) + (place + 0.5) / (len(rows) + 1)
        bars = axes.barh(
            at, [float(np.mean(each)) if each else 0.0 for each in gains], 0.8 / (len(rows) + 1), label=row
        )
        for y, each in zip(at, gains, strict=True):
            axes.plot(each, [y] * len(each), ".", color=bars[0].get_facecolor(), markersize=2, alpha=0.6)
    axes.axvline(0, color="0.4", linewidth=0.8)
    axes.set_yticks(np.arange(len(groups)) + 0.45, groups)
    axes.invert_yaxis()
    axes.set_xlabel("gain of PSNR, dB")
    tidy(axes)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=7)
    footnote(figure, ["A bar is the mean, a dot an image."])
    return figure


def _gains(records: CameraRecords, group: str, row: str) -> Sequence[float]:
    return [each.gain for each in records.figures if (each.group, each.row) == (group, row) and each.gain is not None]
