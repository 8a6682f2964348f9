"""A bank of local Wiener filters: several deconvolutions of one image, careful to bold, in front of a small network.

Each filter is conj(K) / (|K|^2 + C_j) (Wiener deconvolution, eq. 3 of the paper) with a learned noise-to-signal ratio
C_j(f) = c_0 exp(a_j) (n(f) / n_0)^2 (|f| / f_0)^b_j, where n is the noise of the image, one number or one for each ring
of frequency: natural images have power laws for spectra. The filter is cut to a finite radius in the image plane. That
makes it local, so that a window with enough halo is deconvolved exactly as inside the whole image, whatever its size.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from pinsharp.blur.fourier import (
    circular_convolve,
    corner_spectrum,
    fast_size,
    from_spectrum,
    radial_frequency,
    rows_from_spectrum,
    transfer_function,
)

REFERENCE_NOISE = 1 / 255
REFERENCE_FREQUENCY = 0.25
"""Noise, and cycles per pixel, at which `REFERENCE_RATIO` holds."""

LEAST_NOISE = 1e-4
"""Noise below this, about that of 12-bit rounding, is taken as this: float32 transforms carry no more."""

REFERENCE_RATIO = 7e-3
"""Noise-to-signal ratio of photographs with noise of 1/255 at a quarter cycle per pixel; the middle filter's start."""

STEADY_STEPS = 8
"""Landweber iterations of the steady filter: on held-out pairs of six simulated cameras, with the true kernel, they
gained 1.1 dB after 5 and 1.3 after 8."""


