"""The spectral estimator: which windows it reads, what it cannot depend on, and that it learns to order widths."""

import math
from dataclasses import replace

import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor

from pinsharp.blur.camera import add_read_noise, generator, quantise
from pinsharp.blur.family import render_kernels
from pinsharp.blur.fourier import from_spectrum, radial_frequency, spectrum
from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.blur.operators import Blur
from pinsharp.nets.swift.spectrum_net import LOG_POWER_CENTRE, LOG_POWER_SCALE, SpectrumConfig, SpectrumNet, _chosen
from pinsharp.nets.swift.texture import textured_windows

SMALL = SpectrumConfig(window=32, max_windows=8, bins=20, hidden=16, kernel_size=25)
TURNS = [lambda x: x.flip(-1), lambda x: x.flip(-2), lambda x: x.rot90(1, (-2, -1)), lambda x: x.transpose(-2, -1)]


def small_net(config: SpectrumConfig = SMALL) -> SpectrumNet:
    torch.manual_seed(0)
    return SpectrumNet(config)


def photographs(count: int, side: int, seed: int = 0, channels: int = 1) -> Tensor:
    """Noise with the 1/f amplitudes of photographs, (B, C, S, S), around 0.5."""
    white = torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(seed))
    image = from_spectrum(spectrum(white) / radial_frequency((side, side)).clamp(min=1 / side), (side, side))
    return (0.5 + 0.12 * image / image.std(dim=(-2, -1), keepdim=True)).clamp(0, 1)


def blurred_photographs(sigma: Tensor, side: int = 96, seed: int = 0) -> Tensor:
    kernel = render_kernels(sigma.double(), torch.zeros(len(sigma), dtype=torch.float64), 33).float()
    noisy = add_read_noise(Blur(kernel, "circular")(photographs(len(sigma), side, seed)), 0.5 / 255, generator(0, seed))
    return quantise(noisy, 8)


@pytest.mark.parametrize("shape", [(70, 90), (33, 20), (5, 5)])
def test_an_image_that_is_a_single_part_has_the_estimate_of_an_image(shape):
    net, image = small_net(), photographs(1, 96, channels=3)[..., : shape[0], : shape[1]]

    torch.testing.assert_close(vars(net.estimate_parts(image)), vars(net(image)))


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (33, 40), (130, 97)])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_of_any_size_have_an_estimate_within_its_limits(shape, channels):
    blurred = torch.rand(2, channels, *shape, generator=torch.Generator().manual_seed(0))
    before = blurred.clone()

    estimate = small_net()(blurred)

    assert estimate.kernel.shape == (2, 1, 25, 25)
    torch.testing.assert_close(estimate.kernel.sum(dim=(1, 2, 3)), torch.ones(2))
    assert bool((estimate.kernel > -1e-6).all())
    low, high = math.log(SpectrumNet.MIN_SIGMA), math.log(SMALL.max_sigma)
    assert bool(((estimate.log_width >= low) & (estimate.log_width <= high)).all())
    assert bool(((estimate.disk_share >= 0) & (estimate.disk_share <= 1)).all())
    assert bool((estimate.log_width_std > 0).all())
    assert torch.equal(blurred, before)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_flat_image_has_a_finite_estimate_and_gradient(value):
    blurred = torch.full((1, 1, 40, 40), value, requires_grad=True)

    estimate = small_net()(blurred)
    (estimate.log_width + estimate.noise + estimate.disk_share).sum().backward()

    assert bool(torch.isfinite(estimate.kernel).all())
    assert bool(torch.isfinite(blurred.grad).all())


def test_noise_never_falls_below_its_floor():
    """Below 16-bit rounding there is nothing to measure, and the Wiener bank divides by it."""
    net = small_net()
    with torch.no_grad():
        net.conclude[-1].bias[3] = -100

    assert float(net(photographs(1, 64)).noise.detach()) == pytest.approx(5e-5, rel=1e-3)


@pytest.mark.parametrize("width", [0.7, 1.5, 2.9])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_kernel_has_the_asked_width(width, share):
    """Up to the variance of a pixel, about 1/12, that a disc sampled by area carries as well."""
    kernel = small_net().kernel(torch.tensor([width]), torch.tensor([share]))

    excess = float(kernel_sigma(kernel)) ** 2 - width**2
    assert abs(excess) < 0.01 * width**2 + (0.11 if share else 0)


