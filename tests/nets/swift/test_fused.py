"""Convolutions with what follows them in one go: the same numbers as one after the other."""

import pytest
import torch

from closeness import assert_close_to_largest
from pinsharp.nets.fused import can_fuse
from pinsharp.nets.swift.fused import run_fused
from processors import KNOWS_BFLOAT16
from tiny_models import tiny_swift

MODES = {"mono": 1, "colour": 3}


def refiner_of(mode):
    """A refiner whose every parameter counts: residual blocks begin near the identity."""
    net, gen = tiny_swift(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.restorer.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=gen) * 0.2)
    return net.restorer.refiner(mode)


def inputs(refiner, dtype=torch.float32):
    gen = torch.Generator().manual_seed(0)
    stack = torch.rand(1, refiner.enter.in_channels, 6, 10, generator=gen).to(dtype, memory_format=torch.channels_last)
    return stack, torch.randn(1, refiner.modulation_length, generator=gen) * 0.3


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("is_told", [True, False])
def test_fused_and_plain_agree(mode, is_told):
    refiner = refiner_of(mode)
    stack, modulation = inputs(refiner)
    modulation = modulation if is_told else None
    before = stack.clone()
    with torch.no_grad():
        plain = refiner(stack, modulation)

    with torch.inference_mode():
        assert can_fuse(stack)
        found = run_fused(refiner, stack, modulation)

    assert_close_to_largest(found, plain, 1e-5)
    assert torch.equal(stack, before)


@pytest.mark.parametrize("mode", MODES)
def test_fused_bfloat16_is_as_close_as_plain_bfloat16(mode):
    """Where oneDNN has no bfloat16 the refiner does not fuse, because the operators would fail."""
    refiner = refiner_of(mode)
    stack, modulation = inputs(refiner)
    with torch.no_grad():
        exact = refiner(stack, modulation)
        with torch.autocast("cpu", torch.bfloat16):
            plain = refiner(stack, modulation)

    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        assert can_fuse(stack) == KNOWS_BFLOAT16
        found = refiner(stack, modulation)

    assert found.dtype == torch.bfloat16
    assert (found - exact).abs().mean() < 1.2 * (plain - exact).abs().mean()


def test_only_single_images_that_are_restored_are_fused():
    """Gradients are unknown to the operators, and each image of a batch has weights of its own."""
    refiner = refiner_of("mono")
    stack, _ = inputs(refiner)

    assert not can_fuse(stack)
    with torch.no_grad():
        assert not can_fuse(stack)
    with torch.inference_mode():
        assert can_fuse(stack)
        assert not can_fuse(stack.expand(2, -1, -1, -1))
        assert not can_fuse(stack.to("meta"))
