"""Ramps: found exactly, told from photographs, given back to the last bit."""

from dataclasses import replace

import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.normalise import normalisation
from pinsharp.blur.slopes import find_slopes, ramp, with_slopes

KERNEL = gaussian_kernel(1.5)


def whole(image):
    return [(slice(0, image.shape[-2]), slice(0, image.shape[-1]))]


def tilted(down, across, shape=(30, 41), channels=1):
    rows, columns = (torch.arange(length, dtype=torch.float64) for length in shape)
    return (0.2 + down * rows[:, None] + across * columns).expand(1, channels, *shape)


@pytest.mark.parametrize("down, across", [(0.01, 0.0), (0.0, -0.004), (0.003, 0.008)])
@pytest.mark.parametrize("shape", [(30, 41), (9, 8), (64, 5)])
def test_the_slopes_of_a_ramp_are_found(down, across, shape):
    found = find_slopes(tilted(down, across, shape, channels=3), KERNEL)

    torch.testing.assert_close(found, torch.tensor([down, across], dtype=torch.float64).expand(1, 3, 2))


def test_without_its_ramp_a_ramp_is_flat():
    image = tilted(0.003, 0.008)

    left = image - ramp(find_slopes(image, KERNEL), (30, 41), *whole(image)[0])

    torch.testing.assert_close(left, left.mean().expand_as(left))


def test_texture_has_no_ramp():
    gen = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 40, 50, generator=gen)

    assert not find_slopes(image, KERNEL).any()


def test_a_kernel_that_shifts_has_no_ramp():
    shifted = torch.zeros(1, 1, 5, 5)
    shifted[..., 2, 4] = 1

    assert not find_slopes(tilted(0.01, 0.0), shifted).any()


@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (1, 1), (2, 3)])
def test_the_smallest_images_have_slopes_too(shape):
    assert find_slopes(tilted(0.01, 0.01, shape), KERNEL).isfinite().all()


def test_a_part_of_a_ramp_is_the_whole_there_to_the_last_bit():
    slopes = torch.tensor([[[0.0123, -0.0077]]])

    part = ramp(slopes, (30, 41), slice(7, 20), slice(11, 41))

    assert torch.equal(part, ramp(slopes, (30, 41), slice(0, 30), slice(0, 41))[..., 7:20, 11:41])


def known_of(image):
    return BlurField(KERNEL, torch.tensor([1e-4]), normalisation=normalisation(image))


def test_a_ramp_is_no_contrast():
    image = tilted(0.01, 0.002).float()

    known = with_slopes(known_of(image), find_slopes(image, KERNEL), image, whole(image), (30, 41))

    assert known.normalisation is not None
    assert float(known.normalisation.scale) < 1e-3 < 0.05 < float(normalisation(image).scale)


def test_a_scene_on_a_ramp_stays_as_it_is():
    image = tilted(0.01, 0.002).float()
    image[..., 8:22, 8:30] = torch.rand(14, 22, generator=torch.Generator().manual_seed(0))
    before = known_of(image)

    known = with_slopes(before, find_slopes(image, KERNEL), image, whole(image), (30, 41))

    assert find_slopes(image, KERNEL).any()
    assert not known.slopes.any()
    assert known.normalisation is before.normalisation


def test_of_a_flat_image_brightness_and_contrast_are_told_where_nobody_looked():
    image = torch.full((1, 1, 30, 41), 0.4)
    unknown = replace(known_of(image), normalisation=None)

    known = with_slopes(unknown, torch.zeros(1, 1, 2), image, whole(image), (30, 41))

    assert known.normalisation is not None
    assert float(known.normalisation.offset) == pytest.approx(0.4)
