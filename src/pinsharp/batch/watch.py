"""Restoring images as they arrive in a folder, once each, however often the watching is stopped and begun again."""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from pinsharp.atomic import sweep
from pinsharp.batch.arrivals import Arrivals
from pinsharp.batch.aside import move_aside
from pinsharp.batch.changes import changes
from pinsharp.batch.fingerprint import fingerprint, look
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job, Outcome, Work
from pinsharp.batch.making import Load, Makers, staging_folder
from pinsharp.batch.manifest import Entry, Manifest
from pinsharp.batch.run import conclude, was_cut_off
from pinsharp.errors import FormatError, ImageError, OutputError
from pinsharp.workers import Free

GRACE = 10
"""An image that cannot be read counts as unfinished until it has stood still for so many times the settling time."""

RETRY_S = 30.0
"""After so many seconds an image is tried again whose result could not be written."""

_LOOK_S = 10.0
"""Without any event, the folder is looked at so often: some network drives tell nobody what happens."""

_ASK_S = 0.5
"""While some processes are at work and others have nothing to do, the folder is looked at so often."""


@dataclass(frozen=True)
class Place:
    """Where images come from and go to."""

    source: Path  # folder that is watched
    failed: Path  # folder for images that cannot be restored
    settle_s: float  # seconds for which a file has to stand still
    overwrite: bool = False  # whether older results, that are not ours, may be replaced
    recursive: bool = False  # whether folders below are watched too; results and failures keep the tree


