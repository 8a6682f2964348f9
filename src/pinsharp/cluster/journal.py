"""The manifest of results in a store: the same database, of which the store holds a copy and what has changed since.

    OUT/.pinsharp.sqlite                     the database as it was at some time
    OUT/.pinsharp.journal/RUN-NUMBER.json    rows as they became later, a few at a time; in order of their names
    OUT/.pinsharp.lock                       which run may write

A run works on a copy of its own, which it loses when it dies. Whatever must not be lost goes into a new object of the
journal before anything else happens. Locks of the dead would stay in a store for ever, so the last run to begin takes
over: one that was at work there before notices at its next step, and ends.
"""

import base64
import contextlib
import json
import secrets
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from pinsharp.batch.job import Job
from pinsharp.batch.manifest import LOCK, MANIFEST, Manifest, stored_name
from pinsharp.cluster.address import Address
from pinsharp.cluster.store import Store
from pinsharp.errors import OutputError

JOURNAL = ".pinsharp.journal"

COPY_EVERY = 500
"""After so many objects of the journal the database is copied again, and they go."""

MOST_ROWS = 10_000
"""If more rows have changed the database is copied at once."""


class StoreManifest(Manifest):
    """The manifest of a folder in a store, for the last run that has begun there; a context manager.

    Raises:
        OutputError: If the store cannot be written.
        ConfigError: If the file there is not a manifest, or of another version.
    """

    def __init__(self, address: Address) -> None:
        self._store, self._address = Store(address), address
        self._changed: dict[str | bytes, None] = {}
        self._written: list[Path] = []
        with contextlib.ExitStack() as undo:
            here = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="pinsharp-manifest-")))
            copy = self._store.read_if_there(address / MANIFEST)
            if copy is not None:
                (here / MANIFEST).write_bytes(copy)
            journal = sorted(self._store.names(address / JOURNAL))
            self._take_over()
            super().__init__(here)
            self.is_new = copy is None and not journal
            self.folder = address
            undo.callback(super().__exit__, None, None, None)
            for name in journal:
                self._replay(address / JOURNAL / name)
            self._undo = undo.pop_all()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let the store know how it ended, unless another run has taken over."""
        with self._undo, contextlib.suppress(OutputError):  # what has to be there is in the journal
            self.keep()
            self._copy()

    def keep(self) -> None:
        """Let the store know all that has changed; it does when this returns.

        Raises:
            OutputError: If the store cannot be written, or another run has taken over.
        """
        if not self._changed:
            self._check_ours()
            return
        if len(self._changed) > MOST_ROWS:
            self._copy()
            self._changed.clear()
            return
        rows = self._rows(list(self._changed))
        name = self._address / JOURNAL / f"{self._run:06}-{len(self._written) + self._gone:08}.json"
        self._store.write(name, json.dumps(rows).encode())
        self._changed.clear()
        self._written.append(name)
        self._check_ours()
        if len(self._written) >= COPY_EVERY:
            self._copy()

    def _change(self, job: Job) -> None:
        self._changed[stored_name(job.name)] = None

    def _copy(self) -> None:
        """Copy the database into the store; then what is in it need not be in the journal."""
        self._check_ours()
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = self._database.serialize()
        self._store.write(self._address / MANIFEST, content)
        self._store.remove(self._written)  # the oldest first: what is left says how it ended
        self._gone += len(self._written)
        self._written = []

    def _take_over(self) -> None:
        lock = self._address / LOCK
        known = self._store.read_if_there(lock)
        try:
            before = int(json.loads(known)["run"]) if known else 0
        except (ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{lock}: expected the number of a run, got something else; move it away") from error
        self._run, self._gone = before + 1, 0
        self._mine = json.dumps({"run": self._run, "by": secrets.token_hex(8)}).encode()
        self._store.write(lock, self._mine)

    def _check_ours(self) -> None:
        if self._store.read_if_there(self._address / LOCK) != self._mine:
            raise OutputError(
                f"{self._address}: expected this run alone, got another one that has taken over; what was done is kept"
            )

    def _replay(self, name: Path) -> None:
        """Take rows in; all of them may be there already."""
        rows = json.loads(self._store.read(name))
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            with self._transaction():
                columns, changes = ", ".join(rows[0]), ", ".join(f"{one} = excluded.{one}" for one in rows[0])
                values = [[_read(value) for value in row.values()] for row in rows]
                self._database.executemany(
                    f"INSERT INTO images ({columns}) VALUES ({marks}) ON CONFLICT DO UPDATE SET {changes}", values
                )
        self._written.append(name)

    def _rows(self, outputs: list[str | bytes]) -> list[dict[str, Any]]:
        found = []
        for output in outputs:
            cursor = self._database.execute("SELECT * FROM images WHERE output = ?", (output,))
            names = [one[0] for one in cursor.description]
            found += [dict(zip(names, map(_shown, row), strict=True)) for row in cursor]
        return found


def _shown(value: Any) -> Any:
    """A value for JSON; bytes, which stand for names that are no text, as an object."""
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _read(value: Any) -> Any:
    return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value
