"""Slanted edges: does the measured width say how sharp an edge is, and what does restoring make of it?

An edge needs no second image: its own profile is its transfer function (`slanted`). The frequency at which half of the
contrast is left is compared with that of the kernel that an estimator measures. After restoring, a good edge is
steeper without overshoot; beyond its levels stands what was invented.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from pinsharp.bench.edges.records import KIND, EdgeFigures, EdgeRecords
from pinsharp.bench.edges.slanted import FREQUENCIES, kernel_mtf50, read_edge
from pinsharp.bench.engine.methods import BLURRED, TRUE_KERNEL, Attempt, describe
from pinsharp.bench.engine.provenance import image_hashes
from pinsharp.bench.engine.study import ID_DIGITS, Study
from pinsharp.bench.real.series import brightness
from pinsharp.bench.show.figures import legend_beside, method_styles, panel_grid, tidy
from pinsharp.bench.show.typeset import Column, Group, Table
from pinsharp.images.files import read_image
from pinsharp.images.light import asked_light
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.views import View

_VERSION = 2  # of what the figures mean
_COLUMNS = (
    *(Column("image"), Column("light", "light"), Column("row", "method")),
    *(Column("sigma", "sigma, px", 2), Column("sigma_std", "±", 2)),
    *(Column("sigma_mtf50", "MTF50 of that kernel", 3), Column("mtf50", "MTF50 of the edge", 3)),
    *(Column("known_mtf50", "known MTF50", 3), Column("overshoot", "overshoot, %", 1, factor=100)),
    *(Column("angle", "angle, degrees", 1), Column("reason")),
)
_NOTES = (
    "MTF50: frequency in cycles a pixel at which half of the contrast is left. Sigma is measured in the image of the "
    "row, taken or restored, and the kernel is the one that was measured with it; the edge's is read from the slanted "
    "edge itself (ISO 12233), and shows all that softens or sharpens it. Known: what somebody else has read from it. "
    "Overshoot: how far the edge's profile, over a pixel, leaves the levels of both sides, as a share of the step.",
    "Light: in which the width is measured and the edge restored; the edge itself is read in the values as they are.",
)


@dataclass(frozen=True)
class Task:
    """An edge, and the rows that are still to restore it."""

    path: Path
    image_sha256: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Edges(Study[Task, View, EdgeFigures]):
    """Which edges are restored by what."""

    paths: Sequence[Path]
    lineup: Callable[[], Sequence[Attempt]]  # makes what restores every edge, the image as it was taken first
    load_estimator: Callable[[], Restorer]  # makes what measures every image, taken or restored
    known: Mapping[str, float] = field(default_factory=dict)  # MTF50 that somebody else has read, by name of the file
    light: str = "auto"  # what was asked for; with `auto` each image has that which its file states

    kind = KIND

    @cached_property
    def rows(self) -> Mapping[str, Attempt]:
        """What restores, by name."""
        return {each.row: each for each in self.lineup()}

    @cached_property
    def about(self) -> dict[str, Any]:
        """How edges are measured, which makes the run, and which they are.

        Raises:
            ConfigError: If the estimator cannot measure.
            ImageError: If an image cannot be read.
        """
        self._estimator.check_measurable()
        estimator = describe(self._estimator.method.name, self._estimator.method)
        estimator.pop("device")
        judged = {"version": _VERSION, "estimator": estimator, "light": self.light}
        run = hashlib.sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()[:ID_DIGITS]
        images = {path.name: sha256 for path, sha256 in zip(self.paths, self._hashes, strict=True)}
        methods = {row: each.about for row, each in self.rows.items()}
        return {"run": run, "set": "edges", **judged, "images": images, "known": dict(self.known), "methods": methods}

    def tasks(self) -> list[Task]:
        """Every edge."""
        return [Task(path, digest, tuple(self.rows)) for path, digest in zip(self.paths, self._hashes, strict=True)]

    def prepare(self, task: Task) -> View:
        """Read the image, and see to it that there is an edge."""
        file = read_image(task.path)
        read_edge(brightness(file.pixels))
        return View(file.pixels, light=file.tags.light if self.light == "auto" else asked_light(self.light))

    def measure(self, task: Task, row: str, subject: View) -> EdgeFigures:
        """Let a method restore an edge, and read what comes out."""
        restorer, light = self.rows[row].restorer, subject.light.words
        image = subject.pixels if restorer is None else restorer.in_light(light)(subject.pixels).image
        edge, width = read_edge(brightness(image)), self._estimator.in_light(light).measure(image)
        values = asdict(edge) | {"mtf": list(edge.mtf), "mtf50": edge.mtf50 if math.isfinite(edge.mtf50) else None}
        mtf50 = kernel_mtf50(width.kernel_array)
        return replace(
            self.blank(task, row),
            **values,
            light=light,
            sigma=width.sigma,
            sigma_relative_std=width.sigma_relative_std,
            sigma_mtf50=mtf50 if math.isfinite(mtf50) else None,
        )

    def blank(self, task: Task, row: str) -> EdgeFigures:
        """Which edge a row restores."""
        known = self.known.get(task.path.stem) if row == BLURRED else None
        return EdgeFigures(row, task.path.name, task.image_sha256, known_mtf50=known)

    def tables(self, records: EdgeRecords) -> list[Table]:
        """Every edge as it was taken and as it was restored."""
        groups = []
        for image in dict.fromkeys(each.image for each in records.figures):
            cells = [
                {
                    **{column.key: getattr(each, column.key, None) for column in _COLUMNS},
                    "sigma_std": each.sigma and each.sigma * (each.sigma_relative_std or 0),
                    "overshoot": None if math.isnan(each.overshoot) else each.overshoot,
                    "angle": None if math.isnan(each.angle) else each.angle,
                }
                for each in records.figures
                if each.image == image
            ]
            groups.append(Group(image, cells, {"image": image}, {}))
        return [Table("edges", _COLUMNS, tuple(groups), _NOTES)]

    def pictures(self, records: EdgeRecords, tables: Sequence[Table]) -> dict[str, Figure]:
        """The transfer functions."""
        images = list(dict.fromkeys(each.image for each in records.done))
        rows = list(dict.fromkeys(each.row for each in records.done))
        if not images:
            return {}
        figure, grid = panel_grid(len(images), len(rows))
        styles = method_styles(rows, true_kernel=TRUE_KERNEL)
        for axes, image in zip(grid, images, strict=True):
            for each in records.done:
                if each.image == image:
                    axes.plot(FREQUENCIES, each.mtf, label=each.row, **styles[each.row] | {"marker": None})
            axes.axhline(0.5, color="0.6", linewidth=0.8)
            axes.set(xlabel="cycles a pixel", ylabel="MTF", xlim=(0, 0.5), ylim=(0, None))
            axes.set_title(image, loc="left", fontsize=8, parse_math=False)
            tidy(axes)
        legend_beside(figure, *grid[0].get_legend_handles_labels(), handlelength=3)
        return {"edges-mtf": figure}

    @cached_property
    def _estimator(self) -> Restorer:
        return self.load_estimator()

    @cached_property
    def _hashes(self) -> list[str]:
        return image_hashes(self.paths)
