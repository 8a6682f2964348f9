"""What a lens does to light: discs and Gaussians with the faults of real lenses, over colours and over the image.

Kernels are sampled as `pinsharp.blur.kernels` samples them: discs by the area that each pixel shares with them,
Gaussians at the centres of pixels.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pinsharp.blur.kernels import kernel_sigma
from pinsharp.data.cameras.light import Array, shaped
from pinsharp.images.arrays import BT601

_LEAST_SIGMA = 0.05  # pixels; a narrower Gaussian does not blur
_REACH = 3.5  # sigmas to each side
_TAIL_WIDTH = 2.0  # sigma of a tail, in sigmas of the Gaussian


@dataclass(frozen=True)
class Lens:
    """A lens out of focus. Lengths are in pixels of the result; all shares are 0 for none.

    Args:
        radius: Of the disc; 0 for none.
        sigma: Of the Gaussian that softens it, or that is the whole blur where there is no disc.
        rim: Brightness of a disc's rim over its middle, -0.9 (dark) to 1 (bright): spherical aberration.
        coma: Slope of a disc's brightness along `angle`, 0 to 0.9; its light stays centred.
        stretch: Astigmatism: how much longer than round the blur is along `angle`, and narrower across it; to 0.1 in
            lenses that count as round.
        angle: In radians.
        blades: Of the iris; 0 for a round one.
        roundness: Of an iris with blades, 0 (polygon) to 1 (circle).
        tail: Share of a Gaussian's light in a tail of twice its sigma.
        colour: Longitudinal colour: blue's blur is wider than green's by this share, red's narrower.
        drift: Change of the width over the image, from one side to the other, as a share of it.
        drift_angle: Direction in which it grows, in radians.
        core: Share of the light that is in focus all the same, near the kernel's centre: spherical aberration, glare.
        core_width: Sigma of that core, as a share of the width of the rest.
        halo: Share of the light that a wide Gaussian around the blur takes: glare, layers of glass, spherical
            aberration.
        halo_width: Sigma of that halo over the width of the rest, above 1.
        motion: Length in pixels along `angle` over which the image moves while it is taken.
        aperture: Sigma of the softness of the same camera in focus, of pixels and lens; not part of the kernel.
    """

    radius: float = 0.0
    sigma: float = 0.0
    rim: float = 0.0
    coma: float = 0.0
    stretch: float = 0.0
    angle: float = 0.0
    blades: int = 0
    roundness: float = 1.0
    tail: float = 0.0
    colour: float = 0.0
    drift: float = 0.0
    drift_angle: float = 0.0
    core: float = 0.0
    core_width: float = 0.2
    halo: float = 0.0
    halo_width: float = 1.5
    motion: float = 0.0
    aperture: float = 0.0

    @property
    def is_sharp(self) -> bool:
        """Whether it does not blur at all."""
        return self.radius == 0 and self.sigma < _LEAST_SIGMA and not self.motion


def render(lens: Lens, scale: float = 1.0, size: int | None = None) -> Array:
    """Render the kernel of green light in the middle of the image.

    Args:
        lens: What is rendered; `colour`, `drift` and `aperture` are left out.
        scale: Pixels of the kernel in one pixel of the lens: 2 for an image that is later reduced to half.
        size: Side of the kernel in pixels, odd. Default: room for all of it.

    Returns:
        Kernel (size, size), sum 1, centre at size // 2.
    """
    side = size or kernel_side(lens, scale)
    radius, sigma = lens.radius * scale, lens.sigma * scale
    kernel = _softened(_disc(lens, radius, side), sigma) if radius else _gaussian(lens, sigma, side)
    for share, spread in ((lens.core, lens.core_width), (lens.halo, lens.halo_width)):
        if share:
            other = _gaussian(Lens(), spread * math.hypot(radius / 2, sigma), side)
            kernel = (1 - share) * kernel / kernel.sum() + share * other / other.sum()
    return _normalised(_moved(kernel, lens.motion * scale, lens.angle) if lens.motion else kernel)


def kernel_side(lens: Lens, scale: float = 1.0) -> int:
    """Side of the kernel that holds a lens's light, in pixels, odd."""
    far = lens.radius * (1 + lens.stretch) * (1 + lens.coma / 4)
    spread = _REACH * lens.sigma * (1 if lens.radius else (1 + lens.stretch) * (_TAIL_WIDTH if lens.tail else 1))
    halo = _REACH * lens.halo_width * math.hypot(lens.radius / 2, lens.sigma) if lens.halo else 0.0
    reach = max(far + spread, halo) + lens.motion / 2
    return 2 * math.ceil(scale * reach - 0.5 * (lens.radius > 0)) + 1


