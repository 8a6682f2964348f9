"""The pieces of a benchmark run: one blurred image and the rows that are to restore it, whatever goes wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from torch import Tensor

from pinsharp.bench.engine.measuring import CarryOut, Make
from pinsharp.bench.quality.contenders import Contender
from pinsharp.bench.quality.judge import judge
from pinsharp.bench.quality.records import Measurement
from pinsharp.data.testset import Degradation, blurred_pair
from pinsharp.errors import PinsharpError
from pinsharp.images.arrays import to_tensor
from pinsharp.images.files import read_image

LONGEST_REASON = 300
"""Characters of a failure's reason that are kept."""

Lineup = Callable[[Degradation], Sequence[Contender]]
"""Makes the rows of a protocol. Worker processes make their own, so it must be something that can be pickled."""


@dataclass(frozen=True)
class Task:
    """One blurred image, and the rows that are still to restore it.

    Args:
        number: Place of the image in the list, which decides its noise.
        path: File of the sharp image.
        image_sha256: Its hash.
        kernel: Name of the kernel.
        sigma: Effective width of the kernel in pixels.
        rows: Names of the rows.
    """

    number: int
    path: Path
    image_sha256: str
    kernel: str
    sigma: float
    rows: tuple[str, ...]


def carrying_out(protocol: Degradation, rows: Sequence[Contender]) -> CarryOut[Task, Measurement]:
    """What carries tasks out by these rows."""
    by_name = {row.row: row for row in rows}
    return lambda task: carry_out(task, protocol, by_name)


def elsewhere(protocol: Degradation, lineup: Lineup) -> Make[Task, Measurement]:
    """What makes the same in another process; anew there, because tensors had better not be sent."""
    return partial(
        _make, (protocol.kernel_set, protocol.boundary, protocol.bits, protocol.noise, protocol.seed), lineup
    )


def carry_out(task: Task, protocol: Degradation, rows: Mapping[str, Contender]) -> Iterator[Measurement]:
    """Blur one image and let each row restore it; whatever goes wrong becomes a failed measurement."""
    try:
        pair = blurred_pair(task.path, _read(task.path), task.kernel, protocol, task.number)
    except Exception as error:  # noqa: BLE001 - one bad image must not end hours of measuring the others
        yield from (failed(task, row, error) for row in task.rows)
        return
    for row in task.rows:
        try:
            measurement = judge(rows[row], pair, task.image_sha256)
        except Exception as error:  # noqa: BLE001 - nor must a method, whatever mistake of whomever it trips over
            measurement = failed(task, row, error)
        yield measurement


def failed(task: Task, row: str, reason: Exception | str) -> Measurement:
    """Record that a row could not restore an image, and why, on one line."""
    line = one_line(reason)
    return Measurement(
        row=row,
        image=task.path.name,
        kernel=task.kernel,
        sigma=task.sigma,
        image_sha256=task.image_sha256,
        status="failed",
        reason=line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 3] + "...",
    )


def one_line(reason: Exception | str) -> str:
    """Why something failed, on one line; what is no sentence of ours is told with the name of the error."""
    if isinstance(reason, Exception) and not isinstance(reason, PinsharpError):
        reason = f"{type(reason).__name__}: {reason}"
    return " ".join(str(reason).split())


def _make(settings: tuple[Any, ...], lineup: Lineup) -> CarryOut[Task, Measurement]:
    protocol = Degradation(*settings)
    return carrying_out(protocol, lineup(protocol))


@lru_cache(maxsize=1)  # the next task is mostly the same image with another kernel
def _read(path: Path) -> Tensor:
    return to_tensor(read_image(path).pixels)
