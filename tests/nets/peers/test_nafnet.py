"""NAFNet: the identity before training, and channel attention over windows that equals the global one where it must."""

import pytest
import torch
from scipy import ndimage
from torch import Tensor

from pinsharp.nets.peers.nafnet import LocalNafBlock, Nafnet, NafnetConfig, local_mean


def tiny(window: int = 0) -> Nafnet:
    torch.manual_seed(0)
    config = NafnetConfig(width=4, encoder_blocks=(1, 2), decoder_blocks=(1, 1), pooling_window=window)
    net = Nafnet(config)
    gen = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():  # the same for every window
            parameter.copy_(torch.randn(parameter.shape, generator=gen) * 0.2)
    return net.double()


def images(height: int, width: int, channels: int = 3) -> Tensor:
    gen = torch.Generator().manual_seed(2)
    return torch.rand(1, channels, height, width, generator=gen, dtype=torch.float64)


def test_before_training_the_net_adds_little():
    """Its blocks are identities; what is added is two linear layers of the image."""
    blurred = images(16, 16).float()
    net = Nafnet(NafnetConfig(width=4, encoder_blocks=(1,), decoder_blocks=(1,)))
    with torch.no_grad():
        net.body.ending.weight.zero_()
        net.body.ending.bias.zero_()

    assert torch.equal(net(blurred), blurred)


@pytest.mark.parametrize("height, width", [(16, 16), (13, 20), (1, 1)])
@pytest.mark.parametrize("window", [20, 384])
def test_local_pooling_is_global_where_the_window_covers_the_image(window, height, width):
    blurred = images(height, width)

    torch.testing.assert_close(tiny(window)(blurred), tiny()(blurred))


def test_local_pooling_differs_on_larger_images():
    blurred = images(40, 40)

    assert (tiny(16)(blurred) - tiny()(blurred)).abs().max() > 1e-4


def test_weights_do_not_depend_on_the_window():
    """What was trained with one window is used with another."""
    plain, local = tiny().state_dict(), tiny(16).state_dict()

    assert plain.keys() == local.keys()


def test_the_window_shrinks_with_the_resolution():
    windows = [block.window for block in tiny(16).modules() if isinstance(block, LocalNafBlock)]

    assert windows == [16, 8, 8, 4, 8, 16]  # two levels down (1 and 2 blocks), the middle, two levels up


def test_with_local_pooling_a_far_change_changes_nothing():
    blurred = images(16, 160)
    changed = blurred.clone()
    changed[:, :1, :, 150:] += 1

    def difference(net: Nafnet) -> float:
        with torch.no_grad():
            return float((net(changed) - net(blurred))[..., :20].abs().max())

    assert difference(tiny(16)) < 1e-12
    assert difference(tiny()) > 1e-6


@pytest.mark.parametrize("window", [1, 3, 4, 7])
def test_means_over_windows_agree_with_scipy(window):
    given = images(12, 17, channels=2)

    means = local_mean(given, window)

    centre = slice(window, -window)
    # scipy puts an even window one pixel further up and left than we do, so its result is shifted back
    expected = ndimage.uniform_filter(given.numpy(), (1, 1, window, window), origin=(0, 0, *[-1 + window % 2] * 2))
    torch.testing.assert_close(means[..., centre, centre], torch.from_numpy(expected)[..., centre, centre])


def test_near_the_border_the_last_whole_window_counts():
    given = images(6, 30, channels=1)

    means = local_mean(given, 5)

    torch.testing.assert_close(means[0, 0, 0, 0], given[0, 0, :5, :5].mean())
    torch.testing.assert_close(means[0, 0, -1, -1], given[0, 0, -5:, -5:].mean())
    assert means.shape == given.shape


def test_running_sums_keep_their_precision_in_half():
    given = torch.ones(1, 1, 4, 2000, dtype=torch.bfloat16)

    means = local_mean(given, 500)

    assert means.dtype == torch.bfloat16
    torch.testing.assert_close(means, torch.ones_like(means))
