"""Kinds of networks by name, and how one is built from its settings."""

import importlib
from collections.abc import Mapping
from typing import Any

from torch import nn

from pinsharp.errors import ConfigError
from pinsharp.settings import build

NETS = {
    "udbd": ("pinsharp.nets.udbd.udbd", "Udbd", "UdbdConfig"),
    "swift": ("pinsharp.nets.swift.swift", "Swift", "SwiftConfig"),
    "deepdeblur": ("pinsharp.nets.peers.deepdeblur", "DeepDeblur", "DeepDeblurConfig"),
    "srn": ("pinsharp.nets.peers.srn", "Srn", "SrnConfig"),
    "nafnet": ("pinsharp.nets.peers.nafnet", "Nafnet", "NafnetConfig"),
    "dwdn": ("pinsharp.nets.peers.dwdn", "Dwdn", "DwdnConfig"),
}
"""Every kind of network: its module, its class and the class of its settings, imported when first used."""


def net_classes(name: str) -> tuple[Any, Any]:
    """Look up a kind of network: its class and the class of its settings.

    Raises:
        ConfigError: If there is no such kind.
    """
    if name not in NETS:
        raise ConfigError(f"unknown net {name!r}; expected one of: {', '.join(NETS)}")
    module, net, config = NETS[name]
    found = importlib.import_module(module)
    return getattr(found, net), getattr(found, config)


def make_config(name: str, settings: Mapping[str, Any]) -> Any:
    """Make the settings of a net from a table, such as `[config]` of a TOML file; what is left out keeps its default.

    Args:
        name: Kind of network, a name in `NETS`.
        settings: Values by name. A list may stand for a tuple and a whole number for a real one.

    Raises:
        ConfigError: If the net, a name, a type or a value is wrong.
    """
    return build(net_classes(name)[1], dict(settings), f"{name}.")


def build_net(name: str, settings: Mapping[str, Any] | None = None) -> nn.Module:
    """Build an untrained net of a kind in `NETS` from its settings, strictly (see `make_config`)."""
    config = make_config(name, settings or {})
    net: nn.Module = net_classes(name)[0](config)
    return net
