"""Bringing what the page of a run shows from stores to this machine."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from pinsharp.batch.job import Job, Outcome
from pinsharp.batch.report import shown
from pinsharp.cluster.address import Address
from pinsharp.cluster.store import Store
from pinsharp.errors import PinsharpError


@contextlib.contextmanager
def brought(outcomes: Sequence[Outcome]) -> Iterator[list[Outcome]]:
    """The same outcomes; those whose thumbnails a page shows with copies of their files, as long as this is open."""
    found = list(outcomes)
    with TemporaryDirectory(prefix="pinsharp-report-") as folder:
        for number in shown(found):
            one = found[number]
            if any(isinstance(path, Address) for path in (one.job.input, one.job.output)):
                found[number] = replace(one, job=_copied(one.job, Path(folder, str(number))))
        yield found


def _copied(job: Job, folder: Path) -> Job:
    return replace(
        job,
        input=_copy(job.input, folder / "in"),
        output=_copy(job.output, folder / "out"),
        evidence=_copy(job.evidence, folder / "evidence") if job.evidence else None,
    )


def _copy(path: Path, folder: Path) -> Path:
    if not isinstance(path, Address):
        return path
    folder.mkdir(parents=True)
    copy = folder / path.name
    with contextlib.suppress(PinsharpError):  # then the page says that there is no thumbnail
        Store(path).fetch(path, copy)
    return copy
