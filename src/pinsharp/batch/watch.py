"""Restoring images as they arrive in a folder, once each, however often the watching is stopped and begun again."""

import os
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pinsharp.batch.arrivals import Arrivals, check_folder
from pinsharp.batch.aside import move_aside
from pinsharp.batch.fingerprint import fingerprint
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job, Outcome, Work
from pinsharp.batch.manifest import Entry, Manifest
from pinsharp.batch.run import conclude, make, staging_folder, was_cut_off
from pinsharp.errors import ImageError, OutputError
from pinsharp.images.atomic import sweep

GRACE = 10
"""An image that cannot be read counts as unfinished until it has stood still for so many times the settling time."""

RETRY_S = 30.0
"""After so many seconds an image is tried again whose result could not be written."""

_LOOK_S = 10.0
"""Without any event, the folder is looked at so often: some network drives tell nobody what happens."""


@dataclass(frozen=True)
class Place:
    """Where images come from and go to.

    Args:
        source: Folder that is watched.
        failed: Folder for images that cannot be restored.
        settle_s: Seconds for which a file has to stand still.
        overwrite: Whether older results, that are not ours, may be replaced.
    """

    source: Path
    failed: Path
    settle_s: float
    overwrite: bool = False


class Watch:
    """Restores what is in a folder and what arrives there.

    Args:
        place: Where from.
        manifest: Of the folder for the results.
        work: Carries out a job.
        settings: What results are made with.
        stop: If somebody asks it, the current image is finished, and that is all.
        say: Is told about images that have to wait.

    Raises:
        ImageError: If there is no folder to watch.
        OutputError: If results, or failures, would land where images are looked for.
    """

    def __init__(
        self,
        place: Place,
        manifest: Manifest,
        work: Work,
        settings: dict[str, object],
        stop: Stop,
        say: Callable[[str], object],
    ) -> None:
        check_place(place, manifest.folder)
        self.place = place
        self._manifest, self._work, self._settings = manifest, work, settings
        self._stop, self._say = stop, say
        self._arrivals = Arrivals(place.source, place.settle_s)

    def once(self) -> Generator[Outcome, None, None]:
        """Restore what is there; files that are still being written after the settling time are left."""
        sweep(self._manifest.folder)
        until = time.monotonic() + self.place.settle_s
        with staging_folder(self._manifest.folder) as staging:
            while not self._stop.is_set():
                is_last = time.monotonic() >= until
                yield from self._handle(staging, is_once=True)
                if is_last or not self._arrivals.is_waiting():
                    return
                time.sleep(min(0.1, max(0.0, until - time.monotonic()) + 0.001))

    def forever(self) -> Generator[Outcome, None, None]:
        """Restore what is there, then what arrives, until somebody asks to stop."""
        from watchfiles import watch

        sweep(self._manifest.folder)
        with staging_folder(self._manifest.folder) as staging:
            yield from self._handle(staging)
            looked = time.monotonic()
            events = watch(
                self.place.source,
                watch_filter=None,
                debounce=200,
                stop_event=self._stop,
                rust_timeout=int(1000 * min(1.0, max(0.05, self.place.settle_s / 2))),
                yield_on_timeout=True,
                recursive=False,
            )
            for changes in events:
                if changes or self._arrivals.is_waiting() or time.monotonic() - looked > _LOOK_S:
                    yield from self._handle(staging)
                    looked = time.monotonic()

    def _handle(self, staging: Path, *, is_once: bool = False) -> Iterator[Outcome]:
        """Restore what is ready, looking again after each image: an earlier one may have become ready."""
        tried: set[Path] = set()
        while not self._stop.is_set():
            self._arrivals.look()
            path = next((path for path in self._arrivals.ready() if path not in tried), None)
            if path is None:
                return
            tried.add(path)
            yield from self._handle_one(path, staging, is_once=is_once)

    def _handle_one(self, path: Path, staging: Path, *, is_once: bool) -> Iterator[Outcome]:
        job = Job(path, self._manifest.folder / path.name)
        entry = self._manifest.entry(job)
        cut_off = entry is not None and was_cut_off(job, entry)
        if cut_off:
            self._manifest.finish(job)
        if entry is not None and (entry.state == "done" or cut_off) and _is_same(path, entry):
            self._arrivals.take(path)
            yield Outcome(job, "done" if cut_off else "skipped", entry.figures)
            return
        may_replace = self.place.overwrite or cut_off or (entry is not None and entry.is_written)
        self._manifest.add([job], self._settings)
        if os.path.lexists(job.output) and not may_replace:
            yield self._refused(job)
            return
        self._manifest.begin(job)
        made = make(job, staging, self._work)
        outcome = conclude(job, made, self._manifest, staging, may_replace=may_replace)
        yield from self._settled(outcome, is_once=is_once)

    def _settled(self, outcome: Outcome, *, is_once: bool) -> Iterator[Outcome]:
        """Find a place for an image that was tried: done, put off, or moved aside."""
        path, error = outcome.job.input, outcome.error
        patience_s = GRACE * self.place.settle_s - self._arrivals.age_s(path)
        if error is None or not path.exists():
            self._arrivals.take(path)
            yield outcome
        elif self._arrivals.has_changed(path):  # it will be ready again
            self._manifest.wait(outcome.job, str(error))
        elif isinstance(error, OutputError):  # not the image's fault: it stays
            self._manifest.wait(outcome.job, str(error))
            self._arrivals.put_off(path, RETRY_S)
            if is_once:
                yield outcome
            else:
                self._say(f"{error}; trying again every {RETRY_S:.0f} s")
        elif patience_s > 0:
            self._manifest.wait(outcome.job, str(error))
            self._arrivals.put_off(path, patience_s)
            if is_once:
                self._say(f"{error}; it may still be written and is left for the next time")
        else:
            self._arrivals.take(path)
            yield replace(outcome, error=ImageError(f"{error}; {self._aside(path, str(error))}"))

    def _aside(self, path: Path, reason: str) -> str:
        """Move an image aside; what to tell about that."""
        try:
            return f"moved to {move_aside(path, self.place.failed, reason)}"
        except OutputError as refusal:
            return f"left where it is: {refusal}"

    def _refused(self, job: Job) -> Outcome:
        """Leave an image whose result's name is taken where it is, until it changes."""
        error = OutputError(f"{job.output}: expected a new name, got an existing file; --overwrite replaces it")
        self._manifest.fail(job, str(error))
        self._arrivals.take(job.input)
        return Outcome(job, "failed", {}, error)


def check_place(place: Place, results: Path) -> None:
    """Refuse folders that would feed each other.

    Raises:
        ImageError: If there is no folder to watch.
        OutputError: If results, or failures, would land where images are looked for.
    """
    check_folder(place.source)
    source = place.source.resolve()
    for what, folder in (("results", results), ("failures", place.failed)):
        if folder.resolve() == source:
            raise OutputError(
                f"{folder}: expected a folder for {what} beside the watched one, got the same; choose another"
            )


def _is_same(path: Path, entry: Entry) -> bool:
    """Whether a file is the one that was restored: by size and time, or else by its content."""
    known = entry.fingerprint
    if known is None:
        return False
    try:
        status = path.stat()
        if (status.st_size, status.st_mtime_ns) == (known.size, known.mtime_ns):
            return True
        return fingerprint(path).sha256 == known.sha256
    except (OSError, ImageError):  # then trying to restore it says why
        return False
