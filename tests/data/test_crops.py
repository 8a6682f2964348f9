"""Random crops: every place and every turn comes up, and the generator decides it."""

import pytest
import torch

from pinsharp.blur.camera import generator
from pinsharp.data.crops import draw_crop


def numbered_image(height, width):
    """Each pixel its own value, in all channels."""
    return torch.arange(height * width, dtype=torch.int32).reshape(height, width).expand(3, -1, -1)


def all_views(image, size):
    """Every crop of every place in all eight orientations, as hashable tuples."""
    views = set()
    for top in range(image.shape[1] - size + 1):
        for left in range(image.shape[2] - size + 1):
            crop = image[:, top : top + size, left : left + size]
            for turned in (crop, crop.flip(-1)):
                views |= {as_key(turned.rot90(quarter, (1, 2))) for quarter in range(4)}
    return views


def as_key(crop):
    return tuple(crop[0].flatten().tolist())


def test_every_place_in_every_orientation_comes_up_and_nothing_else():
    image = numbered_image(4, 5)

    drawn = {as_key(draw_crop(image, 3, generator(0, index))) for index in range(1500)}

    assert drawn == all_views(image, 3)
    assert len(drawn) == 2 * 3 * 8


@pytest.mark.parametrize("shape", [(8, 8), (8, 13), (20, 8)])
def test_a_crop_may_be_as_large_as_the_image(shape):
    assert draw_crop(numbered_image(*shape), 8, generator(0, 0)).shape == (3, 8, 8)


def test_the_generator_decides_the_crop():
    image = numbered_image(40, 50)

    first = draw_crop(image, 8, generator(3, 7))

    assert torch.equal(first, draw_crop(image, 8, generator(3, 7)))
    assert not torch.equal(first, draw_crop(image, 8, generator(3, 8)))
    assert not torch.equal(first, draw_crop(image, 8, generator(4, 7)))


def test_channels_stay_together():
    image = numbered_image(9, 9)

    crop = draw_crop(image, 5, generator(1, 1))

    assert torch.equal(crop[0], crop[1])
    assert torch.equal(crop[0], crop[2])
