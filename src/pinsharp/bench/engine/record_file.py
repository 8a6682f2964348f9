"""The file of a benchmark's records: lines of JSON that are only ever appended to, by one process at a time."""

import contextlib
import json
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Literal, Self

from pinsharp.errors import OutputError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows: two runs into one folder are not noticed there
    fcntl = None

RECORDS = "records.jsonl"
"""Name of the file in the folder of a benchmark."""

_START = b'{"record": '
"""How every line begins: anything else was not written here, and is not ours to mend."""


class RecordFile:
    """The records of a folder, open for appending by one process at a time; a line torn by a kill is dropped.

    Args:
        folder: Made if it is not there.
        name: What the file in it is called.

    Raises:
        OutputError: If the folder is a file, cannot be written, or another process is writing there.
    """

    def __init__(self, folder: str | Path, name: str = RECORDS) -> None:
        self.path = Path(folder) / name
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise OutputError(
                f"{folder}: expected a folder for the records, got {error.strerror}; choose another"
            ) from None
        try:
            self._lock()
            self._drop_torn_line()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):  # what could not be written was reported when it was tried
            self._file.close()

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one line and let it reach the file, so that a process that is killed keeps what it measured.

        Raises:
            OutputError: If it cannot be written.
        """
        line = json.dumps(record, allow_nan=False) + "\n"  # ASCII, because a file's name need not be UTF-8
        try:
            self._file.write(line.encode())
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{self.path}: expected to add a record, got {error.strerror}; what is there is kept, run it again"
            ) from None

    def _lock(self) -> None:
        """Take the file; the system lets go of it when this process ends, however it ends."""
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OutputError(
                f"{self.path.parent}: expected a folder for this run alone, got one into which another run is "
                "writing; wait for it, or choose another folder"
            ) from None
        except OSError:  # a file system without locks, as some networks have
            return

    def _drop_torn_line(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        torn = content[whole:]
        if not torn.startswith(_START[: len(torn)]):
            raise OutputError(
                f"{self.path}: expected records of a benchmark, got {excerpt(torn.decode('utf-8', 'replace'))}; "
                "choose another folder"
            )
        if torn:
            self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)


class Result(ABC):
    """Figures of one image by one row, or the reason why there are none; a base without fields for dataclasses.

    Attributes:
        row: Name of the row.
        status: `done` or `failed`.
    """

    row: str
    status: Literal["done", "failed"]

    @property
    @abstractmethod
    def key(self) -> tuple[Any, ...]:
        """What these are figures of."""

    @property
    def is_done(self) -> bool:
        """Whether there are figures."""
        return self.status == "done"


def whole_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Number and text of each line; a last one without an end is torn, or being written."""
    text = path.read_bytes().decode("utf-8", "replace")
    return enumerate(text.split("\n")[:-1], start=1)


def as_record(kind: str, run: str, figures: Any) -> dict[str, Any]:
    """The line of some figures (a dataclass) of a run."""
    return {"record": kind, "run": run, **plain(figures)}


def plain(figures: Any) -> dict[str, Any]:
    """Turn figures (a dataclass) into values for JSON, which knows neither infinity nor NaN: they become None."""
    values: dict[str, Any] = _finite(asdict(figures))
    return values


def from_plain(kind: type, record: Mapping[str, Any], numbers: Sequence[str]) -> dict[str, Any]:
    """Take the fields of a dataclass from a record, as `plain` has written them.

    Args:
        kind: The dataclass.
        record: The line; what is no field is left out.
        numbers: Fields that are never None: there it stands for NaN, or for the infinite `psnr` where `mse` is 0.

    Raises:
        KeyError: If one of the numbers is missing.
    """
    values = {each.name: record[each.name] for each in fields(kind) if each.name in record}
    for name in numbers:
        if values[name] is None:
            values[name] = math.inf if name == "psnr" and values["mse"] == 0 else math.nan
    return values


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def excerpt(line: str) -> str:
    """How a line begins, for messages."""
    return repr(line[:40]) + ("..." if len(line) > 40 else "")
