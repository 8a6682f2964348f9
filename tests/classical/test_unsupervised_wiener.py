"""The Wiener filter that finds its own noise: scikit-image called directly, and the filter with the best ratio."""

import numpy as np
import pytest
import torch
from skimage.restoration import unsupervised_wiener as skimage_unsupervised_wiener

from pinsharp.blur.camera import add_read_noise, generator, quantise
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.classical.unsupervised_wiener import circular_unsupervised_wiener, unsupervised_wiener
from pinsharp.classical.wiener import circular_wiener
from pinsharp.errors import ConfigError, ImageError, KernelError
from scenes import asymmetric_kernel, photograph, psnr, smooth_image


@pytest.mark.parametrize("shape", [(32, 32), (33, 40)])
@pytest.mark.parametrize("seed", [0, 7])
def test_under_a_circular_boundary_it_is_the_function_of_scikit_image(shape, seed):
    image, kernel = smooth_image(shape), asymmetric_kernel()

    restored = circular_unsupervised_wiener(image, kernel, burn_in=5, samples=8, seed=seed)

    draws = {"burnin": 5, "min_num_iter": 14, "max_num_iter": 14}
    plane, table = image[0, 0].numpy(), kernel[0, 0].numpy()
    expected, _ = skimage_unsupervised_wiener(plane, table, user_params=draws, clip=False, rng=seed)
    assert np.isrealobj(expected)
    np.testing.assert_allclose(restored[0, 0].numpy(), expected, atol=1e-12)


def test_it_arrives_at_the_wiener_filter_of_some_ratio():
    kernel = disk_kernel(2.0).double()
    image = add_read_noise(Blur(kernel, "circular")(photograph(64, 65).double()), 0.01, generator(0, 0))[:, :1]

    restored = circular_unsupervised_wiener(image, kernel)

    ratios = torch.logspace(-5, 0, 60)
    filtered = [circular_wiener(image, kernel, noise_to_signal=float(r), prior="laplacian") for r in ratios]
    assert min(float((f - restored).square().mean().sqrt()) for f in filtered) < 0.01


@pytest.mark.parametrize("boundary", ["reflect", "valid"])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_it_gains_on_a_photograph_whatever_the_noise(noise, boundary):
    kernel = disk_kernel(3.0)
    sharp = photograph(130, 141)
    blurred = quantise(add_read_noise(Blur(kernel, boundary)(sharp), noise, generator(0, 0)), 8)
    sharp = sharp[..., 3:-3, 3:-3] if boundary == "valid" else sharp

    assert psnr(unsupervised_wiener(blurred, kernel), sharp) > psnr(blurred, sharp) + 1


def test_a_ramp_does_not_ring_where_opposite_borders_differ():
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 48, 64)
    kernel = gaussian_kernel(2.0)
    blurred = quantise(Blur(kernel, "replicate")(ramp), 8)

    restored, as_if_periodic = unsupervised_wiener(blurred, kernel), circular_unsupervised_wiener(blurred, kernel)

    assert float((restored - ramp).abs().max()) < 0.1
    assert float((as_if_periodic - ramp).abs().max()) > 0.3


def test_the_same_seed_gives_the_same_result_and_another_nearly_the_same():
    image, kernel = quantise(smooth_image((40, 41)), 8), asymmetric_kernel()

    restored = unsupervised_wiener(image, kernel, seed=3)

    assert torch.equal(restored, unsupervised_wiener(image, kernel, seed=3))
    other = unsupervised_wiener(image, kernel, seed=4)
    assert not torch.equal(restored, other)
    torch.testing.assert_close(restored, other, atol=0.1, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (20, 31)])
def test_a_flat_image_stays_flat_black_too(shape, value, dtype):
    flat = torch.full((1, 3, *shape), value, dtype=dtype)

    torch.testing.assert_close(unsupervised_wiener(flat, gaussian_kernel(1.5)), flat, atol=1e-3, rtol=0)


@pytest.mark.parametrize("shape", [(5, 5), (3, 50), (21, 22)])
def test_images_smaller_than_the_kernel_are_restored_too(shape):
    image = smooth_image(shape)

    restored = unsupervised_wiener(image, gaussian_kernel(3.0, 21))

    assert restored.shape == image.shape
    assert torch.isfinite(restored).all()


def test_under_a_circular_boundary_they_are_refused():
    with pytest.raises(ImageError, match=r"as large as its kernel, 21 x 21 pixels, got 30 x 20"):
        circular_unsupervised_wiener(smooth_image((20, 30)), gaussian_kernel(3.0, 21))


def test_no_image_or_channel_depends_on_its_companions():
    images = smooth_image((30, 31), batch=2, channels=3)
    kernels = torch.cat([gaussian_kernel(1.0, 9), disk_kernel(3.0, 9)]).double()

    together = unsupervised_wiener(images, kernels, samples=5)

    for index, channel in np.ndindex(2, 3):
        alone = unsupervised_wiener(images[index, channel][None, None], kernels[index : index + 1], samples=5)
        torch.testing.assert_close(together[index, channel][None, None], alone)


def test_float32_stays_float32_and_close_to_float64():
    image, kernel = quantise(smooth_image((40, 41)), 8), gaussian_kernel(1.5)

    restored = unsupervised_wiener(image.float(), kernel)

    assert restored.dtype == torch.float32
    torch.testing.assert_close(restored.double(), unsupervised_wiener(image, kernel), atol=1e-2, rtol=0)


@pytest.mark.parametrize("burn_in, samples", [(-1, 10), (10, 1)])
def test_numbers_of_draws_out_of_range_are_refused(burn_in, samples):
    sentence = f"burn-in must be 0 or more draws and samples 2 or more, got {burn_in} and {samples}; try"
    with pytest.raises(ConfigError, match=f"unsupervised-wiener: {sentence}"):
        unsupervised_wiener(smooth_image((20, 20)), gaussian_kernel(1.0), burn_in=burn_in, samples=samples)


def test_what_is_no_kernel_is_refused():
    with pytest.raises(KernelError, match="must sum to 1"):
        unsupervised_wiener(smooth_image((20, 20)), torch.ones(1, 1, 3, 3))
