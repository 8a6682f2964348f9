"""Several images are surer than one, never surer than the camera that took them allows, and not for being repeated."""

import math

import pytest
import torch

from pinsharp.nets.swift.several import COMMON, doubt_left, sample


def scenes(count, noise=0.0, seed=0):
    """Samples of images (1, 64, 64) of different scenes, or with noise above 0 of one scene seen anew."""
    gen = torch.Generator().manual_seed(seed)
    one = torch.rand(1, 64, 64, generator=gen)
    images = (one if noise else torch.rand(1, 64, 64, generator=gen) for _ in range(count))
    return [sample(image + noise * torch.randn(1, 64, 64, generator=gen)) for image in images]


def even(count):
    return torch.full((count,), 1 / count)


def test_one_image_is_as_sure_as_it_was():
    assert doubt_left(scenes(1), even(1)) == 1


def test_more_scenes_are_surer_but_never_beyond_what_they_have_in_common():
    left = [doubt_left(scenes(count), even(count)) for count in (1, 2, 4, 8, 64)]

    assert left == sorted(left, reverse=True)
    assert left[3] == pytest.approx(math.sqrt(COMMON + (1 - COMMON) / 8), rel=0.01)
    assert left[-1] > math.sqrt(COMMON)


def test_the_same_scene_again_says_nothing_new():
    assert doubt_left(scenes(8, noise=0.01), even(8)) == pytest.approx(1, abs=0.01)


def test_an_image_that_counts_for_nearly_all_decides_alone():
    assert doubt_left(scenes(2), torch.tensor([0.999, 0.001])) == pytest.approx(1, abs=0.001)


def test_brightness_and_contrast_do_not_make_another_scene():
    image = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(0))

    torch.testing.assert_close(sample(image / 3 + 0.2), sample(image), atol=1e-5, rtol=0)
    assert float(sample(torch.ones(1, 64, 64)).abs().max()) == 0
