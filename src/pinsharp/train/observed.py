"""Training pairs as an estimator sees them: what it reads of them, and the truth."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Observed:
    """Training pairs as an estimator sees them."""

    features: Tensor  # what it reads of each, (B, N, features); see `SpectrumNet.observe`
    kernel: Tensor  # true kernels (B, 1, K, K)
    noise: Tensor  # standard deviation of all noise, rounding included, (B,), or by ring of frequency (B, R)
    sigma: Tensor  # sigmas of the kernels' Gaussian part, pixels, (B,)
    radius: Tensor  # radii of their disc part, pixels, (B,)
    elongation: Tensor  # how much longer than wide the true kernels are, (B,); see `pinsharp.blur.kernels.elongation`
