"""SRN: one set of weights for all scales, no gradient through the coarse image, memory only with its LSTM."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pinsharp.nets.peers.srn import ConvLstm, Srn, SrnConfig


def tiny(**settings: object) -> Srn:
    torch.manual_seed(0)
    return Srn(SrnConfig(**{"width": 4, "blocks": 1, **settings}))


def images(height: int = 32, width: int = 32) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(2))


def test_more_scales_need_no_more_weights():
    assert tiny(scales=1).state_dict().keys() == tiny(scales=3).state_dict().keys()


def test_the_coarsest_scale_is_the_net_on_the_small_image():
    blurred = images()
    net = tiny(scales=2)
    alone = tiny(scales=1)
    small = nn.functional.avg_pool2d(blurred, 2)  # what bilinear halving is

    torch.testing.assert_close(net.restore_scales(blurred)[1], alone(small))


@pytest.mark.parametrize("cell, remembers", [("none", False), ("lstm", True)])
def test_only_the_lstm_lets_a_gradient_through_to_the_coarser_scale(cell, remembers):
    """The coarse result is handed on as a value; features pass from scale to scale in the cell alone."""
    net = tiny(cell=cell, scales=2)
    seen: list[Tensor] = []

    def note(module: nn.Module, given: tuple[Tensor, ...], features: Tensor) -> None:
        features.retain_grad()
        seen.append(features)

    net.enter.register_forward_hook(note)

    net(images()).sum().backward()

    coarse, fine = seen
    assert fine.grad is not None
    assert (coarse.grad is not None and bool(coarse.grad.any())) is remembers


def test_the_cell_agrees_with_its_equations():
    """At one pixel a 3x3 convolution is its centre: the equations of the cell in numpy."""
    cell = ConvLstm(2).double()
    gen = torch.Generator().manual_seed(0)
    with torch.no_grad():
        cell.gates.weight.copy_(torch.randn(cell.gates.weight.shape, generator=gen))
    features, state = (torch.randn(1, n, 1, 1, generator=gen, dtype=torch.float64) for n in (2, 4))

    hidden, new_state = cell(features, state)

    weight, given = cell.gates.weight[:, :, 1, 1].detach().numpy(), features[0, :, 0, 0].numpy()
    old, old_hidden = np.split(state[0, :, 0, 0].numpy(), 2)
    admit, new, keep, show = np.split(weight @ np.concatenate([given, old_hidden]), 4)
    expected = _sigmoid(keep + 1) * old + _sigmoid(admit) * np.tanh(new)
    expected_hidden = np.tanh(expected) * _sigmoid(show)
    np.testing.assert_allclose(hidden[0, :, 0, 0].detach().numpy(), expected_hidden, atol=1e-12)
    np.testing.assert_allclose(
        new_state[0, :, 0, 0].detach().numpy(), np.concatenate([expected, expected_hidden]), atol=1e-12
    )


def test_a_cell_starts_with_nothing_to_remember():
    cell, features = ConvLstm(3), torch.rand(2, 3, 4, 5)

    hidden, state = cell(features)

    again, _ = cell(features, torch.zeros(2, 6, 2, 2))
    assert state.shape == (2, 6, 4, 5)
    torch.testing.assert_close(hidden, again)


def test_weights_are_drawn_after_glorot():
    """Uniform in +- sqrt(6 / (fan in + fan out)), all biases 0."""
    net = tiny(width=16)

    for layer in (layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)):
        area = layer.kernel_size[0] * layer.kernel_size[1]
        bound = math.sqrt(6 / (area * (layer.in_channels + layer.out_channels)))
        assert 0.95 * bound < float(layer.weight.detach().abs().max()) <= bound
        assert not layer.bias.detach().any()


def _sigmoid(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))
