"""DWDN: it uses the kernel that it is given, shares its refinement between scales and keeps its weights in one part."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor

from closeness import assert_close_to_largest
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.nets.peers.dwdn import Dwdn, DwdnConfig, MedianFwd, median_filter
from pinsharp.nets.udbd.feature_wiener import Fwd


def tiny(**settings: object) -> Dwdn:
    torch.manual_seed(0)
    return Dwdn(DwdnConfig(**{"features": 4, "feature_blocks": 1, "width": 4, "blocks": 1, **settings}))


def images(height: int = 24, width: int = 24, batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(2))


def test_all_weights_are_the_restorers():
    net = tiny()

    assert all(key.startswith("restorer.") for key in net.state_dict())
    assert not hasattr(net, "estimate")
    assert isinstance(net.restorer.wiener, Fwd)


def test_the_kernel_decides_what_is_restored():
    net = tiny()

    narrow, wide = (net(images(), gaussian_kernel(sigma)) for sigma in (1.0, 3.0))

    assert (narrow - wide).abs().max() > 1e-3


def test_every_image_is_restored_with_its_own_kernel():
    net, blurred = tiny(), images()
    kernels = torch.cat([gaussian_kernel(sigma, 21) for sigma in (1.0, 3.0)])

    together = net(blurred, kernels)

    for sample in range(2):
        alone = net(blurred[sample : sample + 1], kernels[sample : sample + 1])
        assert_close_to_largest(together[sample : sample + 1], alone, 1e-5)


def test_one_kernel_serves_a_whole_batch():
    kernel = gaussian_kernel(1.5)

    torch.testing.assert_close(tiny()(images(), kernel), tiny()(images(), kernel.expand(2, -1, -1, -1)))


def test_a_kernel_is_not_changed():
    kernel = gaussian_kernel(2.0)
    before = kernel.clone()

    tiny().deconvolve(images(), BlurField(kernel))

    assert torch.equal(kernel, before)


def test_a_further_scale_brings_only_an_entrance():
    two, three = tiny().state_dict().keys(), tiny(scales=3).state_dict().keys()

    added = three - two
    assert added
    assert all(key.startswith("restorer.enter.") for key in added)
    assert two < three


@pytest.mark.parametrize("padding, dips", [("zeros", True), ("replicate", False)])
def test_replicated_borders_keep_a_flat_image_flat(padding, dips):
    """Zeros around an image are an edge, which the features carry into the Wiener step."""
    net = tiny(feature_padding=padding)

    features = net.restorer.extraction(torch.full((1, 3, 16, 16), 0.7))

    spread = features.amax(dim=(-2, -1)) - features.amin(dim=(-2, -1))
    assert bool(spread.max() > 1e-3) is dips


@pytest.mark.parametrize("height, width", [(1, 1), (2, 5), (9, 14)])
def test_the_median_is_that_of_scipy(height, width):
    given = images(height, width).double()

    expected = ndimage.median_filter(given.numpy(), size=(1, 1, 3, 3), mode="nearest")

    np.testing.assert_array_equal(median_filter(given).numpy(), expected)


def test_the_noise_of_the_code_is_a_variance_over_a_deviation():
    given = images(12, 18).double()

    ratio = MedianFwd(3).noise_to_signal(given)

    residual = given.numpy() - ndimage.median_filter(given.numpy(), size=(1, 1, 3, 3), mode="nearest")
    expected = 8 / 30 * residual.var(axis=(2, 3)) / given.numpy().std(axis=(2, 3))
    np.testing.assert_allclose(ratio[..., 0, 0].numpy(), expected, rtol=1e-4)


def test_only_the_ratio_of_the_code_grows_with_the_features():
    given = images().double()

    def growth(module: Fwd) -> Tensor:
        return module.noise_to_signal(10 * given) / module.noise_to_signal(given)

    torch.testing.assert_close(growth(MedianFwd(3)), torch.full((2, 3, 1, 1), 10.0).double(), rtol=1e-3, atol=0)
    torch.testing.assert_close(growth(Fwd(3)), torch.ones(2, 3, 1, 1).double(), rtol=1e-3, atol=0)


def test_a_flat_channel_gives_finite_gradients_with_the_median_too():
    given = torch.zeros(1, 3, 8, 8, requires_grad=True)

    MedianFwd(3)(given, gaussian_kernel(1.0, 7)).sum().backward()

    assert bool(torch.isfinite(given.grad).all())
