"""A pool of actors that grows and shrinks with the work, and outlives its actors, their processes and their nodes.

What an actor was at when it died is given to another one. An image at which several have died is at fault itself.
"""

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job
from pinsharp.cluster.actor import Brought, Errand, Maker, renamed
from pinsharp.cluster.address import Address
from pinsharp.cluster.size import Size
from pinsharp.errors import ConfigError, ImageError, PinsharpError

AHEAD = 2
"""Images that an actor has been given, the one that it is at included: it need not wait for the next."""

MOST_DEATHS = 4
"""So many actors may die at an image before it counts as what kills them."""

MOST_FAILURES = 5
"""So many actors in a row may die before they are ready; then none will be."""

MOST_OF_ALL = 1 << 20
"""More windows than any pool has actors: for an image that all of them share, as many are wanted as there may be."""

PATIENCE_S = 30.0
"""If no actor has begun after so long, it is said what is waited for."""

_PAUSE_S = 0.5
_BESIDE = "beside"


@dataclass(frozen=True)
class Made:
    """An actor has made what it could of a job, and holds it if it is to go into a store."""

    job: Job
    brought: Brought
    hand: "Hand"


@dataclass(frozen=True)
class Put:
    """Results are in their store, unless there is an error."""

    job: Job
    error: PinsharpError | None


@dataclass(frozen=True)
class Quiet:
    """Everything that was received has been passed on."""


@dataclass
class _Call:
    kind: Literal["make", "put"]
    job: Job
    ref: Any


@dataclass(eq=False)
class Hand:
    """An actor as the pool sees it."""

    actor: Any
    starting: Any  # what says that it is ready; None once it is
    calls: list[_Call] = field(default_factory=list)  # images are made in this order, results put beside that
    since_s: float = field(default_factory=time.monotonic)
    is_conductor: bool = False

    def making(self) -> int:
        """Images that it has been given and not answered for."""
        return sum(call.kind == "make" for call in self.calls)


