"""Scales: pyramids against scikit-image, sizes that round up, padding that is cut off again."""

import numpy as np
import pytest
import torch
from skimage.transform import pyramid_gaussian
from torch import Tensor

from pinsharp.nets.peers.scales import bilinear_scales, cropped_scales, gaussian_scales, padded_to_multiple


def image(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_the_gaussian_pyramid_is_that_of_scikit_image():
    """Away from the border: there the image is mirrored in one and replicated in the other."""
    given = image(1, 2, 64, 96)

    scales = gaussian_scales(given, 3)

    expected = list(pyramid_gaussian(given[0].numpy(), 2, channel_axis=0))
    assert [tuple(scale.shape[-2:]) for scale in scales] == [(64, 96), (32, 48), (16, 24)]
    for ours, theirs in zip(scales, expected, strict=True):
        np.testing.assert_allclose(ours[0, :, 4:-4, 4:-4].numpy(), theirs[:, 4:-4, 4:-4], atol=1e-6)


def test_bilinear_scales_sample_between_the_middle_pixels():
    given = image(1, 1, 8, 8)

    _, half, quarter = bilinear_scales(given, 3)

    torch.testing.assert_close(half[0, 0, 1, 2], given[0, 0, 2:4, 4:6].mean())
    torch.testing.assert_close(quarter[0, 0, 1, 0], given[0, 0, 5:7, 1:3].mean())


@pytest.mark.parametrize("make", [gaussian_scales, bilinear_scales])
def test_constants_stay_constant_at_every_scale(make):
    for scale in make(torch.full((2, 3, 8, 16), 0.3, dtype=torch.float64), 3):
        torch.testing.assert_close(scale, torch.full_like(scale, 0.3), rtol=1e-6, atol=0)


@pytest.mark.parametrize("height, width", [(1, 1), (5, 8), (16, 16), (17, 31)])
def test_padding_is_cut_off_again(height, width):
    given = image(1, 1, height, width)

    padded = padded_to_multiple(given, 16)
    whole, half = cropped_scales(bilinear_scales(padded, 2), (height, width))

    assert padded.shape[-2] % 16 == padded.shape[-1] % 16 == 0
    assert torch.equal(padded[..., -1, -1], given[..., -1, -1])
    assert torch.equal(whole, given)
    assert half.shape[-2:] == ((height + 1) // 2, (width + 1) // 2)
