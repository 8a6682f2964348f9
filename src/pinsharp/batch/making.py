"""Making results in a hidden folder beside their place, in this process or in several.

Whoever asks for them gives them their names, one after another (`pinsharp.batch.run.conclude`).
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from pinsharp.atomic import folder_error, hidden_path, make_folder, sweep
from pinsharp.batch.fingerprint import Fingerprint, fingerprint, identity_of
from pinsharp.batch.job import Figures, Job, Work, named
from pinsharp.batch.manifest import Manifest
from pinsharp.errors import ImageError, OutputError, PinsharpError
from pinsharp.workers import Answer, Began, Death, Free, in_processes

Load = Callable[[], Work]
"""Makes in a process what carries out jobs there. It is sent to workers, so it must be picklable."""

_Event = Began[Job] | Answer[Job, "Made"] | Death[Job] | Free


@contextmanager
def staging_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder in which results are made; it goes, however this ends."""
    staging = hidden_path(folder)
    try:
        staging.mkdir()
    except OSError as error:
        raise OutputError(folder_error(folder, error)) from error
    try:
        yield staging
    finally:
        sweep(folder)  # this one, and what a process that outlived its killed parent may have added to an older one


@dataclass(frozen=True)
class Made:
    """What a process has made of a job: figures and the input that they belong to, or an error."""

    figures: Figures
    source: Fingerprint | None
    error: PinsharpError | None = None


def make(job: Job, staging: Path, work: Work) -> Made:
    """Carry out a job, its results going into the staging folder; whatever goes wrong becomes an error."""
    try:
        before, moved = identity_of(job.input), job.moved(staging)
        for folder in {path.parent for path in moved.results}:
            make_folder(folder)
        figures = work(moved)
        source = fingerprint(job.input)
        if identity_of(job.input) != before:
            raise ImageError("expected an image that stays as it is while it is restored, got a change; run it again")
    except PinsharpError as error:
        return Made({}, None, named(type(error)(_where_it_goes(str(error), job, staging)), str(job.input)))
    except Exception as error:  # noqa: BLE001 - one bad image must not end a night's work on the others
        return Made({}, None, named(PinsharpError(f"{type(error).__name__}: {error}"), str(job.input)))
    return Made(figures, source)


def _where_it_goes(words: str, job: Job, staging: Path) -> str:
    """Words about results that are being made, with the names that they will have."""
    for made, result in zip(job.moved(staging).results, job.results, strict=True):
        words = words.replace(str(made), str(result)).replace(str(made.parent), str(result.parent))
    return words.replace(str(staging), str(job.output.parent))


class MakesResults(Protocol):
    """Whoever makes results of jobs: `Makers` on this machine, others on many."""

    def make(
        self, waiting: deque[Job], manifest: Manifest, staging: Path
    ) -> Generator[tuple[Job, Made] | Free, None, None]:
        """Carry out jobs as `Makers.make` does."""


@dataclass(frozen=True)
class Makers:
    """Who makes results."""

    load: Load  # makes in a process what carries out jobs there
    work: Work | None = None  # made by `load` already, for this process
    processes: int = 1  # how many; 1 is this one

    def make(
        self, waiting: deque[Job], manifest: Manifest, staging: Path, *, ask_s: float | None = None
    ) -> Generator[tuple[Job, Made] | Free, None, None]:
        """Carry out jobs, begun in order, in a staging folder; what goes wrong with one stops no other.

        Jobs are taken from the left of `waiting`, which may be added to and cleared between any two results; the
        manifest learns when one is begun. With `ask_s` more jobs are asked for with `Free`, and it never ends by
        itself; see `in_processes`.

        Yields:
            Each job with what was made of it, in the order in which they end.

        Raises:
            ConfigError: If the processes end before they have loaded anything.
            OutputError: If the manifest cannot be written.
        """
        with closing(self._events(waiting, staging, ask_s)) as events:
            for event in events:
                if isinstance(event, Began):
                    manifest.begin(event.task)
                elif isinstance(event, Free):
                    yield event
                elif isinstance(event, Answer):
                    yield event.task, event.value
                else:
                    reason = f"{event.task.input}: expected a restored image, got {event.reason}; is memory short?"
                    yield event.task, Made({}, None, ImageError(reason))

    def _events(self, waiting: deque[Job], staging: Path, ask_s: float | None) -> Generator[_Event, None, None]:
        if self.processes > 1:
            return in_processes(waiting, partial(_load_maker, self.load, staging), self.processes, ask_s=ask_s)
        return _in_this_process(waiting, self.work or self.load(), staging, is_open=ask_s is not None)


def _in_this_process(waiting: deque[Job], work: Work, staging: Path, *, is_open: bool) -> Generator[_Event, None, None]:
    """What `in_processes` yields, of this process alone."""
    while is_open or waiting:
        if not waiting:
            yield Free(1, 0)
        try:
            job = waiting.popleft()
        except IndexError:  # none has come, or a signal handler has cleared them meanwhile
            continue
        yield Began(job)
        yield Answer(job, make(job, staging, work))


def _load_maker(load: Load, staging: Path) -> Callable[[Job], Iterator[Made]]:
    work = load()

    def make_one(job: Job) -> Iterator[Made]:
        yield make(job, staging, work)

    return make_one
