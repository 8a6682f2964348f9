"""Richardson-Lucy deconvolution: scikit-image's, with care for the border.

Each iteration multiplies the estimate by how much brighter the image is than the estimate, blurred. It climbs towards
the most likely image under photon noise; stopped early, it has not yet begun to amplify the noise.
"""

import math
from functools import partial

from torch import Tensor

from pinsharp.blur.kernels import check_kernel, kernel_sigma
from pinsharp.classical.borders import mirror_on_ramp
from pinsharp.classical.planes import each_plane
from pinsharp.errors import ConfigError

DEFAULT_ITERATIONS = 100
"""A compromise with time. Mean PSNR of 12 training images (mono, 160 x 160, cut from larger blurred ones, 8 bits),
Gaussians of sigma 1.8 / 3.2: blurred 24.63 / 22.73 dB, 20 iterations 26.03 / 23.66, 100 26.83 / 24.07, 200 27.04 /
24.15; with read noise of 1/255 100 gave 26.66 / 24.04 and 200 hardly more."""

_SPREAD = 2.5
"""Reach of the black border, in kernel sigmas and for one iteration. It grows with the square root of the iterations,
as diffusion does. With 2.5 the result was within 0.002 of one without any border, for discs of radius 3 and 7."""

_DARK = 1e-6
"""Where the blurred estimate falls below this, rounding is all that is left of it, and the quotient is taken as 0."""


def richardson_lucy(image: Tensor, kernel: Tensor, *, iterations: int = DEFAULT_ITERATIONS) -> Tensor:
    """Restore blurred images by Richardson-Lucy iterations, for any boundary.

    scikit-image's `richardson_lucy` takes the image as black past its border. Here it is first mirrored there,
    but for a ramp from border to border, which goes straight on, as far as that blackness creeps inwards in so many
    iterations, and the result is cut back. Light is neither made nor
    lost, and nothing becomes negative.

    Each colour channel is restored by itself, on the CPU.

    Args:
        image: Blurred images (B, C, H, W); negative values count as 0, as photons do.
        kernel: Kernels (B or 1, 1, K, K); the same one for all channels. Negative values count as 0.
        iterations: More is sharper and noisier, and takes longer by the same factor.

    Returns:
        Restored images (B, C, H, W), >= 0 and not clipped at 1; float64 if the images are, float32 otherwise.

    Raises:
        ConfigError: If there is not at least one iteration.
        KernelError: If `kernel` is not a valid kernel.
    """
    if iterations < 1:
        raise ConfigError(f"richardson-lucy: iterations must be 1 or more, got {iterations}; try {DEFAULT_ITERATIONS}")
    from skimage.restoration import richardson_lucy as restore  # half a second to import

    height, width = image.shape[-2:]
    seen = check_kernel(kernel).clamp(min=0)
    margin = seen.shape[-1] + math.ceil(_SPREAD * math.sqrt(iterations) * float(kernel_sigma(seen).max()))
    iterate = partial(restore, num_iter=iterations, clip=False, filter_epsilon=_DARK)
    restored = each_plane(iterate, mirror_on_ramp(image, kernel, margin).clamp(min=0), seen)
    return restored[..., margin : margin + height, margin : margin + width].clamp(min=0)
