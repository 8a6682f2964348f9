"""A run over many images: what is to be done, and doing it so that every result is made exactly once.

A result is written into a hidden folder beside its place. When it is whole, the manifest learns what it looks like, it
gets its name, and the manifest learns that too. Only this process does so, one result after another: whatever dies and
whenever, a result is there under its name and known, or it is not there and made again.
"""

import contextlib
import os
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pinsharp.atomic import make_folder, remove, replace, write_error
from pinsharp.batch.fingerprint import Fingerprint, identity_of, look
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Figures, Job, Outcome, Work
from pinsharp.batch.making import Load, Made, Makers, MakesResults, staging_folder
from pinsharp.batch.manifest import Entry, Manifest
from pinsharp.batch.shelf import Folder, Shelf
from pinsharp.errors import ConfigError, OutputError, PinsharpError
from pinsharp.workers import Free


@dataclass
class Plan:
    """What a run has to do."""

    to_do: list[Job] = field(default_factory=list)  # jobs, in order
    # What earlier runs have done; `done` if its end was not recorded, because they were killed, else `skipped`.
    over: list[Outcome] = field(default_factory=list)
    replaceable: set[Path] = field(default_factory=set)  # results that may be replaced
    failed_before: int = 0  # how many of those to do have failed before


def plan_batch(
    jobs: Sequence[Job],
    manifest: Manifest,
    settings: dict[str, object],
    *,
    resume: bool,
    overwrite: bool,
    shelf: Shelf | None = None,
) -> Plan:
    """Find out what is to be done of all that was asked for, and remove what dead runs have left.

    With `resume` what is done is left out: the manifest says so, the result is there, and the input has the same hash.
    With `overwrite` older results are replaced, whoever made them. Results lie on the `shelf`: unless given, in the
    manifest's folder.

    Raises:
        ConfigError: If earlier results were made with other settings.
        OutputError: If a result would replace an older file without leave.
    """
    shelf = shelf or Folder(manifest.folder)
    shelf.sweep()
    entries = manifest.entries()
    plan, foreign = Plan(), list[Path]()
    sort = partial(_sort, shelf, manifest, plan, settings, resume=resume, overwrite=overwrite)
    for job in jobs:
        foreign += sort(job, entries.get(job.name))
    if foreign:
        more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
        raise OutputError(
            f"{foreign[0]}{more}: expected a new name, got an existing file of which the manifest knows nothing; "
            "--overwrite replaces it"
        )
    known = [entries[job.name] for job in plan.to_do if job.name in entries]
    plan.failed_before = sum(entry.state == "failed" for entry in known)
    manifest.add(plan.to_do, settings)
    return plan


def run_batch(
    plan: Plan, manifest: Manifest, load: Load, stop: Stop, *, work: Work | None = None, processes: int = 1
) -> Generator[Outcome, None, None]:
    """Carry a plan out; an error with one image stops no other, and the manifest learns of each step.

    If somebody asks `stop`, what is being done is finished and nothing else begun. `load`, `work` and `processes` are
    as for `Makers`.

    Yields:
        What became of each job, in the order in which they end.

    Raises:
        OutputError: If the manifest cannot be written.
        ConfigError: If the processes end before they have loaded anything.
    """
    yield from carry_out(plan, manifest, Makers(load, work, processes), stop)


def carry_out(plan: Plan, manifest: Manifest, makers: MakesResults, stop: Stop) -> Generator[Outcome, None, None]:
    """Carry a plan out as `run_batch` does, whoever makes the results, into the manifest's folder."""
    waiting = deque(plan.to_do)
    stop.then(waiting.clear)
    if stop.is_set():
        return
    with staging_folder(manifest.folder) as staging, closing(makers.make(waiting, manifest, staging)) as events:
        for event in events:
            assert not isinstance(event, Free)  # nobody is asked for more
            job, made = event
            yield conclude(job, made, manifest, staging, may_replace=job.output in plan.replaceable)


def conclude(job: Job, made: Made, manifest: Manifest, staging: Path, *, may_replace: bool) -> Outcome:
    """Give the results their names, or record why there are none."""
    error = made.error
    if error is None and made.source is not None:
        try:
            _commit(job, made.figures, made.source, manifest, staging, may_replace=may_replace)
        except PinsharpError as refusal:
            error = refusal
    for path in job.moved(staging).results:
        remove(path)
    if error is None:
        manifest.finish(job)
        return Outcome(job, "done", made.figures)
    manifest.fail(job, str(error))
    return Outcome(job, "failed", {}, error)


def was_cut_off(job: Job, entry: Entry, shelf: Shelf | None = None) -> bool:
    """Whether a run was killed after the result got its name and before that was recorded."""
    identify = shelf.identity if shelf else identity_of
    return entry.staged is not None and identify(job.output) == entry.staged


def _commit(
    job: Job, figures: Figures, source: Fingerprint, manifest: Manifest, staging: Path, *, may_replace: bool
) -> None:
    existing = [path for path in job.results if os.path.lexists(path)]
    if existing and not may_replace:
        raise OutputError(f"{existing[0]}: expected a new name, got a file that has appeared; --overwrite replaces it")
    made = job.given(figures)
    staged = made.moved(staging)
    manifest.stage(job, source, figures, look(staged.output).identity)
    try:
        for now, then in reversed(list(zip(staged.results, made.results, strict=True))):  # the result is the last
            make_folder(then.parent)
            replace(now, then)
        for path in set(existing) - set(made.results):  # of an image that is left as it is now
            path.unlink()
        _sync(job.output.parent)
    except OSError as error:
        raise OutputError(write_error(job.output, 0, error)) from error


def _sort(
    shelf: Shelf,
    manifest: Manifest,
    plan: Plan,
    settings: dict[str, object],
    job: Job,
    entry: Entry | None,
    *,
    resume: bool,
    overwrite: bool,
) -> list[Path]:
    """Put one job where it belongs in the plan; returns the older file, if any, that is in its way."""
    existing = [path for path in job.results if shelf.exists(path)]
    is_ours = False
    if resume and entry:
        cut_off = was_cut_off(job, entry, shelf)
        if cut_off:
            manifest.finish(job)
        is_there = all(map(shelf.exists, job.given(entry.figures).results))
        is_done = (entry.state == "done" or cut_off) and is_there
        if is_done and _is_same(shelf, job, entry, settings, overwrite=overwrite):
            plan.over.append(Outcome(job, "done" if cut_off else "skipped", entry.figures))
            return []
        is_ours = entry.is_written or cut_off
    plan.to_do.append(job)
    if not (overwrite or is_ours):
        return existing[:1]
    plan.replaceable.add(job.output)
    return []


def _is_same(shelf: Shelf, job: Job, entry: Entry, settings: dict[str, object], *, overwrite: bool) -> bool:
    """Whether a result is what would be made again: of the same input, with the same settings."""
    is_unchanged = entry.fingerprint is not None and shelf.is_same(job.input, entry.fingerprint)
    # What a manifest does not have, such as one that was written before there was such a setting, was not given.
    names = sorted({*settings, *entry.settings})
    others = [name for name in names if settings.get(name) != entry.settings.get(name)]
    if is_unchanged and others and not overwrite:
        name = others[0]
        raise ConfigError(
            f"{job.output}: expected a run with the same settings, got {name} {settings.get(name)} instead of "
            f"{entry.settings.get(name)}; choose another folder, or replace it with --overwrite"
        )
    return is_unchanged and not others


def _sync(folder: Path) -> None:
    """Let new names reach the disk; where folders cannot be opened, the system takes care."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
