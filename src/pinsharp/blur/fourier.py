"""Fourier transforms of images and kernels: the only module that calls torch.fft.

All transforms run in float32 or float64, never in half precision, and all products here are circular convolutions: pad
first.
"""

import torch
from torch import Tensor


def transfer_function(kernel: Tensor, shape: tuple[int, int]) -> Tensor:
    """Compute the optical transfer function of a kernel on the grid of an image.

    Args:
        kernel: Kernel of shape (B, C, K, K) or (B, C, K, L), sides odd and not larger than `shape`, centre at K // 2.
        shape: Height and width of the image, in pixels.

    Returns:
        Complex tensor (B, C, H, W // 2 + 1), in the layout of `spectrum`. A symmetric kernel gives real values.
    """
    height, width = kernel.shape[-2:]
    padded = kernel.new_zeros((*kernel.shape[:-2], *shape), dtype=_at_least_float32(kernel))
    padded[..., :height, :width] = kernel
    # The centre pixel has to sit at (0, 0), or the result is shifted by half a kernel.
    padded = padded.roll((-(height // 2), -(width // 2)), dims=(-2, -1))
    transfer: Tensor = torch.fft.rfft2(padded)
    return transfer


def spectrum(image: Tensor) -> Tensor:
    """Transform real images (..., H, W) to their half spectra (..., H, W // 2 + 1)."""
    half_spectrum: Tensor = torch.fft.rfft2(image.to(_at_least_float32(image)))
    return half_spectrum


def from_spectrum(half_spectrum: Tensor, shape: tuple[int, int]) -> Tensor:
    """Transform half spectra back to real images (..., H, W) of the given `shape`."""
    image: Tensor = torch.fft.irfft2(half_spectrum, s=shape)
    return image


def circular_convolve(image: Tensor, kernel: Tensor) -> Tensor:
    """Convolve images (B, C, H, W) with kernels (B or 1, C or 1, K, K), the image taken as periodic."""
    shape = (image.shape[-2], image.shape[-1])
    return from_spectrum(spectrum(image) * transfer_function(kernel, shape), shape)


def corner_spectrum(kernel: Tensor, shape: tuple[int, int]) -> Tensor:
    """Transform a kernel or image (..., K, L) that lies in the upper left corner of a grid of zeros.

    A kernel is taken with its first pixel, not its centre, at the origin: what is convolved with it comes out shifted
    by K // 2 rows and L // 2 columns. Only the rows that are there are transformed, and the result is laid out column
    by column, as `rows_from_spectrum` reads it: 3.5 ms for 193 x 193 pixels on a grid of 1080 x 1350, 9 ms the plain
    way (one core).

    Returns:
        Complex tensor (..., H, W // 2 + 1).
    """
    rows = torch.fft.rfft(kernel.to(_at_least_float32(kernel)), n=shape[1])  # (..., K, W // 2 + 1)
    transfer: Tensor = torch.fft.fft(rows, n=shape[0], dim=-2)
    return transfer


def continued_spectrum(rows: Tensor, above: int, height: int) -> Tensor:
    """Transform an image (..., h, W) that goes on above and below by its first and last row, to `height` rows in all.

    There are `above` rows above it. Rows that are repeated are transformed once. The layout is that of
    `corner_spectrum`.

    Returns:
        Complex tensor (..., height, W // 2 + 1).
    """
    half = torch.fft.rfft(rows.to(_at_least_float32(rows)))  # (..., h, W // 2 + 1)
    first = half[..., :1, :].expand(*half.shape[:-2], above, -1)
    last = half[..., -1:, :].expand(*half.shape[:-2], height - above - half.shape[-2], -1)
    whole: Tensor = torch.fft.fft(torch.cat([first, half, last], dim=-2), dim=-2)
    return whole


def rows_from_spectrum(half_spectrum: Tensor, shape: tuple[int, int], rows: slice) -> Tensor:
    """Transform half spectra back as `from_spectrum` does, but only to some rows of the images: (..., rows, W)."""
    columns = torch.fft.ifft(half_spectrum, dim=-2)
    image: Tensor = torch.fft.irfft(columns[..., rows, :], n=shape[1])
    return image


def radial_frequency(shape: tuple[int, int], device: torch.device | None = None) -> Tensor:
    """Give the distance of each sample of a half spectrum from zero frequency, in cycles per pixel: (H, W // 2 + 1)."""
    rows = torch.fft.fftfreq(shape[0], device=device)
    columns = torch.fft.rfftfreq(shape[1], device=device)
    return torch.hypot(rows[:, None], columns[None, :])


def frequency_angle(shape: tuple[int, int]) -> Tensor:
    """Give the direction of each sample of a half spectrum, -pi / 2 (up) over 0 (right) to pi / 2: (H, W // 2 + 1)."""
    rows = torch.fft.fftfreq(shape[0])
    columns = torch.fft.rfftfreq(shape[1])
    return torch.atan2(rows[:, None], columns[None, :])


def fast_size(size: int) -> int:
    """Find the smallest even length >= `size` without prime factors above 7, which a Fourier transform does fast."""
    candidate = size + size % 2
    while not _is_smooth(candidate):
        candidate += 2
    return candidate


def _is_smooth(number: int) -> bool:
    for prime in (2, 3, 5, 7):
        while number % prime == 0:
            number //= prime
    return number == 1


def _at_least_float32(tensor: Tensor) -> torch.dtype:
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32
