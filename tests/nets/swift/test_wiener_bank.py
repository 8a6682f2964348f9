"""The Wiener bank: brightness kept, local filters, careful to bold, and gradients to all that they are made of."""

import numpy as np
import pytest
import torch
from torch import Tensor

from closeness import assert_close_to_largest
from pinsharp.blur.family import render_kernels
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.nets.swift.wiener_bank import (
    REFERENCE_FREQUENCY,
    REFERENCE_NOISE,
    REFERENCE_RATIO,
    STEADY_STEPS,
    WienerBank,
)

RADIUS, GRID = 12, 32
NOISE = torch.tensor([1 / 255])


def random_images(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def asymmetric_kernel(side: int = 5, batch: int = 1) -> Tensor:
    """A symmetric kernel would hide a flip."""
    kernel = random_images(batch, 1, side, side, seed=3)
    return kernel / kernel.sum(dim=(-2, -1), keepdim=True)


def largest(tensor: Tensor) -> float:
    return float(tensor.detach().abs().max())


def small_bank(radius: int = RADIUS, grid: int = GRID, count: int = 3) -> WienerBank:
    return WienerBank(count, radius, grid)


@pytest.mark.parametrize("kernel", [gaussian_kernel(1.5), disk_kernel(3.0), asymmetric_kernel()])
@pytest.mark.parametrize("noise", [1e-4, 1 / 255, 0.05])
def test_every_filter_sums_to_one(kernel, noise):
    """Cutting a filter off must not change the brightness of the image."""
    filters = small_bank().filters(kernel, torch.tensor([noise]))

    assert filters.shape == (1, 3, 2 * RADIUS + 1, 2 * RADIUS + 1)
    torch.testing.assert_close(filters.sum(dim=(-2, -1)), torch.ones(1, 3), atol=5e-5, rtol=0)


@pytest.mark.parametrize("shape", [(1, 1), (7, 30), (33, 40)])
def test_a_flat_image_keeps_its_brightness_up_to_the_border(shape):
    flat = torch.full((1, 3, *shape), 0.37)

    result = small_bank()(flat, gaussian_kernel(2.0), NOISE)

    assert result.shape == (1, 3, 3, *shape)
    torch.testing.assert_close(result, torch.full_like(result, 0.37), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kernel", [gaussian_kernel(0.8), disk_kernel(1.5), asymmetric_kernel(3)])
def test_the_steady_copy_is_that_of_landweber_iterations(kernel):
    """The oracle takes step after step in the image plane, far from any border."""
    image, blur = random_images(1, 1, 140, 140), Blur(kernel, "circular")
    found = torch.zeros_like(image)
    for _ in range(STEADY_STEPS):
        found = found + blur.adjoint(image - blur(found))

    steady = WienerBank(3, 40, 96, steady=True)(image, kernel, NOISE)[:, -1]

    assert_close_to_largest(steady[..., 50:-50, 50:-50], found[..., 50:-50, 50:-50], 1e-3)


def test_the_steady_filter_asks_for_no_noise_and_comes_last():
    bank, kernel = WienerBank(3, RADIUS, GRID, steady=True), asymmetric_kernel()

    calm, loud = (bank.filters(kernel, torch.tensor([noise])) for noise in (1e-4, 0.05))

    assert calm.shape[1] == bank.copies == 4
    assert torch.equal(calm[:, -1], loud[:, -1])
    assert torch.equal(calm[:, :-1], small_bank().filters(kernel, torch.tensor([1e-4])))


def test_a_pixel_depends_on_nothing_further_than_the_radius():
    bank, image = small_bank(), random_images(1, 1, 61, 70)
    far = torch.ones(61, 70, dtype=torch.bool)
    far[30 - RADIUS : 30 + RADIUS + 1, 35 - RADIUS : 35 + RADIUS + 1] = False

    change = bank(image + 100 * far, gaussian_kernel(1.5), NOISE) - bank(image, gaussian_kernel(1.5), NOISE)

    assert largest(change[..., 30, 35]) < 1e-4  # rounding of values around 100
    assert largest(change) > 10


def test_the_whole_radius_is_used():
    """The taper ends beyond the outermost pixel, so that the radius in the name is the radius in the image."""
    filters = small_bank().filters(asymmetric_kernel(), NOISE).detach()

    assert float(filters[..., RADIUS, 0].abs().min()) > 0
    assert float(filters[..., RADIUS, -1].abs().min()) > 0


@pytest.mark.parametrize("shape", [(50, 61), (45, 52)])
@pytest.mark.parametrize("top, left, height, width", [(0, 0, 17, 21), (9, 13, 11, 8), (30, 37, 15, 15), (20, 0, 1, 52)])
def test_a_window_with_its_halo_is_deconvolved_as_inside_the_image(shape, top, left, height, width):
    bank, image, kernel = small_bank(), random_images(1, 3, *shape), asymmetric_kernel()
    whole = bank(image, kernel, NOISE)

    first_row, first_column = max(0, top - RADIUS), max(0, left - RADIUS)
    part = image[..., first_row : top + height + RADIUS, first_column : left + width + RADIUS]
    window = bank(part, kernel, NOISE)[..., top - first_row :, left - first_column :][..., :height, :width]

    assert_close_to_largest(window, whole[..., top : top + height, left : left + width], 3e-6)


def numpy_wiener(image: np.ndarray, sigma: float, noise: float, strength: float, slope: float) -> np.ndarray:
    """Wiener deconvolution with whole transforms in float64; the power law of the noise written out."""
    rows, columns = (np.fft.fftfreq(side) for side in image.shape)
    frequency = np.hypot(rows[:, None], columns[None, :])
    transfer = np.zeros(image.shape)
    for y in range(-20, 21):
        for x in range(-20, 21):
            transfer[y, x] = np.exp(-(x * x + y * y) / (2 * sigma**2))
    transfer = np.fft.fft2(transfer / transfer.sum())
    law = REFERENCE_RATIO * np.exp(strength) * (noise / REFERENCE_NOISE) ** 2
    ratio = law * (np.maximum(frequency, 1e-9) / REFERENCE_FREQUENCY) ** slope
    return np.fft.ifft2(np.fft.fft2(image) * transfer.conj() / (np.abs(transfer) ** 2 + ratio)).real


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_inside_it_is_wiener_deconvolution_by_whole_transforms(sigma):
    """The cut to a finite radius costs little: filters for a Gaussian have died away there."""
    radius = 48
    bank = small_bank(radius, 128)
    sharp = Blur(gaussian_kernel(0.8), "circular")(random_images(1, 1, 160, 150))
    blurred = Blur(gaussian_kernel(sigma), "circular")(sharp)

    result = bank(blurred, gaussian_kernel(sigma), NOISE).detach()

    inside = (..., slice(radius, -radius), slice(radius, -radius))
    for index in range(3):
        strength, slope = float(bank.log_strength.detach()[index]), float(bank.slope.detach()[index])
        expected = numpy_wiener(blurred[0, 0].double().numpy(), sigma, 1 / 255, strength, slope)
        torch.testing.assert_close(
            result[0, index, 0][inside].double(), torch.from_numpy(expected)[inside], atol=2e-3, rtol=0
        )


def test_an_asymmetric_blur_is_undone_in_place():
    """Neither flipped nor shifted: with little noise a mild blur comes back where it was."""
    kernel = 0.7 * torch.nn.functional.pad(torch.ones(1, 1, 1, 1), (2, 2, 2, 2)) + 0.3 * asymmetric_kernel()
    sharp = random_images(1, 1, 40, 43)
    blurred = Blur(kernel, "replicate")(sharp)

    result = small_bank()(blurred, kernel, torch.tensor([1e-4]))

    inside = (..., slice(8, -8), slice(8, -8))
    assert largest((result[:, 2] - sharp)[inside]) < 0.02
    assert largest((blurred - sharp)[inside]) > 0.1


def test_filters_go_from_careful_to_bold():
    """Noise gain of a filter is the root of its summed squares."""
    filters = small_bank(count=4).filters(gaussian_kernel(1.5), NOISE)

    gain = filters.square().sum(dim=(-2, -1)).sqrt()[0]

    assert bool((gain.diff() > 0.1 * gain[:-1]).all())


def test_more_noise_makes_every_filter_more_careful():
    quiet, noisy = small_bank().filters(gaussian_kernel(1.5).expand(2, -1, -1, -1), torch.tensor([1e-3, 1e-2]))

    assert bool((noisy.square().sum(dim=(-2, -1)) < quiet.square().sum(dim=(-2, -1))).all())


@pytest.mark.parametrize("noise", [0.0, 1e-8])
def test_an_image_without_noise_has_finite_filters(noise):
    """The kernel's zeros would have to be divided by."""
    noise = torch.tensor([noise], requires_grad=True)

    filters = small_bank().filters(disk_kernel(4.0), noise)
    filters.square().sum().backward()

    assert bool(torch.isfinite(filters).all())
    assert bool(torch.isfinite(noise.grad).all())


def test_each_image_of_a_batch_has_its_own_kernel_and_noise():
    bank, images = small_bank(), random_images(2, 3, 20, 23)
    kernels = render_kernels(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.5]), 11)
    noise = torch.tensor([1e-3, 1e-2])

    together = bank(images, kernels, noise)

    for index in (0, 1):
        alone = bank(images[index : index + 1], kernels[index : index + 1], noise[index : index + 1])
        torch.testing.assert_close(together[index : index + 1], alone)


