"""Training pairs that are made ahead, by processes of their own, while the net is trained on those before.

Pairs are decided by numbers alone, so whoever makes them changes nothing, and nothing has to be kept for resuming.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from pinsharp.errors import PinsharpError

Value = TypeVar("Value")

_AHEAD = 2  # what each process has made before it waits


def ahead(make: Callable[[range], Value], asked: Sequence[range], workers: int) -> Iterator[Value]:
    """Make the pairs of some ranges of indices, in their order.

    Args:
        make: Makes those of one range, on the CPU if there are workers.
        asked: The ranges.
        workers: Processes that make them ahead; 0 makes each when it is asked for, in this process.

    Raises:
        PinsharpError: What `make` raises, or if a process dies.
    """
    if not workers:
        yield from map(make, asked)
        return
    made = DataLoader(
        _Made(make, asked),
        batch_size=None,
        collate_fn=_as_it_is,
        num_workers=workers,
        prefetch_factor=_AHEAD,
        worker_init_fn=_begin,
        generator=torch.Generator(),  # or it would draw from the one of the process
    )
    try:
        for value in made:
            if isinstance(value, PinsharpError):
                raise value
            yield value
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        raise PinsharpError(
            "expected a process that makes pairs, got one that has died, probably of too little memory; go on with "
            f"fewer: --set run.workers={workers - 1}"
        ) from error


class _Made(Dataset[Value | PinsharpError], Generic[Value]):
    """What is made of each range; errors of users as values, since PyTorch would wrap their sentence."""

    def __init__(self, make: Callable[[range], Value], asked: Sequence[range]) -> None:
        self._make, self._asked = make, asked

    def __len__(self) -> int:
        return len(self._asked)

    def __getitem__(self, number: int) -> Value | PinsharpError:
        try:
            return self._make(self._asked[number])
        except PinsharpError as error:
            return error


def _as_it_is(value: Value) -> Value:
    return value


def _begin(_number: int) -> None:
    """Begin in a process: one thread, and deaf to requests to stop, which its parent hears too and decides."""
    import cv2

    # 0, not 1: OpenCV would wait for threads of its parent that a forked process does not have.
    cv2.setNumThreads(0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
