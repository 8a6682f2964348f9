"""Kernels of lenses: those of the formula, their faults, and what they do to light."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.signal import convolve

from pinsharp.blur.family import render_kernels
from pinsharp.blur.kernels import elongation
from pinsharp.data.cameras.lens import (
    Lens,
    central_kernel,
    kernel_side,
    lens_kernels,
    render,
    see,
    soften,
    widened_by_halo,
    width,
)

PLAIN = [Lens(radius=2.0), Lens(radius=6.5), Lens(sigma=0.5), Lens(sigma=3.0), Lens(radius=4.0, sigma=1.2), Lens()]
FAULTY = [
    Lens(radius=6.0, rim=0.8),
    Lens(radius=6.0, rim=-0.6, sigma=1.0),
    Lens(radius=5.0, coma=0.5, angle=0.7),
    Lens(radius=5.0, blades=5, roundness=0.3, angle=0.2),
    Lens(radius=5.0, stretch=0.1, angle=1.0),
    Lens(sigma=2.0, stretch=0.1, tail=0.4),
]


def moments(kernel):
    """Centroid (x, y) and covariance of a kernel about it."""
    place = np.arange(len(kernel)) - len(kernel) // 2
    x, y = (kernel.sum(0) * place).sum(), (kernel.sum(1) * place).sum()
    columns, rows = np.meshgrid(place - x, place - y)
    mixed = (kernel * columns * rows).sum()
    return (x, y), np.array([[(kernel * columns**2).sum(), mixed], [mixed, (kernel * rows**2).sum()]])


@pytest.mark.parametrize("lens", PLAIN)
def test_a_lens_without_faults_has_the_kernel_of_the_formula(lens):
    kernel = render(lens)

    sigma, radius = (torch.tensor([part], dtype=torch.float64) for part in (lens.sigma, lens.radius))
    reference = render_kernels(sigma, radius, len(kernel))[0, 0].numpy()
    assert abs(kernel - reference).sum() < 0.01


@pytest.mark.parametrize("lens", PLAIN + FAULTY)
def test_kernels_sum_to_one_and_lie_around_their_centre(lens):
    kernel = render(lens)

    (x, y), _ = moments(kernel)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert kernel.min() >= 0
    assert math.hypot(x, y) < 0.06


@pytest.mark.parametrize("rim", [-0.6, 0.0, 0.8])
def test_a_bright_rim_moves_light_outwards_by_its_integral(rim):
    """The second moment of 1 + rim (2 t^2 - 1) over a disc is r^2 / 2 (1/2 + rim / 6) an axis."""
    expected = 10 * math.sqrt(0.5 * (0.5 + rim / 6) + 1 / 1200)  # pixels have a width too

    assert width(render(Lens(radius=10.0, rim=rim))) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("lens", [Lens(radius=8.0), Lens(sigma=4.0)])
@pytest.mark.parametrize("angle", [0.0, 0.8, 2.5])
def test_astigmatism_makes_it_longer_along_its_angle(lens, angle):
    stretched = Lens(lens.radius, lens.sigma, stretch=0.1, angle=angle)

    values, axes = np.linalg.eigh(moments(render(stretched))[1])
    assert math.sqrt(values[1] / values[0]) == pytest.approx(1.1**2, rel=0.02)
    assert abs(axes[:, 1] @ [math.cos(angle), math.sin(angle)]) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("lens", FAULTY)
def test_a_finer_grid_shows_the_same_kernel(lens):
    assert width(render(lens, 3.0)) == pytest.approx(3 * width(render(lens)), rel=0.02)


def test_longitudinal_colour_makes_blue_wider_than_red():
    red, green, blue = (width(kernel) for kernel in lens_kernels(Lens(radius=6.0, colour=0.05), 1.0, 3)[0])

    assert blue / green == pytest.approx(1.05, rel=0.01)
    assert red / green == pytest.approx(0.95, rel=0.01)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_kernel_without_colour_or_drift_is_the_same_everywhere(channels):
    kernels = lens_kernels(Lens(radius=3.0, rim=0.4), 1.0, channels)

    assert len(kernels) == 1
    assert all(np.array_equal(kernel, kernels[0, 0]) for kernel in kernels[0])
    np.testing.assert_allclose(central_kernel(kernels), render(Lens(radius=3.0, rim=0.4)), atol=1e-7)


@pytest.mark.parametrize("size", [1, 5, 21])
@pytest.mark.parametrize("channels", [1, 3])
def test_light_is_convolved_and_the_border_left_out(size, channels):
    """Against scipy, with a kernel that has no symmetry."""
    rng = np.random.default_rng(0)
    light = rng.random((40, 33, channels), dtype=np.float32)
    kernels = rng.random((1, channels, size, size), dtype=np.float32)

    blurred = see(light, kernels)

    planes = [convolve(light[..., c], kernels[0, c], mode="valid") for c in range(channels)]
    np.testing.assert_allclose(blurred, np.stack(planes, -1), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("angle", [0.0, math.pi / 2, math.pi])
def test_the_width_of_a_drifting_blur_grows_along_its_angle_around_the_central_kernel(angle):
    lens = Lens(radius=4.0, drift=0.4, drift_angle=angle)
    kernels = lens_kernels(lens, 1.0, 1)
    edge = kernels.shape[-1] // 2
    row, column = np.array([50, 50]) + np.rint(35 * np.array([math.sin(angle), math.cos(angle)])).astype(int)
    widths = []
    for down, across in [(100 - row, 100 - column), (50, 50), (row, column)]:
        light = np.zeros((101, 101, 1), np.float32)
        light[down, across] = 1
        blurred = see(light, kernels, angle)[..., 0]
        around = np.pad(blurred, edge)[down - edge : down + edge + 1, across - edge : across + edge + 1]
        widths.append(width(around / around.sum()))

    assert widths[0] < widths[1] < widths[2]
    assert widths[1] == pytest.approx(width(central_kernel(kernels)), rel=0.01)
    assert widths[2] / widths[0] > 1.2


def test_softness_in_focus_is_a_gaussian_that_keeps_brightness():
    light = np.zeros((41, 41, 1), np.float32)
    light[20, 20] = 1

    assert soften(light, 0.0) is light
    assert soften(light, 0.8).sum() == pytest.approx(1, abs=1e-5)
    assert width(soften(light, 1.5)[..., 0]) == pytest.approx(1.5, rel=0.03)


@pytest.mark.parametrize("angle", [0.0, 0.7, math.pi / 2])
@pytest.mark.parametrize("lens", [Lens(sigma=1.5), Lens(radius=4.0)])
def test_motion_adds_the_variance_of_a_line_along_its_angle(lens, angle):
    """A line of length L has a variance of L^2 / 12."""
    length = 12.0
    still, moved = (
        torch.from_numpy(render(one)).double()[None, None] for one in (lens, replace(lens, motion=length, angle=angle))
    )

    axes = [variances(kernel, angle) for kernel in (still, moved)]

    assert axes[1][0] - axes[0][0] == pytest.approx(length**2 / 12, rel=0.1)
    assert axes[1][1] == pytest.approx(axes[0][1], rel=0.15)  # interpolation widens it a little
    expected = 0.5 * math.log((axes[1][0] + 0.1) / (axes[1][1] + 0.1))
    assert float(elongation(moved.float())) == pytest.approx(expected, abs=0.02)
    assert float(elongation(still.float())) == pytest.approx(0, abs=0.02)


def variances(kernel, angle):
    """Variances of a kernel (1, 1, K, K) along an angle and across it, in square pixels."""
    side = kernel.shape[-1]
    rows, columns = torch.meshgrid(*[torch.arange(side, dtype=torch.float64) - side // 2] * 2, indexing="ij")
    along = columns * math.cos(angle) + rows * math.sin(angle)
    across = rows * math.cos(angle) - columns * math.sin(angle)
    return [float((kernel[0, 0] * place.square()).sum()) for place in (along, across)]


@pytest.mark.parametrize("lens", [Lens(radius=6.0), Lens(sigma=3.0), Lens(radius=5.0, sigma=1.0)])
def test_a_core_takes_its_share_of_the_light_and_stays_in_the_middle(lens):
    whole, cored = render(lens), render(replace(lens, core=0.3, core_width=0.15))

    assert np.allclose(moments(cored)[0], moments(whole)[0], atol=1e-3)
    narrow = (0.15 * math.hypot(lens.radius / 2, lens.sigma)) ** 2
    expected = 0.7 * np.trace(moments(whole)[1]) + 0.3 * 2 * narrow
    assert np.trace(moments(cored)[1]) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("lens", [Lens(radius=6.0), Lens(sigma=3.0), Lens(radius=5.0, sigma=1.0)])
def test_a_halo_takes_its_share_of_the_light_far_away(lens):
    hazy = replace(lens, halo=0.2, halo_width=2.0)
    whole, around = render(lens), render(hazy)

    wide = (2.0 * math.hypot(lens.radius / 2, lens.sigma)) ** 2
    expected = 0.8 * np.trace(moments(whole)[1]) + 0.2 * 2 * wide
    assert np.trace(moments(around)[1]) == pytest.approx(expected, rel=0.02)
    assert len(around) == kernel_side(hazy) > kernel_side(lens)


@pytest.mark.parametrize(("share", "spread"), [(0.05, 1.3), (0.2, 2.0), (0.4, 2.2)])
def test_of_a_halo_as_much_counts_as_blurs_natural_scenes_alike(share, spread):
    frequency = np.geomspace(1e-4, 10, 40_000)
    spectra = {width: np.exp(-((frequency * width) ** 2)) for width in (1.0, spread)}
    kernel = (1 - share) * spectra[1.0] + share * spectra[spread]

    def misfit(width):
        return np.trapezoid((kernel - np.exp(-((frequency * width) ** 2))) ** 2, np.log(frequency))

    best = minimize_scalar(misfit, bounds=(0.5, 3.0), method="bounded").x
    assert widened_by_halo(Lens(sigma=2.0, halo=share, halo_width=spread)) == pytest.approx(best, rel=1e-3)
    assert 1 < best < math.sqrt(1 - share + share * spread**2)
