"""scripts/weights.py: larger nets restore as before until they are trained, and every command writes what it says."""

import json
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError
from pinsharp.nets import weights as files
from pinsharp.nets.swift.swift import Swift, SwiftConfig
from pinsharp.nets.weights import load_weights, save_weights
from weights import main, with_deeper_trunk, with_doubt, with_mono_trunk

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


def test_a_mono_trunk_started_from_blocks_of_the_other_is_that_trunk_without_the_rest() -> None:
    """Here the block before is the identity, and the rest is taken over."""
    net = net_with_modulation(replace(SMALL, deep_blocks=3))
    for block in (net.restorer.trunk.before[0], net.restorer.trunk.deep[1]):
        nn.init.zeros_(block.second.weight)
        nn.init.zeros_(block.second.bias)
    expected = net.deconvolve(image(1), BLUR)

    grown = with_mono_trunk(net, deep=[0, 2], after=[0])

    torch.testing.assert_close(grown.deconvolve(image(1), BLUR), expected)
    assert grown.config.mono_deep_blocks == 2


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Two nets of one kind, in files a and b."""
    monkeypatch.chdir(tmp_path)
    nets = []
    for seed, name in enumerate("ab"):
        torch.manual_seed(seed)
        nets.append(Swift(SMALL))
        card = {"trained": name, "budget": {"crops": 10 + seed, "hours": 1.0, "device": "CPU"}}
        save_weights(f"{name}.safetensors", nets[-1], card)
    return nets


def test_grow_and_mono_trunk_write_the_larger_net_and_where_it_began(two, capsys):
    main(["grow", "a.safetensors", "large.safetensors", "--times", "2", "--doubt"])
    main(["mono-trunk", "a.safetensors", "mono.safetensors", "--deep", "0", "--after", ""])

    large, mono = load_weights("large.safetensors"), load_weights("mono.safetensors")
    assert (large.net.config.deep_blocks, large.net.config.condition_doubt) == (4, True)
    assert (mono.net.config.mono_deep_blocks, mono.net.config.mono_blocks) == (1, 0)
    assert large.card["start"]["net"]["trained"] == mono.card["start"]["net"]["trained"] == "a"
    assert large.info.sha256 in capsys.readouterr().out


def test_join_takes_the_estimator_of_one_and_the_restorer_of_the_other(two):
    main(["join", "out.safetensors", "a.safetensors", "b.safetensors"])

    joined = load_weights("out.safetensors")
    for name, value in joined.net.state_dict().items():
        source = two[0] if name.startswith("kernel_net.") else two[1]
        torch.testing.assert_close(value, source.state_dict()[name])
    assert {part: card["trained"] for part, card in joined.card["start"].items()} == {
        "kernel_net": "a",
        "restorer": "b",
    }


def test_average_weighs_one_part_and_leaves_the_rest_to_the_last_file(two):
    main(["average", "out.safetensors", "restorer", "a.safetensors@3", "b.safetensors"])

    mean = load_weights("out.safetensors")
    first, last = (net.state_dict() for net in two)
    for name, value in mean.net.state_dict().items():
        expected = 0.75 * first[name] + 0.25 * last[name] if name.startswith("restorer.") else last[name]
        torch.testing.assert_close(value, expected)
    assert mean.card["shares"] == [0.75, 0.25]
    assert mean.card["budget"] == {"crops": 11, "hours": 1.0, "device": "CPU"}
    assert mean.card["start"]["restorer"]["trained"] == "a"


def test_widen_shifts_the_uncertainty_alone(two):
    main(["widen", "a.safetensors", "out.safetensors", "0.2"])

    wide = load_weights("out.safetensors")
    name = f"kernel_net.conclude.{len(two[0].kernel_net.conclude) - 1}.bias"
    changed = {key: value - two[0].state_dict()[key] for key, value in wide.net.state_dict().items()}
    assert [key for key, value in changed.items() if value.any()] == [name]
    torch.testing.assert_close(changed[name], torch.tensor([0, 0.2, 0, 0]))
    assert wide.card["widened_uncertainty"] == 0.2


def test_ship_writes_half_precision_with_the_figures_of_records(two, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "ZOO", tmp_path / "zoo")
    row = {"name": "swift", "mean_psnr": 28.12345, "aggregate_psnr": 27.0, "ssim": 0.8}
    row |= {"relative_sigma_error": None, "blind_gap": None}
    said = {"data": "/sets/kodak24", "protocol": {"boundary": "valid"}, "commit": "abc", "rows": [row]}
    (tmp_path / "r.json").write_text(json.dumps(said))

    main(["ship", "a.safetensors", "swift", "r.json"])

    shipped = load_weights(tmp_path / "zoo" / "swift.safetensors")
    [figures] = shipped.card["figures"]
    assert shipped.card["name"] == "swift"
    assert (figures["data"], figures["rows"]) == (
        "kodak24",
        {"swift": {"mean_psnr": 28.1234, "aggregate_psnr": 27.0, "ssim": 0.8}},
    )
    assert shipped.info.sha256 != load_weights("a.safetensors").info.sha256
