"""Fourier transforms against numpy and direct sums, in the layout that all filters share."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve

from pinsharp.blur.fourier import (
    circular_convolve,
    corner_spectrum,
    fast_size,
    from_spectrum,
    radial_frequency,
    rows_from_spectrum,
    spectrum,
    transfer_function,
)
from pinsharp.blur.kernels import gaussian_kernel

SHAPES = [(32, 32), (33, 40), (21, 57), (7, 8), (5, 5)]


def asymmetric_kernel(side=5, channels=1):
    gen = torch.Generator().manual_seed(1)
    kernel = torch.rand(1, channels, side, side, generator=gen, dtype=torch.float64)
    return kernel / kernel.sum(dim=(-2, -1), keepdim=True)


def random_image(shape, channels=3, batch=2, dtype=torch.float64):
    return torch.rand(batch, channels, *shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


@pytest.mark.parametrize("shape", SHAPES)
def test_circular_convolution_equals_scipy_with_wrap(shape):
    image, kernel = random_image(shape), asymmetric_kernel()

    result = circular_convolve(image, kernel)

    for index in np.ndindex(2, 3):
        expected = convolve(image[index].numpy(), kernel[0, 0].numpy(), mode="wrap")
        np.testing.assert_allclose(result[index].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_spectrum_comes_back_as_the_image(shape):
    image = random_image(shape)

    torch.testing.assert_close(from_spectrum(spectrum(image), shape), image)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_delta_at_the_centre_passes_everything(shape):
    delta = torch.zeros(1, 1, 5, 5)
    delta[..., 2, 2] = 1

    transfer = transfer_function(delta, shape)

    torch.testing.assert_close(transfer, torch.ones_like(transfer))


@pytest.mark.parametrize("shape", SHAPES[:4])
def test_a_symmetric_kernel_has_a_real_transfer_function(shape):
    transfer = transfer_function(gaussian_kernel(1.3, 7), shape)

    assert float(transfer.imag.abs().max()) < 1e-6
    assert complex(transfer[0, 0, 0, 0]) == pytest.approx(1, abs=1e-6)


def test_a_gaussian_transfers_as_theory_says():
    """exp(-2 pi^2 sigma^2 f^2), as long as the kernel is not truncated and the sampling fine enough."""
    frequency = radial_frequency((64, 48)).double()

    transfer = transfer_function(gaussian_kernel(2.0, 25), (64, 48))[0, 0].real.double()

    torch.testing.assert_close(transfer, torch.exp(-2 * (math.pi * 2.0 * frequency) ** 2), atol=1e-6, rtol=0)


def test_twenty_one_taps_give_a_wide_gaussian_zeros_that_a_true_one_lacks():
    """At sigma 3.2 the first zero lies at 0.246 cycles per pixel; a true Gaussian stays positive."""
    profile = transfer_function(gaussian_kernel(3.2, 21).double(), (1000, 1000))[0, 0, 0].real

    first_zero = int((profile < 0).nonzero()[0, 0]) / 1000
    assert first_zero == pytest.approx(0.246, abs=1.5e-3)


def test_radial_frequency_matches_the_layout_of_the_spectrum():
    rows, columns = 12, 15
    y, x = np.mgrid[:rows, :columns]
    wave = torch.from_numpy(np.cos(2 * np.pi * (3 * y / rows + 4 * x / columns)))

    power = spectrum(wave[None, None])[0, 0].abs()

    frequency = radial_frequency((rows, columns))
    assert frequency.shape == power.shape
    assert float(frequency.flatten()[power.argmax()]) == pytest.approx(math.hypot(3 / rows, 4 / columns), rel=1e-6)


def test_kernels_per_image_and_per_channel_are_applied_to_their_own():
    image = random_image((16, 17))
    kernels = torch.cat([asymmetric_kernel(3, channels=3), asymmetric_kernel(3, channels=3).flip(-1)])

    result = circular_convolve(image, kernels)

    for b, c in np.ndindex(2, 3):
        alone = circular_convolve(image[b : b + 1, c : c + 1], kernels[b : b + 1, c : c + 1])
        torch.testing.assert_close(result[b : b + 1, c : c + 1], alone)


def test_half_precision_is_transformed_in_float32():
    image = random_image((16, 16), dtype=torch.float32).bfloat16()

    assert spectrum(image).dtype == torch.complex64
    assert transfer_function(gaussian_kernel(1.0, 5).half(), (16, 16)).dtype == torch.complex64


@pytest.mark.parametrize("size", [1, 2, 7, 11, 13, 121, 127, 769, 2039])
def test_fast_sizes_are_even_close_and_without_large_prime_factors(size):
    fast = fast_size(size)

    rest = fast
    for prime in (2, 3, 5, 7):
        while rest % prime == 0:
            rest //= prime
    assert size <= fast <= max(size * 1.15, size + 2)
    assert fast % 2 == 0
    assert rest == 1


def test_gradients_reach_the_kernel():
    kernel = asymmetric_kernel(3).requires_grad_()

    assert torch.autograd.gradcheck(lambda k: circular_convolve(random_image((5, 6), 1, 1), k), (kernel,))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_kernel_in_the_corner_shifts_by_half_its_side(shape):
    image, kernel = random_image(shape), asymmetric_kernel()

    product = spectrum(image) * corner_spectrum(kernel, shape)

    shifted = circular_convolve(image, kernel).roll((2, 2), dims=(-2, -1))
    torch.testing.assert_close(from_spectrum(product, shape), shifted)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("rows", [slice(0, 5), slice(2, 4), slice(4, 5)])
def test_some_rows_of_an_image_are_those_of_the_whole(shape, rows):
    image = random_image(shape)

    torch.testing.assert_close(rows_from_spectrum(spectrum(image), shape, rows), image[..., rows, :])
