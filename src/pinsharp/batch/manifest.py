"""What a folder of results holds and how far it has come, in a file that survives being killed at any moment.

A SQLite database (write-ahead log) `.pinsharp.sqlite` in the folder, one row an image. Only the run that holds the
folder's lock writes it; anybody may read it meanwhile.
"""

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

from pinsharp.atomic import folder_error
from pinsharp.batch.fingerprint import Fingerprint
from pinsharp.batch.job import Figures, Job
from pinsharp.errors import ConfigError, OutputError
from pinsharp.locks import try_lock

MANIFEST, LOCK = ".pinsharp.sqlite", ".pinsharp.lock"
_VERSION = 1
_TABLE = """
CREATE TABLE images (
    output TEXT PRIMARY KEY,       -- path of the result from the folder; a BLOB if it is no text
    path TEXT NOT NULL,            -- of the input
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    size INTEGER, mtime_ns INTEGER, sha256 TEXT,  -- of the input that was restored
    reason TEXT,                   -- why it failed
    figures TEXT,                  -- JSON: sigma, family, seconds, ...
    settings TEXT NOT NULL,        -- JSON: what the result was made with
    staged TEXT,                   -- inode, size and time of the result that is about to get its name
    is_written INTEGER NOT NULL DEFAULT 0,  -- whether a result of ours has ever had its name
    attempts INTEGER NOT NULL DEFAULT 0,
    added REAL NOT NULL, begun REAL, ended REAL  -- seconds since 1970
)
"""
_COLUMNS = "output, path, state, size, mtime_ns, sha256, reason, figures, settings, staged, is_written, attempts, ended"


@dataclass(frozen=True)
class Entry:
    """A row of the manifest."""

    output: str  # path of the result from the folder
    path: str  # the input, as it was given
    # `waiting`, `running`, `done` or `failed`; what is running while nobody holds the lock was interrupted.
    state: Literal["waiting", "running", "done", "failed"]
    fingerprint: Fingerprint | None  # of the input that was restored, None before
    reason: str | None  # why it failed
    figures: Figures  # what was measured; empty before it is done
    settings: dict[str, object]  # what the result was made with
    staged: str | None  # `identity` of the result that was about to get its name
    is_written: bool  # whether a result of ours has ever had its name
    attempts: int  # how often it was begun
    ended: float | None  # when it was done or failed, in seconds since 1970


