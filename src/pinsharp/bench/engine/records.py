"""What the records of a study say: which runs there are, by which methods, and the latest figures of each image.

A line is a run (what is measured, by which methods, by what) or the figures of one image by one row. What is measured
in the same way is the same run, however often and with whatever methods it is continued.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pinsharp.bench.engine.record_file import excerpt
from pinsharp.errors import ConfigError


class Result(ABC):
    """Figures of one image by one row, or the reason why there are none; a base without fields for dataclasses."""

    row: str
    status: Literal["done", "failed"]
    reason: str | None  # why it failed, on one line; None if it did not

    @property
    @abstractmethod
    def key(self) -> tuple[Any, ...]:
        """What these are figures of."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The image and what was done to it, in words."""

    @property
    def is_done(self) -> bool:
        """Whether there are figures."""
        return self.status == "done"


Figures = TypeVar("Figures", bound=Result)


@dataclass(frozen=True)
class Kind(Generic[Figures]):
    """How a study keeps its records."""

    file: str  # name of the file in the folder of the results
    run: str  # the `record` of a line that says what is measured, by which methods
    line: str  # the `record` of a line with figures
    of: str  # what these are records of, for messages
    # Where a default is NaN, None stands for NaN in the file, or for the infinite `psnr` where `mse` is 0.
    figures: type[Figures]
    needs: tuple[str, ...] = ("methods",)  # what the header of a run cannot lack


@dataclass(frozen=True)
class Records(Generic[Figures]):
    """All that was measured in one run."""

    about: dict[str, Any]  # the latest header of the run; under `headers` all of them in order
    methods: dict[str, dict[str, Any]]  # by row, as `methods.describe` says them
    # The latest of each row and image, done or failed, in the order of their first measuring; without those of other
    # weights than the latest of their row.
    figures: list[Figures]

    @property
    def id(self) -> str:
        """12 digits: the same for what may share figures."""
        return str(self.about["run"])

    @property
    def set(self) -> str:
        """Name of the set of images."""
        return str(self.about["set"])

    @property
    def done(self) -> list[Figures]:
        """What has figures."""
        return [each for each in self.figures if each.is_done]


@dataclass
class Lines(Generic[Figures]):
    """A run while its lines are read; figures with the description of their row at that time."""

    headers: list[dict[str, Any]] = field(default_factory=list)
    methods: dict[str, dict[str, Any]] = field(default_factory=dict)
    measured: dict[Any, tuple[Figures, dict[str, Any]]] = field(default_factory=dict)

    def add(self, kind: Kind[Figures], record: dict[str, Any]) -> None:
        """Take a line in."""
        if record.pop("record") == kind.run:
            if missing := set(kind.needs) - record.keys():
                raise KeyError(missing)
            self.headers.append(record)
            self.methods |= record["methods"]
        else:
            figures = kind.figures(**from_plain(kind.figures, record))
            model = self.methods[figures.row]
            self.measured[figures.key, _marks(model)] = figures, model

    def done(self, methods: Mapping[str, Mapping[str, Any]]) -> set[tuple[Any, ...]]:
        """List what was measured already by methods of these descriptions, by row."""
        return {
            each.key
            for each, model in self.measured.values()
            if each.is_done and each.row in methods and is_same_model(model, methods[each.row])
        }

    def are_current(self, methods: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether the latest description of each row is the one that is to be measured."""
        return all(row in self.methods and is_same_model(self.methods[row], about) for row, about in methods.items())

    def records(self, run: str) -> Records[Figures]:
        """What the run, of that ID, holds."""
        latest = [each for each, model in self.measured.values() if is_same_model(model, self.methods[each.row])]
        about = {**(self.headers[-1] if self.headers else {}), "run": run, "methods": self.methods}
        return Records({**about, "headers": self.headers}, self.methods, latest)


def read_lines(folder: str | Path, kind: Kind[Figures], only: str | None = None) -> dict[str, Lines[Figures]]:
    """Read what a folder holds, by the ID of the run, in the order of first measuring; it may be written meanwhile.

    Args:
        folder: That of the results; without a file of the kind it holds nothing.
        kind: How the records are kept.
        only: ID of a run: lines of others are left alone, whatever version wrote them, and it is there, if empty.

    Raises:
        ConfigError: If a line of the file is not a record.
    """
    path = Path(folder) / kind.file
    runs: dict[str, Lines[Figures]] = {} if only is None else {only: Lines()}
    for number, text in _whole_lines(path) if path.is_file() else ():
        try:
            record = json.loads(text)
            if record["record"] not in (kind.run, kind.line):
                raise ValueError(record["record"])
            run = record.pop("run")
            if only in (None, run):
                lines = runs.setdefault(run, Lines()) if record["record"] == kind.run else runs[run]
                lines.add(kind, record)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ConfigError(
                f"{path}: expected a record of {kind.of} in line {number}, got {excerpt(text)}; delete that line"
            ) from None
    return runs


def load_run(folder: str | Path, kind: Kind[Figures], run: str) -> Records[Figures]:
    """Read what a folder holds of one run; nothing is an empty one. Raises as `read_lines`."""
    return read_lines(folder, kind, run)[run].records(run)


def is_same_model(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two descriptions of a row mean the same method with the same weights and precision."""
    return _marks(one) == _marks(other)


def plain(figures: Any) -> dict[str, Any]:
    """Turn figures (a dataclass) into values for JSON, which knows neither infinity nor NaN: they become None."""
    values: dict[str, Any] = _finite(asdict(figures))
    return values


def from_plain(kind: type, record: Mapping[str, Any]) -> dict[str, Any]:
    """Take the fields of a dataclass, and of dataclasses in it, from a record, as `plain` has written them.

    Raises:
        KeyError: If a number is missing.
    """
    values: dict[str, Any] = {}
    for each in fields(kind):
        is_number = isinstance(each.default, float) and math.isnan(each.default)
        if is_number and record[each.name] is None:
            values[each.name] = math.inf if each.name == "psnr" and record["mse"] == 0 else math.nan
        elif each.name in record:
            is_part = is_dataclass(part := each.default_factory)
            values[each.name] = part(**record[each.name]) if is_part else record[each.name]  # type: ignore[operator]
    return values


def _marks(model: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of a method decides its results. Weights count wherever their file lies; other methods have but a name."""
    name = model.get("weights_sha256") or model.get("method")
    return name, *(model.get(key) for key in ("informed", "precision", "kernel_weights_sha256"))


def _whole_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line; a last one without an end is torn, or being written."""
    text = path.read_bytes().decode("utf-8", "replace")
    return enumerate(text.split("\n")[:-1], start=1)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
