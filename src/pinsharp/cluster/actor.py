"""What an actor does: it holds one model, and makes one result after another, of inputs from anywhere."""

import contextlib
import hashlib
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pinsharp.allocator import keep_freed_memory
from pinsharp.batch.job import Job, Work
from pinsharp.batch.making import Made, make
from pinsharp.cluster.address import Address
from pinsharp.cluster.store import Store
from pinsharp.errors import ConfigError, ImageError, OutputError, PinsharpError
from pinsharp.version import __version__
from pinsharp.words import said_by

if TYPE_CHECKING:
    from pinsharp.cluster.windows import Known, Rows, Share

AnyMade = TypeVar("AnyMade", bound=Made)

Load = Callable[[], Work]
"""Makes in an actor what carries out jobs there. It is sent, so it must be picklable."""


@dataclass(frozen=True)
class Errand:
    """What all actors of a run work with.

    Attributes:
        load: Makes what carries out jobs.
        staging: The hidden folder for results, the same on all nodes; None if results go to a store.
        version: The pinsharp that asks.
        threads: Threads of each actor; 0 to leave them as they are.
        spreads: Whether images larger than memory are given back, for several actors to restore one together.
    """

    load: Load
    staging: Path | None
    version: str = __version__
    threads: int = 0
    spreads: bool = False


@dataclass(frozen=True)
class Brought(Made):
    """What an actor has made of a job.

    Attributes:
        digest: SHA-256 of a result that the actor keeps until it may put it into a store; else None.
        is_giant: Whether nothing was made, because several actors had better restore it together.
    """

    digest: str | None = None
    is_giant: bool = False


@dataclass(repr=False)  # Ray shows an actor that could not be made, and its fields are not there
class Maker:
    """One model in one process of a cluster; Ray makes it an actor, whose methods are called one after another."""

    errand: Errand
    _folder: Any = field(init=False, default=None)
    _work: Work | None = field(init=False, default=None)
    _image: tuple[Path, int] | None = field(init=False, default=None)
    _rows: "Rows | None" = field(init=False, default=None)

    def ready(self) -> str:
        """Load the model; returns the name of the node.

        Raises:
            PinsharpError: If no image could be restored here.
        """
        node = socket.gethostname()
        if self.errand.version != __version__:
            raise ConfigError(
                f"expected pinsharp {self.errand.version} on every node, got {__version__} on {node}; install the same"
            )
        if self.errand.staging is not None and not self.errand.staging.is_dir():
            raise OutputError(
                f"{self.errand.staging.parent}: expected a folder that every node sees, got none on {node}; write to a "
                "shared folder, or to a store such as s3://"
            )
        keep_freed_memory()
        if self.errand.threads:
            import torch

            torch.set_num_threads(self.errand.threads)
        self._folder = tempfile.TemporaryDirectory(prefix="pinsharp-")
        self._work = self.errand.load()
        return node

    def make(self, job: Job) -> Brought:
        """Carry out a job; whatever goes wrong becomes an error, or ends this process."""
        return self._made(job, self._loaded())

    def put(self, job: Job, *, exclusive: bool) -> PinsharpError | None:
        """Put the results of a job that was made here into their store; what is in the way, if anything is."""
        staging = self._staging(job)
        try:
            for now, then in reversed(list(zip(job.moved(staging).results, job.results, strict=True))):
                assert isinstance(then, Address)
                if not Store(then).send(now, then, exclusive=exclusive):
                    return OutputError(
                        f"{then}: expected a new name, got an object that has appeared; --overwrite replaces it"
                    )
        except (PinsharpError, OSError) as error:
            return error if isinstance(error, PinsharpError) else OutputError(f"{job.output}: {said_by(error)}")
        finally:
            self.drop(job)
        return None

    def drop(self, job: Job) -> None:
        """Forget results that were made here."""
        for path in job.moved(self._staging(job)).results:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def rows(self, share: "Share", known: "Known") -> Any:
        """Restore a band of windows of an image that several actors restore together.

        Raises:
            PinsharpError: If the image cannot be read.
        """
        from pinsharp.cluster.windows import Rows

        if self._rows is None or self._image != (share.image, share.number):
            if self._rows is not None:
                self._rows.close()
            self._image, self._rows = (share.image, share.number), Rows(share, known, self._restorer())
        return self._rows.restored(share)

    def conduct(self, job: Job, helpers: list[Any]) -> Brought:
        """Carry out a job whose windows other actors restore."""
        from pinsharp.cluster.windows import conducted

        return self._made(job, conducted(job, self._restorer(), helpers), spreads=False)

    def _made(self, job: Job, work: Work, *, spreads: bool | None = None) -> Brought:
        try:
            local, seen = self._local(job)
        except PinsharpError as error:
            return Brought({}, None, error)
        try:
            if (self.errand.spreads if spreads is None else spreads) and _is_giant(local.input):
                return Brought({}, None, is_giant=True)
            staging = self._staging(job)
            made = renamed(make(local, staging, work), {str(local.input): str(job.input)})
            if made.source is not None and seen is not None:
                made = _if_same(made, job, seen)
            digest = None
            if made.error is None and isinstance(job.output, Address):
                with local.moved(staging).output.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            return Brought(made.figures, made.source, made.error, digest)
        finally:
            if isinstance(job.input, Address):
                local.input.unlink(missing_ok=True)

    def _local(self, job: Job) -> tuple[Job, tuple[int, int, str] | None]:
        """The job with an input that is a file here, and what it was where it was fetched from."""
        if not isinstance(job.input, Address):
            return replace(job, input=job.input), None
        store = Store(job.input)
        seen = store.state(job.input)
        folder = Path(self._folder.name, "in")
        folder.mkdir(exist_ok=True)
        fetched = folder / job.input.name
        store.fetch(job.input, fetched)
        return replace(job, input=fetched), seen

    def _staging(self, job: Job) -> Path:
        if not isinstance(job.output, Address):
            assert self.errand.staging is not None
            return self.errand.staging
        folder = Path(self._folder.name, "out")
        folder.mkdir(exist_ok=True)
        return folder

    def _loaded(self) -> Work:
        assert self._work is not None  # `ready` is called first
        return self._work

    def _restorer(self) -> Any:
        return self._loaded().keywords["restorer"]  # type: ignore[attr-defined]  # a partial of `restore_job`


def _is_giant(path: Path) -> bool:
    from pinsharp.restoration.sources import is_large

    return is_large(path)


def renamed(made: AnyMade, names: dict[str, str]) -> AnyMade:
    """The same with an error that names files as the user did."""
    if made.error is None:
        return made
    words = str(made.error)
    for here, given in names.items():
        words = words.replace(here, given)
    return replace(made, error=type(made.error)(words))


def _if_same(made: Made, job: Job, seen: tuple[int, int, str]) -> Made:
    """What was made of a fetched input, with the time of that; an error if it has changed meanwhile."""
    assert made.source is not None
    assert isinstance(job.input, Address)
    try:
        now = Store(job.input).state(job.input)
    except PinsharpError as error:
        return Made({}, None, error)
    if now != seen:
        return Made(
            {}, None, ImageError(f"{job.input}: expected an image that stays as it is, got a change; run it again")
        )
    return replace(made, source=replace(made.source, mtime_ns=seen[1]))
