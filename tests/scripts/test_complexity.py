"""Counting: by hand for single layers, the same on every device, and for every kind of network."""

import pytest
import torch
from torch import nn

import tiny_models
from complexity import multiply_adds, parameters
from pinsharp.nets.peers.srn import Srn, SrnConfig
from pinsharp.nets.registry import NETS, NetKind, Traits


class Transformed(nn.Module):
    """A convolution next to a Fourier transform, which is not counted."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 5, padding=2)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.layer(torch.fft.irfft2(torch.fft.rfft2(image)))


@pytest.mark.parametrize(
    "net, weights, products",
    [
        (nn.Conv2d(3, 4, 5, padding=2), 304, 3 * 4 * 25 * 64),
        (nn.Conv2d(3, 6, 3, padding=1, groups=3), 60, 6 * 9 * 64),
        (nn.Conv2d(3, 4, 3, stride=2, padding=1), 112, 3 * 4 * 9 * 16),
        (nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1), 196, 3 * 4 * 16 * 64),
        (nn.Linear(8, 5, bias=False), 40, 40 * 24),
        (Transformed(), 304, 3 * 4 * 25 * 64),
    ],
)
def test_single_layers_count_as_by_hand(net, weights, products, monkeypatch):
    monkeypatch.setitem(NETS, "layer", NetKind(type(net).__module__, type(net).__name__, Traits()))

    assert parameters(net) == weights
    assert multiply_adds(net, (1, 3, 8, 8)) == products


def test_twice_the_images_cost_twice_as_much():
    net = Srn(SrnConfig(width=4, blocks=1))

    assert multiply_adds(net, (2, 3, 32, 32)) == 2 * multiply_adds(net, (1, 3, 32, 32))


def test_the_meta_device_counts_the_same():
    net = Srn(SrnConfig(width=4, blocks=1))
    with torch.device("meta"):
        weightless = Srn(SrnConfig(width=4, blocks=1))

    assert multiply_adds(weightless, (1, 3, 32, 32)) == multiply_adds(net, (1, 3, 32, 32))
    assert next(net.parameters()).device.type == "cpu"


@pytest.mark.parametrize("make", [tiny_models.tiny_swift, tiny_models.tiny_udbd])
def test_nets_that_estimate_their_kernel_are_counted_too(make):
    """The windows of swift are chosen by their values: shapes alone do not tell."""
    assert multiply_adds(make(), (1, 3, 64, 64)) > 64 * 64
