"""The fitted width: a blur of known shape and width comes back, whatever gain, offset and noise."""

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve, gaussian_filter

from pinsharp.blur.between import fit_width, kernel_of
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel, kernel_sigma

PART = (slice(24, 96), slice(24, 106))


@pytest.fixture(scope="module")
def sharp():
    texture = gaussian_filter(np.random.default_rng(0).random((120, 130)), 0.8)
    return np.clip((texture - 0.5) * 3 + 0.5, 0, 1)


@pytest.mark.parametrize("shape, sigma", [("disk", 0.75), ("disk", 2.5), ("gaussian", 0.6), ("gaussian", 2.0)])
def test_a_known_blur_comes_back(sharp, shape, sigma):
    """The oracle is the convolution of scipy, the kernels are those that users name."""
    kernel = disk_kernel(2 * sigma) if shape == "disk" else gaussian_kernel(sigma)
    noise = np.random.default_rng(1).normal(0, 1 / 255, sharp.shape)
    image = 0.9 * convolve(sharp, kernel[0, 0].numpy(), mode="mirror") + 0.05 + noise

    fit = fit_width(image, sharp, PART)

    assert fit.shape == shape
    assert (fit.sigma if shape == "disk" else fit.gaussian_sigma) == pytest.approx(sigma, rel=0.03)
    assert (fit.residual if shape == "disk" else fit.gaussian_residual) == pytest.approx(1 / 255, rel=0.1)
    assert torch.equal(fit.kernel, kernel_of("disk", fit.sigma))  # whichever shape explains more


def test_an_image_as_sharp_as_the_sharp_one_has_no_width(sharp):
    fit = fit_width(0.5 * sharp + 0.2, sharp, PART)

    assert fit.sigma < 0.1
    assert fit.residual < 1e-3


@pytest.mark.parametrize("shape", ["disk", "gaussian"])
@pytest.mark.parametrize("sigma", [0.0, 0.2, 1.3, 6.0])
def test_kernels_are_as_wide_as_they_are_called(shape, sigma):
    kernel = kernel_of(shape, sigma)

    assert kernel.shape[-1] % 2 == 1
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-5)
    if sigma > 1:  # a pixel has a width of its own
        assert float(kernel_sigma(kernel)) == pytest.approx(sigma, rel=0.03)