def lens_kernels(lens: Lens, scale: float, channels: int) -> Array:
    """Render the kernels of all colours at both ends of the image.

    Args:
        lens: What is rendered.
        scale: See `render`.
        channels: 1 for mono, 3 for red, green and blue.

    Returns:
        Kernels (2, channels, K, K), or (1, channels, K, K) if the width does not change over the image.
    """
    ends = (1 - lens.drift / 2, 1 + lens.drift / 2) if lens.drift else (1.0,)
    colours = (1 - lens.colour, 1.0, 1 + lens.colour) if channels == 3 else (1.0,)
    side = kernel_side(lens, scale * ends[-1] * max(colours))
    alike = len(set(colours)) == 1  # not rendered three times
    return np.stack(
        [
            np.stack([render(lens, scale * end * colour, side) for colour in colours[: 1 if alike else 3]]).repeat(
                channels if alike else 1, axis=0
            )
            for end in ends
        ]
    )


def central_kernel(kernels: Array) -> Array:
    """The kernel (K, K) of brightness in the middle of an image, from all colours and both ends."""
    middle: Array = kernels.mean(axis=0)
    weights = np.array(BT601 if len(middle) == 3 else (1,), np.float32)
    return np.tensordot(weights, middle, axes=1).astype(np.float32)


def width(kernel: Array) -> float:
    """Effective width of a kernel (K, K) in its pixels; see `pinsharp.blur.kernels.kernel_sigma`."""
    return float(kernel_sigma(torch.from_numpy(kernel.astype(np.float64))[None, None]))


def widened_by_halo(lens: Lens) -> float:
    """Width of the Gaussian that blurs natural scenes most as a lens with its halo does, over the width without it.

    Far light has a large second moment, and a small part in what is seen. With (1 - q) N(1) + q N(w^2) for the kernel
    and a scene whose power falls with the square of the frequency, the integral of |difference|^2 / f over f is least
    for the t^2 = u that solves (1 - q) u / (1 + u) + q u / (w^2 + u) = 1/2, or u^2 + (1 - 2 q)(w^2 - 1) u = w^2.
    """
    half = (1 - 2 * lens.halo) * (lens.halo_width**2 - 1) / 2
    return math.sqrt(math.hypot(half, lens.halo_width) - half)


def see(light: Array, kernels: Array, drift_angle: float = 0.0) -> Array:
    """Blur light by a lens, and leave out what its border would have touched.

    Args:
        light: Sharp light (H, W, C).
        kernels: Kernels of the lens; see `lens_kernels`.
        drift_angle: Direction in which the second end of the kernels is reached, in radians.

    Returns:
        Blurred light (H - K + 1, W - K + 1, C).
    """
    ends = [_convolved(light, end) for end in kernels]
    if len(ends) == 1:
        return ends[0]
    share = _ramp(ends[0].shape[0], ends[0].shape[1], drift_angle)[..., None]
    return np.asarray(ends[0] + share * (ends[1] - ends[0]), np.float32)


def soften(light: Array, aperture: float) -> Array:
    """Give light (H, W, C) the softness of a camera in focus: pixels that gather light, and a lens without defocus."""
    if aperture < _LEAST_SIGMA:
        return light
    return shaped(cv2.GaussianBlur(light, (0, 0), aperture, borderType=cv2.BORDER_REFLECT_101), light.shape)


