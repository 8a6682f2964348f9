"""The limit that no linear filter passes: the figure that a network has to beat to be worth its weights."""

import math

import torch
from torch import Tensor

from pinsharp.blur.camera import Camera
from pinsharp.blur.fourier import from_spectrum, spectrum, transfer_function
from pinsharp.blur.operators import Blur
from pinsharp.errors import ImageError


def linear_limit(
    sharp: Tensor, kernel: Tensor, noise_sigma: float = 0.0, *, bits: int = 8, generator: torch.Generator | None = None
) -> Tensor:
    """Blur, add noise, round, and restore by the Wiener filter that knows the kernel and the true image's spectrum.

    The blur is circular, so that this filter is the best linear restoration in mean square. A method that stays below
    it might as well be a linear filter. The spectrum is |X|^2 averaged over 3 x 3 neighbouring frequencies, a
    smoothing chosen because it agrees within 0.03 dB with the reference rows of the benchmark's protocol. Unsmoothed,
    the filter would also know the random ripple of this one image's spectrum, and the limit would be 0.1 to 0.2 dB
    higher (measured on photographs, sigma 1.8 to 3.2).

    Args:
        sharp: Sharp images (B, C, H, W), no smaller than the kernel.
        kernel: True kernels (B or 1, 1, K, K).
        noise_sigma: Standard deviation of the read noise in units of full scale; rounding noise comes on top.
        bits: Depth to which the blurred image is rounded.
        generator: Source of the read noise; needed only where there is any.

    Returns:
        Restored images (B, C, H, W), not clipped.

    Raises:
        ImageError: If an image is smaller than the kernel.
        ValueError: If there is noise but no generator.
    """
    shape, side = (sharp.shape[-2], sharp.shape[-1]), kernel.shape[-1]
    if min(shape) < side:
        raise ImageError(f"the linear limit needs at least {side} x {side} pixels, got {shape[0]} x {shape[1]}")
    camera = Camera(bits, noise_sigma)
    blurred = camera.expose(Blur(kernel, "circular")(sharp), generator)
    return best_linear_filter(blurred, sharp, kernel, camera.noise_variance(0.0))


def best_linear_filter(blurred: Tensor, sharp: Tensor, kernel: Tensor, noise_power: float | Tensor) -> Tensor:
    """Restore blurred images by the Wiener filter that knows the kernel, the true image's spectrum and the noise.

    Implies a circulant blur: the opposite borders of the images must fit together.

    Args:
        blurred: Blurred images (B, C, H, W).
        sharp: True images of the same shape, no smaller than the kernel.
        kernel: True kernels (B or 1, 1, K, K).
        noise_power: Of the blurred images, rounding included, full scale 1, > 0. Of white noise the variance of a
            pixel; otherwise the variance at each frequency, (B or 1, 1, H, W//2+1) or what broadcasts to it.

    Returns:
        Restored images (B, C, H, W), not clipped.
    """
    shape = (sharp.shape[-2], sharp.shape[-1])
    power = _power_spectrum(sharp)  # (B, C, H, W//2+1)
    k_hat = transfer_function(kernel, shape)  # (B, 1, H, W//2+1)
    gain = k_hat.conj() * power / (k_hat.abs().square() * power + noise_power)
    return from_spectrum(spectrum(blurred) * gain, shape).to(sharp.dtype)


def _power_spectrum(image: Tensor) -> Tensor:
    """Power at each frequency, averaged over its 3 x 3 neighbours: (B, C, H, W) to float64 (B, C, H, W // 2 + 1)."""
    shape = (image.shape[-2], image.shape[-1])
    # Averaging in frequency is a window on the autocorrelation. float64, because power spans more than seven decades.
    autocorrelation = from_spectrum(spectrum(image.double()).abs().square() / (shape[0] * shape[1]), shape)
    for axis in (-2, -1):
        lag = torch.arange(shape[axis], dtype=torch.float64, device=image.device) / shape[axis]
        window = (1 + 2 * torch.cos(2 * math.pi * lag)) / 3
        autocorrelation = autocorrelation * (window[:, None] if axis == -2 else window)
    return spectrum(autocorrelation).real.clamp(min=0)
