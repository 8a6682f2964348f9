"""UDBD-Net as a whole: shapes, mono and colour, the two stages joined by gradients, ablations, and its settings."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from closeness import assert_close_to_largest
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError
from pinsharp.nets.registry import make_config
from pinsharp.nets.udbd.feature_wiener import Dfwd, Fwd
from pinsharp.nets.udbd.udbd import Udbd, UdbdConfig

SMALL = UdbdConfig(
    kernel_channels=4,
    kernel_blocks=1,
    kernel_code=8,
    kernel_chain=2,
    features=4,
    feature_blocks=1,
    width=4,
    encoder_blocks=(1, 1),
    decoder_blocks=(1, 1),
)
VARIANTS = {
    "udbd": SMALL,
    "udbd-fwd": dataclasses.replace(SMALL, wiener="fwd"),
    "udbd-flat": dataclasses.replace(SMALL, resample=False),
}
CONFIGS = Path(__file__).parents[3] / "configs"


def small_net(config: UdbdConfig = SMALL) -> Udbd:
    torch.manual_seed(0)
    return Udbd(config)


def randomised(net: nn.Module) -> nn.Module:
    """Move every parameter: NAF blocks begin with factors of 0, behind which no gradient passes."""
    gen = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=gen) * 0.05)
    return net


def images(channels: int = 3, height: int = 24, width: int = 24, batch: int = 2) -> Tensor:
    return torch.rand(batch, channels, height, width, generator=torch.Generator().manual_seed(2))


def idle_parameters(net: nn.Module) -> list[str]:
    return [key for key, value in net.named_parameters() if value.grad is None or not value.grad.any()]


@pytest.mark.parametrize("channels, height, width", [(1, 24, 24), (3, 23, 30), (1, 5, 5), (3, 1, 1)])
@pytest.mark.parametrize("name", VARIANTS)
def test_restored_images_have_the_shape_of_the_blurred(name, channels, height, width):
    blurred = images(channels, height, width)
    before = blurred.clone()

    restored, estimate = small_net(VARIANTS[name])(blurred)

    assert restored.shape == blurred.shape
    assert estimate.kernel.shape == (2, 1, 21, 21)
    assert torch.equal(blurred, before)


def test_a_mono_image_is_restored_as_the_mean_of_a_grey_colour_image():
    net = randomised(small_net())
    mono = images(1)

    restored, estimate = net(mono)
    colour, colour_estimate = net(mono.expand(-1, 3, -1, -1))

    torch.testing.assert_close(estimate.kernel, colour_estimate.kernel)
    torch.testing.assert_close(restored, colour.mean(dim=1, keepdim=True))


def test_forward_is_estimate_then_deconvolve():
    net = randomised(small_net())
    blurred = images()

    restored, estimate = net(blurred)

    torch.testing.assert_close(restored, net.deconvolve(blurred, net.estimate(blurred)))
    torch.testing.assert_close(estimate.kernel, net.estimate(blurred).kernel)


def test_a_given_kernel_is_used_and_returned():
    net = randomised(small_net())
    narrow, wide = (BlurField(gaussian_kernel(sigma)) for sigma in (1.0, 3.0))

    restored, returned = net(images(), narrow)

    assert returned is narrow
    assert (restored - net(images(), wide)[0]).abs().max() > 1e-3


@pytest.mark.parametrize("name", VARIANTS)
def test_the_image_loss_reaches_every_parameter_of_both_nets(name):
    """Joint training (eq. 6) sends the gradient of the image loss through the estimated kernel."""
    net = randomised(small_net(VARIANTS[name]))

    (net(images())[0] - 0.5).abs().mean().backward()

    assert idle_parameters(net) == []


def test_each_stage_trains_one_of_the_two_nets():
    net = randomised(small_net())

    net.estimate(images()).kernel[..., 3, 4].sum().backward()
    assert idle_parameters(net.kernel_net) == []
    assert len(idle_parameters(net.restorer)) == len(list(net.restorer.parameters()))

    net.zero_grad()
    net.deconvolve(images(), BlurField(gaussian_kernel(2.0))).square().sum().backward()
    assert idle_parameters(net.restorer) == []
    assert len(idle_parameters(net.kernel_net)) == len(list(net.kernel_net.parameters()))


@pytest.mark.parametrize("name", VARIANTS)
def test_ten_steps_lower_the_loss(name):
    net = small_net(VARIANTS[name])
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3)
    blurred = images()
    sharp = (blurred + 0.2 * (blurred - blurred.mean(dim=(-2, -1), keepdim=True))).clamp(0, 1)

    losses = []
    for _ in range(10):
        loss = (net(blurred)[0] - sharp).abs().mean()  # eq. 5
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))

    assert losses[-1] < 0.8 * losses[0]


def test_autocast_changes_the_image_by_its_rounding_only():
    net = randomised(small_net())

    with torch.autocast("cpu", torch.bfloat16):
        half, _ = net(images())

    assert_close_to_largest(half.float(), net(images())[0], 0.02)


def test_float64_images_are_restored_in_float64():
    restored, estimate = small_net().double()(images().double())

    assert restored.dtype == estimate.kernel.dtype == torch.float64


def test_the_ablations_differ_in_one_part():
    fwd, flat = small_net(VARIANTS["udbd-fwd"]), small_net(VARIANTS["udbd-flat"])

    assert isinstance(small_net().restorer.wiener, Dfwd)
    assert isinstance(fwd.restorer.wiener, Fwd)
    assert not any(isinstance(module, nn.PixelShuffle) for module in flat.modules())


@pytest.mark.parametrize(
    "name, differs",
    [("udbd", {}), ("udbd-fwd", {"wiener": "fwd"}), ("udbd-flat", {"resample": False})],
)
def test_config_files_are_the_paper_net_and_its_ablations(name, differs):
    table = tomllib.loads((CONFIGS / f"{name}.toml").read_text())

    assert table["net"] == "udbd"
    assert make_config("udbd", table["config"]) == UdbdConfig(**differs)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"feature_blocks": -1}, "feature_blocks must be at least 0, got -1"),
        ({"filter_sizes": (11, 6)}, "filter_sizes must be odd"),
        ({"encoder_blocks": (1,)}, "as many levels, got 1 and 4"),
        ({"decoder_blocks": (1, 1, 1, -1)}, "must not be negative"),
    ],
)
def test_settings_out_of_range_are_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        UdbdConfig(**settings)
