"""How models do on images in practice: every situation, in several strengths, of several photographs and blurs.

All images are made here from sharp photographs, so that the true width, the sharp image and what may be said of it are
known. What is judged is what a user gets: width, interval, verdict and result at the defaults.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from matplotlib.figure import Figure

from pinsharp.bench.engine.methods import describe
from pinsharp.bench.engine.study import ID_DIGITS, Study
from pinsharp.bench.robust.case import Case, Situation
from pinsharp.bench.robust.catalogue import SITUATIONS, blurs_of
from pinsharp.bench.robust.judge import answer
from pinsharp.bench.robust.photographs import Photograph
from pinsharp.bench.robust.plots import draw_answers
from pinsharp.bench.robust.records import KIND, Answer, RobustRecords
from pinsharp.bench.robust.scene import SIDE, Scene
from pinsharp.bench.robust.tables import robust_table
from pinsharp.bench.show.typeset import Table
from pinsharp.methods.method import Method
from pinsharp.restoration.restorer import Restorer

_VERSION = 1  # of what situations look like: another one, and all are measured again


@dataclass(frozen=True)
class Task:
    """One image: a situation in one strength, of one photograph with one blur, and the models that are to see it."""

    situation: str
    strength: str
    photograph: Photograph
    blur: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Robust(Study[Task, Case, Answer]):
    """Which models meet what."""

    models: Mapping[str, str]  # methods by row
    load: Callable[[str], Method]  # makes a method of its name
    situations: Sequence[str]
    photographs: Sequence[Photograph]
    restores: bool = True  # whether images are restored; else they are only measured

    kind = KIND

    @cached_property
    def rows(self) -> Mapping[str, Method]:
        """The models by row."""
        return {row: self.load(name) for row, name in self.models.items()}

    @cached_property
    def about(self) -> dict[str, Any]:
        """How images are made; photographs and situations are part of each answer's key.

        Raises:
            ConfigError: If images are only measured and a model cannot do that.
            ImageError: If a photograph cannot be read.
            PinsharpError: If a model cannot be loaded.
        """
        if not self.restores:
            for method in self.rows.values():
                Restorer(method).check_measurable()
        methods = {row: describe(self.models[row], method) for row, method in self.rows.items()}
        about = {"version": _VERSION, "side": SIDE, "restores": self.restores}
        run = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:ID_DIGITS]
        photographs = {each.name: each.sha256 for each in self.photographs}
        return {"run": run, "set": "robust", **about, "photographs": photographs, "methods": methods}

    def tasks(self) -> list[Task]:
        """Every image with all models."""
        return [
            Task(name, strength, photograph, blur, tuple(self.models))
            for name in self.situations
            for strength in SITUATIONS[name].makes
            for photograph in self.photographs
            for blur in blurs_of(SITUATIONS[name])
        ]

    def prepare(self, task: Task) -> Case:
        """Make the image."""
        return make(SITUATIONS[task.situation], task.strength, task.photograph, task.blur)

    def measure(self, task: Task, row: str, subject: Case) -> Answer:
        """Let a model measure and restore it."""
        least, most = subject.truth.widths or (None, None)
        right = replace(self.blank(task, row), accepted=subject.truth.verdicts, least=least, most=most)
        return replace(right, **answer(self.rows[row], subject, restores=self.restores))

    def blank(self, task: Task, row: str) -> Answer:
        """What a model is to answer."""
        photograph = task.photograph
        return Answer(row, task.situation, task.strength, photograph.name, photograph.sha256, task.blur)

    def tables(self, records: RobustRecords) -> list[Table]:
        """Shares by situation."""
        return [robust_table(records)]

    def pictures(self, records: RobustRecords, tables: Sequence[Table]) -> dict[str, Figure]:
        """Every answer, a line a situation."""
        return {"robust": draw_answers(records)}


def make(situation: Situation, strength: str, photograph: Photograph, blur: str) -> Case:
    """Make one image; the same arguments always make the same.

    Raises:
        ImageError: If the photograph cannot be read or is too small.
    """
    words = f"{situation.name}/{strength}/{photograph.sha256}/{blur}"
    scene = Scene(photograph.pixels, blurs_of(situation)[blur], zlib.crc32(words.encode()))
    return situation.makes[strength](scene)
