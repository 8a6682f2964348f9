"""Kinds of networks: built from tables, every slip told in the user's words."""

import dataclasses

import pytest
import torch

from pinsharp.errors import ConfigError
from pinsharp.methods.table import load_method
from pinsharp.nets import registry
from pinsharp.nets.registry import build_net, make_config, net_classes, traits_of
from pinsharp.nets.udbd.udbd import UdbdConfig
from pinsharp.nets.weights import save_weights
from pinsharp.train.stages import check_stage

SMALL = UdbdConfig(width=2, features=2, feature_blocks=0, encoder_blocks=(1,), decoder_blocks=(1,))


def test_a_net_is_built_from_a_table():
    net = build_net("udbd", {**dataclasses.asdict(SMALL), "encoder_blocks": [1], "wiener": "fwd"})

    assert net.config == dataclasses.replace(SMALL, wiener="fwd")


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"widht": 3}, "unknown setting udbd.widht; known ones: .*decoder_blocks"),
        ({"resample": 1}, "udbd.resample must be of type bool, got 1"),
        ({"width": True}, "udbd.width must be of type int, got True"),
        ({"width": 2.0}, "udbd.width must be of type int, got 2.0"),
        ({"encoder_blocks": 2}, "udbd.encoder_blocks must be a list, got 2"),
        ({"encoder_blocks": [1, "1"]}, "udbd.encoder_blocks.1 must be of type int, got '1'"),
        ({"width": 0}, "width must be at least 1"),
    ],
)
def test_wrong_settings_are_refused_in_the_users_words(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        make_config("udbd", settings)


@dataclasses.dataclass(frozen=True)
class ManyTypes:
    rate: float = 0.1
    limit: int | None = None
    pair: tuple[int, float] = (1, 2.0)


def test_whole_numbers_optional_values_and_pairs_are_understood(monkeypatch):
    monkeypatch.setattr(registry, "net_classes", lambda name: (None, ManyTypes))

    assert make_config("any", {"rate": 2, "limit": None, "pair": [3, 4]}) == ManyTypes(2.0, None, (3, 4.0))
    assert make_config("any", {"limit": 5}).limit == 5
    with pytest.raises(ConfigError, match=r"any\.limit must be of type int, got 'x'"):
        make_config("any", {"limit": "x"})
    with pytest.raises(ConfigError, match=r"any\.pair must hold 2 values, got 1"):
        make_config("any", {"pair": [1]})


def test_an_unknown_kind_of_net_is_refused():
    with pytest.raises(ConfigError, match="unknown net 'unet'; expected one of: udbd, swift"):
        net_classes("unet")


TOY = """
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class ToyConfig:
    gain: float = 1.0


class Toy(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.offset = torch.nn.Parameter(torch.zeros(()))

    def restore(self, blurred):
        return self.config.gain * blurred + self.offset
"""


def test_a_new_net_is_one_file_and_one_line_of_the_registry(tmp_path, monkeypatch):
    (tmp_path / "toy_net.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(registry.NETS, "toy", registry.NetKind("toy_net", "Toy", registry.Traits()))
    save_weights(tmp_path / "toy.safetensors", build_net("toy", {"gain": 0.5}), {})
    image = torch.rand(1, 1, 33, 40)

    method = load_method(tmp_path / "toy.safetensors", precision="float32")

    torch.testing.assert_close(method(image).image, 0.5 * image)
    assert method.kernel_from == "nobody"
    with pytest.raises(ConfigError, match="Toy has no kernel estimator; use stages of kind direct"):
        check_stage(method.net, "kernel")


def test_a_net_of_no_kind_is_refused():
    with pytest.raises(ValueError, match=r"expected one of the nets udbd, .* got a Linear; give it a line in NETS"):
        traits_of(torch.nn.Linear(1, 1))


@pytest.mark.parametrize("name", registry.NETS)
def test_a_net_has_what_its_traits_say(name):
    """And nothing else of it."""
    net, traits = net_classes(name)[0], registry.NETS[name].traits

    assert hasattr(net, "estimate") == traits.estimates
    assert hasattr(net, "deconvolve") == traits.takes_kernel
    assert hasattr(net, "restore") != traits.takes_kernel
    assert hasattr(net, "estimate_parts") == traits.estimates_parts
    if traits.estimates:
        found = net().eval().estimate(torch.rand(1, 1, 48, 48))
        assert (found.noise is not None) == traits.measures_noise
    assert hasattr(net, "windows") == hasattr(net, "halo") == traits.exact_windows
    assert hasattr(net, "targets") == traits.has_scales
    assert (hasattr(net, "deconvolve_scales") or hasattr(net, "restore_scales")) == traits.has_scales
