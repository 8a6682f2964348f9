"""Fused convolutions on their own: each gives what the plain operations give."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from closeness import assert_close_to_largest
from pinsharp.nets.fused import add_convolved, add_upsampled, can_fuse, convolved, convolved_by_groups, mixed


def features(channels: int, height: int, width: int) -> Tensor:
    gen = torch.Generator().manual_seed(0)
    return torch.randn(1, channels, height, width, generator=gen).contiguous(memory_format=torch.channels_last)


def layer(*sizes: int, **settings: object) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(*sizes, **settings)


@pytest.mark.parametrize("width", [1, 2, 6, 7, 8, 16])
@pytest.mark.parametrize("channels", [1, 3, 8, 17])
def test_neighbours_that_are_convolved_at_once_are_what_they_are_one_by_one(width, channels):
    given, own = features(5, 4, width), layer(5, channels, 3, padding=1)

    with torch.inference_mode():
        found = convolved_by_groups(own, given)
        expected = F.conv2d(given, own.weight, own.bias, padding=1)

    assert_close_to_largest(found, expected, 1e-6)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_activations_are_applied_to_a_convolution():
    given, own = features(3, 5, 6), layer(3, 4, 3)

    with torch.inference_mode():
        plain = F.conv2d(given, own.weight, own.bias)
        assert_close_to_largest(convolved(own, given, activation="relu"), plain.relu(), 1e-6)
        leaky = convolved(own, given, activation="leaky_relu", slope=0.1)
        assert_close_to_largest(leaky, F.leaky_relu(plain, 0.1), 1e-6)
        assert_close_to_largest(
            convolved(own, given, padding=1), F.conv2d(given, own.weight, own.bias, padding=1), 1e-6
        )


def test_sums_and_products_are_applied_to_a_convolution():
    given, own = features(3, 5, 6), layer(3, 3, 1)
    total, factor = features(3, 5, 6) + 1, features(3, 5, 6) - 2

    with torch.inference_mode():
        plain = F.conv2d(given, own.weight, own.bias)
        expected = total + plain
        add_convolved(total, own, given)
        assert_close_to_largest(total, expected, 1e-6)
        assert_close_to_largest(mixed(given, own.weight.flatten(1), own.bias, times=factor), plain * factor, 1e-6)


@pytest.mark.parametrize("has_bias", [True, False])
def test_an_upsampled_convolution_is_added_as_a_pixel_shuffle_does(has_bias):
    own, deep, total = layer(6, 12, 1, bias=has_bias), features(6, 3, 4), features(3, 6, 8)

    with torch.inference_mode():
        expected = total + F.pixel_shuffle(F.conv2d(deep, own.weight, own.bias), 2)
        for kind, tolerance in ((torch.float32, 1e-6), (torch.bfloat16, 0.02)):
            if kind == torch.bfloat16 and not bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()):
                continue
            found = add_upsampled(total.clone().to(kind), own, deep.to(kind))
            assert_close_to_largest(found.float(), expected, tolerance)


def test_nothing_is_fused_in_double_precision_or_where_gradients_may_be_asked_for():
    given = features(3, 4, 4)

    assert not can_fuse(given)
    with torch.inference_mode():
        assert can_fuse(given)
        assert not can_fuse(given.double())
        assert not can_fuse(given.expand(2, -1, -1, -1))
