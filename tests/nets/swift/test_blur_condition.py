"""The blur told to a net: neutral at first, the same for all windows, and different for different blurs."""

import pytest
import torch
from torch import Tensor

from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.nets.blocks import ResBlock
from pinsharp.nets.swift.blur_condition import BlurCondition

NOISE = torch.tensor([1 / 255])


def trained(*, doubts: bool = False) -> BlurCondition:
    """A condition whose last layer is no longer zero."""
    torch.manual_seed(0)
    condition = BlurCondition(8, [3, 5], doubts=doubts)
    torch.nn.init.normal_(condition.layers[-1].weight)
    return condition


def told(kernel: Tensor, noise: Tensor = NOISE) -> Tensor:
    return torch.cat([part.flatten(1) for part in trained()(kernel, noise)], dim=1)


def test_it_gives_scale_and_shift_of_every_channel_of_every_block():
    parts = trained()(gaussian_kernel(1.0).expand(2, -1, -1, -1), NOISE.expand(2))

    assert [tuple(part.shape) for part in parts] == [(2, 6, 1, 1), (2, 10, 1, 1)]


def test_it_says_nothing_before_it_is_trained():
    parts = BlurCondition(8, [3])(gaussian_kernel(2.0), NOISE)

    assert not any(part.any() for part in parts)


@pytest.mark.parametrize("other", [gaussian_kernel(2.2), disk_kernel(4.0)])
def test_other_blurs_are_told_apart(other):
    """A disc of radius 4 has the width of a Gaussian of sigma 2."""
    assert (told(gaussian_kernel(2.0)) - told(other)).abs().max() > 1e-2


def test_other_noise_is_told_apart():
    assert (told(gaussian_kernel(2.0)) - told(gaussian_kernel(2.0), 2 * NOISE)).abs().max() > 1e-2


def told_with_doubt(std: float | None, *, doubts: bool = True) -> Tensor:
    width_std = None if std is None else torch.tensor([std])
    return trained(doubts=doubts).vector(gaussian_kernel(2.0), NOISE, width_std)


def test_doubt_is_told_up_to_what_training_shows():
    assert (told_with_doubt(0.03) - told_with_doubt(0.0)).abs().max() > 1e-2
    assert torch.equal(told_with_doubt(0.3), told_with_doubt(0.06))


def test_a_true_kernel_leaves_no_doubt():
    assert torch.equal(told_with_doubt(None), told_with_doubt(0.0))


def test_who_does_not_doubt_hears_none():
    assert torch.equal(told_with_doubt(0.05, doubts=False), told_with_doubt(None, doubts=False))


def test_the_size_of_the_array_and_the_direction_of_the_kernel_do_not_matter():
    kernel = torch.rand(1, 1, 7, 7, generator=torch.Generator().manual_seed(1))
    kernel = kernel / kernel.sum()

    torch.testing.assert_close(told(torch.nn.functional.pad(kernel, (4, 4, 4, 4))), told(kernel))
    torch.testing.assert_close(told(kernel.flip(-1, -2)), told(kernel))


def test_the_gradient_reaches_the_kernel_and_the_noise():
    kernel, noise = gaussian_kernel(1.5).requires_grad_(), NOISE.clone().requires_grad_()

    sum(part.square().sum() for part in trained()(kernel, noise)).backward()

    assert kernel.grad.abs().sum() > 0
    assert noise.grad.abs().sum() > 0


def test_a_modulated_block_scales_and_shifts_what_its_first_convolution_gives():
    """Scaling and shifting can as well be done to the weights of the convolution."""
    torch.manual_seed(0)
    block, features = ResBlock(2), torch.rand(1, 2, 6, 7)
    scale, shift = torch.tensor([0.5, -0.3]), torch.tensor([0.1, -0.2])
    modulation = torch.cat([scale, shift])[None, :, None, None]

    modulated = block(features, modulation)
    in_a_batch = block(torch.cat([features, 1 - features]), torch.cat([modulation, 0 * modulation]))[:1]
    with torch.no_grad():
        block.first.weight.mul_(1 + scale[:, None, None, None])
        block.first.bias.mul_(1 + scale).add_(shift)

    torch.testing.assert_close(modulated, block(features))
    torch.testing.assert_close(in_a_batch, block(features))