class Watch:
    """Restores what is in a folder and what arrives there, into the folder of a manifest.

    If somebody asks `stop`, the current images are finished, and that is all; `say` is called for images that have to
    wait. `load`, `work` and `processes` are as for `Makers`.

    Raises:
        ImageError: If there is no folder to watch.
        OutputError: If results, or failures, would land where images are looked for.
    """

    def __init__(
        self,
        place: Place,
        manifest: Manifest,
        load: Load,
        settings: dict[str, object],
        stop: Stop,
        say: Callable[[str], object],
        *,
        work: Work | None = None,
        processes: int = 1,
    ) -> None:
        check_place(place, manifest.folder)
        self.place = place
        self._manifest, self._settings = manifest, settings
        self._makers = Makers(load, work, processes)
        self._stop, self._say = stop, say
        apart = (manifest.folder, place.failed)
        self._arrivals = Arrivals(place.source, place.settle_s, deep=place.recursive, apart=apart)
        self._refused_folders = set[Path]()
        self._looked_s = 0.0  # when it was looked what has arrived, on the monotonic clock
        self._tried = set[Path]()  # images that are waiting, being restored, or not to be tried again at once

    def once(self) -> Generator[Outcome, None, None]:
        """Restore what is there; files that are still being written after the settling time are left."""
        until = time.monotonic() + self.place.settle_s

        def pause() -> bool:
            if self._looked_s >= until or not self._arrivals.is_waiting():
                return False
            time.sleep(min(0.1, max(0.0, until - time.monotonic()) + 0.001))
            return True

        yield from self._restored(pause, is_once=True)

    def forever(self) -> Generator[Outcome, None, None]:
        """Restore what is there, then what arrives, until somebody asks to stop."""
        events = changes(self.place.source, self.place.settle_s, self._stop, recursive=self.place.recursive)

        def pause() -> bool:
            for is_changed in events:
                if is_changed or self._arrivals.is_waiting() or time.monotonic() - self._looked_s > _LOOK_S:
                    return True
            return False

        yield from self._restored(pause)

    def _restored(self, pause: Callable[[], bool], *, is_once: bool = False) -> Iterator[Outcome]:
        """Restore what is ready, in order, and what becomes ready meanwhile.

        `pause` is called when nothing is ready or being restored; it waits until that may be otherwise, and is False if
        there is nothing to wait for. With `is_once` what cannot be restored now is left for another run.
        """
        sweep(self._manifest.folder)
        waiting = deque[Job]()
        self._stop.then(waiting.clear)
        with (
            staging_folder(self._manifest.folder) as staging,
            closing(self._makers.make(waiting, self._manifest, staging, ask_s=_ASK_S)) as events,
        ):
            for event in events:
                if not isinstance(event, Free):
                    job, made = event
                    may_replace = self._may_replace(job)
                    outcome = conclude(job, made, self._manifest, staging, may_replace=may_replace)
                    yield from self._settled(outcome, is_once=is_once)
                    continue
                yield from self._add(waiting, event.count)
                while not waiting and not event.busy:
                    self._tried.clear()
                    if self._stop.is_set() or not pause():
                        return
                    yield from self._add(waiting, event.count)

    def _add(self, waiting: deque[Job], count: int) -> Iterator[Outcome]:
        """Look what is ready and let it wait, at most so many; tell of images for which nothing has to be done."""
        self._looked_s = time.monotonic()
        self._arrivals.look()
        for folder in set(self._arrivals.refused) - self._refused_folders:
            self._refused_folders.add(folder)
            self._say(f"{folder}: expected a folder that can be listed; its images wait until it can")
        for path in self._arrivals.ready():
            if self._stop.is_set() or len(waiting) >= count:
                return
            if path in self._tried:
                continue
            below = path.parent.relative_to(self.place.source)
            job = Job(path, self._manifest.folder / below / path.name, below=below)
            outcome = self._settled_before(job)
            if outcome:
                yield outcome
                continue
            # Taken as it is now: if it changes while it waits or is restored, it is another image.
            self._arrivals.take(path)
            self._tried.add(path)
            waiting.append(job)
            if self._stop.is_set():  # asked before it was there to be cleared away
                waiting.clear()

    def _settled_before(self, job: Job) -> Outcome | None:
        """What has become of an image without restoring it: it was done before, or may not be. None if it has to be."""
        entry = self._manifest.entry(job)
        cut_off = entry is not None and was_cut_off(job, entry)
        if cut_off:
            self._manifest.finish(job)
        if entry is not None and (entry.state == "done" or cut_off) and _is_same(job.input, entry):
            self._arrivals.take(job.input)
            return Outcome(job, "done" if cut_off else "skipped", entry.figures)
        self._manifest.add([job], self._settings)
        return self._refused(job) if os.path.lexists(job.output) and not self._may_replace(job) else None

    def _may_replace(self, job: Job) -> bool:
        """Whether an older result may be replaced: if it is ours, or everything may."""
        entry = self._manifest.entry(job)
        return self.place.overwrite or (entry is not None and entry.is_written)

    def _settled(self, outcome: Outcome, *, is_once: bool) -> Iterator[Outcome]:
        """Find a place for an image that was tried: done, put off, or moved aside."""
        path, error = outcome.job.input, outcome.error
        if not is_once:  # with it, one that changes all the time is tried again only after the others
            self._tried.discard(path)
        patience_s = GRACE * self.place.settle_s - self._arrivals.age_s(path)
        if error is None or not path.exists():
            yield outcome
        elif self._arrivals.has_changed(path):  # it will be ready again
            self._manifest.wait(outcome.job, str(error))
        elif isinstance(error, OutputError) and not isinstance(error, FormatError):  # not the image's fault: it stays
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
            yield replace(outcome, error=ImageError(f"{error}; {self._aside(path, str(error))}"))

    def _aside(self, path: Path, reason: str) -> str:
        """Move an image aside; what to tell about that."""
        folder = self.place.failed / path.parent.relative_to(self.place.source)
        try:
            return f"moved to {move_aside(path, folder, reason)}"
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
    if not place.source.is_dir():
        raise ImageError(f"{place.source}: expected a folder to watch, got none; make it first")
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
        seen = look(path)
        if (seen.size, seen.mtime_ns) == (known.size, known.mtime_ns):
            return True
        return fingerprint(path).sha256 == known.sha256
    except (OSError, ImageError):  # then trying to restore it says why
        return False
