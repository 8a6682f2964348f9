"""Kernels of real lenses: close to a Gaussian or a disc, but not equal to one.

An iris has blades, spherical aberration puts the light to the middle or to the rim of the disc, astigmatism makes it
longer than wide, and scattered light reaches further than a Gaussian does. A restorer that is given the nearest
Gaussian or disc, and was trained on nothing else, puts rings and double edges around everything.
"""

import math

import torch
from torch import Tensor, nn

from pinsharp.blur.family import render_kernels
from pinsharp.blur.kernels import kernel_sigma

_FINENESS = 4
"""Samples a pixel, along each axis, by which a kernel is drawn."""

_LONGEST = 0.2
"""Most by which astigmatism makes a kernel longer, and as much narrower."""

_RIM = 0.7
"""Largest share of the mean light that spherical aberration adds at the rim, and takes from the middle, or the other
way round."""

_TAIL = 0.25
"""Largest share of a Gaussian's light that lies in a tail, a Gaussian of twice its width."""


def aberrate(sigma: float, radius: float, size: int, draw: torch.Generator) -> Tensor:
    """Draw a kernel as a lens with aberrations has it, as wide as a Gaussian convolved with a disc.

    Sigma and radius are in pixels, 0 for none; the generator, on the CPU, decides how the kernel differs from those.

    Returns:
        Kernel (1, size, size), size odd, sum 1, float64. What it is convolved with has the second moment that it would
        have had by the Gaussian and the disc, as far as pixels and `size` allow.
    """
    u = torch.rand(6, generator=draw, dtype=torch.float64).tolist()
    nominal = _rendered(0.0, radius, size) if radius else _rendered(sigma, 0.0, size)
    drawn = _drawn(sigma, radius, size, u, 1.0)
    scale = float(kernel_sigma(nominal)) / max(float(kernel_sigma(drawn)), 0.1)
    drawn = _drawn(sigma, radius, size, u, min(max(scale, 0.5), 2.0))
    if radius and sigma:
        drawn = nn.functional.conv2d(drawn, _rendered(sigma, 0.0, size), padding=size // 2)
        drawn = drawn / drawn.sum()
    return drawn[0]


def _drawn(sigma: float, radius: float, size: int, u: list[float], scale: float) -> Tensor:
    """The kernel (1, 1, K, K) before any Gaussian softens its disc, enlarged by a factor."""
    along, across = _turned(size, math.pi * u[0])
    stretch = 1 + _LONGEST * u[1]
    along, across = along / (scale * stretch), across * stretch / scale
    light = _disc(along / radius, across / radius, u) if radius else _tailed(along / sigma, across / sigma, u[2])
    pixels = nn.functional.avg_pool2d(light[None, None], _FINENESS)
    if not float(pixels.sum()):  # smaller than the distance of the samples
        pixels[..., size // 2, size // 2] = 1
    return pixels / pixels.sum()


def _disc(x: Tensor, y: Tensor, u: list[float]) -> Tensor:
    """Light of a disc of radius 1 behind an iris of some blades, brighter or darker towards its rim."""
    blades, roundness = 5 + int(4 * u[3]), u[4]
    angle = torch.atan2(y, x).remainder(2 * math.pi / blades) - math.pi / blades
    distance = torch.hypot(x, y)
    polygon = distance * angle.cos() / math.cos(math.pi / blades)  # 1 on the polygon around the circle's corners
    share = roundness * distance + (1 - roundness) * polygon
    return (share < 1) * (1 + _RIM * (2 * u[5] - 1) * (2 * share.square() - 1))


def _tailed(x: Tensor, y: Tensor, tail: float) -> Tensor:
    """Light of a Gaussian of sigma 1, some of it in a tail of sigma 2."""
    squares = x.square() + y.square()
    share = _TAIL * tail
    return (1 - share) * torch.exp(-squares / 2) + share / 4 * torch.exp(-squares / 8)


def _turned(size: int, angle: float) -> tuple[Tensor, Tensor]:
    """Places of the finer grid in pixels from the kernel's centre, along a direction and across it."""
    axis = (torch.arange(size * _FINENESS, dtype=torch.float64) + 0.5) / _FINENESS - size / 2
    rows, columns = axis[:, None], axis[None, :]
    cosine, sine = math.cos(angle), math.sin(angle)
    return columns * cosine + rows * sine, rows * cosine - columns * sine


def _rendered(sigma: float, radius: float, size: int) -> Tensor:
    width, disc = (torch.tensor([part], dtype=torch.float64) for part in (sigma, radius))
    return render_kernels(width, disc, size)
