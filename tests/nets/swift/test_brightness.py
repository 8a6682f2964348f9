"""A trunk for brightness begins as the colour trunk does on grey."""

import pytest
import torch

from closeness import assert_close_to_largest
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.nets.swift.brightness import start_from_colour
from pinsharp.nets.swift.swift import Swift, SwiftConfig

KERNEL = gaussian_kernel(1.5)
SMALL = {"width": 4, "deep_width": 4, "blocks": 1, "deep_blocks": 1, "condition": 4, "filter_radius": 6}
SMALL |= {"filter_grid": 16, "kernel_window": 16, "kernel_hidden": 4, "kernel_size": 9}


def trained(**settings):
    """A tiny swift none of whose weights is zero, with a mono trunk of its own."""
    torch.manual_seed(1)
    net = Swift(SwiftConfig(**SMALL, **settings)).eval()
    with torch.no_grad():
        for parameter in net.restorer.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape))
    return net


@pytest.mark.parametrize("settings", [{}, {"noise_rings": 8}, {"noise_rings": 4, "condition_doubt": True}])
@torch.inference_mode()
def test_it_restores_mono_as_the_colour_trunk_restores_three_equal_channels(settings):
    colour = trained(mono_blocks=1, mono_deep_blocks=1)
    net = Swift(SwiftConfig(**SMALL, **settings)).eval()
    start_from_colour(net.restorer, colour.restorer)
    image = torch.rand(2, 1, 40, 44, generator=torch.Generator().manual_seed(0))
    known = BlurField(KERNEL.expand(2, -1, -1, -1), torch.tensor([1 / 255, 4 / 255]))

    found = net.deconvolve(image, known)

    expected = colour.deconvolve(image.expand(-1, 3, -1, -1), known).mean(dim=1, keepdim=True)
    assert_close_to_largest(found, expected, 1e-5)
