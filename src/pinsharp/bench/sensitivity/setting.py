"""What Figure 4 of the paper blurs, and which widths of the blur it assumes."""

from dataclasses import dataclass

from pinsharp.blur.operators import Boundary
from pinsharp.data.testset import Degradation

ESTIMATED = "estimated"
"""Stands for the width when the kernel was estimated."""


@dataclass(frozen=True)
class Setting:
    """What is blurred how, and which widths are assumed.

    Args:
        true: Sigma of the Gaussian that blurs, in pixels.
        wrong: Sigma that the figure takes for a mistake.
        assumed: Sigmas of the curve; `true` and `wrong` are added.
        size: Side of all these kernels in pixels, as in the paper; a Gaussian of 3.5 is cut at three sigmas by it.
        boundary: How an image continues past its border.
        bits: Depth to which the blurred image is rounded.

    Raises:
        KernelError: If a sigma is not positive, or `size` is even.
    """

    true: float = 3.5
    wrong: float = 3.7
    assumed: tuple[float, ...] = tuple(round(3.0 + 0.1 * step, 1) for step in range(11))
    size: int = 21
    boundary: Boundary = "reflect"
    bits: int = 8

    @property
    def widths(self) -> list[float]:
        """All sigmas that are assumed, in order."""
        return sorted({*self.assumed, self.true, self.wrong})

    @property
    def protocol(self) -> Degradation:
        """How the sharp images are blurred."""
        return Degradation(f"gaussian:{self.true}:{self.size}", self.boundary, self.bits)

    def is_shown(self, row: str) -> bool:
        """Whether the picture shows a row."""
        return parts(row)[1] in (None, self.true, self.wrong, ESTIMATED)


Assumed = float | str | None
"""Sigma that was assumed, in pixels, or `ESTIMATED`; None for the input itself."""


def row_of(method: str, assumed: Assumed) -> str:
    """Name of the row of a method with an assumed width."""
    return method if assumed is None else f"{method}, {assumed}"


def parts(row: str) -> tuple[str, Assumed]:
    """Method and assumed width of a row."""
    method, comma, assumed = row.rpartition(", ")
    return (method, assumed if assumed == ESTIMATED else float(assumed)) if comma else (row, None)
