"""The detection benchmark: can one detector, with one setting, inspect restored images as it inspects sharp ones?

Panels with known particles are simulated and photographed sharp and out of focus, with the same noise. Every row
restores the blurred photographs, and all are inspected with the same settings, which were chosen on sharp panels of
other seeds. More seeds, blurs and methods join what is there.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from pinsharp.atomic import make_folder
from pinsharp.bench.detection.pictures import draw_cuts
from pinsharp.bench.detection.plots import draw_curves
from pinsharp.bench.detection.records import IN_FOCUS, KIND, SHARP, InspectionFigures, StudyRecords, kept_files
from pinsharp.bench.detection.rows import Lineup, answer
from pinsharp.bench.detection.scene import Judgement, Setup, Shot, judge
from pinsharp.bench.detection.tables import detection_table
from pinsharp.bench.engine.methods import Attempt
from pinsharp.bench.engine.study import Study
from pinsharp.bench.show.sheet import Box
from pinsharp.bench.show.typeset import Table
from pinsharp.blur.kernel_names import named_kernels
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.detect.tables import write_particles
from pinsharp.errors import ConfigError
from pinsharp.images.files import write_image

PICTURES = "pictures"  # folder in that of the results with the images of one seed and what was found on them
Row = tuple[str, int]  # name of a row, and its passes


@dataclass(frozen=True)
class Task:
    """One photograph, and the rows that are still to restore it."""

    seed: int  # of panel and noise
    kernel: str  # name of the blur; `IN_FOCUS` for none
    kernel_sha256: str
    sigma: float  # effective width of the blur in pixels
    rows: tuple[Row, ...]  # names of the rows with their passes
    keep: Path | None = None  # start of the names of the files in which the images are kept; None to keep none


@dataclass(frozen=True)
class Detection(Study[Task, Shot, InspectionFigures]):
    """Which panels are photographed and inspected how, and what restores them."""

    folder: Path
    setup: Setup
    seeds: Sequence[int]  # of the panels; the images of the first one are kept, for the pictures
    kernel_set: str  # names of blurs joined by commas, as `named_kernels` takes them
    lineup: Lineup  # makes the rows, the sharp image first
    detail: Box | None = None  # the cut that the pictures show; None for where most particles are

    kind = KIND

    @cached_property
    def rows(self) -> Mapping[Row, Attempt]:
        """What restores, by name and passes."""
        return {(each.row, each.passes): each for each in self.lineup(self.setup.camera)}

    @cached_property
    def kernels(self) -> Mapping[str, Tensor]:
        """Blurs by name, (1, 1, K, K)."""
        return named_kernels(self.kernel_set)

    @cached_property
    def about(self) -> dict[str, Any]:
        """All settings; seeds, blurs and methods do not make another run.

        Raises:
            ConfigError: If there is no seed, or one is negative.
            KernelError: If a name does not stand for a kernel.
        """
        if not self.seeds or min(self.seeds) < 0:
            raise ConfigError(f"expected one seed or more, from 0 on, got {list(self.seeds)}")
        methods = {row: each.about for (row, _), each in self.rows.items()}
        lists = {"seeds": list(self.seeds), "kernels": list(self.kernels), "methods": methods}
        return {"run": self.setup.id, **self.setup.summary, **lists}

    @property
    def kept(self) -> Path:
        """Start of the names of the files in which the images of the first seed are kept."""
        return self.folder / PICTURES / f"{self.setup.id}_{self.seeds[0]}"

    def tasks(self) -> list[Task]:
        """All photographs of a panel, in focus and at every blur, then the next panel."""
        sharp = (SHARP, 0)
        others = tuple(row for row in self.rows if row != sharp)
        blurs = [(name, _sha256(pixels), float(kernel_sigma(pixels)), others) for name, pixels in self.kernels.items()]
        return [
            Task(seed, *blur, keep=self.kept if seed == self.seeds[0] else None)
            for seed in self.seeds
            for blur in [(IN_FOCUS, "", 0.0, (sharp,)), *blurs]
        ]

    def asked(self) -> list[tuple[Task, Any]]:
        """By blur, row and seed."""
        order = [IN_FOCUS, *self.kernels]
        return sorted(super().asked(), key=lambda pair: order.index(pair[0].kernel))

    def prepare(self, task: Task) -> Shot:
        """Photograph the panel."""
        return Shot(self.setup, task.seed, None if task.kernel == IN_FOCUS else self.kernels[task.kernel])

    def measure(self, task: Task, row: Row, subject: Shot) -> InspectionFigures:
        """Restore the photograph, and compare what is found on it with the truth."""
        image, figures = answer(self.rows[row], subject)
        judgement = judge(subject, image)
        if task.keep is not None:
            _keep(image, judgement, kept_files(task.keep, task.kernel, *row))
        figures |= asdict(judgement.scores)
        del figures["false_alarms_per_megapixel"]  # is a ratio of two others
        return replace(
            self.blank(task, row),
            **figures,
            wrong_pins=judgement.wrong_pins,
            pins=len(subject.panel.pins),
            pins_found=len(judgement.found.pins),
            megapixels=image.size / 1e6,
        )

    def blank(self, task: Task, row: Row) -> InspectionFigures:
        """Which photograph a row restores."""
        return InspectionFigures(*row, task.seed, task.kernel, task.kernel_sha256, task.sigma)

    def is_kept(self, task: Task, row: Row) -> bool:
        """Whether the image and its particles are there, if they were to be kept."""
        return task.keep is None or all(path.is_file() for path in kept_files(task.keep, task.kernel, *row))

    def tables(self, records: StudyRecords) -> list[Table]:
        """All rows at every blur."""
        return [detection_table(records)]

    def pictures(self, records: StudyRecords, tables: Sequence[Table]) -> dict[str, Figure]:
        """Curves over the blurs, and at each blur a cut of the first panel."""
        shot = Shot(self.setup, self.seeds[0])
        cuts = {
            "detection-" + re.sub(r"[^\w.-]+", "-", kernel): draw_cuts(shot, self.kept, records, kernel, self.detail)
            for kernel in self.kernels
        }
        return {"detection-curves": draw_curves(tables[0]), **cuts}


def _sha256(kernel: Tensor) -> str:
    """Hash of a kernel, rounded, because the last digits of a rendered kernel are the machine's."""
    return hashlib.sha256(np.rint(kernel.double().numpy() * 1e6).astype(np.int64).tobytes()).hexdigest()


def _keep(image: NDArray[Any], judgement: Judgement, files: tuple[Path, Path]) -> None:
    """Write the image and what was found on it."""
    make_folder(files[0].parent)
    write_image(files[0], image, overwrite=True)
    write_particles(files[1], judgement.found.particles)
