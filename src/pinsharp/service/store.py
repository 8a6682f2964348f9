"""Long jobs in a database: whatever happens to the process, each that was accepted ends, and ends once."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

from pinsharp.atomic import make_folder
from pinsharp.errors import ConfigError, OutputError
from pinsharp.locks import try_lock
from pinsharp.service.asked import Asked
from pinsharp.service.problems import as_json
from pinsharp.words import said_by

State = Literal["waiting", "running", "done", "failed", "cancelled"]
ENDS: tuple[State, ...] = ("done", "failed", "cancelled")

MOST_ATTEMPTS = 25
"""How often a job is begun, if the service itself ends each time before the job does."""

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    asked TEXT NOT NULL,
    files TEXT NOT NULL,
    result TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0,
    figures TEXT,
    error TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL,
    begun REAL,
    ended REAL,
    ends INTEGER NOT NULL DEFAULT 0 CHECK (ends <= 1)
) STRICT;
CREATE INDEX IF NOT EXISTS by_state ON jobs (state);
"""


@dataclass(frozen=True)
class StoredJob:
    """A job as the database has it.

    Attributes:
        id: Its name, which nobody can guess.
        asked: What is to be done.
        files: Names of its files, by part.
        result: Name of its result; empty if only figures are wanted.
        state: What has become of it.
        attempts: How often it was begun.
        figures: What was measured; empty before it is done.
        error: Why it failed, as a sentence.
        reason: Kind of the error.
        created: When it was accepted, in seconds since 1970.
        begun: When it was begun last.
        ended: When it ended.
    """

    id: str
    asked: Asked
    files: dict[str, list[str]]
    result: str
    state: State
    attempts: int
    figures: dict[str, Any]
    error: str
    reason: str
    created: float
    begun: float | None
    ended: float | None


class Store:
    """The jobs of a service. Only one service at a time has a folder.

    Args:
        folder: Where the database lies; made if it is not there.

    Raises:
        ConfigError: If another service has the folder.
        OutputError: If the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self.folder = folder
        self._lock = threading.Lock()
        try:
            self._held: IO[bytes] = (folder / ".lock").open("wb")
            if not try_lock(self._held):
                self._held.close()
                raise ConfigError(
                    f"{folder}: expected a folder of this service alone, got one that another has; give --state FOLDER"
                )
            self._database = sqlite3.connect(folder / "jobs.sqlite", check_same_thread=False, isolation_level=None)
            self._database.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLE}")
        except (OSError, sqlite3.Error) as error:
            raise OutputError(
                f"{folder}: expected a folder for jobs, got {said_by(error)}; give --state FOLDER"
            ) from error
        # What was running when the service ended is run again.
        self._do("UPDATE jobs SET state = 'waiting' WHERE state = 'running'")

    def close(self) -> None:
        """Let another service have the folder; what is asked afterwards fails."""
        with self._lock:
            self._database.close()
        self._held.close()

    def add(self, job: str, asked: Asked, files: dict[str, list[str]], result: str) -> StoredJob:
        """Accept a job, whose files are on the disk; when this returns, it will not be lost."""
        profile = None if asked.profile is None else str(asked.profile)
        self._do(
            "INSERT INTO jobs (id, asked, files, result, state, created) VALUES (?, ?, ?, ?, 'waiting', ?)",
            job,
            as_json(asdict(asked) | {"profile": profile}),
            as_json(files),
            result,
            time.time(),
        )
        found = self.get(job)
        assert found is not None
        return found

    def begin(self) -> StoredJob | None:
        """Take the oldest job that waits, which runs from now on; None if there is none."""
        rows = self._do(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1, begun = ? WHERE id = "
            "(SELECT id FROM jobs WHERE state = 'waiting' ORDER BY rowid LIMIT 1) RETURNING id",
            time.time(),
        )
        return self.get(rows[0][0]) if rows else None

    def end(
        self, job: str, state: State, *, figures: dict[str, Any] | None = None, error: str = "", reason: str = ""
    ) -> bool:
        """End a job; whether it had not ended before, in which case nothing changes."""
        rows = self._do(
            "UPDATE jobs SET state = ?, figures = ?, error = ?, reason = ?, ended = ?, ends = ends + 1 "
            "WHERE id = ? AND state IN ('waiting', 'running') RETURNING id",
            state,
            as_json(figures or {}),
            error,
            reason,
            time.time(),
            job,
        )
        return bool(rows)

    def get(self, job: str) -> StoredJob | None:
        """A job by its name; None if there is none, or none any more."""
        rows = self._do(
            "SELECT id, asked, files, result, state, attempts, figures, error, reason, created, begun, ended "
            "FROM jobs WHERE id = ?",
            job,
        )
        if not rows:
            return None
        name, asked, files, result, state, attempts, figures, *rest = rows[0]
        said = json.loads(asked)
        profile = None if said["profile"] is None else Path(said["profile"])
        what = Asked(**(said | {"profile": profile}))
        return StoredJob(name, what, json.loads(files), result, state, attempts, json.loads(figures or "{}"), *rest)

    def forget(self, job: str) -> None:
        """Remove a job that has ended."""
        self._do("DELETE FROM jobs WHERE id = ? AND state IN ('done', 'failed', 'cancelled')", job)

    def expired(self, before: float) -> list[str]:
        """Jobs that ended before a time."""
        return [row[0] for row in self._do("SELECT id FROM jobs WHERE ended < ?", before)]

    def known(self) -> set[str]:
        """All jobs."""
        return {row[0] for row in self._do("SELECT id FROM jobs")}

    def count(self, states: Iterable[State] = ("waiting", "running")) -> int:
        """How many jobs are in one of some states."""
        wanted = list(states)
        marks = ", ".join("?" * len(wanted))
        return int(self._do(f"SELECT COUNT(*) FROM jobs WHERE state IN ({marks})", *wanted)[0][0])

    def _do(self, statement: str, *values: object) -> list[Any]:
        with self._lock, self._full_disk():
            return self._database.execute(statement, values).fetchall()

    @contextmanager
    def _full_disk(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OutputError(
                f"expected a database of jobs that can be written, got {error}; is the disk full?"
            ) from error


def new_name() -> str:
    """A name for a job that nobody can guess: whoever has it may see the job."""
    return secrets.token_hex(16)