def test_a_kernel_larger_than_the_grid_is_cut_to_its_centre():
    wide = gaussian_kernel(1.5, 41)  # the grid has 32

    torch.testing.assert_close(
        small_bank().filters(wide, NOISE), small_bank().filters(gaussian_kernel(1.5, 31), NOISE), atol=1e-5, rtol=0
    )


def test_gradients_to_parameters_kernel_and_noise_are_exact():
    """Joint training needs them all. In float64, against finite differences."""
    bank = small_bank(3, 8, count=2).double()
    parameters = [value.detach().clone().requires_grad_() for value in bank.parameters()]
    del bank.log_strength, bank.slope  # in their place come plain tensors, which gradcheck can move
    kernel = asymmetric_kernel(3, batch=2).double().requires_grad_()
    noise = torch.tensor([0.01, 0.05], dtype=torch.float64, requires_grad=True)
    weights = random_images(2, 2, 7, 7, seed=5).double()

    def loss(kernel: Tensor, noise: Tensor, log_strength: Tensor, slope: Tensor) -> Tensor:
        bank.log_strength, bank.slope = log_strength, slope
        return (bank.filters(kernel, noise) * weights).sum()

    assert torch.autograd.gradcheck(loss, (kernel, noise, *parameters))


def test_gradients_reach_the_image_and_the_parameters_through_the_convolution():
    bank, image = small_bank(), random_images(1, 1, 15, 16).requires_grad_()
    kernel, noise = asymmetric_kernel().requires_grad_(), NOISE.clone().requires_grad_()

    bank(image, kernel, noise).square().sum().backward()

    for value in (image, kernel, noise, *bank.parameters()):
        assert value.grad is not None
        assert bool(value.grad.any())
        assert bool(torch.isfinite(value.grad).all())


