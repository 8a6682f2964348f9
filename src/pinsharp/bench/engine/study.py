"""The one shape of a benchmark: what it measures, how one image is measured, what is kept, how that is shown.

A study is a frozen dataclass. The engine finds out what is missing (`plan_of`), measures it in one process or several
(`pinsharp.bench.engine.measuring`) and keeps the records, so that a study says nothing of files, processes or stops.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from pinsharp.bench.engine.provenance import provenance
from pinsharp.bench.engine.records import Figures, Kind, Lines, Records, load_run, read_lines
from pinsharp.bench.show.typeset import Table
from pinsharp.errors import PinsharpError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ID_DIGITS = 12  # hexadecimal digits of the hash that names a run
_LONGEST_REASON = 300  # characters of a failure's reason that are kept


class SomeTask(Protocol):
    """A frozen dataclass: an image, and the rows that are still to restore it."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def rows(self) -> tuple[Any, ...]:
        """The rows."""


Task = TypeVar("Task", bound=SomeTask)
Subject = TypeVar("Subject")


class Study(ABC, Generic[Task, Subject, Figures]):
    """A benchmark, to be made a frozen dataclass.

    Worker processes are sent its fields, which must be picklable if several are asked for; whatever it has loaded (in
    a `cached_property`) each of them loads again.
    """

    kind: ClassVar[Kind[Any]]  # how its records are kept

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]

    @property
    @abstractmethod
    def rows(self) -> Mapping[Any, Any]:
        """What restores, by row; loaded once in each process."""

    @property
    @abstractmethod
    def about(self) -> dict[str, Any]:
        """What is measured, in plain values: `run`, the same for what may share figures; `methods` by row; and more.

        Raises:
            PinsharpError: If something that was asked for is not there or makes no sense.
        """

    @abstractmethod
    def tasks(self) -> list[Task]:
        """All that is asked for: every image with all of its rows."""

    @abstractmethod
    def prepare(self, task: Task) -> Subject:
        """Make what the rows of a task restore; if this fails, they all do."""

    @abstractmethod
    def measure(self, task: Task, row: Any, subject: Subject) -> Figures:
        """Let one row restore it, and say how good that is. Whatever is raised becomes a failed record."""

    @abstractmethod
    def blank(self, task: Task, row: Any) -> Figures:
        """The same without figures: what they would be figures of."""

    def is_kept(self, task: Task, row: Any) -> bool:
        """Whether what a row leaves beside its record, such as a picture, is there; if not, it is measured again."""
        return True

    def tables(self, records: Records[Figures]) -> Sequence[Table]:
        """Set what was measured side by side."""
        return ()

    def pictures(self, records: Records[Figures], tables: Sequence[Table]) -> "Mapping[str, Figure]":
        """Draw what was measured, and these tables of it; by the name of the file."""
        return {}

    def asked(self) -> list[tuple[Task, Any]]:
        """Every row of every task, in the order of tables: row by row."""
        every = [(task, row) for task in self.tasks() for row in task.rows]
        order = {row: place for place, row in enumerate(dict.fromkeys(row for _, row in every))}
        return sorted(every, key=lambda pair: order[pair[1]])

    def failed(self, task: Task, row: Any, reason: Exception | str) -> Figures:
        """Say that a row has no figures, and why, on one line."""
        line = one_line(reason)
        line = line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 3] + "..."
        return replace(self.blank(task, row), status="failed", reason=line)  # type: ignore[type-var]


@dataclass(frozen=True)
class Plan(Generic[Task, Subject, Figures]):
    """What of a study is to be measured."""

    study: Study[Task, Subject, Figures]
    header: dict[str, Any]  # the first record
    tasks: list[Task]  # what is missing, in order
    done: int  # how many figures are there already
    is_news: bool  # whether the file lacks the header: something is to be measured, or the methods have changed

    @property
    def id(self) -> str:
        """The run's ID."""
        return str(self.header["run"])

    @property
    def to_do(self) -> int:
        """How many figures are to be measured."""
        return sum(len(task.rows) for task in self.tasks)


def plan_of(study: Study[Task, Subject, Figures], folder: Path | None = None) -> Plan[Task, Subject, Figures]:
    """Find out what is to be measured: whatever the folder does not hold as done, by the same methods; else everything.

    Raises:
        ConfigError: If the folder holds something that is not a record.
        PinsharpError: If something that was asked for is not there or makes no sense.
    """
    about = study.about
    run, methods = about["run"], about["methods"]
    known: Lines[Figures] = Lines() if folder is None else read_lines(folder, study.kind, run)[run]
    done, every = known.done(methods), study.tasks()

    def is_missing(task: Task, row: Any) -> bool:
        return study.blank(task, row).key not in done or not study.is_kept(task, row)

    tasks = [replace(task, rows=tuple(row for row in task.rows if is_missing(task, row))) for task in every]
    tasks = [task for task in tasks if task.rows]
    there = sum(len(task.rows) for task in every) - sum(len(task.rows) for task in tasks)
    header = {"record": study.kind.run, **about, **provenance()}
    return Plan(study, header, tasks, there, bool(tasks) or not known.are_current(methods))


def as_records(plan: Plan[Task, Subject, Figures], measured: Sequence[Figures]) -> Records[Figures]:
    """What was measured without a folder."""
    return Records(plan.header, plan.header["methods"], list(measured))


def asked_records(plan: Plan[Task, Subject, Figures], folder: Path) -> Records[Figures]:
    """What a folder holds of what was asked for, in the order of tables, whenever it was measured."""
    study = plan.study
    known: Records[Figures] = load_run(folder, study.kind, plan.id)
    by_key = {each.key: each for each in known.figures}
    keys = dict.fromkeys(study.blank(*pair).key for pair in study.asked())
    return Records(plan.header, known.methods, [by_key[key] for key in keys if key in by_key])


def one_line(reason: Exception | str) -> str:
    """Why something failed, on one line; other errors than ours also name their class."""
    if isinstance(reason, Exception) and not isinstance(reason, PinsharpError):
        reason = f"{type(reason).__name__}: {reason}"
    return " ".join(str(reason).split())
