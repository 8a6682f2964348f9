"""The one parametrisation of a blur: a Gaussian convolved with a disc, either of which may be absent.

It has a sigma, of the Gaussian, and a radius, of the disc. The same in other words: the effective width, which is the
second-moment sigma of both together, and the disc's share of its square. Squared widths add under convolution, and a
disc is as wide as a Gaussian of half its radius. Lengths are in pixels.
"""

from typing import Literal, TypeVar

import torch
from torch import Tensor

Family = Literal["gaussian", "disk", "mixture", "free", "given"]

GAUSSIAN_BELOW, DISK_ABOVE = 0.25, 0.75
"""Share of the disc in the squared width up to which a blur counts as Gaussian, and from which on as a disc."""

_LEAST_SHARE = 1e-6
"""Share of the squared width that each part has at the least, so that square roots have a finite gradient."""

_Width = TypeVar("_Width", float, Tensor)


def disk_radius(width: _Width) -> _Width:
    """Radius of the disc that has an effective width."""
    return 2 * width


def split_width(width: Tensor, disk_share: Tensor) -> tuple[Tensor, Tensor]:
    """Give sigma of the Gaussian and radius of the disc for effective widths and shares of the disc, all (B,)."""
    radius = disk_radius(width) * disk_share.clamp(min=_LEAST_SHARE).sqrt()
    sigma = width * (1 - disk_share).clamp(min=_LEAST_SHARE).sqrt()
    return sigma, radius


def effective_width(sigma: Tensor, radius: Tensor) -> Tensor:
    """Effective widths (B,) of Gaussians convolved with discs."""
    return (sigma.square() + radius.square() / 4).sqrt()


def share_of_disk(sigma: Tensor, radius: Tensor) -> Tensor:
    """Shares of the squared width that the disc explains, (B,): 0 without a disc, 1 without a Gaussian."""
    return radius.square() / (4 * sigma.square() + radius.square())


def family_of(disk_share: float) -> Family:
    """What a blur is called by the share of the squared width that its disc explains."""
    if disk_share < GAUSSIAN_BELOW:
        return "gaussian"
    return "disk" if disk_share > DISK_ABOVE else "mixture"


def exact_kernels(sigma: float | Tensor, radius: float | Tensor, size: int) -> Tensor:
    """Render kernels (B, 1, size, size) as `render_kernels` does, in float64, and give them in float32."""
    parts = [torch.as_tensor(part, dtype=torch.float64).reshape(-1) for part in (sigma, radius)]
    return render_kernels(parts[0], parts[1], size).float()


def render_kernels(sigma: Tensor, radius: Tensor, size: int) -> Tensor:
    """Render a batch of Gaussians convolved with discs; differentiable in both parameters.

    Args:
        sigma: Standard deviations in pixels, shape (B,), >= 0; 0 stands for no Gaussian.
        radius: Disc radii in pixels, shape (B,), >= 0; 0 stands for no disc.
        size: Side of the kernels in pixels, odd. What lies outside is cut off and the rest scaled to sum 1.

    Returns:
        Kernels of shape (B, 1, size, size), in the dtype of `sigma`.
    """
    disk = _disk_coverage(radius, size)
    # A Gaussian is separable: one banded matrix from the left and the same one from the right blur a disc with it.
    offsets = torch.arange(size, dtype=sigma.dtype, device=sigma.device)
    distance = offsets[:, None] - offsets[None, :]
    band = torch.exp(-0.5 * (distance / sigma.clamp(min=1e-2)[:, None, None]) ** 2)  # (B, K, K)
    kernel = band @ disk @ band
    return (kernel / kernel.sum(dim=(-2, -1), keepdim=True)).unsqueeze(1)


def _disk_coverage(radius: Tensor, size: int) -> Tensor:
    """Area that each pixel of a size x size grid shares with a centred disc, (B, size, size); radius 0 is one pixel."""
    edges = torch.arange(size + 1, dtype=radius.dtype, device=radius.device) - size / 2
    # A disc of radius below 0.5 lies inside the centre pixel: any such radius is the same delta.
    corner = _corner_area(edges[None, :, None], edges[None, None, :], radius.clamp(min=1e-3)[:, None, None])
    return corner[:, 1:, 1:] - corner[:, :-1, 1:] - corner[:, 1:, :-1] + corner[:, :-1, :-1]


def _corner_area(x: Tensor, y: Tensor, radius: Tensor) -> Tensor:
    """Signed area of a centred disc inside the rectangle from the origin to (x, y)."""
    sign = torch.sign(x) * torch.sign(y)
    x, y = torch.minimum(x.abs(), radius), torch.minimum(y.abs(), radius)
    meets = _half_chord(y, radius)  # where the line at height y leaves the disc
    return sign * (y * torch.minimum(x, meets) + (_arc_area(x, radius) - _arc_area(meets, radius)).clamp(min=0))


def _half_chord(x: Tensor, radius: Tensor) -> Tensor:
    # The tiny floor keeps the square root's gradient finite at the rim.
    return (radius**2 - x**2).clamp(min=1e-12).sqrt()


def _arc_area(x: Tensor, radius: Tensor) -> Tensor:
    """Area under the circle's upper arc from 0 to x."""
    return 0.5 * (x * _half_chord(x, radius) + radius**2 * torch.atan2(x, _half_chord(x, radius)))
