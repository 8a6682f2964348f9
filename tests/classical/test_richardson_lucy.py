"""Richardson-Lucy: what its iterations must keep, with scikit-image called directly and a torus as references."""

import numpy as np
import pytest
import torch
from skimage.restoration import richardson_lucy as skimage_richardson_lucy

from closeness import assert_close_to_largest
from pinsharp.blur.camera import quantise
from pinsharp.blur.fourier import circular_convolve
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.classical.richardson_lucy import richardson_lucy
from pinsharp.errors import ConfigError, KernelError
from scenes import asymmetric_kernel, photograph, psnr, smooth_image


def in_the_dark(image, margin=40):
    """The image in the middle of black, so wide that no light reaches the border."""
    return torch.nn.functional.pad(image, (margin,) * 4)


@pytest.mark.parametrize("shape", [(24, 24), (25, 30)])
@pytest.mark.parametrize("iterations", [1, 4, 20])
def test_in_the_dark_it_is_the_function_of_scikit_image(shape, iterations):
    image, kernel = in_the_dark(smooth_image(shape)), asymmetric_kernel()

    restored = richardson_lucy(image, kernel, iterations=iterations)

    expected = skimage_richardson_lucy(image[0, 0].numpy(), kernel[0, 0].numpy(), iterations, clip=False)
    np.testing.assert_allclose(restored[0, 0].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("kernel, iterations", [(gaussian_kernel(1.5, 9), 10), (disk_kernel(3.0), 100)])
def test_at_the_border_the_image_goes_on_mirrored(kernel, iterations):
    """On a torus that holds the image and its mirror images there is no border; written down from the formula."""
    image, kernel = smooth_image((30, 41)), kernel.double()
    torus = torch.cat([image, image.flip(-1)[..., 1:-1]], dim=-1)
    torus = torch.cat([torus, torus.flip(-2)[..., 1:-1, :]], dim=-2)

    expected = torch.full_like(torus, 0.5)
    for _ in range(iterations):
        expected = expected * circular_convolve(torus / circular_convolve(expected, kernel), kernel.flip(-2, -1))

    restored = richardson_lucy(image, kernel, iterations=iterations)
    torch.testing.assert_close(restored, expected[..., :30, :41], atol=0.01, rtol=0)


@pytest.mark.parametrize("scale", [0.1, 5.0])
def test_a_brighter_image_gives_a_result_brighter_by_the_same_factor_unclipped(scale):
    image, kernel = smooth_image((30, 31)), asymmetric_kernel()

    restored = richardson_lucy(scale * image, kernel, iterations=5)

    assert_close_to_largest(restored, scale * richardson_lucy(image, kernel, iterations=5), 1e-4)


def test_light_is_neither_made_nor_lost():
    image, kernel = in_the_dark(smooth_image((24, 25), channels=3)), asymmetric_kernel()

    restored = richardson_lucy(image, kernel, iterations=10)

    torch.testing.assert_close(restored.sum(dim=(-2, -1)), image.sum(dim=(-2, -1)), rtol=1e-4, atol=0)


def test_each_iteration_fits_the_data_closer():
    image, kernel = photograph(60, 61), disk_kernel(2.0)
    blurred = Blur(kernel, "reflect")(image)

    misfits = [
        float((Blur(kernel, "reflect")(richardson_lucy(blurred, kernel, iterations=n)) - blurred).square().mean())
        for n in (1, 2, 5, 10, 30)
    ]

    assert misfits == sorted(misfits, reverse=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (20, 31)])
def test_a_flat_image_stays_flat_black_too(shape, value, dtype):
    flat = torch.full((1, 1, *shape), value, dtype=dtype)

    torch.testing.assert_close(richardson_lucy(flat, gaussian_kernel(1.5)), flat, atol=1e-3, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_point_in_the_dark_gives_no_nan_and_nothing_negative(dtype):
    point = torch.zeros(1, 1, 64, 65, dtype=dtype)
    point[..., 30, 31] = 1
    blurred = quantise(Blur(gaussian_kernel(2.0).to(dtype), "zero")(point), 8)

    restored = richardson_lucy(blurred, gaussian_kernel(2.0))

    assert torch.isfinite(restored).all()
    assert float(restored.min()) >= 0
    assert int(restored.argmax()) == 30 * 65 + 31


def test_negative_noise_counts_as_black():
    image = smooth_image((20, 21)) - 0.3

    restored = richardson_lucy(image, asymmetric_kernel())

    torch.testing.assert_close(restored, richardson_lucy(image.clamp(min=0), asymmetric_kernel()))


@pytest.mark.parametrize("kernel", [gaussian_kernel(1.8, 21), disk_kernel(3.0)])
def test_it_gains_on_a_photograph(kernel):
    sharp = photograph(130, 141)
    blurred = quantise(Blur(kernel, "reflect")(sharp), 8)

    assert psnr(richardson_lucy(blurred, kernel), sharp) > psnr(blurred, sharp) + 2.5


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (3, 50), (21, 22)])
def test_images_smaller_than_the_kernel_are_restored_too(shape):
    image = smooth_image(shape)

    restored = richardson_lucy(image, gaussian_kernel(3.0, 21), iterations=5)

    assert restored.shape == image.shape
    assert torch.isfinite(restored).all()


def test_no_image_or_channel_depends_on_its_companions():
    images = smooth_image((30, 31), batch=2, channels=3)
    kernels = torch.cat([gaussian_kernel(1.0, 9), disk_kernel(3.0, 9)]).double()

    together = richardson_lucy(images, kernels, iterations=5)

    for index, channel in np.ndindex(2, 3):
        alone = richardson_lucy(images[index, channel][None, None], kernels[index : index + 1], iterations=5)
        # They share the margin of the widest kernel, which moves the far tail of the border's reach.
        torch.testing.assert_close(together[index, channel][None, None], alone, atol=1e-4, rtol=0)


def test_float32_stays_float32_and_close_to_float64():
    image, kernel = smooth_image((40, 41)), gaussian_kernel(1.5)

    restored = richardson_lucy(image.float(), kernel, iterations=20)

    assert restored.dtype == torch.float32
    expected = richardson_lucy(image, kernel, iterations=20)
    torch.testing.assert_close(restored.double(), expected, atol=1e-3, rtol=0)


def test_no_iteration_is_refused():
    with pytest.raises(ConfigError, match=r"richardson-lucy: iterations must be 1 or more, got 0; try \d+"):
        richardson_lucy(smooth_image((20, 20)), gaussian_kernel(1.0), iterations=0)


def test_what_is_no_kernel_is_refused():
    with pytest.raises(KernelError, match="must sum to 1"):
        richardson_lucy(smooth_image((20, 20)), torch.ones(1, 1, 3, 3))
