"""How images go on past their border: found where a computer continued them, never where a scene was cut, and read."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pinsharp.blur.camera import generator
from pinsharp.blur.continuation import ContinuedImage, find_continuation
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel, kernel_sigma
from pinsharp.blur.operators import Blur
from scenes import photograph, smooth_image

KERNELS = [gaussian_kernel(1.8, 21), gaussian_kernel(2.4, 21), gaussian_kernel(4.0, 33), disk_kernel(4)]
NUMPY_MODES = {"reflect": "reflect", "circular": "wrap"}


def found(image, kernel):
    return find_continuation(image, float(kernel_sigma(kernel)[0]))


def blurred(boundary, kernel, *, noise=0.0, part=(slice(None), slice(None))):
    image = Blur(kernel, boundary)(photograph(320, 320)[..., part[0], part[1]])
    image = image + noise * torch.randn(image.shape, generator=generator(0, 0))
    return (image.clamp(0, 1) * 255).round() / 255


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("rule", ["reflect", "circular"])
def test_a_rule_outlasts_the_blur(kernel, rule):
    assert found(blurred(rule, kernel), kernel) == rule


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("boundary", ["valid", "replicate", "zero"])
@pytest.mark.parametrize("noise", [0, 1 / 255])
def test_other_images_have_none(kernel, boundary, noise):
    for top in (0, 40, 80):
        part = (slice(top, top + 200), slice(30, 290))
        assert found(blurred(boundary, kernel, noise=noise, part=part), kernel) is None


def test_a_little_noise_hides_no_rule_of_a_border_with_texture():
    kernel = gaussian_kernel(2.4, 21)
    assert found(blurred("reflect", kernel, noise=0.4 / 255), kernel) == "reflect"


@pytest.mark.parametrize("noise", [0, 3 / 255])
def test_nothing_is_told_of_a_flat_image(noise):
    flat = torch.full((1, 3, 60, 80), 0.5) + noise * torch.randn((1, 3, 60, 80), generator=generator(1, 0))
    assert find_continuation(flat, 2.0) is None


def test_nothing_is_told_of_sharp_and_of_tiny_images():
    image = blurred("reflect", gaussian_kernel(2.4, 21))
    assert find_continuation(image, 0.5) is None
    assert find_continuation(image[..., :5, :], 2.4) is None
    assert find_continuation(image[..., :1, :1], 2.4) is None


@pytest.mark.parametrize("rule", ["reflect", "circular"])
def test_turning_the_image_and_its_contrast_change_nothing(rule):
    kernel = gaussian_kernel(2.4, 21)
    image = blurred(rule, kernel)
    for other in (image.rot90(1, (-2, -1)), image.flip(-1), 1 - image, image / 2, image[:, :1]):
        assert found(other, kernel) == rule


def test_one_side_that_is_cut_off_ends_a_rule():
    kernel = gaussian_kernel(2.4, 21)
    assert found(blurred("reflect", kernel)[..., 100:, :], kernel) is None


@given(
    rule=st.sampled_from(["reflect", "circular"]),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    margin=st.integers(0, 12),
    data=st.data(),
)
def test_every_part_is_that_of_the_padded_image(rule, shape, margin, data):
    image = smooth_image(shape, channels=2)
    padded = np.pad(image.numpy(), ((0, 0), (0, 0), (margin, margin), (margin, margin)), mode=NUMPY_MODES[rule])
    read = ContinuedImage(lambda *place: image[..., *place], (2, *shape), rule, margin)
    assert read.shape == padded.shape[1:]
    rows, columns = (data.draw(spans(length)) for length in read.shape[1:])
    np.testing.assert_array_equal(read(rows, columns).numpy(), padded[..., rows, columns])
    own = (read.inside(slice(0, shape[0])), read.inside(slice(0, shape[1])))
    np.testing.assert_array_equal(read(*own).numpy(), image.numpy())


@st.composite
def spans(draw, length):
    start = draw(st.integers(0, length - 1))
    return slice(start, draw(st.integers(start + 1, length)))


def test_without_a_rule_an_image_ends_at_its_border():
    image = smooth_image((7, 8))
    read = ContinuedImage(lambda *place: image[..., *place], (1, 7, 8), None, 4)
    assert read.shape == (1, 7, 8)
    assert read.inside(slice(2, 5)) == slice(2, 5)
    torch.testing.assert_close(read(slice(1, 3), slice(0, 8)), image[..., 1:3, :], rtol=0, atol=0)


@pytest.mark.parametrize("coarseness", [0.6, 0.8, 1.0])
def test_coarse_noise_is_not_taken_for_a_smooth_border(coarseness):
    """As of cameras that interpolate colours: mirrored, it is no rougher than white noise would be."""
    coarse = Blur(gaussian_kernel(coarseness, 9), "valid")
    for seed in range(10):
        noise = coarse(torch.randn((1, 3, 200, 240), generator=generator(seed, 0)))
        assert find_continuation(0.5 + 0.02 * noise, 2.0) is None
