"""Records of slanted edges, `edges.jsonl` in the folder of the results."""

import math
from dataclasses import dataclass, field
from typing import Literal

from pinsharp.bench.engine.records import Kind, Records, Result


@dataclass(frozen=True)
class EdgeFigures(Result):
    """Figures of an edge as it was taken or restored, or the reason why there are none."""

    row: str  # `blurred` for the edge as it was taken, or the method
    image: str
    image_sha256: str
    light: str | None = None  # in which it was measured and restored: `linear`, `srgb` or an exponent
    mtf50: float | None = None  # cycles a pixel, read from the edge; None if more than half is left at half a cycle
    overshoot: float = math.nan  # as a share of the step
    angle: float = math.nan  # degrees off the grid
    mtf: list[float] = field(default_factory=list)  # transfer function at `slanted.FREQUENCIES`
    sigma: float | None = None  # width in pixels that the estimator measures in this image
    sigma_relative_std: float | None = None  # as the estimator says it
    sigma_mtf50: float | None = None  # frequency at which the measured kernel leaves half of the contrast
    known_mtf50: float | None = None  # what somebody else has read from the edge as it was taken
    status: Literal["done", "failed"] = "done"
    reason: str | None = None  # why it failed, on one line

    @property
    def key(self) -> tuple[str, str]:
        """What these are figures of."""
        return self.row, self.image_sha256

    @property
    def place(self) -> str:
        """File name of the image."""
        return self.image


KIND = Kind("edges.jsonl", "edges", "edge", "slanted edges", EdgeFigures)
EdgeRecords = Records[EdgeFigures]
"""All that was measured: the latest figures of each row and image."""
