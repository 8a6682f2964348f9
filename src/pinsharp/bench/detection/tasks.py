"""The pieces of the detection benchmark: one photograph and the rows that are to restore it, whatever goes wrong."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from torch import Tensor

from pinsharp.bench.detection.records import IN_FOCUS, InspectionFigures, Key
from pinsharp.bench.detection.rows import Answer, Attempt, Lineup
from pinsharp.bench.detection.scene import Judgement, Shot, Study, judge
from pinsharp.bench.engine.measuring import CarryOut, Make
from pinsharp.bench.quality.tasks import LONGEST_REASON, one_line
from pinsharp.blur.kernel_names import parse_kernel
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.detect.tables import write_particles
from pinsharp.images.files import write_image

PICTURES = "pictures"
"""Folder in that of the results with the images of one seed and what was found on them."""


@dataclass(frozen=True)
class Task:
    """One photograph, and the rows that are still to restore it.

    Args:
        seed: Of panel and noise.
        kernel: Name of the blur; `IN_FOCUS` for none.
        kernel_sha256: Hash of the kernel.
        sigma: Effective width of the blur in pixels.
        rows: Names of the rows with their passes.
        keep: Start of the names of the files in which the images are kept; None to keep none.
    """

    seed: int
    kernel: str
    kernel_sha256: str
    sigma: float
    rows: tuple[tuple[str, int], ...]
    keep: Path | None = None

    def key(self, row: str, passes: int) -> Key:
        """What a row's figures are figures of."""
        return row, passes, self.seed, self.kernel, self.kernel_sha256


def task_of(seed: int, kernel: str, pixels: Tensor | None, rows: Sequence[tuple[str, int]], keep: Path | None) -> Task:
    """Make the task of a kernel (1, 1, K, K), or in focus."""
    if pixels is None:
        return Task(seed, IN_FOCUS, "", 0.0, tuple(rows), keep)
    # Rounded, because the last digits of a rendered kernel are the machine's.
    digest = hashlib.sha256(np.rint(pixels.double().numpy() * 1e6).astype(np.int64).tobytes()).hexdigest()
    return Task(seed, kernel, digest, float(kernel_sigma(pixels)), tuple(rows), keep)


def kept_files(keep: Path, kernel: str, row: str, passes: int) -> tuple[Path, Path]:
    """Where the image of a row and its particles are kept."""
    name = re.sub(r"[^\w.-]+", "-", f"{kernel or 'in-focus'}_{row}_{passes}")
    return keep.with_name(f"{keep.name}_{name}.png"), keep.with_name(f"{keep.name}_{name}.csv")


def carrying_out(study: Study, rows: Sequence[Attempt]) -> CarryOut[Task, InspectionFigures]:
    """What carries tasks out by these rows."""
    by_name = {(row.row, row.passes): row for row in rows}
    return lambda task: carry_out(task, study, by_name)


def elsewhere(study: Study, lineup: Lineup) -> Make[Task, InspectionFigures]:
    """What makes the same in another process, where methods are loaded anew."""
    return partial(_make, study, lineup)


def carry_out(task: Task, study: Study, rows: Mapping[tuple[str, int], Attempt]) -> Iterator[InspectionFigures]:
    """Photograph a panel and let each row restore it; whatever goes wrong becomes failed figures."""
    shot = Shot(study, task.seed, None if task.kernel == IN_FOCUS else _kernel(task.kernel))
    for row, passes in task.rows:
        try:
            answer = rows[row, passes].restore(shot)
            judgement = judge(shot, answer.image)
            if task.keep is not None:
                _keep(answer, judgement, kept_files(task.keep, task.kernel, row, passes))
            figures = _figures(task, row, passes, shot, answer, judgement)
        except Exception as error:  # noqa: BLE001 - one image must not end the measuring of the others
            figures = failed(task, (row, passes), error)
        yield figures


def failed(task: Task, row: tuple[str, int], reason: Exception | str) -> InspectionFigures:
    """Record that a row has no figures, and why, on one line."""
    line = one_line(reason)[:LONGEST_REASON]
    return InspectionFigures(*task.key(*row), task.sigma, status="failed", reason=line)


def _figures(task: Task, row: str, passes: int, shot: Shot, answer: Answer, judgement: Judgement) -> InspectionFigures:
    scores = judgement.scores
    return InspectionFigures(
        *task.key(row, passes),
        task.sigma,
        f1=scores.f1,
        precision=scores.precision,
        recall=scores.recall,
        average_precision=scores.average_precision,
        localisation_rms=scores.localisation_rms,
        pairs=scores.pairs,
        false_alarms=scores.false_alarms,
        missed=scores.missed,
        wrong_pins=judgement.wrong_pins,
        pins=len(shot.panel.pins),
        pins_found=len(judgement.found.pins),
        megapixels=answer.image.size / 1e6,
        estimated_sigma=answer.estimated_sigma,
        passes_made=answer.passes_made,
        seconds=answer.seconds,
    )


def _keep(answer: Answer, judgement: Judgement, files: tuple[Path, Path]) -> None:
    """Write the image and what was found on it."""
    image, particles = files
    image.parent.mkdir(parents=True, exist_ok=True)
    write_image(image, answer.image, overwrite=True)
    write_particles(particles, judgement.found.particles)


def _make(study: Study, lineup: Lineup) -> CarryOut[Task, InspectionFigures]:
    return carrying_out(study, lineup(study.camera))


@lru_cache(maxsize=16)
def _kernel(name: str) -> Tensor:
    return parse_kernel(name)
