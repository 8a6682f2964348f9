"""Continued images: what they must keep, and numpy's padding as the reference."""

from functools import partial

import numpy as np
import pytest
import torch

from pinsharp.blur.fourier import fast_size
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.classical.borders import check_covers_kernel, fade_into_opposite, mirror, mirror_on_ramp
from pinsharp.classical.ftvd import ftvd
from pinsharp.classical.richardson_lucy import richardson_lucy
from pinsharp.classical.unsupervised_wiener import unsupervised_wiener
from pinsharp.classical.wiener import wiener
from pinsharp.errors import ImageError

SHAPES = [(1, 1), (1, 7), (2, 5), (8, 3), (31, 20)]


wiener_of = partial(wiener, noise_to_signal=1e-5)


def image_of(shape, seed=0):
    return torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_faded_image_starts_with_the_image_and_has_fast_sides(shape):
    image = image_of(shape)

    continued = fade_into_opposite(image, 5)

    assert torch.equal(continued[..., : shape[0], : shape[1]], image)
    assert continued.shape[-2:] == tuple(fast_size(side + 10) for side in shape)


def test_across_the_seam_nothing_jumps():
    image = torch.linspace(0, 1, 40, dtype=torch.float64).expand(1, 1, 30, 40)

    row = fade_into_opposite(image, 10)[0, 0, 0]

    steps = (row.roll(-1) - row).abs()
    assert steps.max() < 2 * np.pi / 2 / 20  # a cosine from 1 to 0 over twenty pixels
    assert steps[39] < 0.02  # level where it leaves the image
    assert steps[-1] < 0.02  # and where it comes back


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("margin", [0, 1, 4, 25])
def test_a_mirrored_image_is_that_of_numpy(shape, margin):
    image = image_of(shape)

    expected = np.pad(image.numpy(), [(0, 0), (0, 0), (margin, margin), (margin, margin)], mode="reflect")
    np.testing.assert_array_equal(mirror(image, margin).numpy(), expected)


@pytest.mark.parametrize("shape", [(5, 5), (5, 9)])
def test_an_image_as_large_as_its_kernel_is_large_enough(shape):
    check_covers_kernel(image_of(shape), torch.ones(1, 1, 5, 5) / 25)


def test_a_smaller_one_is_refused_with_what_to_use_instead():
    with pytest.raises(ImageError, match=r"as large as its kernel, 5 x 5 pixels, got 4 x 9; use the function without"):
        check_covers_kernel(image_of((9, 4)), torch.ones(1, 1, 5, 5) / 25)


@pytest.mark.parametrize("restore", [wiener_of, ftvd, richardson_lucy, unsupervised_wiener])
def test_ramps_and_flat_images_come_back_as_they_are(restore):
    """Any blur of them is the same image, up to its border, which nobody sees."""
    rows, columns = torch.arange(24.0, dtype=torch.float64), torch.arange(31.0, dtype=torch.float64)
    ramp = 0.4 + 0.004 * rows[:, None] + 0.003 * columns
    image = torch.stack([ramp, torch.full_like(ramp, 0.3)])[None]

    restored = restore(image, gaussian_kernel(1.5, 9).double())

    torch.testing.assert_close(restored, image, atol=2e-4, rtol=0)


def test_a_ramp_goes_straight_on_where_the_rest_is_mirrored():
    rows = torch.arange(-6.0, 26.0, dtype=torch.float64)
    ramp = (0.3 + 0.01 * rows)[:, None].expand(1, 1, 32, 15)

    torch.testing.assert_close(mirror_on_ramp(ramp[..., 6:26, :], gaussian_kernel(1.0).double(), 6)[..., 6:21], ramp)
