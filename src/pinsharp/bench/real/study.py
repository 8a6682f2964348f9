"""Methods on real defocus: a focus series, every level restored and compared with the sharpest one.

Nothing is known about the true blur of a real image, but a second image of the scene in focus is there. It is brought
to each level (`registration`: shift, magnification, gain and offset, fitted to the image before restoration), and
stands for what a perfect restoration would give: PSNR of the image and of every restoration against the same pixels.
The sharp level has noise of its own and is interpolated, which bounds every PSNR, before and after alike. Where depth
differs within the scene, no single kernel restores it, and all figures are of mixtures.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter

from pinsharp.bench.engine.methods import Attempt, describe
from pinsharp.bench.engine.provenance import image_hashes
from pinsharp.bench.engine.study import ID_DIGITS, Study
from pinsharp.bench.real.plots import draw_curves, draw_details
from pinsharp.bench.real.records import KIND, SHARP, LevelFigures, SeriesRecords, detail_path
from pinsharp.bench.real.registration import BORDER, Plane
from pinsharp.bench.real.scene import Scene, as_tensor, judge, set_scene
from pinsharp.bench.real.series import CROP, Level, brightness, choose_reference, find_series, read_middle
from pinsharp.bench.real.tables import real_table
from pinsharp.bench.show.sheet import Box, most_damaged
from pinsharp.bench.show.typeset import Table
from pinsharp.errors import ConfigError, OutputError
from pinsharp.images.files import write_image
from pinsharp.restoration.restorer import Restorer

_VERSION = 1  # of what the figures mean: another one, and all are measured anew
_DETAIL_BLUR = 2.0  # pixels; what such a blur hurts most of the sharp level is shown

Row = tuple[str, int]  # name of a row, and its passes


@dataclass(frozen=True)
class Task:
    """One level, and the rows that are still to restore it."""

    level: Level
    image_sha256: str
    rows: tuple[Row, ...]  # names of the rows with their passes


@dataclass(frozen=True)
class Real(Study[Task, Scene, LevelFigures]):
    """Which series is restored by what."""

    data: Path  # folder with the series
    folder: Path
    lineup: Callable[[], Sequence[Attempt]]  # makes what restores every level, the image as it was taken first
    load_estimator: Callable[[], Restorer]  # makes what measures every image, taken or restored
    number: float | None = None  # of the level that stands for the sharp image; None for the one nearest to 0
    crop: int = CROP  # side in pixels of the part in the middle that is judged
    box: Box | None = None  # what the picture shows of that part; None for what a blur would hurt most
    light: str = "linear"  # what methods and estimator were made for; see `Recipe`

    kind = KIND

    @cached_property
    def rows(self) -> Mapping[Row, Attempt]:
        """What restores, by name and passes."""
        return {(each.row, each.passes): each for each in self.lineup()}

    @cached_property
    def levels(self) -> list[Level]:
        """All levels, the sharpest first."""
        return find_series(self.data)

    @cached_property
    def reference(self) -> Level:
        """The level that stands for the sharp image."""
        return choose_reference(self.levels, self.number)

    @cached_property
    def about(self) -> dict[str, Any]:
        """Images, and how they are judged; the same images, judged in the same way, are the same run.

        Raises:
            ConfigError: If the folder holds no series, the estimator cannot measure, the detail lies outside.
            ImageError: If an image cannot be read.
        """
        methods = {row: each.about for (row, _), each in self.rows.items()}
        self._estimator.check_measurable()
        about: dict[str, Any] = {
            "version": _VERSION,
            "levels": {level.name: sha256 for level, sha256 in zip(self.levels, self._hashes, strict=True)},
            "reference": self.reference.name,
            "crop": self.crop,
            "border": BORDER,
            "detail": [self._detail.top, self._detail.left, self._detail.height, self._detail.width],
            "estimator": describe(self._estimator.method.name, self._estimator.method),
            "light": self.light,
        }
        about["estimator"].pop("device")
        run = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:ID_DIGITS]
        return {"run": run, "set": self.data.resolve().name, "data": str(self.data), **about, "methods": methods}

    def tasks(self) -> list[Task]:
        """Every level, the sharpest first."""
        rows = tuple(self.rows)
        return [Task(level, sha256, rows) for level, sha256 in zip(self.levels, self._hashes, strict=True)]

    def prepare(self, task: Task) -> Scene:
        """Bring the sharp level to another one."""
        image = read_middle(task.level.path, self.crop)
        scene = set_scene(image, self._sharp, self._detail, is_reference=task.level == self.reference)
        self._keep(task, (SHARP, 0), scene.sharp[scene.detail])
        return scene

    def measure(self, task: Task, row: Row, subject: Scene) -> LevelFigures:
        """Let a method restore a level, and compare what comes out with the sharp one."""
        image, made, seconds = subject.image, 0, None
        if (restorer := self.rows[row].restorer) is not None:
            restored = restorer(subject.image, iterations=row[1])
            image, made, seconds = restored.image, restored.iterations, restored.seconds
        figures: dict[str, Any] = judge(subject, image, self._estimator)
        self._keep(task, row, brightness(image)[subject.detail])
        return replace(
            self.blank(task, row),
            **figures,
            registration=subject.found,
            matching_least=min(subject.widths, default=None),
            matching_most=max(subject.widths, default=None),
            passes_made=made,
            seconds=seconds,
            megapixels=subject.image.shape[0] * subject.image.shape[1] / 1e6,
        )

    def blank(self, task: Task, row: Row) -> LevelFigures:
        """Which level a row restores."""
        return LevelFigures(*row, task.level.number, task.level.path.name, task.image_sha256)

    def is_kept(self, task: Task, row: Row) -> bool:
        """Whether the detail is still there."""
        return self._path(task, row).is_file()

    def tables(self, records: SeriesRecords) -> list[Table]:
        """Every level before and after."""
        return [real_table(records)]

    def pictures(self, records: SeriesRecords, tables: Sequence[Table]) -> dict[str, Figure]:
        """Width and PSNR against the level, and the same place at every level."""
        return {"real-curves": draw_curves(records), "real-details": draw_details(records, self.folder)}

    @cached_property
    def _estimator(self) -> Restorer:
        return self.load_estimator()

    @cached_property
    def _hashes(self) -> list[str]:
        return image_hashes([level.path for level in self.levels])

    @cached_property
    def _sharp(self) -> Plane:
        return brightness(read_middle(self.reference.path, self.crop))

    @cached_property
    def _detail(self) -> Box:
        height, width = self._sharp.shape
        blurred = gaussian_filter(self._sharp, _DETAIL_BLUR)
        box = self.box or most_damaged(as_tensor(self._sharp), as_tensor(blurred))
        if box.top + box.height > height or box.left + box.width > width:
            raise ConfigError(f"expected a detail inside the sharp level of {height} x {width} pixels")
        return box

    def _path(self, task: Task, row: Row) -> Path:
        return detail_path(self.folder, self.about["run"], task.level.number, *row)

    def _keep(self, task: Task, row: Row, detail: Plane) -> None:
        """Write what the picture shows of an image, in luma, 8 bits."""
        path = self._path(task, row)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{path.parent}: expected a folder for the details, got {error.strerror}") from None
        write_image(path, np.rint(np.clip(detail, 0, 1) * 255).astype(np.uint8), overwrite=True)
