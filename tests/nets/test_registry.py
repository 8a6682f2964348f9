"""Kinds of networks: built from tables, every slip told in the user's words."""

import dataclasses

import pytest

from pinsharp.errors import ConfigError
from pinsharp.nets import registry
from pinsharp.nets.registry import build_net, make_config, net_classes
from pinsharp.nets.udbd.udbd import UdbdConfig

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
