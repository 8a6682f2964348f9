"""A benchmark of its own, as small as can be: how well statistics of a few pixels tell the brightness of an image."""

import math
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pinsharp.bench.engine.provenance import image_hashes
from pinsharp.bench.engine.records import Kind, Records, Result
from pinsharp.bench.engine.study import Study
from pinsharp.bench.show.typeset import Column, Group, Table
from pinsharp.cli.bench.measure import Results, conclude, conduct
from pinsharp.cli.options import Jobs
from pinsharp.images.files import read_image


@dataclass(frozen=True)
class Guess(Result):
    """How far a guess is from the brightness of an image."""

    row: str
    image: str
    image_sha256: str
    error: float = math.nan
    status: Literal["done", "failed"] = "done"
    reason: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Row and image."""
        return self.row, self.image_sha256

    @property
    def place(self) -> str:
        """File name."""
        return self.image


@dataclass(frozen=True)
class Task:
    """One image."""

    path: Path
    image_sha256: str
    rows: tuple[str, ...]


def deadly(pixels: NDArray[Any]) -> float:
    """Ends its process at images of 44 columns, of which it sees every fourth."""
    if pixels.shape[1] == 11:
        os.kill(os.getpid(), signal.SIGKILL)
    return float(pixels.mean())


GUESSES: dict[str, Callable[[NDArray[Any]], Any]] = {"mean": np.mean, "median": np.median, "deadly": deadly}


@dataclass(frozen=True)
class Toy(Study[Task, NDArray[Any], Guess]):
    """Which images, guessed how."""

    paths: Sequence[Path]
    names: Sequence[str]

    kind = Kind("toy.jsonl", "toy", "guess", "the toy study", Guess)

    @cached_property
    def rows(self) -> Mapping[str, Callable[[NDArray[Any]], Any]]:
        """The guesses by name."""
        return {name: GUESSES[name] for name in self.names}

    @cached_property
    def about(self) -> dict[str, Any]:
        """Always the same run."""
        return {"run": "toy", "methods": {name: {"method": name} for name in self.rows}}

    def tasks(self) -> list[Task]:
        """All images."""
        hashes = zip(self.paths, image_hashes(self.paths), strict=True)
        return [Task(path, digest, tuple(self.names)) for path, digest in hashes]

    def prepare(self, task: Task) -> NDArray[Any]:
        """Read it."""
        return read_image(task.path).pixels

    def measure(self, task: Task, row: str, subject: NDArray[Any]) -> Guess:
        """Guess from every fourth pixel."""
        return replace(self.blank(task, row), error=abs(float(self.rows[row](subject[::4, ::4]) - subject.mean())))

    def blank(self, task: Task, row: str) -> Guess:
        """Which image is guessed."""
        return Guess(row, task.path.name, task.image_sha256)

    def tables(self, records: Records[Guess]) -> list[Table]:
        """Mean error of each guess."""
        rows = {each.row: [one.error for one in records.done if one.row == each.row] for each in records.done}
        cells = [{"row": row, "error": float(np.mean(errors))} for row, errors in rows.items()]
        return [Table("toy", (Column("row", "guess"), Column("error", "error", 3)), (Group("toy", cells, {}, {}),))]


def toy(data: Path, out: Results, jobs: Jobs = 1, names: str = "mean,median", as_json: bool = False) -> None:
    """Guess the brightness of the images of a folder."""
    study = Toy(sorted(data.glob("*.png")), names.split(","))
    _, records = conduct(study, out, jobs=jobs)
    conclude(study, records, out, as_json=as_json)