def test_a_share_of_nothing_is_a_gaussian_and_of_all_a_disc():
    width = torch.tensor([2.0])

    gaussian, disk = (small_net().kernel(width, torch.tensor([share])) for share in (0.0, 1.0))

    torch.testing.assert_close(gaussian, gaussian_kernel(2.0, 25), atol=1e-4, rtol=0)
    torch.testing.assert_close(disk, render_kernels(torch.zeros(1), torch.tensor([4.0]), 25), atol=1e-4, rtol=0)


def test_the_gradient_of_the_kernel_reaches_width_and_share():
    """Joint training (eq. 6) moves the width through the kernel; against finite differences."""
    net = small_net(SpectrumConfig(window=32, bins=20, hidden=16, kernel_size=11)).double()
    width = torch.tensor([1.3, 2.4], dtype=torch.float64, requires_grad=True)
    share = torch.tensor([0.2, 0.7], dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(net.kernel, (width, share))


def test_the_gradient_of_an_estimate_reaches_every_parameter_and_the_image():
    net, blurred = small_net(), photographs(2, 64).requires_grad_()

    estimate = net(blurred)
    (estimate.kernel.square().sum() + estimate.noise.sum() + estimate.log_width_std.sum()).backward()

    for name, value in [*net.named_parameters(), ("image", blurred)]:
        assert value.grad is not None, name
        assert bool(value.grad.any()), name


def test_the_kernel_alone_moves_the_width():
    net, blurred = small_net(), photographs(1, 64)

    net(blurred).kernel[..., 12, 12].sum().backward()

    gradient = net.conclude[-1].weight.grad
    assert bool(gradient[0].any())  # width
    assert bool(gradient[2].any())  # share of the disc
    assert not bool(gradient[[1, 3]].any())  # neither its deviation nor the noise


def test_the_order_of_the_windows_does_not_matter():
    net = small_net()
    windows = torch.rand(1, 6, 32, 32, generator=torch.Generator().manual_seed(0))

    one, other = (net.judge(net.features(given)) for given in (windows, windows[:, [3, 0, 5, 1, 4, 2]]))

    torch.testing.assert_close(one.kernel, other.kernel)
    torch.testing.assert_close(one.noise, other.noise)


def test_brightness_does_not_matter():
    net, image = small_net(), 0.5 * photographs(1, 64)

    torch.testing.assert_close(net(image).log_width, net(image + 0.3).log_width, atol=1e-4, rtol=0)


def test_colour_is_read_as_the_mean_of_the_channels():
    net, colour = small_net(), photographs(1, 64, channels=3)

    torch.testing.assert_close(net(colour).kernel, net(colour.mean(dim=1, keepdim=True)).kernel)


@pytest.mark.parametrize("turn", range(len(TURNS)))
def test_a_mirrored_or_turned_image_has_the_same_estimate(turn):
    """All windows are read and cover the image whole; what is left is that the taper's centre is half a pixel off."""
    net = small_net(SpectrumConfig(window=32, max_windows=0, bins=20, hidden=16))
    image = blurred_photographs(torch.tensor([1.5]))

    straight, turned = net(image), net(TURNS[turn](image))

    profile = net.profiles(textured_windows(image[:, 0], 32, 0)).mean(dim=1)
    assert float(profile.std()) > 0.1  # the estimate is not the same because nothing was read
    torch.testing.assert_close(turned.log_width, straight.log_width, atol=2e-3, rtol=0)
    torch.testing.assert_close(turned.noise, straight.noise, rtol=2e-3, atol=0)


def test_the_profile_falls_with_the_blur():
    """What the estimate lives on: a wider blur takes more power from every ring beyond the lowest."""
    net = small_net()

    narrow, wide = (
        net.profiles(textured_windows(blurred_photographs(torch.tensor([sigma]))[:, 0], 32, 0)).mean(dim=1)[0]
        for sigma in (1.0, 2.0)
    )

    assert bool((wide[4:12] < narrow[4:12]).all())


def test_rings_are_weighted_means():
    """White noise of deviation s has power s^2 in every ring; the lowest misses the mean, which was taken out."""
    net = small_net()
    white = 0.1 * torch.randn(1, 400, 32, 32, generator=torch.Generator().manual_seed(0))

    log_power = LOG_POWER_SCALE * net.profiles(white)[0, :, 1 : SMALL.bins] + LOG_POWER_CENTRE

    power = log_power.exp().mean(dim=0) / 0.1**2
    torch.testing.assert_close(power[1:], torch.ones(SMALL.bins - 2), atol=0.1, rtol=0)


def test_a_net_of_its_own_may_measure_the_noise_and_nothing_else():
    config = SpectrumConfig(window=32, max_windows=8, bins=20, hidden=16, directions=4)
    net, alone = (small_net(replace(config, noise_apart=apart)) for apart in (True, False))
    images = photographs(2, 64)
    net.calibrate(images)
    alone.load_state_dict({name: value for name, value in net.state_dict().items() if "noise_net" not in name})

    found, without, noise = net(images), alone(images), net.noise_net(images).noise

    torch.testing.assert_close(found.noise, noise)
    assert not torch.allclose(found.noise, without.noise)
    torch.testing.assert_close(found.kernel, without.kernel)
    torch.testing.assert_close(found.log_width_std, without.log_width_std)


def directed(windows, directions=8):
    """Profiles by direction of windows (N, S, S): (N, 4, rings), as power."""
    net = small_net(SpectrumConfig(window=windows.shape[-1], directions=directions))
    return (LOG_POWER_SCALE * _chosen(net.by_direction(net.power(windows[None])))[0] + LOG_POWER_CENTRE).exp()


def test_white_noise_is_as_strong_in_every_direction():
    white = 0.1 * torch.randn(300, 64, 64, generator=torch.Generator().manual_seed(0))
    net = small_net(SpectrumConfig(window=64, directions=8))

    power = (net.power(white) @ net.direction_weights).mean(dim=0).reshape(8, -1) / 0.1**2

    torch.testing.assert_close(power[:, 10:], torch.ones_like(power[:, 10:]), atol=0.15, rtol=0)


@pytest.mark.parametrize("angle", [0.0, 22.5, 45.0, 90.0, 135.0])
def test_lines_have_their_power_in_one_direction_and_noise_in_the_others(angle):
    """What a mean over all directions would hide."""
    place = torch.arange(64.0)
    across = math.cos(math.radians(angle)) * place[None, :] + math.sin(math.radians(angle)) * place[:, None]
    noise = 1e-3 * torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    lines = 0.5 + 0.4 * torch.sin(2 * math.pi * across / 5) + noise  # a fifth of a cycle per pixel: ring 16 of 40

    strongest, weakest, crossing, highest = directed(lines[None])[0, :, 13:17].sum(dim=-1)

    assert float(strongest) > 1e3 * float(weakest)
    assert float(strongest) > 1e3 * float(crossing)
    torch.testing.assert_close(highest, strongest)


@pytest.mark.slow
def test_a_short_training_orders_fresh_images_by_their_width():
    config = SpectrumConfig(window=48, max_windows=0, bins=24, hidden=24)
    net = small_net(config)
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    gen = torch.Generator().manual_seed(1)

    for step in range(60):
        sigma = 0.8 + 3 * torch.rand(16, generator=gen)
        estimate = net(blurred_photographs(sigma, seed=10 + step))
        loss = (estimate.log_width - sigma.log()).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    fresh = torch.linspace(0.8, 3.8, 24)
    with torch.no_grad():
        width = net(blurred_photographs(fresh, seed=5)).log_width.exp()
    assert spearmanr(width, fresh).statistic > 0.9


def test_calibration_centres_the_features():
    net, images = small_net(), photographs(4, 96)

    net.calibrate(images)
    features = net.features(textured_windows(images.mean(dim=1), SMALL.window, SMALL.max_windows)).flatten(0, 1)
    scaled = (features - net.feature_mean) / net.feature_std

    torch.testing.assert_close(scaled.mean(dim=0), torch.zeros(scaled.shape[1]), atol=1e-4, rtol=0)
    assert bool((scaled.std(dim=0) > 0.9).all())
