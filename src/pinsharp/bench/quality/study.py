"""Methods on a test set: every sharp image is blurred by a protocol, and every method restores it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from pinsharp.bench.engine.provenance import image_hashes
from pinsharp.bench.engine.study import ID_DIGITS, Study
from pinsharp.bench.quality.contenders import Contender
from pinsharp.bench.quality.judge import JUDGED_BITS, judge
from pinsharp.bench.quality.records import KIND, Measurement
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.data.testset import BlurredPair, Degradation, blurred_pair, protocol_hash
from pinsharp.images.arrays import to_tensor
from pinsharp.images.files import read_image

Lineup = Callable[[Degradation], Sequence[Contender]]
"""Makes the rows of a protocol. Worker processes make their own, so it must be something that can be pickled."""


@dataclass(frozen=True)
class Task:
    """One blurred image, and the rows that are still to restore it."""

    number: int  # place of the image in the list, which decides its noise
    path: Path
    image_sha256: str
    kernel: str
    sigma: float
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Quality(Study[Task, BlurredPair, Measurement]):
    """Which methods restore which images, blurred how."""

    data: Path  # folder of the sharp images, as it was given
    paths: Sequence[Path]
    protocol: Degradation
    lineup: Lineup  # makes what restores them

    kind = KIND

    @cached_property
    def rows(self) -> Mapping[str, Contender]:
        """What restores, by name."""
        return {row.row: row for row in self.lineup(self.protocol)}

    @cached_property
    def about(self) -> dict[str, Any]:
        """Images, protocol and methods; the same images under the same protocol are the same run."""
        digest = protocol_hash(self.protocol, self._hashes)
        return {
            "run": digest[:ID_DIGITS],
            "data": str(self.data),
            "set": self.data.resolve().name,
            "protocol": self.protocol.summary,
            "images": len(self.paths),
            "test_set_sha256": digest,
            "judged_bits": JUDGED_BITS,
            "methods": {name: row.about for name, row in self.rows.items()},
        }

    def tasks(self) -> list[Task]:
        """All kernels of the first image, then the next."""
        return [
            Task(number, path, digest, kernel, float(kernel_sigma(pixels)), tuple(self.rows))
            for number, (path, digest) in enumerate(zip(self.paths, self._hashes, strict=True))
            for kernel, pixels in self.protocol.kernels.items()
        ]

    def prepare(self, task: Task) -> BlurredPair:
        """Blur the image."""
        return blurred_pair(task.path, _read(task.path), task.kernel, self.protocol, task.number)

    def measure(self, task: Task, row: str, subject: BlurredPair) -> Measurement:
        """Restore and judge it."""
        return judge(self.rows[row], subject, task.image_sha256)[0]

    def blank(self, task: Task, row: str) -> Measurement:
        """What a row restores."""
        return Measurement(row, task.path.name, task.kernel, task.sigma, image_sha256=task.image_sha256)

    @cached_property
    def _hashes(self) -> list[str]:
        return image_hashes(self.paths)


@lru_cache(maxsize=1)  # the next task is mostly the same image with another kernel
def _read(path: Path) -> Tensor:
    return to_tensor(read_image(path).pixels)