class Pool:
    """Actors that make results; a context manager, at whose end they are gone.

    Args:
        errand: What they work with.
        size: How many there are.
        stop: What knows whether somebody has asked to stop: then what is begun is finished, and nothing else.
        say: Called with what people should know.
    """

    def __init__(self, errand: Errand, size: Size, stop: Stop, say: Callable[[str], object]) -> None:
        self._errand, self._size, self._stop, self._say = errand, size, stop, say
        self._hands: list[Hand] = []
        self._giants = deque[Job]()
        self._deaths: Counter[Path] = Counter()
        self._failures = 0
        self._lost = 0  # actors that could not begin where they were
        self._said = False
        self._began_s = time.monotonic()

    def __enter__(self) -> "Pool":
        """Begin without actors."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all of them, whatever they are at."""
        for hand in list(self._hands):
            self._let_go(hand)

    def put(self, made: Made, *, exclusive: bool) -> None:
        """Let the actor that has made a job put its results into their store."""
        job = made.job.given(made.brought.figures)
        put = made.hand.actor.put.options(concurrency_group=_BESIDE)  # it need not wait for what is being made
        made.hand.calls.append(_Call("put", made.job, put.remote(_sent(job), exclusive=exclusive)))

    def events(self, waiting: deque[Job], begin: Callable[[Job], object]) -> Generator[Made | Put | Quiet, None, None]:
        """Carry jobs out, taken from the left of `waiting`, and yield what happens as it happens.

        Raises:
            PinsharpError: If no actor can begin.
        """
        while waiting or self._giants or any(hand.calls for hand in self._hands):
            if self._stop.is_set():
                self._giants.clear()
                if not any(hand.calls for hand in self._hands):
                    return
            self._resize(len(waiting))
            self._give(waiting, begin)
            for hand in self._heard():
                yield from self._answers(hand, waiting)
            yield Quiet()

    def _resize(self, waiting: int) -> None:
        """Have as many actors as there is work for."""
        makers = [hand for hand in self._hands if not hand.is_conductor]
        outstanding = waiting + sum(hand.making() for hand in makers)
        wanted = max(1, self._size.wanted(MOST_OF_ALL if self._giants else outstanding) - self._lost)
        for _ in range(wanted - len(makers)):
            self._hands.append(self._begin(cpus=self._size.cpus, gpus=self._size.gpus))
        spare = len(makers) - max(wanted, self._size.least)
        idle = [hand for hand in makers if not hand.calls and not self._is_conducting()]
        for hand in sorted(idle, key=lambda hand: hand.starting is None)[: max(spare, 0)]:
            self._let_go(hand)

    def _begin(self, *, cpus: float, gpus: float, is_conductor: bool = False) -> Hand:
        import ray

        kind = ray.remote(
            num_cpus=cpus, num_gpus=gpus, max_restarts=0, scheduling_strategy="SPREAD", concurrency_groups={_BESIDE: 1}
        )(Maker)
        actor = kind.remote(self._errand)
        return Hand(actor, actor.ready.remote(), is_conductor=is_conductor)

    def _give(self, waiting: deque[Job], begin: Callable[[Job], object]) -> None:
        """Give every actor what it can take, the idlest first; ahead only where enough is left for all."""
        for depth in range(AHEAD):
            for hand in self._hands:
                if depth and len(waiting) <= len(self._hands):
                    break
                if hand.starting is None and not hand.is_conductor and hand.making() == depth:
                    with contextlib.suppress(IndexError):  # a signal handler may clear them at any time
                        job = waiting.popleft()
                        begin(job)
                        hand.calls.append(_Call("make", job, hand.actor.make.remote(_sent(job))))
        if self._giants and not waiting:
            self._conduct(begin)

    def _conduct(self, begin: Callable[[Job], object]) -> None:
        """Let all actors restore one image together, once they have nothing else to do."""
        makers = [hand for hand in self._hands if not hand.is_conductor]
        if self._is_conducting() or any(hand.calls for hand in makers):
            return
        ready = [hand for hand in makers if hand.starting is None]
        late = [hand for hand in makers if hand.starting is not None and _age_s(hand) < PATIENCE_S]
        if not ready or late:
            return
        job = self._giants.popleft()
        begin(job)
        hand = self._begin(cpus=0, gpus=0, is_conductor=True)
        helpers = [one.actor for one in ready]
        hand.calls.append(_Call("make", job, hand.actor.conduct.remote(_sent(job), helpers)))
        self._hands.append(hand)

    def _is_conducting(self) -> bool:
        return any(hand.is_conductor for hand in self._hands)

    def _heard(self) -> list[Hand]:
        """Actors that have something to say, after a pause at most."""
        import ray

        refs = [ref for hand in self._hands for ref in [hand.starting, *(call.ref for call in hand.calls)] if ref]
        if not refs:
            return []
        ray.wait(refs, num_returns=1, timeout=_PAUSE_S, fetch_local=False)
        known, _ = ray.wait(refs, num_returns=len(refs), timeout=0, fetch_local=False)
        if not known and not self._said and time.monotonic() - self._began_s > PATIENCE_S and not self._any_ready():
            self._said = True
            self._say(
                f"waiting for room in the cluster: no actor with {self._size.cpus:g} processors and "
                f"{self._size.gpus:g} GPUs could begin yet"
            )
        heard = set(known)
        return [
            hand for hand in self._hands if (hand.starting in heard) or any(call.ref in heard for call in hand.calls)
        ]

    def _any_ready(self) -> bool:
        return any(hand.starting is None for hand in self._hands)

    def _answers(self, hand: Hand, waiting: deque[Job]) -> Iterator[Made | Put]:
        """What an actor has said; if it has died, what it was at waits again."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        try:
            if hand.starting is not None:
                if not ray.wait([hand.starting], timeout=0)[0]:
                    return
                ray.get(hand.starting)
                hand.starting, self._failures = None, 0
            for call in list(hand.calls):
                if not ray.wait([call.ref], timeout=0)[0]:
                    continue
                answer = ray.get(call.ref)
                hand.calls.remove(call)
                if call.kind == "put":
                    yield Put(call.job, answer)
                elif answer.is_giant:
                    self._giants.append(call.job)
                else:
                    yield Made(call.job, _told(answer, call.job), hand)
            if hand.is_conductor and not hand.calls:
                self._let_go(hand)
        except RayError as error:
            self._let_go(hand)
            if hand.starting is not None:
                self._could_not_begin(error)
            reason = f"{error.cause}" if isinstance(error, RayTaskError) else type(error).__name__
            yield from self._left_by(hand, waiting, reason)

    def _could_not_begin(self, error: Any) -> None:
        """An actor has ended before it was ready: another one may do better, but not for ever."""
        cause = getattr(error, "cause", None)
        self._failures += 1
        if not isinstance(cause, PinsharpError) and self._failures < MOST_FAILURES:
            return
        words = " ".join(str(cause or error).split())[-300:]
        if self._any_ready():
            self._lost += 1
            self._failures = 0
            self._say(f"going on with one actor fewer: {words}")
        elif isinstance(cause, PinsharpError):
            raise cause
        else:
            raise ConfigError(
                f"expected actors that can begin, got {self._failures} in a row that could not: {words}; is pinsharp "
                "installed on every node, and memory enough?"
            )

    def _left_by(self, hand: Hand, waiting: deque[Job], reason: str) -> Iterator[Made]:
        """What a dead actor leaves: the first image that it was at may have killed it, the others only wait again."""
        calls, hand.calls = hand.calls, []
        making = [call for call in calls if call.kind == "make"]
        if making and hand.starting is None:
            self._deaths[making[0].job.output] += 1
        for call in calls:
            if self._stop.is_set():  # the manifest knows that it was begun, and not what became of it
                continue
            if self._deaths[call.job.output] >= MOST_DEATHS:
                words = f"{call.job.input}: expected a restored image, got {MOST_DEATHS} actors that died at it"
                error = ImageError(f"{words} ({reason}); is memory short?")
                yield Made(call.job, Brought({}, None, error), hand)
            elif hand.is_conductor:
                self._giants.append(call.job)
            else:
                waiting.append(call.job)

    def _let_go(self, hand: Hand) -> None:
        import ray

        self._hands.remove(hand)
        with contextlib.suppress(Exception):  # it may be gone with its node, or the whole cluster
            ray.kill(hand.actor)


def _age_s(hand: Hand) -> float:
    return time.monotonic() - hand.since_s


def _sent(job: Job) -> Job:
    """A job for another process, which may be in another folder."""
    return replace(job, input=_absolute(job.input))


def _told(brought: Brought, job: Job) -> Brought:
    """What was made, its error naming the input as it was given."""
    return renamed(brought, {str(_absolute(job.input)): str(job.input)})


def _absolute(path: Path) -> Path:
    return path if isinstance(path, Address) else path.absolute()
