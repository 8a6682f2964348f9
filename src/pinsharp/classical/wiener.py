"""Wiener deconvolution with a known kernel.

The data model is y = k * x + noise. All filtering here happens in the Fourier domain, which takes the image as
periodic; `wiener` first continues the image so that its opposite borders meet without a jump.
"""

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from pinsharp.blur.fourier import from_spectrum, spectrum, transfer_function
from pinsharp.blur.kernels import check_kernel
from pinsharp.classical.borders import fade_into_opposite, without_ramp
from pinsharp.errors import ConfigError

Prior = Literal["constant", "laplacian"]
PRIORS: tuple[Prior, ...] = get_args(Prior)

_LAPLACIAN = ((0.0, -1.0, 0.0), (-1.0, 4.0, -1.0), (0.0, -1.0, 0.0))


def wiener(image: Tensor, kernel: Tensor, *, noise_to_signal: float, prior: Prior = "constant") -> Tensor:
    """Restore blurred images by a Wiener filter, for any boundary.

    Past its border the image is taken to fade smoothly into its opposite border, over two kernel widths, once a ramp
    from border to border is taken out. Real images do not, so expect faint ringing within a kernel's width of the
    border.

    Args:
        image: Blurred images (B, C, H, W).
        kernel: Kernels (B or 1, 1, K, K); the same one for all channels.
        noise_to_signal: Power of the noise over power of the sharp image, > 0 (over that of its Laplacian for the prior
            `laplacian`). Larger is smoother, smaller is sharper and noisier.
        prior: What sharp images look like: `constant`, all frequencies equally strong, or `laplacian`, power falling
            with the fourth power of frequency.

    Returns:
        Restored images (B, C, H, W), not clipped.

    Raises:
        ConfigError: If `noise_to_signal` is not positive or the prior unknown.
        KernelError: If `kernel` is not a valid kernel.
    """
    height, width = image.shape[-2:]

    def restore(even: Tensor) -> Tensor:
        continued = fade_into_opposite(even, kernel.shape[-1])
        return circular_wiener(continued, kernel, noise_to_signal=noise_to_signal, prior=prior)[..., :height, :width]

    return without_ramp(image, check_kernel(kernel), restore)


def circular_wiener(image: Tensor, kernel: Tensor, *, noise_to_signal: float, prior: Prior = "constant") -> Tensor:
    """Restore images that were blurred as if periodic; arguments and result as for `wiener`.

    Implies a circulant blur: an image whose opposite borders differ rings along all of them. It has to be at least as
    large as the kernel.
    """
    if prior not in PRIORS:
        raise ConfigError(f"prior must be one of {', '.join(PRIORS)}, got {prior!r}")
    if not (math.isfinite(noise_to_signal) and noise_to_signal > 0):
        raise ConfigError(f"noise to signal ratio must be a positive number, got {noise_to_signal}; try 0.001")
    shape = (image.shape[-2], image.shape[-1])
    k_hat = transfer_function(kernel, shape)  # (B, 1, H, W//2+1)
    penalty = noise_to_signal * _prior_power(prior, image, shape)
    return from_spectrum(spectrum(image) * k_hat.conj() / (k_hat.abs().square() + penalty), shape)


def _prior_power(prior: Prior, image: Tensor, shape: tuple[int, int]) -> Tensor | float:
    """Inverse of the sharp image's expected power spectrum, up to scale: 1 or |Laplacian|^2."""
    if prior == "constant":
        return 1.0
    laplacian = torch.tensor(_LAPLACIAN, dtype=image.dtype, device=image.device)[None, None]
    return transfer_function(laplacian, shape).abs().square()