def _disc(lens: Lens, radius: float, side: int) -> NDArray[np.float64]:
    """Light of a disc by area, each pixel the mean of its samples; the disc's border is drawn between samples."""
    fineness = 2 * int(np.clip(12 / radius, 1, 12)) + 1
    across, down = _places(side, fineness, lens.angle)
    across = across + lens.coma * radius / 4  # where the light of the slope would lie is the centre
    x, y = across / (1 + lens.stretch), down * (1 + lens.stretch)
    distance = np.hypot(x, y)
    if lens.blades:
        sector = 2 * math.pi / lens.blades
        angle = np.arctan2(y, x) % sector - sector / 2
        polygon = distance * np.cos(angle) / math.cos(sector / 2)
        distance = lens.roundness * distance + (1 - lens.roundness) * polygon
    inside = np.clip((radius - distance) * fineness + 0.5, 0, 1)
    brightness = 1 + lens.rim * (2 * (distance / radius) ** 2 - 1) + lens.coma * x / radius
    fine = inside * np.clip(brightness, 0, None)
    return np.asarray(fine.reshape(side, fineness, side, fineness).mean(axis=(1, 3)))


def _gaussian(lens: Lens, sigma: float, side: int) -> NDArray[np.float64]:
    across, down = _places(side, 1, lens.angle)
    squares = (across / (1 + lens.stretch)) ** 2 + (down * (1 + lens.stretch)) ** 2
    squares = squares / max(sigma, _LEAST_SIGMA) ** 2
    far = np.exp(-squares / 2 / _TAIL_WIDTH**2) / _TAIL_WIDTH**2
    return np.asarray((1 - lens.tail) * np.exp(-squares / 2) + lens.tail * far)


def _moved(kernel: NDArray[np.float64], length: float, angle: float) -> NDArray[np.float64]:
    """The mean of a kernel at places along a line through the centre, interpolated linearly between pixels."""
    count = 2 * math.ceil(2 * length) + 1
    steps = np.linspace(-length / 2, length / 2, count)
    shifts = ((step * math.cos(angle), step * math.sin(angle)) for step in steps)
    moved = [cv2.warpAffine(kernel, np.array([[1, 0, x], [0, 1, y]]), kernel.shape[::-1]) for x, y in shifts]
    return np.asarray(np.mean(moved, axis=0))


def _softened(disc: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    if sigma < _LEAST_SIGMA:
        return disc
    offset = np.arange(len(disc))
    band = np.exp(-0.5 * ((offset[:, None] - offset[None, :]) / sigma) ** 2)
    return np.asarray(band @ disc @ band)


def _places(side: int, fineness: int, angle: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places of the samples in pixels from the kernel's centre, along an angle and across it."""
    axis = (np.arange(side * fineness) + 0.5) / fineness - side / 2
    cosine, sine = math.cos(angle), math.sin(angle)
    rows, columns = axis[:, None], axis[None, :]
    return columns * cosine + rows * sine, rows * cosine - columns * sine


def _ramp(height: int, width: int, angle: float) -> Array:
    """Numbers (height, width) that rise from 0 to 1 along an angle, and are 1/2 in the middle."""
    rows, columns = np.linspace(-0.5, 0.5, height)[:, None], np.linspace(-0.5, 0.5, width)[None, :]
    slope = columns * math.cos(angle) + rows * math.sin(angle)
    return (0.5 + slope / (abs(math.cos(angle)) + abs(math.sin(angle)))).astype(np.float32)


def _convolved(light: Array, kernels: Array) -> Array:
    """Convolve light (H, W, C) with one kernel a channel (C, K, K); OpenCV takes Fourier transforms for large ones."""
    edge = kernels.shape[-1] // 2
    flipped = np.ascontiguousarray(kernels[:, ::-1, ::-1])  # OpenCV correlates
    if np.array_equal(flipped[0], flipped[-1]):
        blurred = shaped(cv2.filter2D(light, -1, flipped[0]), light.shape)
    else:
        planes = [cv2.filter2D(light[..., c].copy(), -1, flipped[c]) for c in range(len(flipped))]
        blurred = shaped(np.stack(planes, axis=-1), light.shape)
    return blurred[edge : light.shape[0] - edge, edge : light.shape[1] - edge]


def _normalised(kernel: NDArray[np.float64]) -> Array:
    return np.asarray(kernel / kernel.sum(), np.float32)
