"""UDBD-Net as it restores, fused, against the plain operations that it is trained by."""

import dataclasses

import pytest
import torch
from torch import Tensor, nn

from closeness import assert_close_to_largest
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.nets.blocks import ResBlock
from pinsharp.nets.peers.nafnet import Nafnet, NafnetConfig
from pinsharp.nets.udbd.feature_wiener import Dfwd, Fwd
from pinsharp.nets.udbd.frm import Frm
from pinsharp.nets.udbd.fused import extracted, pooled
from pinsharp.nets.udbd.kernel_net import KernelNet
from pinsharp.nets.udbd.udbd import Udbd, UdbdConfig
from pinsharp.nets.udbd.wiener_planes import deconvolve_planes
from processors import KNOWS_BFLOAT16

SMALL = UdbdConfig(
    kernel_channels=4,
    kernel_blocks=2,
    kernel_stride=2,
    kernel_code=8,
    kernel_chain=2,
    features=5,
    feature_blocks=2,
    width=8,
    encoder_blocks=(1, 1),
    decoder_blocks=(1, 1),
)
VARIANTS = {
    "udbd": SMALL,
    "udbd-fwd": dataclasses.replace(SMALL, wiener="fwd"),
    "udbd-flat": dataclasses.replace(SMALL, resample=False, pooling="none"),
    "bare": dataclasses.replace(SMALL, kernel_blocks=0, feature_blocks=0, kernel_stride=1),
}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def small_net(config: UdbdConfig = SMALL) -> Udbd:
    return randomised(Udbd(config))


def randomised(net: nn.Module) -> nn.Module:
    """Move every parameter: NAF blocks begin with factors of 0. Much more, and rounding would be amplified too."""
    gen = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=gen) * 0.05)
    return net


def images(channels: int, height: int, width: int) -> Tensor:
    return torch.rand(1, channels, height, width, generator=torch.Generator().manual_seed(2))


def plain_and_fused(function, *arguments):
    """What a function gives where gradients are at least not forbidden, and where they are."""
    with torch.no_grad():
        plain = function(*arguments)
    with torch.inference_mode():
        return plain, function(*arguments)


@pytest.mark.parametrize("channels, height, width", [(3, 24, 24), (1, 23, 30), (3, 5, 40), (1, 1, 1), (3, 2, 3)])
@pytest.mark.parametrize("name", VARIANTS)
def test_restored_images_and_kernels_are_those_of_the_plain_net(name, channels, height, width):
    net = small_net(VARIANTS[name])
    blurred = images(channels, height, width)
    before = blurred.clone()

    (plain, known), (fused, found) = plain_and_fused(net, blurred)

    assert_close_to_largest(found.kernel, known.kernel, 1e-5)
    assert_close_to_largest(fused, plain, 1e-5)
    assert torch.equal(blurred, before)


def test_a_given_kernel_is_deconvolved_with_as_in_the_plain_net():
    net, known = small_net(), BlurField(gaussian_kernel(2.0, 15))

    plain, fused = plain_and_fused(net.deconvolve, images(3, 30, 41), known)

    assert_close_to_largest(fused, plain, 1e-5)


def test_a_batch_is_restored_as_its_images_one_by_one():
    net = small_net()
    batch = torch.cat([images(3, 20, 22), images(3, 20, 22).flip(-1)])

    with torch.inference_mode():
        both, _ = net(batch)
        apart = torch.cat([net(batch[n : n + 1])[0] for n in range(2)])

    assert_close_to_largest(both, apart, 1e-5)


@pytest.mark.parametrize("height, width", [(1, 1), (1, 9), (3, 4), (7, 12), (16, 5)])
@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_features_go_on_past_the_border_as_in_plain_convolutions(blocks, height, width):
    first = nn.Conv2d(3, 6, 5, padding=2, padding_mode="replicate")
    layers = (ResBlock(6, kernel_size=5, padding_mode="replicate") for _ in range(blocks))
    extraction = nn.Sequential(first, nn.ReLU(), *layers)
    image = images(3, height, width)

    with torch.inference_mode():
        assert_close_to_largest(extracted(extraction, image), extraction(image), 1e-5)


@pytest.mark.parametrize("height, width", [(1, 1), (2, 9), (13, 4), (17, 12)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_the_mean_of_the_last_convolution_needs_no_convolution(blocks, stride, height, width):
    net = KernelNet(channels=6, blocks=blocks, stride=stride, code=8, chain=1)
    grey = images(1, height, width)

    with torch.inference_mode():
        assert_close_to_largest(pooled(net, grey), net._pooled(grey), 1e-5)


@pytest.mark.parametrize("kind", [Fwd, Dfwd])
@pytest.mark.parametrize("height, width", [(1, 1), (4, 30), (17, 16), (31, 8)])
def test_planes_are_deconvolved_as_all_features_at_once(kind, height, width):
    """The kernel is no mirror image of itself, so that one that is turned or shifted shows."""
    wiener = kind(4)
    features = images(4, height, width).contiguous(memory_format=torch.channels_last)
    kernel = images(1, 9, 9) + torch.eye(9) * 5
    kernel = kernel / kernel.sum()
    result = torch.empty(1, 4, height, width)

    with torch.inference_mode():
        deconvolve_planes(wiener, features, kernel, result)
        assert_close_to_largest(result, wiener(features, kernel), 1e-5)


@pytest.mark.parametrize("width", [4, 8, 20])
@pytest.mark.parametrize("resample", [True, False])
@pytest.mark.parametrize("pooling", ["global", "none"])
def test_the_refinement_is_that_of_the_plain_blocks(width, resample, pooling):
    settings = {"encoder_blocks": (1, 2), "decoder_blocks": (1, 0), "resample": resample, "pooling": pooling}
    frm = randomised(Frm(7, 3, width=width, **settings))

    plain, fused = plain_and_fused(frm, images(7, 11, 18))

    assert_close_to_largest(fused, plain, 1e-5)


def test_a_pixel_without_contrast_between_its_channels_stays_finite():
    frm = randomised(Frm(2, 3, width=8, encoder_blocks=(1,), decoder_blocks=(1,)))
    with torch.no_grad():
        frm.intro.weight.zero_()
        frm.intro.bias.fill_(1e4)

    plain, fused = plain_and_fused(frm, images(2, 8, 8))

    assert bool(fused.isfinite().all())
    assert_close_to_largest(fused, plain, 1e-4)


def test_nafnet_that_pools_over_windows_is_fused_too():
    settings = {"width": 8, "encoder_blocks": (1, 1), "middle_blocks": 1, "decoder_blocks": (1, 1)}
    net = randomised(Nafnet(NafnetConfig(**settings, pooling_window=8)))

    plain, fused = plain_and_fused(lambda image: net.restore_scales(image)[0], images(3, 24, 21))

    assert_close_to_largest(fused, plain, 1e-5)


@pytest.mark.skipif(not KNOWS_BFLOAT16, reason="this processor does not compute bfloat16")
def test_fused_bfloat16_is_as_close_as_plain_bfloat16():
    net, blurred, known = small_net(), images(3, 64, 64), BlurField(gaussian_kernel(2.0))
    with torch.no_grad():
        exact = net.deconvolve(blurred, known)

    with torch.autocast("cpu", torch.bfloat16):
        plain, fused = plain_and_fused(net.deconvolve, blurred, known)

    assert (fused - exact).square().mean() < 2 * (plain - exact).square().mean()
