"""Networks small enough for tests, whose kernel estimate is known beforehand."""

import math
from dataclasses import replace

import torch

from pinsharp.nets.registry import build_net
from pinsharp.nets.swift.spectrum_net import SpectrumNet
from pinsharp.nets.swift.swift import Swift, SwiftConfig
from pinsharp.nets.udbd.udbd import Udbd, UdbdConfig
from pinsharp.nets.weights import save_weights
from pinsharp.runtimes.parts import graph_of

SWIFT = SwiftConfig(
    width=4,
    deep_width=4,
    blocks=1,
    deep_blocks=1,
    mono_blocks=1,
    mono_deep_blocks=2,
    filter_radius=12,
    filter_grid=32,
    kernel_window=32,
    kernel_windows=4,
    kernel_hidden=8,
)
UDBD = UdbdConfig(
    kernel_channels=2,
    kernel_blocks=0,
    kernel_code=2,
    kernel_chain=1,
    features=2,
    feature_blocks=0,
    width=2,
    encoder_blocks=(1,),
    decoder_blocks=(1,),
)
UDBD_ABLATIONS = {"udbd-fwd": {"wiener": "fwd"}, "udbd-flat": {"resample": False}}
PEERS = {
    "nafnet": {"width": 2, "encoder_blocks": [1], "decoder_blocks": [1]},
    "deepdeblur": {"width": 2, "blocks": 1, "scales": 2},
    "srn": {"width": 2, "blocks": 0, "scales": 2},
    "dwdn": {"features": 2, "feature_blocks": 0, "width": 2, "blocks": 0},
}
"""Settings of small peers, by the net that they are of."""


def tiny_swift(*, sigma=2.0, relative_std=0.02, disk_share=0.01, noise=1 / 255):
    """A swift that says the same of every image, and restores with its Wiener bank and next to random corrections."""
    torch.manual_seed(0)
    net = Swift(SWIFT)
    low, high = math.log(SpectrumNet.MIN_SIGMA), math.log(net.kernel_net.config.max_sigma)
    said = torch.tensor(
        [
            torch.logit(torch.tensor((math.log(sigma) - low) / (high - low))),
            math.log(math.expm1((relative_std - 1e-3) / 0.1)),
            torch.logit(torch.tensor(disk_share)),
            math.log(math.expm1(math.log(noise) - SpectrumNet.MIN_LOG_NOISE)),
        ]
    )
    last = net.kernel_net.conclude[-1]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(said)
        for layer in net.restorer.leave.values():
            layer.weight.mul_(0.01)
    return net.eval()


def tiny_udbd(name="udbd"):
    """A udbd, or one of its two ablations, with random weights."""
    torch.manual_seed(0)
    return Udbd(replace(UDBD, **UDBD_ABLATIONS.get(name, {}))).eval()


def tiny_peer(name):
    """A peer's network with random weights."""
    torch.manual_seed(0)
    return build_net(name, PEERS[name]).eval()


def save_tiny_swift(path, **said):
    """Write `tiny_swift(**said)` to a weights file and return its path."""
    save_weights(path, tiny_swift(**said), {"name": path.stem, "licence": "CC0-1.0"})
    return path


def save_tiny_zoo(folder):
    """Write a weights file for every network that has a name, as if all were shipped, and return the folder."""
    nets = {"swift": tiny_swift(), "sharp": tiny_swift()}
    nets |= {name: tiny_udbd(name) for name in ("udbd", *UDBD_ABLATIONS)}
    nets |= {name: tiny_peer(name) for name in PEERS}
    for name, net in nets.items():
        save_weights(folder / f"{name}.safetensors", net, {"licence": "CC0-1.0"})
    return folder


def own_convolutions(net):
    """The convolutions of a network by the entry of its graph that they are of, as the network itself computes them."""
    if isinstance(net, Swift):
        return {name: net.restorer.refiner(name) for name in ("mono", "colour")}
    return {"colour": graph_of(net).module}