class WienerBank(nn.Module):
    """Deconvolve an image with `count` Wiener filters of finite radius in pixels; they fade out over its outer 40 %.

    Filters are designed on a grid of frequencies of at least 2 * radius + 1 a side. With `steady` there is one more,
    the last: that of some Landweber iterations (1951), which asks for no noise and minds a wrong kernel least.
    """

    def __init__(self, count: int, radius: int, grid: int, *, steady: bool = False) -> None:
        super().__init__()
        if grid < 2 * radius + 1:
            raise ValueError(f"grid must be at least 2 * radius + 1 = {2 * radius + 1}, got {grid}")
        self.count = count
        self.steady = steady
        self.radius = radius
        self.grid = grid
        # From careful to bold, a factor of seven from one to the next.
        steps = torch.arange(count, dtype=torch.float32) - (count - 1) / 2
        self.log_strength = nn.Parameter(-2.0 * steps)  # a_j
        self.slope = nn.Parameter(torch.full((count,), 2.4))  # b_j
        self.register_buffer("frequency", radial_frequency((grid, grid)) / REFERENCE_FREQUENCY, persistent=False)
        self.register_buffer("taper", _taper(radius), persistent=False)
        self.frequency: Tensor
        self.taper: Tensor

    def forward(self, image: Tensor, kernel: Tensor, noise: Tensor) -> Tensor:
        """Deconvolve images (B, C, H, W) with kernels (B, 1, K, K) and noise (B,) or (B, rings), in full scale.

        Returns:
            Deconvolved images (B, copies, C, H, W), float32. Past the border the image goes on with its edge value.
        """
        with torch.autocast(device_type=image.device.type, enabled=False):
            filters = self.filters(kernel.float(), noise.float())  # (B, copies, 2R + 1, 2R + 1)
            height, width = image.shape[-2:]
            padded = self._pad(image.float())[:, None]  # (B, 1, C, H', W')
            result = circular_convolve(padded, filters[:, :, None])
            return result[..., self.radius : self.radius + height, self.radius : self.radius + width]

    @property
    def copies(self) -> int:
        """Deconvolutions of an image: one for each filter."""
        return self.count + self.steady

    def transform_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Lengths at which `planes` transforms images of a shape (H, W) with their neighbours, or smaller ones."""
        return fast_size(shape[0] + 2 * self.radius), fast_size(shape[1] + 2 * self.radius)

    def transfers(self, kernel: Tensor, noise: Tensor, shape: tuple[int, int]) -> list[Tensor]:
        """Transform the filters of one image, of kernel (1, 1, K, K) and noise (1,), for `planes`.

        The shape is what `transform_shape` says. Gives a spectrum (H', W' // 2 + 1) for each filter.
        """
        with torch.autocast(device_type=kernel.device.type, enabled=False):
            filters = self.filters(kernel.float(), noise.float())[0]  # (copies, 2R + 1, 2R + 1)
        return [corner_spectrum(one, shape) for one in filters]

    def planes(self, image: Tensor, transfers: Sequence[Tensor], shape: tuple[int, int]) -> Iterator[Tensor]:
        """Give what `forward` gives, one plane (h, w) after another, float32; for restoring, not for training.

        Half the time of `forward` on a megapixel of colour, one core: one transform at a time stays in
        the cache, filters are transformed without the rows that they do not have, rows that are cut off are left out.

        The image (C, H', W'), float32, comes with `radius` pixels of neighbours above and before it, and at least as
        many below and behind; `shape` is (h, w), without them. `transfers` are those for H' and W'. All channels are
        deconvolved with the first filter, then all with the second, and so on.
        """
        lengths = (image.shape[-2], image.shape[-1])
        # A filter's centre is at (R, R) here, so the result lies R further down and to the right.
        rows, columns = (slice(2 * self.radius, 2 * self.radius + length) for length in shape)
        # Spectra and transfer functions have the same layout, columns first: their product is four times as fast so.
        spectra = [corner_spectrum(plane, lengths) for plane in image]  # C times (H', W' // 2 + 1)
        for transfer in transfers:
            for half_spectrum in spectra:
                yield rows_from_spectrum(half_spectrum * transfer, lengths, rows)[:, columns]

    def filters(self, kernel: Tensor, noise: Tensor) -> Tensor:
        """Design the filters in the image plane: (B, copies, 2 radius + 1, 2 radius + 1), each of sum 1."""
        otf = transfer_function(fit_kernel(kernel, self.grid - 1), (self.grid, self.grid))  # (B, 1, N, N // 2 + 1)
        power = otf.abs().square()
        response = otf.conj() / (power + self._noise_to_signal(noise))
        if self.steady:
            response = torch.cat([response, otf.conj() * _iterated(power, STEADY_STEPS)], dim=1)
        impulse = from_spectrum(response, (self.grid, self.grid)).roll((self.radius, self.radius), dims=(-2, -1))
        side = 2 * self.radius + 1
        local = impulse[..., :side, :side] * self.taper
        # Cutting the ringing of a filter off changes its sum; a wide, flat correction keeps the image's brightness.
        missing = 1 - local.sum(dim=(-2, -1), keepdim=True)
        return local + missing * self.taper / self.taper.sum()

    def _noise_to_signal(self, noise: Tensor) -> Tensor:
        """C_j(f) of every image, (B, count, N, N // 2 + 1)."""
        law = self.frequency.clamp(min=1e-3).log() * self.slope[:, None, None]  # (count, N, N // 2 + 1)
        power = 2 * (noise.clamp(min=LEAST_NOISE) / REFERENCE_NOISE).log()
        if noise.ndim == 1:
            level = power[:, None] + self.log_strength  # (B, count)
            level = level + math.log(REFERENCE_RATIO)
            return (level[:, :, None, None] + law).exp()
        strength = self.log_strength[:, None, None] + math.log(REFERENCE_RATIO)
        return (between_rings(power, self.frequency * REFERENCE_FREQUENCY)[:, None] + strength + law).exp()

    def _pad(self, image: Tensor) -> Tensor:
        """Continue by edge values to a fast length; only the filter's radius of it reaches the result."""
        height, width = image.shape[-2:]
        bottom = fast_size(height + 2 * self.radius) - height - self.radius
        right = fast_size(width + 2 * self.radius) - width - self.radius
        return nn.functional.pad(image, (self.radius, right, self.radius, bottom), mode="replicate")


def _iterated(power: Tensor, steps: int) -> Tensor:
    """What Landweber iterations multiply conj(K) by, where |K|^2 is `power`: (1 - (1 - |K|^2)^steps) / |K|^2."""
    left, total = torch.ones_like(power), torch.zeros_like(power)
    for _ in range(steps):  # the sum of (1 - |K|^2)^i, exact where |K|^2 is 0
        total = total + left
        left = left * (1 - power)
    return total


def between_rings(values: Tensor, frequency: Tensor) -> Tensor:
    """Read values (B, R) of rings between 0 and half a cycle a pixel at frequencies (...), linearly in between.

    A ring's value belongs to its middle; below the first middle and above the last the value stays.
    """
    count = values.shape[-1]
    place = (frequency * 2 * count - 0.5).clamp(0, count - 1)
    low = place.long().clamp(max=max(count - 2, 0))
    share = place - low
    return values[:, low] * (1 - share) + values[:, (low + 1).clamp(max=count - 1)] * share


def _taper(radius: int) -> Tensor:
    """Window of side 2 radius + 1: 1 inside 60 % of the radius, then a cosine down to 0."""
    position = torch.arange(-radius, radius + 1, dtype=torch.float32)
    distance = torch.hypot(position[:, None], position[None, :]) / (radius + 1)
    ramp = ((distance - 0.6) / 0.4).clamp(0, 1)
    return 0.5 + 0.5 * torch.cos(math.pi * ramp)


def fit_kernel(kernel: Tensor, most: int) -> Tensor:
    """Cut kernels (B, 1, K, K) with more than `most` pixels a side to their centre."""
    cut = max(0, (kernel.shape[-1] - most + 1) // 2)
    return kernel[..., cut : kernel.shape[-2] - cut, cut : kernel.shape[-1] - cut] if cut else kernel
