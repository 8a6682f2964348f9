"""The refinement module: any size in, the same size out, with and without sampling, and gradients everywhere."""

import pytest
import torch
from torch import Tensor, nn

from pinsharp.nets.udbd.frm import Frm

SETTINGS = {
    "sampled": {},
    "flat": {"resample": False},
    "local": {"pooling": "none"},
    "uneven": {"encoder_blocks": (2, 0), "decoder_blocks": (0, 1), "middle_blocks": 2},
}


def small(**settings: object) -> Frm:
    torch.manual_seed(0)
    return Frm(5, 3, **{"width": 4, "encoder_blocks": (1, 1), "decoder_blocks": (1, 1), **settings})


def randomised(net: nn.Module) -> nn.Module:
    gen = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=gen) * 0.2)
    return net


def features(height: int = 12, width: int = 12, batch: int = 1) -> Tensor:
    return torch.rand(batch, 5, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("height, width", [(1, 1), (5, 5), (8, 12), (13, 9)])
@pytest.mark.parametrize("name", SETTINGS)
def test_any_size_comes_out_as_it_went_in(name, height, width):
    given = features(height, width, batch=2)
    before = given.clone()

    refined = small(**SETTINGS[name])(given)

    assert refined.shape == (2, 3, height, width)
    assert torch.equal(given, before)


@pytest.mark.parametrize("name", SETTINGS)
def test_gradients_reach_every_parameter(name):
    net = randomised(small(**SETTINGS[name]))

    net(features(batch=2)).square().sum().backward()

    assert [key for key, value in net.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_replicated_rows_do_not_count_as_image():
    """What lies below and to the right is padding: an image padded by hand gives the same result."""
    net = randomised(small())
    given = features(10, 7)

    by_hand = net(torch.nn.functional.pad(given, (0, 1, 0, 2), mode="replicate"))

    torch.testing.assert_close(net(given), by_hand[..., :10, :7])


def test_flat_and_sampled_have_the_same_blocks():
    sampled, flat = small(), small(resample=False)

    def blocks(net: Frm) -> list[int]:
        return [len(stage) for stage in (*net.encoders, net.middle, *net.decoders)]

    assert blocks(sampled) == blocks(flat) == [1, 1, 1, 1, 1]
    assert sampled.multiple == 4
    assert flat.multiple == 1
    assert not any(isinstance(module, nn.PixelShuffle) for module in flat.modules())


@pytest.mark.parametrize("resample, sees", [(True, True), (False, False)])
def test_sampling_widens_the_view(resample, sees):
    """Without pooling, one block a level sees 5 pixels at full resolution and several times that over two levels."""
    net = randomised(small(resample=resample, pooling="none")).double()
    given = features(32, 32).double()
    changed = given.clone()
    changed[..., :, 24:] += 1

    difference = (net(changed) - net(given))[..., 0:16].abs().max()

    assert bool(difference > 0) is sees


def test_a_different_number_of_levels_is_refused():
    with pytest.raises(ValueError, match="must have 2 entries"):
        small(decoder_blocks=(1, 1, 1))
