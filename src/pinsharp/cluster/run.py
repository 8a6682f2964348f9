"""A run over many machines: the same plan, manifest and promises as `pinsharp.batch.run`, made by a pool of actors.

Results in a folder that all nodes share are made in a hidden folder there and get their names from this process alone,
one after another, as on one machine. Results in a store stay with the actors that have made them until the manifest, in
the store, knows what they will look like; then each is put by one atomic write, and recorded in the manifest. Whatever
dies and whenever: a result is there under its name and known, or the next run finds out by its content, or it is not
there.
"""

from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job, Outcome
from pinsharp.batch.making import Made as Result
from pinsharp.batch.manifest import Manifest
from pinsharp.batch.run import Plan, carry_out
from pinsharp.cluster.actor import Errand
from pinsharp.cluster.address import Address
from pinsharp.cluster.journal import StoreManifest
from pinsharp.cluster.pool import Made, Pool, Put
from pinsharp.cluster.size import Size
from pinsharp.errors import PinsharpError

Summon = Callable[[Path | None], Errand]
"""What actors work with, with the hidden folder for results; None where they go to a store."""


def open_manifest(results: Path) -> Manifest:
    """The manifest of a folder, or of a folder in a store; raises as they do."""
    return StoreManifest(results) if isinstance(results, Address) else Manifest(results)


@dataclass(frozen=True)
class Crew:
    """Actors as makers of results.

    Attributes:
        summon: What they work with.
        size: How many there are.
        stop: What knows whether somebody has asked to stop.
        say: Called with what people should know.
    """

    summon: Summon
    size: Size
    stop: Stop
    say: Callable[[str], object]

    def run(self, plan: Plan, manifest: Manifest) -> Generator[Outcome, None, None]:
        """Carry a plan out as `run_batch` does."""
        if isinstance(manifest, StoreManifest):
            return self._into_store(plan, manifest)
        return carry_out(plan, manifest, self, self.stop)

    def make(self, waiting: deque[Job], manifest: Manifest, staging: Path) -> Generator[tuple[Job, Result], None, None]:
        """Carry out jobs as `Makers.make` does, into a hidden folder that all nodes see."""
        with self._pool(staging.absolute()) as pool, closing(pool.events(waiting, manifest.begin)) as events:
            for event in events:
                if isinstance(event, Made):
                    yield event.job, event.brought

    def _pool(self, staging: Path | None) -> Pool:
        return Pool(self.summon(staging), self.size, self.stop, self.say)

    def _into_store(self, plan: Plan, manifest: StoreManifest) -> Generator[Outcome, None, None]:
        """Carry a plan out whose results go to a store."""
        waiting, made = deque(plan.to_do), list[Made]()
        self.stop.then(waiting.clear)
        if self.stop.is_set():
            return
        manifest.keep()
        with self._pool(None) as pool, closing(pool.events(waiting, manifest.begin)) as events:
            figures = dict[Path, dict[str, object]]()
            for event in events:
                if isinstance(event, Made) and event.brought.error is not None:
                    yield _ended(manifest, event.job, event.brought.error)
                elif isinstance(event, Made):
                    made.append(event)
                elif isinstance(event, Put):
                    yield _ended(manifest, event.job, event.error, figures.pop(event.job.output))
                elif made:  # everything that was received has been passed on
                    _keep(manifest, made)
                    for one in made:
                        pool.put(one, exclusive=one.job.output not in plan.replaceable)
                        plan.replaceable.add(one.job.output)  # it is ours, whoever dies now
                        figures[one.job.output] = one.brought.figures
                    made.clear()


def _keep(manifest: StoreManifest, made: list[Made]) -> None:
    """Let the store know what results will look like before they are put there."""
    for one in made:
        assert one.brought.source is not None
        assert one.brought.digest is not None
        manifest.stage(one.job, one.brought.source, one.brought.figures, one.brought.digest)
    manifest.keep()


def _ended(
    manifest: Manifest, job: Job, error: PinsharpError | None, figures: dict[str, object] | None = None
) -> Outcome:
    if error is None:
        manifest.finish(job)
        return Outcome(job, "done", figures or {})
    manifest.fail(job, str(error))
    return Outcome(job, "failed", {}, error)