class Manifest:
    """The manifest of a folder for results, made if it is not there, for one run alone; a context manager.

    Raises:
        OutputError: If the folder cannot be written, or another run is at work in it.
        ConfigError: If the file is not a manifest, or of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = _take(folder)
        path = folder / MANIFEST
        self.is_new = not path.exists()
        with contextlib.ExitStack() as undo:
            undo.enter_context(self._lock)
            with _told(path):
                self._database = sqlite3.connect(path, isolation_level=None)
                undo.callback(self._database.close)
                self._prepare(path)
            undo.pop_all()

    def __enter__(self) -> Self:
        """Hold the folder."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let go of it."""
        with contextlib.suppress(sqlite3.Error):  # the log is whole, whoever opens it next carries it over
            self._database.close()
        self._lock.close()

    def entries(self) -> dict[str, Entry]:
        """All rows in the order in which they were added, by the name of the result."""
        with _told(self.folder / MANIFEST):
            rows = self._database.execute(f"SELECT {_COLUMNS} FROM images ORDER BY rowid").fetchall()
        return {entry.output: entry for entry in map(_entry, rows)}

    def entry(self, job: Job) -> Entry | None:
        """The row of one job, if there is one."""
        with _told(self.folder / MANIFEST):
            query = f"SELECT {_COLUMNS} FROM images WHERE output = ?"
            row = self._database.execute(query, (stored_name(job.name),)).fetchone()
        return _entry(row) if row else None

    def add(self, jobs: Iterable[Job], settings: dict[str, object]) -> None:
        """Let jobs wait, all or none of them."""
        jobs, now, words = list(jobs), time.time(), json.dumps(settings)
        rows = [(stored_name(job.name), stored_name(str(job.input)), words, now) for job in jobs]
        with self._transaction():
            for job in jobs:
                self._change(job)
            self._database.executemany(
                "INSERT INTO images (output, path, state, settings, added) VALUES (?, ?, 'waiting', ?, ?) ON CONFLICT "
                "DO UPDATE SET path = excluded.path, state = 'waiting', settings = excluded.settings, reason = NULL",
                rows,
            )

    def begin(self, job: Job) -> None:
        """A job is begun."""
        self._set(job, "state = 'running', staged = NULL, attempts = attempts + 1, begun = ?", time.time())

    def stage(self, job: Job, found: Fingerprint, figures: Figures, identity: str) -> None:
        """The result is there under another name, and is about to get its own; the disk knows when this returns."""
        values = (found.size, found.mtime_ns, found.sha256, json.dumps(figures), identity)
        self._set(job, "size = ?, mtime_ns = ?, sha256 = ?, figures = ?, staged = ?", *values, is_durable=True)

    def finish(self, job: Job) -> None:
        """The result has its name; the disk knows when this returns."""
        assignments = "state = 'done', is_written = 1, staged = NULL, reason = NULL, ended = ?"
        self._set(job, assignments, time.time(), is_durable=True)

    def fail(self, job: Job, reason: str) -> None:
        """There is no result."""
        self._set(job, "state = 'failed', staged = NULL, reason = ?, ended = ?", stored_name(reason), time.time())

    def wait(self, job: Job, reason: str) -> None:
        """There is no result for now; it will be tried again."""
        self._set(job, "state = 'waiting', staged = NULL, reason = ?", stored_name(reason))

    def _set(self, job: Job, assignments: str, *values: object, is_durable: bool = False) -> None:
        """Change a row; if the power fails, only what is durable is there for certain, along with all before it."""
        self._change(job)
        with _told(self.folder / MANIFEST):
            self._database.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
            self._database.execute(
                f"UPDATE images SET {assignments} WHERE output = ?", (*values, stored_name(job.name))
            )

    def _change(self, job: Job) -> None:
        """Note that a row changes; here the database is all there is."""

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with _told(self.folder / MANIFEST):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def _prepare(self, path: Path) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")  # stays as it was where a file system cannot
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            with self._transaction():
                self._database.execute(_TABLE)
                self._database.execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise ConfigError(
                f"{path}: expected a manifest of version {_VERSION}, got {version}; use the pinsharp that wrote it, or "
                "another folder"
            )


def check_free(folder: Path) -> None:
    """Refuse a folder in which another run is at work; nothing is made or left.

    Raises:
        OutputError: If another run is writing into `folder`.
    """
    if (folder / LOCK).is_file():
        _take(folder).close()


def _take(folder: Path) -> IO[bytes]:
    """Make the folder and take its lock, which the system releases when this process ends, however it does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / LOCK).open("ab")
    except OSError as error:
        raise OutputError(folder_error(folder, error)) from error
    if not try_lock(file):
        file.close()
        raise OutputError(
            f"{folder}: expected a folder for this run alone, got one into which another run is writing; wait for it, "
            "or choose another folder"
        )
    return file


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what is wrong with the manifest in a sentence."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OutputError(
            f"{path}: expected a manifest that can be written, got {error}; free the disk, or end what else writes it"
        ) from error
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{path}: expected a manifest of pinsharp, got {error}; move it away") from error


def _entry(row: tuple[Any, ...]) -> Entry:
    output, path, state, size, mtime_ns, sha256, reason, figures, settings, staged, is_written, attempts, ended = row
    return Entry(
        output=_name(output),
        path=_name(path),
        state=state,
        fingerprint=Fingerprint(size, mtime_ns, sha256) if sha256 else None,
        reason=_name(reason) if reason is not None else None,
        figures=json.loads(figures) if figures and (state == "done" or staged) else {},
        settings=json.loads(settings),
        staged=staged,
        is_written=bool(is_written),
        attempts=attempts,
        ended=ended,
    )


def stored_name(name: str) -> str | bytes:
    """A name for the database; bytes if it is no text, as file systems allow."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name)
    return name


def _name(stored: str | bytes) -> str:
    return os.fsdecode(stored) if isinstance(stored, bytes) else stored
