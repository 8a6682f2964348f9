"""Wiener filters: what they must restore, and scikit-image as the reference."""

import numpy as np
import pytest
import torch
from skimage.restoration import wiener as skimage_wiener

from pinsharp.blur.camera import quantise
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.blur.operators import BOUNDARIES, Blur
from pinsharp.classical.wiener import PRIORS, circular_wiener, wiener
from pinsharp.errors import ConfigError, KernelError
from scenes import asymmetric_kernel, psnr, smooth_image

SHAPES = [(32, 32), (33, 40), (48, 57)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("noise_to_signal", [1e-4, 0.01, 1.0])
def test_under_a_circular_boundary_it_is_the_filter_of_scikit_image(shape, prior, noise_to_signal):
    image, kernel = smooth_image(shape), asymmetric_kernel()
    reg = np.ones((1, 1)) if prior == "constant" else None  # its default is the Laplacian

    restored = circular_wiener(image, kernel, noise_to_signal=noise_to_signal, prior=prior)

    expected = skimage_wiener(image[0, 0].numpy(), kernel[0, 0].numpy(), noise_to_signal, reg=reg, clip=False)
    np.testing.assert_allclose(restored[0, 0].numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("prior", PRIORS)
def test_without_noise_a_circular_blur_is_undone(prior):
    sharp, kernel = smooth_image((40, 33), channels=3), asymmetric_kernel()

    restored = circular_wiener(Blur(kernel, "circular")(sharp), kernel, noise_to_signal=1e-12, prior=prior)

    torch.testing.assert_close(restored, sharp, atol=1e-5, rtol=0)


@pytest.mark.parametrize("boundary", sorted(set(BOUNDARIES) - {"valid", "zero"}))
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("kernel", [gaussian_kernel(1.8, 21), disk_kernel(3.0)])
def test_it_gains_under_every_boundary(boundary, prior, kernel):
    sharp = smooth_image((96, 83), channels=3).float()
    blurred = quantise(Blur(kernel, boundary)(sharp), 8)

    restored = wiener(blurred, kernel, noise_to_signal=1e-3, prior=prior)

    assert psnr(restored, sharp) > psnr(blurred, sharp) + 2


def test_a_ramp_does_not_ring_where_opposite_borders_differ():
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 48, 64)
    kernel = gaussian_kernel(2.0)
    blurred = Blur(kernel, "replicate")(ramp)

    restored = wiener(blurred, kernel, noise_to_signal=1e-3)
    as_if_periodic = circular_wiener(blurred, kernel, noise_to_signal=1e-3)

    assert float((restored - ramp).abs().max()) < 0.05
    assert float((as_if_periodic - ramp).abs().max()) > 0.3


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (3, 50), (21, 22)])
def test_images_smaller_than_the_kernel_are_restored_too(shape):
    image = smooth_image(shape)

    restored = wiener(image, gaussian_kernel(3.0, 21), noise_to_signal=1e-2)

    assert restored.shape == image.shape
    assert torch.isfinite(restored).all()


@pytest.mark.parametrize("prior", PRIORS)
def test_a_flat_image_stays_flat(prior):
    flat = torch.full((1, 3, 20, 31), 0.4, dtype=torch.float64)

    restored = wiener(flat, gaussian_kernel(1.5).double(), noise_to_signal=1e-9, prior=prior)

    torch.testing.assert_close(restored, flat, atol=1e-6, rtol=0)


def test_each_image_is_restored_with_its_own_kernel():
    images, kernels = (
        smooth_image((30, 31), batch=2),
        torch.cat([gaussian_kernel(1.0, 9), disk_kernel(3.0, 9)]).double(),
    )

    together = wiener(images, kernels, noise_to_signal=1e-2)

    for index in (0, 1):
        alone = wiener(images[index : index + 1], kernels[index : index + 1], noise_to_signal=1e-2)
        torch.testing.assert_close(together[index : index + 1], alone)


def test_float32_stays_float32_and_close_to_float64():
    image, kernel = smooth_image((40, 41)), gaussian_kernel(1.5)

    restored = wiener(image.float(), kernel, noise_to_signal=1e-3)

    assert restored.dtype == torch.float32
    torch.testing.assert_close(
        restored.double(), wiener(image, kernel.double(), noise_to_signal=1e-3), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("ratio", [0.0, -1.0, float("nan"), float("inf")])
def test_a_noise_to_signal_ratio_is_positive(ratio):
    with pytest.raises(ConfigError, match=r"noise to signal ratio must be a positive number, got .*; try 0.001"):
        wiener(smooth_image((20, 20)), gaussian_kernel(1.0), noise_to_signal=ratio)


def test_an_unknown_prior_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="prior must be one of constant, laplacian, got 'tv'"):
        wiener(smooth_image((20, 20)), gaussian_kernel(1.0), noise_to_signal=0.1, prior="tv")


def test_what_is_no_kernel_is_refused():
    with pytest.raises(KernelError, match="must sum to 1"):
        wiener(smooth_image((20, 20)), torch.ones(1, 1, 3, 3), noise_to_signal=0.1)
