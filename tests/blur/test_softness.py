"""A camera's own softness taken off: squares subtract, doubts grow, and nothing taken off changes nothing."""

import math
from dataclasses import replace

import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.blur.measured import Blur
from pinsharp.blur.softness import LEAST_WIDTH, Softness, beyond_softness, softness_of, total_width
from pinsharp.blur.votes import Votes


def field(width=2.0, std=0.04, share=0.0, windows=9):
    """The blur of one image whose windows all say the same."""
    places = torch.tensor([[64 * (n // 3), 64 * (n % 3), 128, 128] for n in range(windows)])
    same, even = torch.full((windows,), math.log(width)), torch.full((windows,), 1 / windows)
    votes = Votes(places, same, torch.full((windows,), std), 0 * even, 0 * even, 1 + 0 * even, even)
    return BlurField(
        gaussian_kernel(width),
        noise=torch.tensor([0.002]),
        log_width=torch.tensor([math.log(width)]),
        log_width_std=torch.tensor([std]),
        disk_share=torch.tensor([share]),
        votes=(votes,),
    )


def test_no_softness_changes_nothing_to_the_bit():
    found = field()

    assert beyond_softness(found, Softness(0.0)) is found


@pytest.mark.parametrize("own", [0.3, 0.6, 1.5])
@pytest.mark.parametrize("defocus", [0.8, 2.0, 4.0])
def test_the_square_of_the_defocus_is_what_is_left(own, defocus):
    alone = beyond_softness(field(math.hypot(defocus, own)), Softness(own**2))

    assert alone.sigma == pytest.approx(defocus, rel=1e-5)
    assert alone.votes[0].log_width.exp() == pytest.approx(defocus, rel=1e-5)
    assert total_width(alone) == pytest.approx(math.hypot(defocus, own), rel=1e-5)


def test_a_camera_that_sharpens_shows_less_than_its_defocus():
    assert beyond_softness(field(2.0), Softness(-0.5)).sigma == pytest.approx(math.sqrt(4.5))


def test_the_upper_end_of_the_interval_is_that_of_the_square():
    found, own = field(1.0, std=0.05), Softness(0.64, std=0.05)

    alone = beyond_softness(found, own)

    square_std = math.hypot(2 * 0.05, 0.05)
    assert alone.interval[1] == pytest.approx(math.sqrt(0.36 + 1.645 * square_std), rel=1e-4)
    assert alone.sigma_relative_std > found.sigma_relative_std


def test_an_image_as_soft_as_the_camera_is_in_focus():
    alone = beyond_softness(field(0.5, std=0.2), Softness(0.25, 0.02))

    assert alone.sigma == pytest.approx(LEAST_WIDTH)
    assert alone.verdict == "sharp"


def test_the_kernel_is_a_little_narrower_than_the_width_the_less_sure_the_more():
    sure, unsure = (beyond_softness(field(2.0, std), Softness(0.25)) for std in (0.01, 0.1))

    assert float(kernel_sigma(unsure.kernel)) < float(kernel_sigma(sure.kernel)) < sure.sigma
    assert float(kernel_sigma(sure.kernel)) == pytest.approx(sure.sigma, rel=0.02)


def test_the_disc_that_is_left_is_a_disc_though_the_whole_was_none():
    found = field(math.sqrt(2.25 + 0.25), share=2.25 / 2.5)

    assert beyond_softness(found, Softness(0.25)).disk_fraction == pytest.approx(1, abs=1e-5)
    assert beyond_softness(found, Softness(0.25), share=0.5).disk_fraction == 0.5


def test_a_kernel_of_free_form_stays_what_it_is():
    free = replace(field(), log_width=None)

    assert beyond_softness(free, Softness(0.25, 0.1)) is free


def test_what_a_profile_says_is_taken_with_its_interval_and_its_disc():
    own = softness_of(Blur(0.6, 0.5, 0.7, disk_share=0.25))

    assert own.square == pytest.approx(0.36)
    assert own.disk_square == pytest.approx(0.09)
    assert own.std == pytest.approx((0.49 - 0.25) / 3.29)
