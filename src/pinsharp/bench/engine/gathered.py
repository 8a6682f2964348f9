"""One run of a benchmark as its file holds it: the latest header, and the latest figures of every row and image.

Focus series and detection keep such files. Lines of other runs are left alone, whatever version wrote them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from pinsharp.bench.engine.record_file import Result, whole_lines
from pinsharp.bench.quality.records import is_same_model
from pinsharp.errors import ConfigError

Figures = TypeVar("Figures", bound=Result)


@dataclass(frozen=True)
class Gathered(Generic[Figures]):
    """All that a file holds of one run.

    Args:
        about: Its latest header; empty if there is none.
        methods: By row, what was measured.
        figures: The latest of each row and image; those of other weights than the latest of their row are left out.
    """

    about: dict[str, Any]
    methods: dict[str, dict[str, Any]]
    figures: list[Figures]

    @classmethod
    def load(
        cls, path: Path, run: str, *, of: str, header: str, line: str, read: Callable[[dict[str, Any]], Figures]
    ) -> Self:
        """Read what a file holds of a run; no file is an empty one.

        Args:
            path: The file.
            run: ID of the run.
            of: What the lines are records of, for messages.
            header: Kind of a line that says what is measured, by which methods.
            line: Kind of a line with the figures of one image.
            read: Makes figures of such a line.

        Raises:
            ConfigError: If a line of the file is no record.
        """
        about: dict[str, Any] = {}
        methods: dict[str, dict[str, Any]] = {}
        measured: list[tuple[Figures, dict[str, Any]]] = []  # with the description of the row at that time
        for number, text in whole_lines(path) if path.is_file() else ():
            try:
                record = json.loads(text)
                kind = record.pop("record")
                if kind not in (header, line):
                    raise ValueError(kind)
                if record.pop("run") != run:
                    continue
                if kind == header:
                    about, methods = record, methods | record["methods"]
                else:
                    figures = read(record)
                    measured.append((figures, methods[figures.row]))
            except (ValueError, TypeError, KeyError, AttributeError):
                raise ConfigError(
                    f"{path}: expected a record of {of} in line {number}, got {text[:40]!r}; delete that line"
                ) from None
        latest = {each.key: each for each, model in measured if is_same_model(model, methods[each.row])}
        return cls(about, methods, list(latest.values()))

    def done(self, methods: Mapping[str, Mapping[str, Any]]) -> list[Figures]:
        """List what was measured already by methods of these descriptions, by row."""
        same = {
            row for row, about in methods.items() if row in self.methods and is_same_model(self.methods[row], about)
        }
        return [each for each in self.figures if each.is_done and each.row in same]
