"""A Gaussian convolved with a disc: its two descriptions say the same, and its kernels have what they say."""

import pytest
import torch

from pinsharp.blur.family import (
    disk_radius,
    effective_width,
    exact_kernels,
    family_of,
    render_kernels,
    share_of_disk,
    split_width,
)
from pinsharp.blur.kernels import disk_kernel, gaussian_disk_kernel, gaussian_kernel, kernel_sigma


def test_parts_and_widths_say_the_same():
    width = torch.tensor([0.7, 1.5, 4.0], dtype=torch.float64)
    share = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)

    parts = split_width(width, share)

    torch.testing.assert_close(effective_width(*parts), width)
    torch.testing.assert_close(share_of_disk(*parts), share)


def test_a_rendered_kernel_is_as_wide_as_it_was_asked_to_be():
    width, share = torch.tensor([1.5, 2.5]), torch.tensor([0.3, 0.6])

    kernel = render_kernels(*split_width(width, share), 41)

    torch.testing.assert_close(kernel_sigma(kernel), width, rtol=0.02, atol=0)  # pixels average the light


def test_a_disc_has_twice_its_width_as_radius():
    none, radius = torch.zeros(1), torch.tensor([3.0])

    assert float(disk_radius(effective_width(none, radius))) == 3.0
    assert float(share_of_disk(none, radius)) == 1.0
    assert float(share_of_disk(radius, none)) == 0.0


def test_gradients_are_finite_where_a_part_is_absent():
    width, share = torch.ones(2, requires_grad=True), torch.tensor([0.0, 1.0], requires_grad=True)

    sum(part.sum() for part in split_width(width, share)).backward()

    assert torch.isfinite(width.grad).all()
    assert torch.isfinite(share.grad).all()


@pytest.mark.parametrize("share, family", [(0.1, "gaussian"), (0.5, "mixture"), (0.9, "disk")])
def test_the_share_of_the_disc_gives_the_name(share, family):
    assert family_of(share) == family


def test_exact_kernels_are_the_named_ones_in_float32_for_numbers_and_for_batches():
    sigma, radius = torch.tensor([1.2, 0.0, 1.2]), torch.tensor([0.0, 3.0, 3.0])

    kernels = exact_kernels(sigma, radius, 21)

    assert kernels.dtype == torch.float32
    named = [gaussian_kernel(1.2, 21), disk_kernel(3.0, 21), gaussian_disk_kernel(1.2, 3.0, 21)]
    torch.testing.assert_close(kernels, torch.cat(named))
    assert torch.equal(exact_kernels(0.0, 3.0, 21), disk_kernel(3.0, 21))


def test_rendered_kernels_have_the_right_gradients():
    sigma = torch.tensor([1.1, 2.0], dtype=torch.float64, requires_grad=True)
    radius = torch.tensor([2.3, 0.9], dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(lambda s, r: render_kernels(s, r, 9), (sigma, radius))


@pytest.mark.parametrize("sigma, radius", [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0)])
def test_gradients_stay_finite_where_a_part_is_missing(sigma, radius):
    values = torch.tensor([sigma, radius], requires_grad=True)

    render_kernels(values[:1], values[1:], 9)[0, 0, 3, 2].backward()

    assert torch.isfinite(values.grad).all()
