"""The linear limit: no linear filter passes it, and it is the error that theory predicts."""

import pytest
import torch

from pinsharp.bench.quality.linear_limit import linear_limit
from pinsharp.blur.camera import generator, quantise
from pinsharp.blur.fourier import spectrum
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.classical.wiener import PRIORS, circular_wiener
from pinsharp.errors import ImageError


def smooth_image(shape, channels=1, batch=1, seed=0):
    """Blobs and edges: noise blurred and contrast-stretched."""
    noise = torch.rand(batch, channels, *shape, generator=generator(seed, 0), dtype=torch.float64)
    soft = Blur(gaussian_kernel(1.5).double(), "reflect")(noise)
    return ((soft - soft.mean()) * 6 + 0.5).clamp(0, 1)


def psnr(image, reference):
    return float(-10 * torch.log10((image - reference).square().mean()))


@pytest.mark.parametrize("noise_sigma", [0.0, 2 / 255])
def test_no_wiener_filter_passes_the_linear_limit(noise_sigma):
    """Over a set of images, as for one of them a lucky constant may win by a hair."""
    kernel, sharp = gaussian_kernel(1.8, 21), smooth_image((64, 65), channels=3, batch=4).float()

    limit = psnr(linear_limit(sharp, kernel, noise_sigma, generator=generator(0, 0)), sharp)

    noise = noise_sigma * torch.randn(sharp.shape, generator=generator(0, 0))
    blurred = quantise(Blur(kernel, "circular")(sharp) + noise, 8)
    for ratio in 10.0 ** torch.arange(-5, 0):
        for prior in PRIORS:
            assert psnr(circular_wiener(blurred, kernel, noise_to_signal=float(ratio), prior=prior), sharp) < limit


def test_the_linear_limit_falls_with_width_noise_and_fewer_bits():
    sharp = smooth_image((64, 64), channels=3).float()

    def limit(sigma, noise=0.0, bits=8):
        return psnr(linear_limit(sharp, gaussian_kernel(sigma, 21), noise, bits=bits, generator=generator(0, 0)), sharp)

    assert limit(1.8, bits=16) > limit(1.8, bits=12) > limit(1.8) > limit(1.8, 2 / 255) > limit(2.4, 2 / 255)


def test_the_linear_limit_reaches_the_error_that_theory_predicts():
    """White noise of variance v leaves sum P v / (|H|^2 P + v): checked for an image without a blur, P nearly flat."""
    sharp = torch.rand(1, 1, 128, 128, generator=generator(3, 0), dtype=torch.float64)
    delta, sigma = torch.ones(1, 1, 1, 1, dtype=torch.float64), 0.1
    power = float(spectrum(sharp - sharp.mean()).abs().square().mean()) / 128**2

    restored = linear_limit(sharp, delta, sigma, bits=16, generator=generator(0, 0))

    expected = power * sigma**2 / (power + sigma**2)
    assert float((restored - sharp).square().mean()) == pytest.approx(expected, rel=0.1)


def test_a_noisy_limit_needs_its_generator():
    with pytest.raises(ValueError, match="needs a generator"):
        linear_limit(smooth_image((30, 30)), gaussian_kernel(1.0), 0.01)


def test_the_linear_limit_refuses_images_smaller_than_the_kernel():
    with pytest.raises(ImageError, match="needs at least 21 x 21 pixels, got 20 x 30"):
        linear_limit(smooth_image((20, 30)), gaussian_kernel(2.0, 21))
