"""DeepDeblur: coarse to fine with weights of its own at each scale, on images around 0."""

import torch
from torch import Tensor

from pinsharp.nets.peers.deepdeblur import MIDDLE, DeepDeblur, DeepDeblurConfig


def tiny(**settings: int) -> DeepDeblur:
    torch.manual_seed(0)
    return DeepDeblur(DeepDeblurConfig(**{"width": 4, "blocks": 1, **settings}))


def images(height: int = 16, width: int = 16) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(2))


def test_the_networks_see_grey_as_nothing():
    """Without biases a grey image stays what it is: it is 0 to the networks, and 0 comes out of them."""
    net = tiny()
    with torch.no_grad():
        for key, value in net.named_parameters():
            if key.endswith("bias"):
                value.zero_()

    restored = net.restore_scales(torch.full((1, 3, 9, 9), MIDDLE))

    assert all(torch.equal(scale, torch.full_like(scale, MIDDLE)) for scale in restored)


def test_each_scale_has_its_own_weights():
    net = tiny()
    with torch.no_grad():
        net.bodies[0][-1].bias += 1  # the finest

    before, after = tiny().restore_scales(images()), net.restore_scales(images())

    torch.testing.assert_close(after[0], before[0] + 1)
    assert torch.equal(after[1], before[1])
    assert torch.equal(after[2], before[2])


def test_the_coarse_result_reaches_the_fine_one():
    net = tiny()
    with torch.no_grad():
        net.bodies[2][-1].bias += 1  # the coarsest

    before, after = tiny().restore_scales(images()), net.restore_scales(images())

    assert all((new - old).abs().max() > 1e-3 for new, old in zip(after, before, strict=True))
