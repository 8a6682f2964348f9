"""Kernels: known integrals and widths first, supersampling and scipy as references, each error sentence last."""

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
from scipy.signal import convolve2d

from pinsharp.blur.family import render_kernels
from pinsharp.blur.kernels import (
    check_kernel,
    disk_kernel,
    flatness,
    gaussian_disk_kernel,
    gaussian_kernel,
    joined_kernel,
    kernel_sigma,
    measured_kernel,
)
from pinsharp.blur.operators import Blur
from pinsharp.errors import KernelError

FAMILIES = {
    "gaussian": lambda size: gaussian_kernel(2.3, size),
    "narrow gaussian": lambda size: gaussian_kernel(0.05, size),
    "disk": lambda size: disk_kernel(3.7, size),
    "tiny disk": lambda size: disk_kernel(0.3, size),
    "gaussian_disk": lambda size: gaussian_disk_kernel(0.8, 2.5, size),
}


@pytest.mark.parametrize("family", [*FAMILIES.values()], ids=[*FAMILIES])
@pytest.mark.parametrize("size", [None, 1, 3, 21, 33])
def test_kernels_are_odd_centred_symmetric_and_sum_to_one(family, size):
    kernel = family(size)

    side = kernel.shape[-1]
    assert kernel.shape == (1, 1, side, side)
    assert side % 2 == 1
    assert size in (None, side)
    assert kernel.dtype == torch.float32
    assert float(kernel.sum()) == pytest.approx(1, abs=1e-5)
    assert float(kernel.max()) == pytest.approx(float(kernel[0, 0, side // 2, side // 2]), rel=1e-6)
    for other in (kernel.flip(-1), kernel.flip(-2), kernel.mT):
        torch.testing.assert_close(kernel, other)


@pytest.mark.parametrize("sigma", [0.6, 1.8, 4.0])
def test_a_gaussian_is_the_sampled_exponential(sigma):
    grid = np.arange(-10, 11)
    table = np.exp(-(grid[:, None] ** 2 + grid[None, :] ** 2) / (2 * sigma**2))

    kernel = gaussian_kernel(sigma, 21)

    np.testing.assert_allclose(kernel[0, 0].numpy(), table / table.sum(), atol=1e-7)


@pytest.mark.parametrize("radius", [0.5, 0.75, 1.0, 2.0, 3.3, 7.0])
def test_a_disk_holds_the_area_that_it_covers_of_each_pixel(radius):
    side, fine = 17, 200
    centres = (np.arange(side * fine) + 0.5) / fine - side / 2
    inside = centres[:, None] ** 2 + centres[None, :] ** 2 <= radius**2
    coverage = inside.reshape(side, fine, side, fine).mean(axis=(1, 3))

    kernel = disk_kernel(radius, side)

    np.testing.assert_allclose(kernel[0, 0].numpy() * math.pi * radius**2, coverage, atol=2e-3)


@pytest.mark.parametrize("radius", [1.0, 2.5, 6.2])
def test_the_pixels_inside_a_disk_all_weigh_one_over_its_area(radius):
    kernel = disk_kernel(radius)

    assert float(kernel.max()) == pytest.approx(1 / (math.pi * radius**2), rel=1e-5)


@pytest.mark.parametrize("radius", [0.8, 1.5, 1.51, 4.0, 4.5])
def test_the_default_disk_kernel_is_the_smallest_that_holds_the_whole_disk(radius):
    kernel = disk_kernel(radius)

    roomy = disk_kernel(radius, kernel.shape[-1] + 4)
    torch.testing.assert_close(roomy[..., 2:-2, 2:-2], kernel)
    assert kernel[0, 0, 0].sum() > 0


def test_a_mixture_is_the_disk_convolved_with_the_gaussian():
    disk, gaussian = disk_kernel(2.6, 7)[0, 0].double(), gaussian_kernel(0.9, 15)[0, 0].double()

    mixture = gaussian_disk_kernel(0.9, 2.6, 21)

    np.testing.assert_allclose(mixture[0, 0].numpy(), convolve2d(disk, gaussian), atol=1e-6)


def test_two_gaussians_in_a_row_are_one_of_the_hypotenuse():
    """Blur adds in squares, which is why softness that an image already has widens every estimate."""
    one, two = gaussian_kernel(1.5, 25)[0, 0], gaussian_kernel(2.0, 25)[0, 0]

    both = convolve2d(one, two, mode="same")

    np.testing.assert_allclose(both, gaussian_kernel(2.5, 25)[0, 0].numpy(), atol=2e-5)


@pytest.mark.parametrize("sigma", [0.8, 1.8, 3.2, 6.0])
def test_the_width_of_a_gaussian_is_its_sigma(sigma):
    assert float(kernel_sigma(gaussian_kernel(sigma))) == pytest.approx(sigma, rel=5e-3)


@pytest.mark.parametrize("radius", [2.0, 4.5, 8.0])
def test_the_width_of_a_disk_is_half_its_radius(radius):
    """Sheppard's correction: a pixel is wide itself, by a variance of a twelfth; the rest is aliasing of the rim."""
    expected = math.sqrt(radius**2 / 4 + 1 / 12)

    assert float(kernel_sigma(disk_kernel(radius))) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("sigma, effective", [(3.2, 3.18), (3.5, 3.45), (4.0, 3.86)])
def test_twenty_one_taps_cut_wide_gaussians_down(sigma, effective):
    assert float(kernel_sigma(gaussian_kernel(sigma, 21))) == pytest.approx(effective, abs=5e-3)


def test_the_width_does_not_depend_on_where_the_kernel_sits():
    kernel = gaussian_kernel(1.2, 21)

    torch.testing.assert_close(kernel_sigma(kernel.roll((3, -2), dims=(-2, -1))), kernel_sigma(kernel))


def test_a_batch_is_measured_kernel_by_kernel():
    batch = torch.cat([gaussian_kernel(1.0, 21), disk_kernel(4.0, 21)])

    torch.testing.assert_close(kernel_sigma(batch), torch.cat([kernel_sigma(kernel[None]) for kernel in batch]))


@pytest.mark.parametrize("kernel", [gaussian_kernel(1.5), disk_kernel(3.0)])
def test_a_kernel_that_pinsharp_made_is_taken_as_a_measured_one(kernel):
    torch.testing.assert_close(measured_kernel(kernel), kernel)


def test_a_measured_kernel_keeps_its_orientation_and_small_negative_values():
    table = scipy.ndimage.shift(np.pad([[1.0]], 4), (1, 2), order=3)
    table[0, 0] = -5e-4 * table.max()

    kernel = measured_kernel(table)

    assert kernel[0, 0, 5, 6] == kernel.max()
    assert kernel[0, 0, 0, 0] < 0


def negative_table():
    table = np.ones((5, 5))
    table[0, 0] = -0.5
    return table


@pytest.mark.parametrize(
    "build, sentence",
    [
        (lambda: gaussian_kernel(2.0, 20), "must be odd so that it has a centre, got 20; use 19 or 21"),
        (lambda: gaussian_kernel(2.0, 0), "got 0; use 1 or more"),
        (lambda: gaussian_kernel(0.0), "sigma of a Gaussian must be a positive number of pixels, got 0"),
        (lambda: gaussian_kernel(float("nan")), "positive number of pixels, got nan"),
        (lambda: disk_kernel(-1.0), "radius of a disc must be a positive number of pixels, got -1"),
        (lambda: disk_kernel(1e7), "at most 2047 pixels.*in pixels"),
        (lambda: gaussian_disk_kernel(1.0, float("inf")), "radius of a disc must be a positive number"),
        (lambda: check_kernel(torch.ones(3, 3)), r"must have shape \(B, 1, K, K\), got \(3, 3\)"),
        (lambda: check_kernel(torch.full((1, 1, 4, 4), 1 / 16)), "use 3 or 5"),
        (lambda: check_kernel(torch.ones(1, 1, 3, 3)), "must sum to 1, got 9; divide it by its sum"),
        (lambda: check_kernel(torch.full((1, 1, 3, 3), float("nan"))), "NaN or infinite"),
        (lambda: measured_kernel(np.ones((20, 20))), "use 19 or 21"),
        (lambda: measured_kernel(np.ones((3, 5))), r"square array \(K, K\), got shape \(3, 5\); crop or pad it"),
        (lambda: measured_kernel(np.ones((3, 3, 3))), r"got shape \(3, 3, 3\)"),
        (lambda: measured_kernel([[1, 2], [3]]), "square table of numbers"),
        (lambda: measured_kernel({"kernel": 1}), "square table of numbers"),
        (lambda: measured_kernel(np.ones((3, 3), dtype=complex)), "square table of numbers"),
        (lambda: measured_kernel(np.zeros((3, 3))), "positive sum, got 0; was the background subtracted twice"),
        (lambda: measured_kernel(np.full((3, 3), np.inf)), "NaN or infinite"),
        (lambda: measured_kernel(negative_table()), "below zero; subtract the background and clip it at 0"),
    ],
)
def test_what_is_no_kernel_is_refused_with_what_to_do(build, sentence):
    with pytest.raises(KernelError, match=sentence):
        build()


@pytest.mark.parametrize("sigma, radius", [(2.0, 0.0), (0.0, 6.0), (1.0, 4.0), (2.0, 4.0)])
def test_flatness_is_the_share_of_the_disc(sigma, radius):
    kernel = render_kernels(torch.tensor([sigma]), torch.tensor([radius]), 41)

    share = (radius / 2) ** 2 / ((radius / 2) ** 2 + sigma**2)
    assert float(flatness(kernel)) == pytest.approx(share, abs=0.05)


def test_several_kernels_blur_one_after_the_other_like_the_one_they_make():
    gen = torch.Generator().manual_seed(0)
    kernels = [torch.rand(1, 1, side, side, generator=gen, dtype=torch.float64) for side in (3, 7, 5)]
    image = torch.rand(1, 1, 40, 40, generator=gen, dtype=torch.float64)
    kernels = [kernel / kernel.sum() for kernel in kernels]

    one_by_one = image
    for kernel in kernels:
        one_by_one = Blur(kernel, "valid")(one_by_one)

    torch.testing.assert_close(Blur(joined_kernel(kernels), "valid")(image), one_by_one)
