"""Methods on simulated cameras: each camera's images restored blind and with the true kernel, in the true light.

A classical method is given what a user could at best know, the true kernel; a blind row is what users get.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from pinsharp.bench.cameras.plots import draw_gains
from pinsharp.bench.cameras.records import KIND, CameraFigures, CameraRecords
from pinsharp.bench.cameras.subjects import CAMERAS, LENSES, PROCESSES, Subject, given, of_camera, of_process, psnr
from pinsharp.bench.cameras.tables import cameras_table
from pinsharp.bench.engine.methods import Attempt
from pinsharp.bench.engine.study import ID_DIGITS, Study
from pinsharp.bench.robust.scene import SIDE
from pinsharp.bench.show.typeset import Table
from pinsharp.data.cameras.lens import width
from pinsharp.data.corpus import Corpus
from pinsharp.restoration.restorer import Restorer

_VERSION = 1  # of what images look like: another one, and all are measured again


@dataclass(frozen=True)
class Task:
    """One image, and the rows that are still to restore it."""

    group: str
    blur: str
    number: int
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Cameras(Study[Task, Subject, CameraFigures]):
    """Which cameras, of which photographs, are restored by what."""

    photographs: Corpus
    lineup: Callable[[], Sequence[Attempt]]  # makes the rows
    groups: Sequence[str]  # cameras and processes
    pairs: int  # images of each camera
    images: int  # photographs that are processed, each with every lens

    kind = KIND

    @cached_property
    def rows(self) -> Mapping[str, Attempt]:
        """What restores, by name."""
        return {each.row: each for each in self.lineup() if each.restorer is not None}

    @cached_property
    def about(self) -> dict[str, Any]:
        """How images are made, which makes the run.

        Raises:
            PinsharpError: If a method cannot be loaded.
        """
        about = {"version": _VERSION, "side": SIDE, "photographs_sha256": self.photographs.fingerprint()}
        run = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:ID_DIGITS]
        methods = {row: each.about for row, each in self.rows.items()}
        return {"run": run, "set": "simulated cameras", **about, "methods": methods}

    def tasks(self) -> list[Task]:
        """Every image with all rows."""
        rows = tuple(self.rows)
        taken = [
            Task(name, "", number, rows) for name in self.groups if name in CAMERAS for number in range(self.pairs)
        ]
        processed = [
            Task(name, lens, number, rows)
            for name in self.groups
            if name in PROCESSES
            for number in range(self.images)
            for lens in LENSES
        ]
        return taken + processed

    def prepare(self, task: Task) -> Subject:
        """Make the image."""
        if task.group in CAMERAS:
            return of_camera(self.photographs, task.group, task.number)
        return of_process(self.photographs, task.group, task.blur, task.number)

    def measure(self, task: Task, row: str, subject: Subject) -> CameraFigures:
        """Let a row restore it, in the true light."""
        attempt = self.rows[row]
        assert attempt.restorer is not None
        restorer: Restorer = attempt.restorer.in_light("linear" if subject.gamma == 1 else _light(subject.gamma))
        kernel = subject.kernel if attempt.about["informed"] else None
        result = restorer(given(subject.image), kernel=kernel)
        return replace(
            self.blank(task, row),
            true_width=width(subject.kernel),
            used_width=result.sigma,
            is_restored=result.is_restored,
            blurred=psnr(subject.image, subject),
            psnr=psnr(np.asarray(result.image), subject),
            seconds=result.seconds,
        )

    def blank(self, task: Task, row: str) -> CameraFigures:
        """Which image a row restores."""
        return CameraFigures(row, task.group, task.blur, task.number)

    def tables(self, records: CameraRecords) -> list[Table]:
        """Means by camera."""
        return [cameras_table(records)]

    def pictures(self, records: CameraRecords, tables: Sequence[Table]) -> dict[str, Figure]:
        """Gains by camera."""
        return {"cameras": draw_gains(records)}


def _light(gamma: float) -> str | float:
    """What `light` takes: the curve of sRGB, which is not quite a power law, by its name."""
    return "srgb" if abs(gamma - 2.2) < 1e-6 else gamma
