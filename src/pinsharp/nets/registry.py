"""Kinds of networks by name: what each can do, and how one is built from its settings."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

from pinsharp.errors import ConfigError
from pinsharp.settings import build

Convolutions = Literal["refiner", "whole", "residual"]
"""What of a network is convolutions in one piece: the `refiner` behind its filters, the `whole` of it, or the
`residual` that it adds to the image."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a kind of network can do; ask here, do not look for methods on a network."""

    estimates: bool = False  # whether it measures the blur itself (`estimate`)
    # Whether it restores with a kernel (`deconvolve`); otherwise it restores end to end (`restore`).
    takes_kernel: bool = False
    channels: tuple[int, ...] = (3,)  # numbers of channels of the images that it restores
    measures_noise: bool = False  # whether it measures the noise too, and restores with it
    # Whether it measures the one blur of several parts of an image together (`estimate_parts`).
    estimates_parts: bool = False
    # Whether it measures the one blur of several images of a camera together (`estimate_together`), where it votes.
    estimates_together: bool = False
    reads_masks: bool = False  # whether its `estimate` takes pixels to ignore
    # Whether it restores windows exactly as inside the whole image (`windows`), and has a `halo`.
    exact_windows: bool = False
    # Whether it is trained at several scales (`deconvolve_scales` or `restore_scales`, and `targets`).
    has_scales: bool = False
    # Whether its estimator reads features that are kept, and scales them (`observe`, `judge`, `calibrate`).
    observes: bool = False
    has_guard: bool = False  # whether it may have a `guard`, which blends rows (`guarded_rows`)
    has_clean: bool = False  # whether it may have a restorer of its own for clean images of colour (`clean`)
    # What of it other runtimes can compute; None if Fourier transforms stand between its convolutions.
    convolutions: Convolutions | None = None
    trunks: tuple[str, ...] = ()  # parts that are worth compiling for training, where a network has them

    @property
    def is_exportable(self) -> bool:
        """Whether other runtimes can compute its convolutions."""
        return self.convolutions is not None

    @property
    def stages(self) -> tuple[str, ...]:
        """Kinds of stages that can train it."""
        if not self.takes_kernel:
            return ("direct",)
        own = [kind for kind, has in (("guard", self.has_guard), ("clean", self.has_clean)) if has]
        return ("kernel", "deconv", "joint", *own) if self.estimates else ("deconv",)


@dataclass(frozen=True)
class NetKind:
    """A kind of network."""

    module: str  # its module, imported when first used
    name: str  # its class; that of its settings is called the same with `Config` behind it
    traits: Traits  # what it can do


_END_TO_END = Traits(has_scales=True, convolutions="whole")

NETS = {
    "udbd": NetKind("pinsharp.nets.udbd.udbd", "Udbd", Traits(estimates=True, takes_kernel=True, channels=(1, 3))),
    "swift": NetKind(
        "pinsharp.nets.swift.swift",
        "Swift",
        Traits(
            estimates=True,
            takes_kernel=True,
            channels=(1, 3),
            measures_noise=True,
            estimates_parts=True,
            estimates_together=True,
            reads_masks=True,
            exact_windows=True,
            observes=True,
            has_guard=True,
            has_clean=True,
            convolutions="refiner",
            trunks=("restorer.trunk", "restorer.mono_trunk"),
        ),
    ),
    "deepdeblur": NetKind("pinsharp.nets.peers.deepdeblur", "DeepDeblur", _END_TO_END),
    "srn": NetKind("pinsharp.nets.peers.srn", "Srn", _END_TO_END),
    "nafnet": NetKind("pinsharp.nets.peers.nafnet", "Nafnet", Traits(has_scales=True, convolutions="residual")),
    "dwdn": NetKind("pinsharp.nets.peers.dwdn", "Dwdn", Traits(takes_kernel=True, has_scales=True)),
}
"""Every kind of network. A new one is its file and a line here."""


def net_kind(name: str) -> NetKind:
    """Look up a kind of network.

    Raises:
        ConfigError: If `name` is not in `NETS`.
    """
    if name not in NETS:
        raise ConfigError(f"unknown net {name!r}; expected one of: {', '.join(NETS)}")
    return NETS[name]


def net_name(net: nn.Module) -> str:
    """The name in `NETS` of the kind that a network is of.

    Raises:
        ValueError: If `net` is of no kind in `NETS`.
    """
    for name, kind in NETS.items():
        if (type(net).__module__, type(net).__name__) == (kind.module, kind.name):
            return name
    raise ValueError(f"expected one of the nets {', '.join(NETS)}, got a {type(net).__name__}; give it a line in NETS")


def traits_of(net: nn.Module) -> Traits:
    """What a network can do; raises as `net_name` does."""
    return NETS[net_name(net)].traits


def net_classes(name: str) -> tuple[Any, Any]:
    """Import a kind of network: its class and the class of its settings.

    Raises:
        ConfigError: If `name` is not in `NETS`.
    """
    kind = net_kind(name)
    module = importlib.import_module(kind.module)
    return getattr(module, kind.name), getattr(module, f"{kind.name}Config")


def make_config(name: str, settings: Mapping[str, Any]) -> Any:
    """Make the settings of a net from a table, such as `[config]` of a TOML file; what is left out keeps its default.

    A list may stand for a tuple and a whole number for a real one.

    Raises:
        ConfigError: If the net, a name, a type or a value is wrong.
    """
    return build(net_classes(name)[1], dict(settings), f"{name}.")


def build_net(name: str, settings: Mapping[str, Any] | None = None) -> nn.Module:
    """Build an untrained net of a kind in `NETS` from its settings, strictly (see `make_config`)."""
    config = make_config(name, settings or {})
    net: nn.Module = net_classes(name)[0](config)
    return net
