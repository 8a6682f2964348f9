"""Networks with random weights as methods: their pictures mean nothing, their speed is that of trained ones."""

import torch

from pinsharp.methods.devices import Precision, find_device
from pinsharp.methods.files import AnyNetMethod, net_method
from pinsharp.methods.shipped import ShippedSwift
from pinsharp.nets.registry import build_net
from pinsharp.nets.weights import LoadedNet, WeightsInfo

UNTRAINED = "untrained"
"""Stands where the hash of weights would stand."""


def untrained_method(name: str, *, device: str | torch.device = "cpu", precision: Precision = "auto") -> AnyNetMethod:
    """Make a method of an untrained network, such as `nafnet`, in its default size; `swift` measures blurs for it.

    Raises:
        ConfigError: If there is no such kind of network or device, or the precision is unknown.
    """
    target = find_device(device)
    measurer = ShippedSwift(target, precision)
    net = build_net(name).eval()
    count = sum(value.numel() for value in net.state_dict().values())
    loaded = LoadedNet(net, WeightsInfo(name, {}, {}, UNTRAINED, count))
    return net_method(loaded, name=f"{name}, untrained", measurer=measurer, device=target, precision=precision)
