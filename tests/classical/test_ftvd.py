"""Total variation: what its minimum must satisfy, and an independent convex solver as the reference."""

import math
from functools import partial

import cvxpy
import numpy as np
import pytest
import torch

from pinsharp.blur.camera import add_read_noise, generator, quantise
from pinsharp.blur.fourier import circular_convolve
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.classical.borders import fade_into_opposite
from pinsharp.classical.ftvd import circular_ftvd, ftvd
from pinsharp.errors import ConfigError, ImageError, KernelError
from scenes import asymmetric_kernel, photograph, psnr, smooth_image

# Far beyond what pictures need, so that the result is the minimum itself.
to_the_end = partial(circular_ftvd, betas=[4.0**power for power in range(8)], tolerance=1e-6, max_iterations=300)


def blocks(shape, seed=0):
    """Piecewise flat with noise: what total variation was made for."""
    levels = torch.rand(1, 1, -(-shape[0] // 4), -(-shape[1] // 4), generator=generator(seed, 0), dtype=torch.float64)
    steps = levels.repeat_interleave(4, -2).repeat_interleave(4, -1)[..., : shape[0], : shape[1]]
    return add_read_noise(steps, 0.02, generator(seed, 1))


def tv_objective(restored, image, kernel, *, mu):
    """What is minimised, for each image and channel, (B, C)."""
    misfit = circular_convolve(restored, kernel.to(restored)) - image
    gradient = torch.stack([restored.roll(-1, dims=axis) - restored for axis in (-2, -1)])
    return gradient.square().sum(dim=0).sqrt().sum(dim=(-2, -1)) + mu / 2 * misfit.square().sum(dim=(-2, -1))


def blur_matrix(kernel, shape):
    """The circular blur as a dense matrix, written down pixel by pixel from its definition."""
    height, width = shape
    side = kernel.shape[-1]
    matrix = np.zeros((height * width, height * width))
    for row, column in np.ndindex(shape):
        for i, j in np.ndindex(side, side):
            source = (row - (i - side // 2)) % height * width + (column - (j - side // 2)) % width
            matrix[row * width + column, source] += float(kernel[0, 0, i, j])
    return matrix


def solve_with_clarabel(image, kernel, mu):
    """Minimum of the same problem by an interior-point method that knows neither splitting nor Fourier transform."""
    height, width = image.shape[-2:]
    pixel = np.arange(height * width).reshape(height, width)
    u = cvxpy.Variable(height * width)
    differences = [u[np.roll(pixel, -1, axis).ravel()] - u for axis in (0, 1)]
    variation = cvxpy.sum(cvxpy.norm(cvxpy.vstack(differences), 2, axis=0))
    misfit = blur_matrix(kernel, (height, width)) @ u - image[0, 0].numpy().ravel()
    problem = cvxpy.Problem(cvxpy.Minimize(variation + mu / 2 * cvxpy.sum_squares(misfit)))
    problem.solve(solver=cvxpy.CLARABEL)
    return problem.value, torch.from_numpy(u.value.reshape(1, 1, height, width))


@pytest.mark.parametrize("shape, mu", [((10, 12), 5.0), ((11, 10), 50.0), ((12, 12), 1000.0)])
def test_it_finds_the_minimum_that_an_independent_convex_solver_finds(shape, mu):
    kernel = asymmetric_kernel()
    image = circular_convolve(blocks(shape), kernel)

    restored = to_the_end(image, kernel, mu=mu)

    minimum, minimiser = solve_with_clarabel(image, kernel, mu)
    assert float(tv_objective(restored, image, kernel, mu=mu)) == pytest.approx(minimum, rel=1e-3)
    assert float(tv_objective(minimiser, image, kernel, mu=mu)) == pytest.approx(minimum, rel=1e-6)
    torch.testing.assert_close(restored, minimiser, atol=0.01, rtol=0)


def test_each_larger_beta_comes_closer_to_the_minimum():
    image, kernel = blocks((16, 15)), asymmetric_kernel()
    best = tv_objective(to_the_end(image, kernel, mu=100), image, kernel, mu=100)

    excess = []
    for last in (0, 2, 4, 6):
        betas = [2.0**power for power in range(last + 1)]
        restored = circular_ftvd(image, kernel, mu=100, betas=betas, tolerance=1e-6, max_iterations=200)
        excess.append(float(tv_objective(restored, image, kernel, mu=100) - best))

    assert excess == sorted(excess, reverse=True)
    assert excess[-1] < 0.02 * float(best)


@pytest.mark.parametrize("mu", [10.0, 1e3, 1e5])
@pytest.mark.parametrize("shape", [(17, 24), (32, 33)])
@pytest.mark.parametrize("scene", [smooth_image, blocks])
def test_the_objective_is_no_worse_than_that_of_the_input(scene, shape, mu):
    image, kernel = scene(shape), asymmetric_kernel()

    restored = circular_ftvd(image, kernel, mu=mu)

    before, after = (tv_objective(u, image, kernel, mu=mu) for u in (image, restored))
    assert float(after) < float(before)


def test_without_a_blur_and_with_all_weight_on_the_data_nothing_changes():
    image = smooth_image((20, 21), channels=3)

    restored = to_the_end(image, torch.ones(1, 1, 1, 1), mu=1e9)

    torch.testing.assert_close(restored, image, atol=1e-6, rtol=0)


@pytest.mark.parametrize("shape", [(1, 1), (20, 31)])
def test_a_flat_image_stays_flat(shape):
    flat = torch.full((1, 3, *shape), 0.4, dtype=torch.float64)

    torch.testing.assert_close(ftvd(flat, gaussian_kernel(1.5).double()), flat)


def test_black_stays_black():
    assert torch.equal(ftvd(torch.zeros(1, 1, 9, 12), disk_kernel(2.0)), torch.zeros(1, 1, 9, 12))


def test_under_a_circular_boundary_a_shifted_image_gives_the_shifted_result():
    image, kernel = smooth_image((24, 31)), asymmetric_kernel()

    shifted = circular_ftvd(image.roll((5, -9), dims=(-2, -1)), kernel)

    torch.testing.assert_close(shifted, circular_ftvd(image, kernel).roll((5, -9), dims=(-2, -1)))


def test_a_transposed_image_and_kernel_give_the_transposed_result():
    image, kernel = smooth_image((24, 31)), asymmetric_kernel()

    transposed = circular_ftvd(image.mT, kernel.mT)

    torch.testing.assert_close(transposed.mT, circular_ftvd(image, kernel))


def test_a_larger_mu_fits_the_data_closer_and_varies_more():
    image, kernel = blocks((16, 17)), asymmetric_kernel()
    restored = [to_the_end(image, kernel, mu=mu) for mu in (10.0, 100.0, 1e4)]

    misfits = [float((circular_convolve(u, kernel) - image).square().sum()) for u in restored]
    variations = [float(tv_objective(u, image, kernel, mu=0)) for u in restored]

    assert misfits == sorted(misfits, reverse=True)
    assert variations == sorted(variations)


@pytest.mark.parametrize("boundary", ["reflect", "valid"])
@pytest.mark.parametrize("kernel", [gaussian_kernel(1.8, 21), disk_kernel(3.0)])
def test_it_gains_several_decibels_on_a_photograph(kernel, boundary):
    sharp = photograph(130, 141)
    blurred = quantise(Blur(kernel, boundary)(sharp), 8)
    if boundary == "valid":
        margin = kernel.shape[-1] // 2
        sharp = sharp[..., margin:-margin, margin:-margin]

    restored = ftvd(blurred, kernel)

    assert psnr(restored, sharp) > psnr(blurred, sharp) + 2.5


def test_what_was_appended_at_the_border_does_not_pull():
    kernel = gaussian_kernel(1.8, 21)
    sharp = photograph(130, 141)
    blurred, sharp = quantise(Blur(kernel, "valid")(sharp), 8), sharp[..., 10:-10, 10:-10]

    believed = circular_ftvd(fade_into_opposite(blurred, 21), kernel)[..., :110, :121]

    assert psnr(ftvd(blurred, kernel), sharp) > psnr(believed, sharp) + 1


def test_a_ramp_does_not_ring_where_opposite_borders_differ():
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 48, 64)
    kernel = gaussian_kernel(2.0)
    blurred = Blur(kernel, "replicate")(ramp)

    restored, as_if_periodic = ftvd(blurred, kernel), circular_ftvd(blurred, kernel)

    assert float((restored - ramp).abs().max()) < 0.06
    assert float((as_if_periodic - ramp).abs().max()) > 0.3


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (3, 50), (21, 22)])
def test_images_smaller_than_the_kernel_are_restored_too(shape):
    image = smooth_image(shape)

    restored = ftvd(image, gaussian_kernel(3.0, 21))

    assert restored.shape == image.shape
    assert torch.isfinite(restored).all()


def test_under_a_circular_boundary_they_are_refused():
    with pytest.raises(ImageError, match=r"as large as its kernel, 21 x 21 pixels, got 30 x 20"):
        circular_ftvd(smooth_image((20, 30)), gaussian_kernel(3.0, 21))


def test_no_image_or_channel_depends_on_its_companions():
    images = torch.cat([blocks((30, 31)).expand(1, 2, -1, -1), smooth_image((30, 31), channels=2)])
    kernels = torch.cat([gaussian_kernel(1.0, 9), disk_kernel(3.0, 9)]).double()

    together = ftvd(images, kernels)

    for index, channel in np.ndindex(2, 2):
        alone = ftvd(images[index, channel][None, None], kernels[index : index + 1])
        torch.testing.assert_close(together[index, channel][None, None], alone)


def test_float32_stays_float32_and_close_to_float64():
    image, kernel = smooth_image((40, 41)), gaussian_kernel(1.5)

    restored = ftvd(image.float(), kernel)

    assert restored.dtype == torch.float32
    assert ftvd(image, kernel).dtype == torch.float64
    torch.testing.assert_close(restored.double(), ftvd(image, kernel), atol=2e-3, rtol=0)


def test_the_blurred_image_and_the_kernel_are_left_as_they_are():
    image, kernel = smooth_image((20, 20)), asymmetric_kernel()
    before = image.clone(), kernel.clone()

    ftvd(image, kernel)

    assert torch.equal(image, before[0])
    assert torch.equal(kernel, before[1])


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"mu": 0.0}, r"mu must be a positive number, got 0.0; try \d+"),
        ({"mu": math.nan}, "mu must be a positive number, got nan"),
        ({"betas": []}, r"betas must be positive numbers in rising order, got \(\); try 1, 2, 4 .. 128"),
        ({"betas": [2.0, 1.0]}, r"in rising order, got \(2.0, 1.0\)"),
        ({"betas": [0.0, 1.0]}, "betas must be positive numbers"),
        ({"tolerance": -1.0}, "tolerance must be 0 or a positive number, got -1.0; try 0.001"),
        ({"max_iterations": 0}, "number of iterations must be at least 1, got 0"),
    ],
)
@pytest.mark.parametrize("method", [ftvd, circular_ftvd])
def test_settings_out_of_range_are_refused(method, settings, sentence):
    with pytest.raises(ConfigError, match=f"ftvd: .*{sentence}"):
        method(smooth_image((20, 20)), gaussian_kernel(1.0), **settings)


def test_what_is_no_kernel_is_refused():
    with pytest.raises(KernelError, match="must sum to 1"):
        ftvd(smooth_image((20, 20)), torch.ones(1, 1, 3, 3))
