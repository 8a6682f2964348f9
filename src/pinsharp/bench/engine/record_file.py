"""The file of a study's records: lines of JSON that are only ever appended to, by one process at a time."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pinsharp.atomic import folder_error
from pinsharp.errors import OutputError
from pinsharp.locks import try_lock

RECORDS = "records.jsonl"  # name of the file in the folder of a benchmark
_START = b'{"record": '  # how every line begins: anything else was not written here, and is not ours to mend


class RecordFile:
    """The records of a folder, made if it is not there, open for one process at a time; a torn line is dropped.

    Raises:
        OutputError: If the folder is a file, cannot be written, or another process is writing there.
    """

    def __init__(self, folder: str | Path, name: str = RECORDS) -> None:
        self.path = Path(folder) / name
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise OutputError(folder_error(Path(folder), error)) from None
        try:
            if not try_lock(self._file):
                raise OutputError(
                    f"{folder}: expected a folder for this run alone, got one into which another run is writing; wait "
                    "for it, or choose another folder"
                )
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
            OutputError: If the file cannot be written.
        """
        line = json.dumps(record, allow_nan=False) + "\n"  # ASCII, because a file's name need not be UTF-8
        try:
            self._file.write(line.encode())
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{self.path}: expected to add a record, got {error.strerror}; what is there is kept, run it again"
            ) from None

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


def excerpt(line: str) -> str:
    """How a line begins, for messages."""
    return repr(line[:40]) + ("..." if len(line) > 40 else "")
