"""The comparison with PyTorch: it sees a wrong pixel, wherever and however small above the tolerance."""

import math

import pytest
import torch

from pinsharp.runtimes.parity import SHAPES, TOLERANCE, largest_difference
from tiny_models import own_convolutions, tiny_peer, tiny_swift


def honest(net):
    modules = own_convolutions(net)
    return lambda name, inputs: modules[name](*inputs)


@pytest.mark.parametrize("make", [tiny_swift, lambda: tiny_peer("nafnet")])
def test_the_network_itself_does_not_differ(make):
    net = make()

    assert largest_difference(net, honest(net)) < 1e-6


def test_a_single_wrong_corner_is_found():
    net = tiny_swift()

    def wrong(name, inputs):
        result = honest(net)(name, inputs).clone()
        result[..., -1, 0] += 0.01 if name == "mono" else 0
        return result

    assert largest_difference(net, wrong) == pytest.approx(0.01, abs=1e-5)


def test_what_is_not_finite_differs_infinitely():
    net = tiny_swift()

    assert largest_difference(net, lambda name, inputs: honest(net)(name, inputs) * math.nan) == math.inf


def test_mono_and_colour_and_odd_sizes_are_compared():
    net, seen = tiny_swift(), set()

    def run(name, inputs):
        seen.add((name, tuple(inputs[0].shape[-2:])))
        return honest(net)(name, inputs)

    largest_difference(net, run, seed=1)
    largest_difference(net, run, seed=2)

    assert {name for name, _ in seen} == {"mono", "colour"}
    assert len({shape for _, shape in seen}) > len(SHAPES) + 2
    assert any(height % 2 and width % 2 for height, width in SHAPES)


def test_bfloat16_is_within_its_tolerance_and_not_within_that_of_float32():
    net = tiny_swift()
    with torch.no_grad():
        for layer in net.restorer.leave.values():
            layer.weight.mul_(100)

    difference = largest_difference(net, honest(net), dtype=torch.bfloat16)

    assert TOLERANCE[torch.float32] < difference < TOLERANCE[torch.bfloat16]
