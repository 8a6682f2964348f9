"""Building blocks: identities at the start, normalisation against numpy, sizes through sampling, gradients."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pinsharp.nets.blocks import Downsample, LayerNorm2d, NafBlock, ResBlock, Upsample, activation_layer

BLOCKS = {
    "res": lambda: ResBlock(4),
    "res-wide": lambda: ResBlock(4, kernel_size=5, activation="leaky_relu", padding_mode="replicate"),
    "norm": lambda: LayerNorm2d(4),
    "naf": lambda: NafBlock(4),
    "naf-local": lambda: NafBlock(4, pooling="none"),
}


def features(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def randomised(module: nn.Module) -> nn.Module:
    """Random parameters: NAF blocks begin with factors of 0, behind which no gradient passes."""
    gen = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=gen) * 0.3)
    return module.double()


@pytest.mark.parametrize("shape", [(1, 4, 1, 1), (2, 4, 7, 10), (1, 4, 16, 16)])
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_keep_the_shape_and_their_input(name, shape):
    block = randomised(BLOCKS[name]())
    given = features(*shape)
    before = given.clone()

    result = block(given)

    assert result.shape == given.shape
    assert not torch.equal(result, given)
    assert torch.equal(given, before)


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients_reach_every_parameter_of_a_block(name):
    block = randomised(BLOCKS[name]())

    block(features(1, 4, 6, 5)).square().sum().backward()

    assert [key for key, value in block.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_a_new_naf_block_is_the_identity():
    given = features(1, 4, 5, 6).float()

    assert torch.equal(NafBlock(4)(given), given)


def test_a_res_block_starts_near_the_identity_in_proportion_to_its_scale():
    given = features(1, 4, 9, 9).float()
    torch.manual_seed(0)
    whole = ResBlock(4)
    torch.manual_seed(0)
    tenth = ResBlock(4, residual_scale=0.1)
    for block in (whole, tenth):
        nn.init.zeros_(block.second.bias)

    torch.testing.assert_close(tenth(given) - given, 0.1 * (whole(given) - given), atol=1e-6, rtol=1e-4)


def test_layer_norm_agrees_with_numpy():
    norm = randomised(LayerNorm2d(4))
    given = features(2, 4, 3, 5)

    result = norm(given)

    array = given.numpy()
    normal = (array - array.mean(1, keepdims=True)) / np.sqrt(array.var(1, keepdims=True) + 1e-6)
    weight, bias = (value.detach().numpy()[:, None, None] for value in (norm.weight, norm.bias))
    np.testing.assert_allclose(result.detach().numpy(), weight * normal + bias, atol=1e-12)


def test_a_flat_pixel_is_normalised_to_zero():
    assert torch.equal(LayerNorm2d(4)(torch.full((1, 4, 2, 2), 0.5)), torch.zeros(1, 4, 2, 2))


def test_only_global_pooling_ties_a_pixel_to_the_whole_image():
    given = features(1, 4, 12, 12)
    far = given.clone()
    far[:, 0, 8:, 8:] += 1  # one channel: normalisation takes away what all share

    def change(block: nn.Module) -> float:
        with torch.no_grad():
            return float((block(far) - block(given))[..., :4, :4].abs().max())

    assert change(randomised(NafBlock(4, pooling="none"))) == 0
    assert change(randomised(NafBlock(4, pooling="global"))) > 0


def test_sampling_halves_and_restores_size_and_channels():
    given = features(2, 4, 6, 10).float()

    down = Downsample(4)(given)
    up = Upsample(8)(down)

    assert down.shape == (2, 8, 3, 5)
    assert up.shape == given.shape


@pytest.mark.parametrize(
    "make, sentence",
    [
        (lambda: activation_layer("gelu"), "one of relu, leaky_relu, got 'gelu'"),
        (lambda: NafBlock(4, pooling="local"), "'global' or 'none', got 'local'"),
    ],
)
def test_unknown_choices_are_refused(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