def test_half_precision_is_transformed_in_float32():
    bank, image = small_bank(), random_images(1, 1, 15, 16).bfloat16()

    with torch.autocast("cpu", torch.bfloat16):
        half = bank(image, gaussian_kernel(1.0), NOISE)

    assert half.dtype == torch.float32
    torch.testing.assert_close(half, bank(image.float(), gaussian_kernel(1.0), NOISE))


def test_arguments_are_not_changed():
    image, kernel, noise = random_images(1, 1, 15, 16), asymmetric_kernel(), NOISE.clone()
    before = image.clone(), kernel.clone(), noise.clone()

    small_bank()(image, kernel, noise)

    assert all(torch.equal(*pair) for pair in zip((image, kernel, noise), before, strict=True))


def test_a_grid_that_cannot_hold_the_filters_is_refused():
    with pytest.raises(ValueError, match=r"at least 2 \* radius \+ 1 = 25, got 24"):
        WienerBank(3, 12, 24)


@pytest.mark.parametrize("channels, height, width", [(1, 24, 24), (3, 23, 30), (3, 1, 5)])
def test_one_plane_after_another_is_what_all_at_once_are(channels, height, width):
    """With more neighbours around than the radius, too."""
    image, kernel, bank = random_images(1, channels, height, width), asymmetric_kernel(), small_bank()
    lengths = bank.transform_shape((height + 3, width + 1))
    around = (RADIUS, lengths[1] - width - RADIUS, RADIUS, lengths[0] - height - RADIUS)
    padded = torch.nn.functional.pad(image, around, mode="replicate")[0]

    with torch.inference_mode():
        planes = torch.stack(list(bank.planes(padded, bank.transfers(kernel, NOISE, lengths), (height, width))))

    assert_close_to_largest(planes, bank(image, kernel, NOISE)[0].flatten(0, 1), 2e-6)


def test_white_noise_by_ring_gives_the_filters_of_one_level():
    bank, kernel = WienerBank(3, 8, 32), disk_kernel(2.0)

    by_ring = bank.filters(kernel, torch.full((1, 16), 2 / 255))

    assert_close_to_largest(by_ring, bank.filters(kernel, torch.tensor([2 / 255])), 1e-5)


@torch.no_grad()
def test_noise_at_high_frequencies_alone_leaves_low_ones_bold():
    bank, kernel = WienerBank(1, 15, 32), gaussian_kernel(1.0)
    rings = torch.full((1, 16), 0.5 / 255)
    rings[:, 10:] = 20 / 255

    quiet, coloured = (
        torch.fft.rfft2(bank.filters(kernel, noise)[0, 0]).abs() for noise in (rings[:, :1].expand(1, 16), rings)
    )

    assert float(coloured[0, 14]) < 0.3 * float(quiet[0, 14])
    assert float(coloured[0, 4]) > 0.95 * float(quiet[0, 4])
