"""Kernels of lenses with aberrations: of the promised width, around their centre, and each another."""

import pytest
import torch

from pinsharp.blur.camera import generator
from pinsharp.blur.family import render_kernels
from pinsharp.blur.kernels import check_kernel, kernel_sigma
from pinsharp.data.aberrations import aberrate

SIZE = 41
BLURS = [(0.0, 6.0), (0.0, 2.0), (1.0, 5.0), (2.0, 0.0), (0.6, 0.0), (1.5, 8.0)]


def lenses(sigma, radius, count=20):
    return torch.stack([aberrate(sigma, radius, SIZE, generator(1, index)) for index in range(count)])


def nominal(sigma, radius):
    sigma, radius = (torch.tensor([part], dtype=torch.float64) for part in (sigma, radius))
    return render_kernels(sigma, radius, SIZE)


@pytest.mark.parametrize("sigma, radius", BLURS)
def test_they_are_kernels_as_wide_as_what_they_stand_for(sigma, radius):
    kernels = check_kernel(lenses(sigma, radius))

    wanted = kernel_sigma(nominal(sigma, radius)).expand(20)
    torch.testing.assert_close(kernel_sigma(kernels), wanted, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("sigma, radius", BLURS)
def test_their_light_stays_around_the_centre(sigma, radius):
    """An image blurred by them is shifted by a tenth of a pixel at most: irises of five blades are not symmetric."""
    position = torch.arange(SIZE, dtype=torch.float64) - SIZE // 2
    for kernel in lenses(sigma, radius):
        centre = torch.stack([(kernel[0].sum(dim=axis) * position).sum() for axis in (0, 1)])
        assert float(centre.abs().max()) < 0.1


@pytest.mark.parametrize("sigma, radius", BLURS)
def test_they_differ_from_the_nominal_one_and_from_each_other(sigma, radius):
    kernels = lenses(sigma, radius)

    away = (kernels - nominal(sigma, radius)).abs().sum(dim=(1, 2, 3))
    assert float(away.median()) > 0.05
    assert float(away.max()) < 0.6
    assert len({round(float(each), 6) for each in away}) == len(away)


def test_some_are_longer_than_wide_and_point_anywhere():
    position = torch.arange(SIZE, dtype=torch.float64) - SIZE // 2
    angles, ratios = [], []
    for kernel in lenses(0.0, 6.0, 60)[:, 0]:
        rows, columns = (kernel * position[:, None] ** 2).sum(), (kernel * position[None, :] ** 2).sum()
        mixed = (kernel * position[:, None] * position[None, :]).sum()
        least, most = torch.linalg.eigvalsh(torch.stack([torch.stack([rows, mixed]), torch.stack([mixed, columns])]))
        ratios.append(float((most / least).sqrt()))
        angles.append(float(torch.atan2(2 * mixed, columns - rows)))

    assert max(ratios) > 1.3
    assert min(ratios) < 1.1
    assert min(angles) < -2
    assert max(angles) > 2


def test_the_generator_decides():
    first, again, other = (aberrate(1.0, 4.0, SIZE, generator(seed, 0)) for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_light_past_the_border_is_cut_off_and_the_rest_sums_to_one():
    kernel = aberrate(0.0, 8.0, 9, generator(1, 0))

    torch.testing.assert_close(kernel.sum(), torch.tensor(1.0, dtype=torch.float64))
