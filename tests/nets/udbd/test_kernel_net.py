"""The kernel net: composition against scipy and loops, normalisation, and what an estimate may depend on."""

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from torch import Tensor

from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.nets.udbd.kernel_net import INITIAL_SIGMA, KernelNet, compose_filters, normalise_kernel

SIZES = (11, 7, 5, 1)


def small_net(**settings: object) -> KernelNet:
    torch.manual_seed(0)
    return KernelNet(**{"channels": 4, "blocks": 1, "code": 6, "chain": 2, **settings})


def random_filters(batch: int, widths: tuple[int, ...]) -> list[Tensor]:
    gen = torch.Generator().manual_seed(0)
    channels = zip(SIZES, widths[:-1], widths[1:], strict=True)
    return [torch.randn(batch, out, into, n, n, generator=gen, dtype=torch.float64) for n, into, out in channels]


def images(batch: int = 2, channels: int = 1, height: int = 32, width: int = 32) -> Tensor:
    return torch.rand(batch, channels, height, width, generator=torch.Generator().manual_seed(2))


def test_a_single_chain_is_the_convolution_of_its_four_filters():
    """Asymmetric filters: a kernel turned by half a turn (correlation) would not match."""
    filters = random_filters(2, (1, 1, 1, 1, 1))

    kernel = compose_filters(filters)

    assert kernel.shape == (2, 1, 21, 21)
    for sample in range(2):
        expected = np.ones((1, 1))
        for stage in filters:
            expected = convolve2d(expected, stage[sample, 0, 0].numpy())
        np.testing.assert_allclose(kernel[sample, 0].numpy(), expected, atol=1e-9)


def test_a_wide_chain_is_the_sum_over_all_paths():
    filters = random_filters(1, (1, 2, 3, 2, 1))

    kernel = compose_filters(filters)

    expected = np.zeros((21, 21))
    first, second, third, last = (stage[0].numpy() for stage in filters)
    for a in range(2):
        for b in range(3):
            for c in range(2):
                path = convolve2d(convolve2d(first[a, 0], second[b, a]), third[c, b])
                expected += path * last[0, c, 0, 0]
    np.testing.assert_allclose(kernel[0, 0].numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("chain", [1, 4])
@pytest.mark.parametrize("channels, height, width", [(1, 32, 32), (3, 33, 40), (1, 5, 5), (1, 1, 1)])
def test_estimates_are_kernels_of_side_21_with_sum_1(chain, channels, height, width):
    kernel = small_net(chain=chain)(images(2, channels, height, width))

    assert kernel.shape == (2, 1, 21, 21)
    torch.testing.assert_close(kernel.sum(dim=(-2, -1)), torch.ones(2, 1))


@pytest.mark.parametrize("chain", [1, 4, 16])
def test_an_untrained_net_gives_a_kernel_of_medium_width(chain):
    kernel = small_net(chain=chain)(images())

    torch.testing.assert_close(kernel_sigma(kernel), torch.full((2,), INITIAL_SIGMA), rtol=0.1, atol=0)


def test_other_filter_sizes_give_other_kernel_sizes():
    net = small_net(filter_sizes=(7, 5, 3))

    assert net.kernel_size == 13
    assert net(images()).shape == (2, 1, 13, 13)


def test_grey_colour_images_have_the_kernel_of_the_mono_image():
    net = small_net()
    mono = images()

    torch.testing.assert_close(net(mono.expand(-1, 3, -1, -1)), net(mono))


def test_brightness_and_contrast_do_not_change_the_estimate():
    net = small_net()

    torch.testing.assert_close(net(0.3 * images() + 0.6), net(images()), atol=1e-5, rtol=1e-3)


def test_without_standardising_they_may():
    net = small_net(standardise=False)

    assert not torch.allclose(net(0.3 * images() + 0.6), net(images()), atol=1e-5, rtol=1e-3)


def test_images_of_a_batch_do_not_touch_one_another():
    net = small_net()
    blurred = images(3)

    torch.testing.assert_close(net(blurred)[1:2], net(blurred[1:2]))


def test_the_border_of_a_flat_image_is_not_seen():
    """A flat image has no edge and its estimate no dependence on its size; zero padding would put edges around it."""
    net = small_net()

    small, large = net(torch.full((1, 1, 16, 16), 0.7)), net(torch.full((1, 1, 40, 24), 0.7))

    torch.testing.assert_close(small, large)


@pytest.mark.parametrize("constraint", ["sum", "softmax"])
def test_normalised_kernels_sum_to_one_and_are_finite(constraint):
    raw = torch.randn(6, 1, 21, 21, generator=torch.Generator().manual_seed(0))
    raw[0] = 0
    raw[1] -= 1
    raw[2] -= raw[2].mean()
    before = raw.clone()

    kernel = normalise_kernel(raw, constraint)

    torch.testing.assert_close(kernel.sum(dim=(-2, -1)), torch.ones(6, 1), atol=2e-3, rtol=0)
    assert bool(torch.isfinite(kernel).all())
    assert torch.equal(raw, before)


def test_a_kernel_with_mass_is_only_divided():
    kernel = gaussian_kernel(2.0, 21)

    torch.testing.assert_close(normalise_kernel(3 * kernel), kernel)


def test_softmax_kernels_are_positive():
    assert bool((small_net(constraint="softmax")(images()) > 0).all())


def test_gradients_reach_every_parameter():
    net = small_net()

    (net(images()) - gaussian_kernel(1.5, 21)).abs().sum().backward()

    assert [key for key, value in net.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_ten_steps_lower_the_kernel_loss():
    net = small_net()
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-3)
    blurred, truth = images(), gaussian_kernel(1.2, 21)

    losses = []
    for _ in range(10):
        loss = (net(blurred) - truth).abs().sum(dim=(1, 2, 3)).mean()  # eq. 4
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))

    assert losses[-1] < 0.8 * losses[0]


def test_kernels_stay_in_full_precision_under_autocast():
    net = small_net()

    with torch.autocast("cpu", torch.bfloat16):
        half = net(images())

    assert half.dtype == torch.float32
    torch.testing.assert_close(half, net(images()), atol=1e-4, rtol=1e-2)
