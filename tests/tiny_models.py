"""Networks small enough for tests, whose kernel estimate is known beforehand."""

import math

import torch

from pinsharp.nets.spectrum_net import SpectrumNet
from pinsharp.nets.swift import Swift, SwiftConfig
from pinsharp.nets.udbd import Udbd, UdbdConfig
from pinsharp.nets.weights import save_weights

SWIFT = SwiftConfig(
    width=4,
    deep_width=4,
    blocks=1,
    deep_blocks=1,
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


def tiny_udbd():
    """A udbd with random weights."""
    torch.manual_seed(0)
    return Udbd(UDBD).eval()


def save_tiny_swift(path, **said):
    """Write `tiny_swift(**said)` to a weights file and return its path."""
    save_weights(path, tiny_swift(**said), {"name": path.stem, "licence": "CC0-1.0"})
    return path
