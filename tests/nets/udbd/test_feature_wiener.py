"""FWD and DFWD: the step against numpy in float64, identities, and that only the noise term tells them apart."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pinsharp.blur.fourier import circular_convolve, fast_size
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.nets.udbd.feature_wiener import INITIAL_RATIO, RATIO_FLOOR, Dfwd, Fwd, deconvolve_features, mean_filter

MODULES = {"fwd": Fwd, "dfwd": Dfwd}


def features(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def asymmetric_kernel(size: int = 7, batch: int = 1) -> Tensor:
    kernel = features(batch, 1, size, size)
    return kernel / kernel.sum(dim=(-2, -1), keepdim=True)


def delta(size: int = 5) -> Tensor:
    kernel = torch.zeros(1, 1, size, size, dtype=torch.float64)
    kernel[..., size // 2, size // 2] = 1
    return kernel


def numpy_wiener(feature: np.ndarray, kernel: np.ndarray, ratio: float) -> np.ndarray:
    """Eq. 3 for one channel with full complex transforms, the kernel placed by explicit loops."""
    side, (height, width) = len(kernel), feature.shape
    rows, columns = fast_size(height + 2 * side), fast_size(width + 2 * side)
    edges = ((side, rows - height - side), (side, columns - width - side))
    placed = np.zeros((rows, columns))
    for y in range(side):
        for x in range(side):
            placed[(y - side // 2) % rows, (x - side // 2) % columns] = kernel[y, x]
    transfer = np.fft.fft2(placed)
    wiener = np.conj(transfer) / (np.conj(transfer) * transfer + ratio)
    restored = np.fft.ifft2(wiener * np.fft.fft2(np.pad(feature, edges, mode="edge")))
    return restored.real[side : side + height, side : side + width]


@pytest.mark.parametrize("shape", [(16, 16), (21, 34), (1, 1), (5, 40)])
def test_each_channel_is_deconvolved_as_numpy_does(shape):
    given, kernel = features(2, 3, *shape), asymmetric_kernel(batch=2)
    ratio = torch.tensor([[1e-3, 1e-2, 0.1], [2e-3, 3e-2, 0.2]], dtype=torch.float64)[..., None, None]

    result = deconvolve_features(given, kernel, ratio)

    for sample in range(2):
        for channel in range(3):
            expected = numpy_wiener(
                given[sample, channel].numpy(), kernel[sample, 0].numpy(), float(ratio[sample, channel])
            )
            np.testing.assert_allclose(result[sample, channel].numpy(), expected, atol=1e-10)


def test_a_delta_kernel_with_a_tiny_ratio_returns_the_features():
    given = features(1, 3, 13, 18)

    torch.testing.assert_close(deconvolve_features(given, delta(), torch.tensor(1e-12)), given)


def test_a_shifted_kernel_shifts_the_features_back():
    given = features(1, 2, 12, 15)
    kernel = delta(5).roll(1, dims=-1)  # its point lies one pixel right of the centre

    result = deconvolve_features(given, kernel, torch.tensor(1e-12))

    torch.testing.assert_close(result[..., :-1], given[..., 1:])


def test_a_blurred_feature_comes_back():
    sharp = torch.nn.functional.pad(features(1, 2, 16, 16), (16, 16, 16, 16))
    kernel = asymmetric_kernel(5) * 0.3 + delta(5) * 0.7  # no zeros in its transfer function

    result = deconvolve_features(circular_convolve(sharp, kernel), kernel, torch.tensor(1e-12))

    torch.testing.assert_close(result, sharp, atol=1e-8, rtol=0)


@pytest.mark.parametrize("ratio", [1e-6, 0.01])
def test_constants_are_kept_up_to_the_ratio(ratio):
    """A kernel passes constants whole, so eq. 3 divides them by 1 + C_i."""
    given = torch.full((1, 2, 9, 11), 0.6, dtype=torch.float64)

    result = deconvolve_features(given, asymmetric_kernel(), torch.tensor(ratio, dtype=torch.float64))

    torch.testing.assert_close(result, given / (1 + ratio))


def test_fwd_keeps_constants():
    given = torch.full((1, 2, 9, 11), 0.6, dtype=torch.float64)

    torch.testing.assert_close(Fwd(2)(given, asymmetric_kernel()), given, rtol=2e-3, atol=0)


def test_both_modules_are_equal_when_given_the_same_numbers():
    given, kernel = features(2, 3, 14, 17), asymmetric_kernel(batch=2)
    fwd, dfwd = Fwd(3), Dfwd(3, hidden=4).double()
    ratios = fwd.noise_to_signal(given)[:1]  # one image's
    weight, bias = list(dfwd.parameters())[-2:]
    with torch.no_grad():
        weight.zero_()
        bias.copy_(torch.log(torch.expm1(ratios.flatten() - RATIO_FLOOR)))

    torch.testing.assert_close(dfwd(given[:1], kernel[:1]), fwd(given[:1], kernel[:1]))


def test_fwd_measures_deviations_as_numpy_does():
    given = features(2, 3, 9, 14)

    ratio = Fwd(3).noise_to_signal(given)

    array = given.numpy()
    padded = np.pad(array, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    mean = sum(padded[..., y : y + 9, x : x + 14] for y in range(3) for x in range(3)) / 9
    expected = (array - mean).std(axis=(2, 3)) / array.std(axis=(2, 3))
    np.testing.assert_allclose(ratio[..., 0, 0].numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(mean_filter(given).numpy(), mean, atol=1e-12)


def test_fwd_finds_more_noise_where_there_is_more():
    smooth = torch.linspace(0, 1, 32, dtype=torch.float64).expand(1, 1, 32, 32)

    clean, noisy = (Fwd(1).noise_to_signal(smooth + level * features(1, 1, 32, 32)) for level in (0.01, 0.1))

    assert float(noisy) > 5 * float(clean)


def test_an_untrained_dfwd_starts_at_its_stated_ratio():
    ratio = Dfwd(4).noise_to_signal(features(2, 4, 16, 16, dtype=torch.float32))

    assert ratio.shape == (2, 4, 1, 1)
    assert bool((ratio > INITIAL_RATIO / 2).all())
    assert bool((ratio < INITIAL_RATIO * 2).all())


def test_dfwd_stays_positive_whatever_its_weights():
    dfwd = Dfwd(2)
    nn.init.constant_(list(dfwd.parameters())[-1], -math.inf)

    assert bool((dfwd.noise_to_signal(features(1, 2, 8, 8).float()) >= RATIO_FLOOR / 2).all())


@pytest.mark.parametrize("name", MODULES)
def test_modules_leave_their_arguments_alone(name):
    given, kernel = features(1, 3, 10, 11, dtype=torch.float32), asymmetric_kernel().float()
    before = given.clone(), kernel.clone()

    MODULES[name](3)(given, kernel)

    assert torch.equal(given, before[0])
    assert torch.equal(kernel, before[1])


@pytest.mark.parametrize("name", MODULES)
def test_gradients_reach_features_kernel_and_parameters(name):
    module = MODULES[name](3)
    given = features(1, 3, 10, 11, dtype=torch.float32).requires_grad_()
    kernel = gaussian_kernel(1.0, 7).requires_grad_()

    module(given, kernel).square().sum().backward()

    assert all(value.grad is not None and value.grad.any() for value in (given, kernel, *module.parameters()))


@pytest.mark.parametrize("name", MODULES)
def test_a_flat_channel_gives_finite_gradients(name):
    given = torch.zeros(1, 3, 8, 8, requires_grad=True)

    MODULES[name](3)(given, gaussian_kernel(1.0, 7)).sum().backward()

    assert bool(torch.isfinite(given.grad).all())


@pytest.mark.parametrize("name", MODULES)
def test_half_precision_features_are_transformed_in_float32(name):
    module, given = MODULES[name](3), features(1, 3, 12, 12, dtype=torch.float32).bfloat16()

    with torch.autocast("cpu", torch.bfloat16):
        half = module(given, gaussian_kernel(1.0))

    assert half.dtype == torch.float32
    torch.testing.assert_close(half, module(given.float(), gaussian_kernel(1.0)))


@pytest.mark.parametrize("name", MODULES)
def test_one_kernel_serves_a_whole_batch(name):
    module, given = MODULES[name](3), features(2, 3, 12, 12, dtype=torch.float32)
    kernel = gaussian_kernel(1.5)

    torch.testing.assert_close(module(given, kernel), module(given, kernel.expand(2, -1, -1, -1)))
