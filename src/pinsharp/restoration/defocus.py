"""What is told about the blur of an image: its kernel, its width and how sure that is, its family."""

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray
from torch import Tensor

from pinsharp.blur.continuation import Continuation
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.methods import KernelEstimate

Family = Literal["gaussian", "disk", "mixture", "free", "given"]

GAUSSIAN_BELOW, DISK_ABOVE = 0.25, 0.75
"""Share of the disc in the squared width up to which a blur counts as Gaussian, and from which on as a disc."""


@dataclass(frozen=True, eq=False)
class Defocus:
    """The blur of one image.

    Attributes:
        kernel: Kernel (K, K), float32, K odd, sum 1, centre at K // 2.
        sigma: Effective width in pixels: the standard deviation of a Gaussian, half the radius of a disc. Of the light
            before pixels average it, if the method measures that; the second moment of `kernel` otherwise.
        sigma_relative_std: Standard deviation of `sigma` as a share of it, in the method's own judgement; None if it
            gives none.
        family: `gaussian`, `disk`, `mixture` of both, `free` for a kernel without such a form, `given` for the user's.
        disk_share: Share of the squared width that a disc explains, in [0, 1]; None if that is unknown.
        noise: Standard deviation of the noise, rounding included, in units of full scale; None if that is unknown.
        continuation: How the image goes on past its border, if it was blurred by a computer that mirrored it there
            (`reflect`) or took it to be periodic (`circular`); None otherwise, as for all images of cameras.
    """

    kernel: NDArray[Any]
    sigma: float
    sigma_relative_std: float | None = None
    family: Family = "free"
    disk_share: float | None = None
    noise: float | None = None
    continuation: Continuation | None = None

    @property
    def disk_radius(self) -> float:
        """Radius in pixels of the disc, the circle of confusion, that is as wide."""
        return 2 * self.sigma


def describe(kernel: Tensor, estimate: KernelEstimate | None, *, is_given: bool) -> Defocus:
    """Put a method's answer about one image in a user's terms.

    Args:
        kernel: Kernel (1, 1, K, K) that belongs to the image.
        estimate: What a network found out, if it was one.
        is_given: Whether the kernel is the user's.
    """
    width = _number(estimate.log_width.exp()) if estimate and estimate.log_width is not None else None
    disk_share = _number(estimate.disk_share) if estimate else None
    return Defocus(
        kernel=kernel[0, 0].detach().float().cpu().numpy().copy(),
        sigma=float(kernel_sigma(kernel)[0]) if width is None else width,
        sigma_relative_std=_number(estimate.log_width_std) if estimate else None,
        family="given" if is_given else _family(disk_share),
        disk_share=disk_share,
        noise=_number(estimate.noise) if estimate else None,
        continuation=estimate.continuations[0] if estimate and estimate.continuations else None,
    )


def _family(disk_share: float | None) -> Family:
    if disk_share is None:
        return "free"
    if disk_share < GAUSSIAN_BELOW:
        return "gaussian"
    return "disk" if disk_share > DISK_ABOVE else "mixture"


def _number(values: Tensor | None) -> float | None:
    """The only one of (1,) values."""
    return None if values is None else float(values[0])
