"""A panel before and after, as inspectors look at it: one cut, sharp, blurred, restored, and what was found there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke
from numpy.typing import NDArray

from pinsharp.bench.detection.records import IN_FOCUS, StudyRecords, kept_files
from pinsharp.bench.detection.scene import Shot
from pinsharp.bench.engine.methods import title
from pinsharp.bench.show.figures import FONT, new_figure
from pinsharp.bench.show.sheet import Box, fullest
from pinsharp.detect.matching import Matching, match
from pinsharp.detect.tables import Particle, read_particles
from pinsharp.errors import ConfigError
from pinsharp.images.files import read_image

HEIGHT, WIDTH = 54, 84  # size of the cut in pixels, unless another is asked for
_CELL = 2.15  # inches, width of a cut
_BESIDE = 3
_TITLE, _FRAME = 0.42, 0.5  # inches, above each version, and above and below all
_MARKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "pairs": ("found", "o", {"markeredgecolor": "#56B4E9"}),
    "extra": ("false alarm", "s", {"markeredgecolor": "#F0E442"}),
    "missed": ("missed", "x", {"markeredgecolor": "#D55E00"}),
}
"""Colours of Okabe and Ito on a dark rim; the shape alone says what a mark means."""


@dataclass(frozen=True)
class Version:
    """What is shown of a row."""

    label: str  # its name, and its figures on the whole panel
    image: NDArray[Any]  # the whole image (H, W)
    matching: Matching  # what was found on it, against the truth


def draw_cuts(shot: Shot, keep: Path, records: StudyRecords, kernel: str, box: Box | None = None) -> Figure:
    """Draw a cut of a panel in every row at one blur, and under each the same with what was found.

    `shot` is of the panel in focus; the files in which its images were kept start with `keep`. Without a box the cut is
    where most particles are.

    Raises:
        ConfigError: If the cut lies outside of the panel.
    """
    truth = shot.panel
    versions = _versions(shot, keep, records, kernel)
    box = box or crowded(truth.particles, truth.scene.shape)
    if box.top + box.height > truth.scene.shape[0] or box.left + box.width > truth.scene.shape[1]:
        raise ConfigError(
            f"expected a detail inside the panel of {truth.scene.shape[0]} x {truth.scene.shape[1]} pixels, got "
            f"{box.top},{box.left},{box.height},{box.width}"
        )
    beside = min(_BESIDE, max(1, len(versions)))
    below = -(-len(versions) // beside)
    cut = _CELL * box.height / box.width
    figure = new_figure(beside * (_CELL + 0.06), below * (2 * cut + _TITLE) + _FRAME)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.01, wspace=0.01, hspace=0.01)
    grid = figure.subplots(2 * below, beside, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for place, version in enumerate(versions):
        row, column = divmod(place, beside)
        _show(grid[2 * row, column], version, box, shot.setup.camera.white_level)
        grid[2 * row, column].set_title(version.label, fontsize=FONT - 1, loc="left", pad=2, parse_math=False)
        _show(grid[2 * row + 1, column], version, box, shot.setup.camera.white_level)
        _mark(grid[2 * row + 1, column], version.matching, box)
    heading = f"{kernel}, panel {shot.seed}: {box.height} x {box.width} pixels of it; F1 and counts: the whole panel"
    figure.suptitle(heading, fontsize=FONT, x=0.01, ha="left", parse_math=False)
    handles = [Line2D([], [], label=label, **_look(marker, look)) for label, marker, look in _MARKS.values()]
    figure.legend(handles=handles, loc="outside lower left", frameon=False, fontsize=FONT, ncols=len(handles))
    return figure


def crowded(particles: Sequence[Particle], shape: Sequence[int], size: tuple[int, int] = (HEIGHT, WIDTH)) -> Box:
    """Find the cut with most particles, which favours no method; smaller if the image is."""
    counts = np.zeros(shape, np.int64)
    for each in particles:
        counts[round(each.row), round(each.column)] += 1
    return fullest(counts, min(size[0], shape[0]), min(size[1], shape[1]))


def _versions(shot: Shot, keep: Path, records: StudyRecords, kernel: str) -> list[Version]:
    """The rows of a panel at one blur whose images are there, the sharp one first."""
    versions = []
    for each in records.figures:
        if each.seed != shot.seed or not each.is_done or each.kernel not in (kernel, IN_FOCUS):
            continue
        image, particles = kept_files(keep, each.kernel, each.row, each.passes)
        matching = match(read_particles(particles), shot.panel.particles, tolerance=shot.setup.tolerance)
        label = f"{title(each.row, each.passes)}\nF1 {each.f1:.2f}, {each.false_alarms} false, {each.missed} missed"
        versions.append(Version(label, read_image(image).pixels, matching))
    return versions


def _show(axes: Axes, version: Version, box: Box, white: int) -> None:
    """The cut, brightness as it is, pixels as they are."""
    bottom, right = box.top + box.height, box.left + box.width
    axes.imshow(
        version.image[box.top : bottom, box.left : right],
        cmap="gray",
        vmin=0,
        vmax=white,
        interpolation="nearest",
        extent=(box.left - 0.5, right - 0.5, bottom - 0.5, box.top - 0.5),
    )


def _mark(axes: Axes, matching: Matching, box: Box) -> None:
    """Marks over the particles in the cut, those found at the detection."""
    limits = axes.get_xlim(), axes.get_ylim()
    found = [one for one, _ in matching.pairs]
    for particles, (_, marker, look) in zip((found, matching.extra, matching.missed), _MARKS.values(), strict=True):
        inside = [each for each in particles if _is_inside(each, box)]
        axes.plot([each.column for each in inside], [each.row for each in inside], **_look(marker, look))
    axes.set(xlim=limits[0], ylim=limits[1])


def _is_inside(particle: Particle, box: Box) -> bool:
    return (
        box.top - 0.5 <= particle.row < box.top + box.height - 0.5
        and box.left - 0.5 <= particle.column < box.left + box.width - 0.5
    )


def _look(marker: str, look: dict[str, Any]) -> dict[str, Any]:
    rim = [Stroke(linewidth=2.2, foreground="black"), Normal()]
    size = {"o": 8.5, "s": 8.5, "x": 5.5}[marker]
    common = {"linestyle": "none", "marker": marker, "markersize": size, "markerfacecolor": "none"}
    return {**common, "markeredgewidth": 1.1, "path_effects": rim, **look}
