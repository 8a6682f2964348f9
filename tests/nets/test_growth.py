"""Larger nets: they restore as before until they are trained, and all that is new can learn."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError
from pinsharp.nets.growth import with_deeper_trunk, with_doubt
from pinsharp.nets.swift.swift import Swift, SwiftConfig

SMALL = SwiftConfig(width=8, deep_width=8, blocks=1, deep_blocks=2, filter_radius=8, filter_grid=32, condition=4)
BLUR = BlurField(gaussian_kernel(1.5, 9), torch.tensor([0.01]))


def net_with_modulation(config: SwiftConfig = SMALL) -> Swift:
    """A net whose blocks are told something."""
    torch.manual_seed(0)
    net = Swift(config)
    with torch.no_grad():
        for condition in (net.restorer.condition, net.restorer.mono_condition):
            if condition is not None:
                condition.layers[-1].weight.normal_(std=0.1)
    return net


def image(channels: int) -> Tensor:
    return torch.rand(1, channels, 32, 24, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_it_restores_as_before(channels: int, times: int) -> None:
    net = net_with_modulation()
    deeper = with_deeper_trunk(net, times=times)
    assert len(deeper.restorer.trunk.deep) == times * 2
    assert len(deeper.restorer.trunk.before) == len(deeper.restorer.trunk.after) == times
    expected = net.deconvolve(image(channels), BLUR)
    torch.testing.assert_close(deeper.deconvolve(image(channels), BLUR), expected)


def test_estimates_are_the_same() -> None:
    net = net_with_modulation()
    given = torch.rand(1, 3, 160, 160, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(with_deeper_trunk(net, times=2).estimate(given).kernel, net.estimate(given).kernel)


def test_every_new_block_learns() -> None:
    deeper = with_deeper_trunk(net_with_modulation(), times=2)
    trunk = deeper.restorer.trunk
    deeper.deconvolve(image(3), BLUR).square().sum().backward()
    for blocks in (trunk.before, trunk.deep, trunk.after):
        for block in blocks:
            gradient = block.second.weight.grad
            assert gradient is not None
            assert gradient.abs().max() > 0


def test_the_seed_decides_the_new_blocks_and_nothing_else() -> None:
    net = net_with_modulation()
    before = torch.get_rng_state()
    first, same, other = (with_deeper_trunk(net, times=2, seed=seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    new = "restorer.trunk.deep.1.first.weight"
    assert torch.equal(first[new], same[new])
    assert not torch.equal(first[new], other[new])
    assert {name for name in first if not torch.equal(first[name], other[name])} == {
        f"restorer.trunk.{part}.first.{kind}"
        for part in ("before.1", "deep.1", "deep.3", "after.1")
        for kind in ("weight", "bias")
    }


def test_a_net_with_a_trunk_for_mono_is_refused() -> None:
    with pytest.raises(ConfigError, match="mono trunk"):
        with_deeper_trunk(Swift(SwiftConfig(mono_blocks=1, mono_deep_blocks=1)), times=2)


def test_fewer_blocks_are_refused() -> None:
    with pytest.raises(ConfigError, match="times must be at least 1, got 0"):
        with_deeper_trunk(Swift(SMALL), times=0)


def doubtful(std: float) -> BlurField:
    return replace(BLUR, log_width_std=torch.tensor([std]))


@pytest.mark.parametrize("mono", [0, 1], ids=["one trunk", "two trunks"])
@pytest.mark.parametrize("channels", [1, 3])
def test_doubt_goes_unheard_at_first(channels: int, mono: int) -> None:
    net = net_with_modulation(replace(SMALL, mono_blocks=mono, mono_deep_blocks=mono))
    listening = with_doubt(net)
    expected = net.deconvolve(image(channels), BLUR)
    for estimate in (BLUR, doubtful(0.0), doubtful(0.05)):
        torch.testing.assert_close(listening.deconvolve(image(channels), estimate), expected)
    assert with_doubt(listening).config == listening.config


def test_doubt_can_be_learned() -> None:
    listening = with_doubt(net_with_modulation())
    listening.deconvolve(image(3), doubtful(0.05)).square().sum().backward()
    assert listening.restorer.condition is not None
    gradient = listening.restorer.condition.layers[0].weight.grad
    assert gradient is not None
    assert gradient[:, -1].abs().max() > 0


def test_a_true_kernel_is_one_without_doubt() -> None:
    listening = with_doubt(net_with_modulation())
    assert listening.restorer.condition is not None
    with torch.no_grad():
        listening.restorer.condition.layers[0].weight[:, -1].normal_()
    told = listening.deconvolve(image(3), BLUR)
    torch.testing.assert_close(listening.deconvolve(image(3), doubtful(0.0)), told)
    assert not torch.allclose(listening.deconvolve(image(3), doubtful(0.05)), told)


def test_a_net_that_is_told_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="condition = 0"):
        with_doubt(Swift(replace(SMALL, condition=0)))
