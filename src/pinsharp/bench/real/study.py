"""Methods on real defocus: focus series, every level restored and compared with the sharpest one.

Nothing is known about the true blur of a real image, but a second image of the scene in focus is there. It is brought
to each level (`registration`: shift, magnification, gain and offset, fitted to the image before restoration), and
stands for what a perfect restoration would give: PSNR of the image and of every restoration against the same pixels.
The blur that lies between both is fitted too (`fit`), so that widths that were measured can be judged. The sharp level
has noise of its own and is interpolated, which bounds every PSNR, before and after alike. Where depth differs within
the scene, no single kernel restores it, and all figures are of mixtures.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from pinsharp.atomic import make_folder
from pinsharp.bench.engine.methods import Attempt, describe
from pinsharp.bench.engine.provenance import image_hashes
from pinsharp.bench.engine.study import ID_DIGITS, Study
from pinsharp.bench.real.plots import draw_gains, draw_widths
from pinsharp.bench.real.records import KIND, RICHARDSON_LUCY, SHARP, LevelFigures, SeriesRecords, detail_path
from pinsharp.bench.real.scene import Scene, as_tensor, judge, psnr_of, set_scene
from pinsharp.bench.real.series import CROP, Level, Series, brightness, read_middle
from pinsharp.bench.real.sheet import draw_worst
from pinsharp.bench.real.summary import summary_table, width_table
from pinsharp.bench.real.tables import detail_table, real_table
from pinsharp.bench.show.sheet import Box, most_damaged
from pinsharp.bench.show.typeset import Table
from pinsharp.errors import ConfigError
from pinsharp.images.files import write_image
from pinsharp.images.registration import BORDER, Plane
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.result import Restored

_VERSION = 3  # of what the figures mean: another one, and all are measured again
_DETAIL_BLUR = 2.0  # pixels; what such a blur hurts most of the sharp level is shown

Row = tuple[str, int]  # name of a row, and its passes


@dataclass(frozen=True)
class Task:
    """One level of a series, and the rows that are still to restore it."""

    series: str
    level: Level
    image_sha256: str
    rows: tuple[Row, ...]  # names of the rows with their passes


@dataclass(frozen=True)
class Real(Study[Task, Scene, LevelFigures]):
    """Which series are restored by what."""

    data: Sequence[Series]
    folder: Path
    lineup: Callable[[], Sequence[Attempt]]  # makes what restores every level, the image as it was taken first
    load_estimator: Callable[[], Restorer]  # makes what measures every image, taken or restored
    crop: int = CROP  # side in pixels of the part in the middle that is judged
    box: Box | None = None  # what the pictures show of that part; None for what a blur would hurt most
    regions: Mapping[str, Box] = field(default_factory=dict)  # what is judged by itself of that part, by series
    light: str = "auto"  # what was asked for; each series has its own

    kind = KIND

    @cached_property
    def rows(self) -> Mapping[Row, Attempt]:
        """What restores, by name and passes."""
        return {(each.row, each.passes): each for each in self.lineup()}

    @cached_property
    def about(self) -> dict[str, Any]:
        """How levels are judged, which makes the run, and which series that are; another series is no other run.

        Raises:
            ConfigError: If the estimator cannot measure, or the detail or a region lies outside.
            ImageError: If an image cannot be read.
        """
        methods = {row: each.about for (row, _), each in self.rows.items()}
        self._estimator.check_measurable()
        judged: dict[str, Any] = {
            "version": _VERSION,
            "crop": self.crop,
            "border": BORDER,
            "detail": None if self.box is None else asdict(self.box),
            "regions": {name: asdict(box) for name, box in sorted(self.regions.items())},
            "estimator": describe(self._estimator.method.name, self._estimator.method),
            "light": self.light,
        }
        judged["estimator"].pop("device")
        run = hashlib.sha256(json.dumps(judged, sort_keys=True).encode()).hexdigest()[:ID_DIGITS]
        series = {each.name: self._said(each) for each in self.data}
        return {"run": run, "set": ", ".join(series), **judged, "series": series, "methods": methods}

    def tasks(self) -> list[Task]:
        """Every level of every series, the sharpest first; no fitted kernel for the sharp level, which has none."""
        tasks = []
        for series in self.data:
            for level in series.levels:
                rows = [row for row, each in self.rows.items() if level != series.reference or not _is_informed(each)]
                tasks.append(Task(series.name, level, self._hashes[level], tuple(rows)))
        return tasks

    def prepare(self, task: Task) -> Scene:
        """Bring the sharp level to another one."""
        image, series = read_middle(task.level.path, self.crop), self._series[task.series]
        scene = set_scene(
            image,
            self._sharp(series),
            self._detail(series),
            is_reference=task.level == series.reference,
            region=self.regions.get(series.name),
            light=series.light,
        )
        self._keep(task, (SHARP, 0), scene.sharp[scene.detail])
        return scene

    def measure(self, task: Task, row: Row, subject: Scene) -> LevelFigures:
        """Let a method restore a level, and compare what comes out with the sharp one."""
        attempt = self.rows[row]
        restored = self._restored(attempt, subject)
        image = subject.image if restored is None else restored.image
        figures: dict[str, Any] = judge(subject, image, self._estimator)
        self._keep(task, row, brightness(image)[subject.detail])
        if restored is not None:
            figures |= {
                "passes_made": restored.iterations,
                "seconds": restored.seconds,
                "used_sigma": subject.fitted.sigma if _is_informed(attempt) and subject.fitted else restored.sigma,
                "used_relative_std": restored.sigma_relative_std,
                "richardson_lucy_psnr": self._baseline(subject, attempt, restored, figures["psnr"]),
            }
        if (fitted := subject.fitted) is not None:
            figures |= {
                "fitted_sigma": fitted.sigma,
                "fitted_disk": fitted.sigma,
                "fitted_shape": fitted.shape,
                "fitted_gaussian": fitted.gaussian_sigma,
                "fitted_residual": fitted.residual,
            }
        return replace(
            self.blank(task, row),
            **figures,
            registration=subject.found,
            is_registered=subject.is_registered,
            matching_least=min(subject.widths, default=None),
            matching_most=max(subject.widths, default=None),
            megapixels=subject.image.shape[0] * subject.image.shape[1] / 1e6,
        )

    def blank(self, task: Task, row: Row) -> LevelFigures:
        """Which level a row restores."""
        series = self._series[task.series]
        return LevelFigures(
            *row,
            task.level.number,
            task.level.path.name,
            task.image_sha256,
            series=task.series,
            reference_sha256=self._hashes[series.reference],
            light=series.light,
        )

    def is_kept(self, task: Task, row: Row) -> bool:
        """Whether the detail is still there."""
        return self._path(task, row).is_file()

    def tables(self, records: SeriesRecords) -> list[Table]:
        """Every level before and after, the worst first, the widths, what it comes to, and fine detail by frequency."""
        return [real_table(records), width_table(records), summary_table(records), detail_table(records)]

    def pictures(self, records: SeriesRecords, tables: Sequence[Table]) -> dict[str, Figure]:
        """Widths, gains by level, and the worst levels to look at."""
        return {
            "real-widths": draw_widths(records),
            "real-gains": draw_gains(records),
            "real-sheet": draw_worst(records, self.folder),
        }

    @cached_property
    def _estimator(self) -> Restorer:
        return self.load_estimator()

    @cached_property
    def _series(self) -> dict[str, Series]:
        return {each.name: each for each in self.data}

    @cached_property
    def _hashes(self) -> dict[Level, str]:
        levels = [level for series in self.data for level in series.levels]
        return dict(zip(levels, image_hashes([level.path for level in levels]), strict=True))

    @cached_property
    def _known(self) -> dict[str, Plane]:
        return {}

    def _sharp(self, series: Series) -> Plane:
        """The sharp level of a series, read once."""
        if series.name not in self._known:
            self._known[series.name] = brightness(read_middle(series.reference.path, self.crop))
        return self._known[series.name]

    def _said(self, series: Series) -> dict[str, Any]:
        """What a series is, as plain values."""
        return {
            "data": str(series.folder),
            "levels": {level.name: self._hashes[level] for level in series.levels},
            "reference": series.reference.name,
            "light": series.light,
            "detail": asdict(self._detail(series)),
        }

    def _detail(self, series: Series) -> Box:
        sharp = self._sharp(series)
        box = self.box or most_damaged(as_tensor(sharp), as_tensor(gaussian_filter(sharp, _DETAIL_BLUR)))
        for what, each in {"detail": box, "region": self.regions.get(series.name, box)}.items():
            if each.top + each.height > sharp.shape[0] or each.left + each.width > sharp.shape[1]:
                pixels = f"{sharp.shape[0]} x {sharp.shape[1]} pixels"
                raise ConfigError(f"{series.name}: expected a {what} inside the sharp level of {pixels}")
        return box

    def _restored(self, attempt: Attempt, scene: Scene) -> Restored | None:
        """What a row makes of a level; None where it leaves it alone: no method, or no kernel to give it."""
        if attempt.restorer is None or (_is_informed(attempt) and scene.fitted is None):
            return None
        restorer = attempt.restorer.in_light(scene.light)
        if _is_informed(attempt) and scene.fitted is not None:
            return restorer(scene.image, kernel=scene.fitted.kernel[0, 0].numpy())
        return restorer(scene.image, iterations=attempt.passes)

    def _baseline(self, scene: Scene, attempt: Attempt, restored: Restored, psnr: float) -> float | None:
        """PSNR of Richardson-Lucy with the kernel that a row used; known already if the row is that itself."""
        baseline = self.rows.get((RICHARDSON_LUCY, 1))
        if baseline is None or baseline.restorer is None or attempt.passes != 1 or not scene.is_registered:
            return None
        if attempt.restorer is baseline.restorer:
            return psnr
        kernel = restored.kernel
        if kernel.tobytes() not in scene.solved:
            image = baseline.restorer.in_light(scene.light)(scene.image, kernel=kernel).image
            scene.solved[kernel.tobytes()] = psnr_of(scene, image)
        return scene.solved[kernel.tobytes()]

    def _path(self, task: Task, row: Row) -> Path:
        return detail_path(self.folder, self.about["run"], task.series, task.level.number, *row)

    def _keep(self, task: Task, row: Row, detail: Plane) -> None:
        """Write what the pictures show of an image, in luma, 8 bits."""
        path = self._path(task, row)
        make_folder(path.parent)
        write_image(path, np.rint(np.clip(detail, 0, 1) * 255).astype(np.uint8), overwrite=True)


def _is_informed(attempt: Attempt) -> bool:
    """Whether a row is given the fitted kernel."""
    return bool(attempt.about["informed"])
