"""Levels of a varying blur: shares that sum to one, the image itself at both ends, kernels as wide as they say."""

import math

import pytest
import torch

from pinsharp.blur import levels as room
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.blur.levels import Levels
from pinsharp.blur.other_width import of_width
from pinsharp.blur.verdict import MOST_WIDTH, SHARP_BELOW

SHAPE = (20, 90)


def levels(first, last, disk_share=0.0):
    """Widths that grow evenly from the left to the right border."""
    whole = BlurField(gaussian_kernel(2.0), torch.tensor([0.01]), disk_share=torch.tensor([disk_share]))
    return Levels(whole, lambda places: first + (last - first) * places[..., 1] / SHAPE[1], SHAPE)


def shares(of, rows=slice(0, SHAPE[0]), columns=slice(0, SHAPE[1])):
    """Each level's blur and its share in every pixel."""
    for part in of.parts(rows, columns):
        share = torch.zeros(rows.stop - rows.start, columns.stop - columns.start)
        share[part.rows, part.columns] = part.share
        yield part.blur, share


@pytest.mark.parametrize("ends", [(1.0, 3.0), (0.3, 7.0), (3.0, 0.4), (2.0, 2.01)])
def test_shares_sum_to_one_and_at_most_two_levels_have_a_say(ends):
    found = torch.stack([share for _, share in shares(levels(*ends))])

    torch.testing.assert_close(found.sum(dim=0), torch.ones(SHAPE))
    assert int((found > 0).sum(dim=0).max()) <= 2


def test_the_width_of_a_pixel_is_the_geometric_mean_of_its_levels_by_their_shares():
    found = levels(1.0, 3.0)

    mean = sum(math.log(float(kernel_sigma(blur.kernel))) * share for blur, share in shares(found))

    expected = found.widths_at(room.pixel_centres(slice(0, SHAPE[0]), slice(0, SHAPE[1]))).log().float()
    torch.testing.assert_close(mean, expected, atol=0.02, rtol=0)  # narrow kernels on a pixel grid


@pytest.mark.parametrize("width", [0.1, SHARP_BELOW, 8.0])
def test_what_is_sharp_or_beyond_repair_stays_as_it_is(width):
    ((blur, share),) = shares(levels(width, width))

    assert blur is None
    assert bool((share == 1).all())


@pytest.mark.parametrize("disk_share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("width", [1.0, 2.5, MOST_WIDTH])
def test_kernels_have_their_width_whatever_their_shape(disk_share, width):
    blur = of_width(levels(1, 3, disk_share).whole, width)

    assert float(kernel_sigma(blur.kernel)) == pytest.approx(width, abs=0.08)  # a disc's pixels share its rim
    assert float(blur.kernel.sum()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("ends", [(0.3, 2.0), (3.0, 9.0), (1.0, 2.0)])
def test_what_is_not_restored_is_the_share_of_no_kernel(ends):
    everywhere = [slice(0, length) for length in SHAPE]

    left = sum((share for blur, share in shares(levels(*ends)) if blur is None), torch.zeros(SHAPE))

    torch.testing.assert_close(levels(*ends).restored_share(*everywhere), 1 - left)


def test_an_image_with_a_margin_has_the_same_widths_inside():
    found = levels(0.8, 4.0)
    inside = [slice(8, 8 + length) for length in SHAPE]

    expected = torch.stack([share for _, share in shares(found)])

    assert torch.equal(torch.stack([share for _, share in shares(found.moved(8), *inside)]), expected)


def test_a_part_has_the_shares_of_the_whole():
    found = levels(0.8, 4.0)

    whole = sum(share * (0 if blur is None else float(blur.kernel.max())) for blur, share in shares(found))
    part = sum(
        share * (0 if blur is None else float(blur.kernel.max()))
        for blur, share in shares(found, slice(3, 9), slice(40, 61))
    )

    assert torch.equal(part, whole[3:9, 40:61])


def test_what_is_told_is_blended_as_the_results_are():
    found = levels(1.0, 3.0)
    places = torch.tensor([[10.0, 5.0], [3.0, 44.5], [19.0, 90.0]])

    told = found.mixed(places, lambda blur: kernel_sigma(blur.kernel).log()[:, None])

    torch.testing.assert_close(told[:, 0], found.widths_at(places).log(), atol=0.02, rtol=0)


def test_levels_and_ends_are_those_of_the_image():
    found = levels(1.0, 3.0)

    assert found.ends == pytest.approx((1.0, 3.0))
    assert found.widths[0] <= 1.0 < found.widths[1]
    assert found.widths[-2] < 3.0 <= found.widths[-1]
    assert max(levels(2.0, 50.0).widths) == pytest.approx(MOST_WIDTH)
