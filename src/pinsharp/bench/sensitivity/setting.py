"""What Figure 4 of the paper blurs, and which widths of the blur it assumes."""

from dataclasses import dataclass

from pinsharp.blur.operators import Boundary
from pinsharp.data.testset import Degradation

ESTIMATED = "estimated"  # stands for the width when the kernel was estimated


@dataclass(frozen=True)
class Setting:
    """What is blurred how, and which widths are assumed.

    Raises:
        KernelError: If a sigma is not positive, or `size` is even.
    """

    true: float = 3.5  # sigma of the Gaussian that blurs, in pixels
    wrong: float = 3.7  # sigma that the figure takes for a mistake
    # Sigmas of the curve; `true` and `wrong` are added.
    assumed: tuple[float, ...] = tuple(round(3.0 + 0.1 * step, 1) for step in range(11))
    size: int = 21  # side of all kernels in pixels, as in the paper; it cuts a Gaussian of 3.5 at three sigmas
    boundary: Boundary = "reflect"  # how an image continues past its border
    bits: int = 8  # depth to which the blurred image is rounded

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


Assumed = float | str | None  # sigma that was assumed, in pixels, or `ESTIMATED`; None for the input itself


def row_of(method: str, assumed: Assumed) -> str:
    """Name of the row of a method with an assumed width."""
    return method if assumed is None else f"{method}, {assumed}"


def parts(row: str) -> tuple[str, Assumed]:
    """Method and assumed width of a row."""
    method, comma, assumed = row.rpartition(", ")
    return (method, assumed if assumed == ESTIMATED else float(assumed)) if comma else (row, None)
