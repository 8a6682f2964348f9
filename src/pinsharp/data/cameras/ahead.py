"""Batches made ahead by other processes, in their order: a training step need not wait for its pairs."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import torch

from pinsharp.data.cameras.pair import CameraBatch, make_batch
from pinsharp.data.corpus import load_corpus
from pinsharp.errors import ConfigError
from pinsharp.workers import Answer, Death, in_processes

_ASK_S = 0.02  # how long a task may wait before it is seen

Maker = Callable[[range], Iterable[CameraBatch]]


@dataclass(frozen=True)
class Recipe:
    """What all batches of a run share.

    Args:
        root: Folder of sharp images, for `pinsharp.data.corpus.load_corpus`.
        camera: Name in `pinsharp.data.cameras.cameras`.
        size: Side of the crops in pixels.
        seed: The run's seed.
        channels: 1 for brightness, 3 for colour.
        held_out: Whether the held-out photographs are taken rather than those for training.
        smallest: Least side of a photograph in pixels.
    """

    root: Path
    camera: str
    size: int
    seed: int
    channels: int = 1
    held_out: bool = False
    smallest: int = 0

    def maker(self) -> Maker:
        """Read the photographs, and return what makes the batch of some indices; each process calls it once."""
        torch.set_num_threads(1)
        cv2.setNumThreads(1)
        photographs = load_corpus(self.root, held_out=self.held_out, smallest=self.smallest)
        make = partial(make_batch, photographs, self.camera, size=self.size, seed=self.seed, channels=self.channels)
        return lambda indices: [make(indices=indices)]


def made_ahead(
    maker: Callable[[], Maker], batches: Iterable[range], *, jobs: int = 1, depth: int = 2
) -> Iterator[CameraBatch]:
    """Make batches in other processes while this one works with those before; the order is that of the indices given.

    Args:
        maker: Makes, in each process, what makes a batch: `Recipe(...).maker`. It must be picklable.
        batches: Sample numbers of each batch.
        jobs: How many processes.
        depth: How many batches are made or kept ahead at most; at least as many as processes.

    Raises:
        ConfigError: If a process dies, or cannot read what it works with.
    """
    todo = iter(batches)
    order: deque[range] = deque()
    waiting: deque[range] = deque()
    results: queue.Queue[Answer[range, CameraBatch] | ConfigError] = queue.Queue()
    done: dict[range, CameraBatch] = {}
    stopped = threading.Event()

    def refill(count: int) -> None:
        more = list(islice(todo, count))
        order.extend(more)
        waiting.extend(more)

    refill(max(depth, jobs))
    hearing = threading.Thread(target=_hear, args=(waiting, maker, jobs, results, stopped), daemon=True)
    hearing.start()
    try:
        while order:
            while order[0] not in done:
                result = results.get()
                if isinstance(result, ConfigError):
                    raise result
                done[result.task] = result.value
            batch = done.pop(order.popleft())
            refill(1)
            yield batch
    finally:
        stopped.set()
        hearing.join()


def _hear(
    waiting: deque[range],
    maker: Callable[[], Maker],
    jobs: int,
    results: "queue.Queue[Answer[range, CameraBatch] | ConfigError]",
    stopped: threading.Event,
) -> None:
    """Pass on what the processes answer, until nobody listens any more."""
    events = in_processes(waiting, maker, jobs, ask_s=_ASK_S)
    try:
        for event in events:
            if stopped.is_set():
                return
            if isinstance(event, Answer):
                results.put(event)
            elif isinstance(event, Death):
                results.put(ConfigError(f"expected training pairs, got {event.reason}; use fewer jobs or more memory"))
                return
    except ConfigError as error:
        results.put(error)
    finally:
        events.close()
