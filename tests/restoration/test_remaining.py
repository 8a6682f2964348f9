"""What a kernel that is too narrow leaves: variances add, doubt is kept, and nothing is said where nothing is known."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from pinsharp.batch.job import Job, Outcome
from pinsharp.batch.work import restore_job
from pinsharp.blur.camera import add_read_noise, generator
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.blur.votes import Votes
from pinsharp.cli.batches import tell
from pinsharp.cli.each import Teller
from pinsharp.images.arrays import to_array, to_tensor
from pinsharp.images.files import write_image
from pinsharp.restoration.remaining import remaining
from pinsharp.restoration.restorer import Restorer


def measured(width, std, structure=1.0):
    """A blur that four windows agree on."""
    said, same = torch.full((4,), math.log(width)), torch.ones(4)
    places = torch.tensor([[0, 0, 32, 32], [0, 32, 32, 32], [32, 0, 32, 32], [32, 32, 32, 32]])
    votes = Votes(places, said, std * same, 0 * same, 0 * same, structure * same, same / 4)
    known = {"log_width": said[:1], "log_width_std": std * same[:1], "votes": (votes,)}
    return BlurField(gaussian_kernel(width), **known)


def given(sigma, beside):
    return BlurField(gaussian_kernel(sigma), is_given=True, measured=None if beside is None else (beside,))


def test_variances_add():
    left = remaining(given(3, measured(5, 0.05)))

    assert left.sigma == pytest.approx(4, rel=1e-3)
    assert (left.low, left.high) == pytest.approx(
        [math.sqrt((5 * math.exp(side * 1.645 * 0.05)) ** 2 - 9) for side in (-1, 1)], rel=1e-3
    )
    assert left.measured == pytest.approx(5)


@pytest.mark.parametrize(
    "sigma, width, std, is_sure",
    [
        (1.4, 2.0, 0.05, True),
        (1.4, 2.0, 0.2, False),  # too uncertain
        (1.9, 2.0, 0.005, False),  # sure, but no difference that shows
        (2.0, 2.0, 0.05, False),
        (2.6, 2.0, 0.05, False),
    ],
)
def test_only_what_is_clearly_left_is_sure(sigma, width, std, is_sure):
    assert remaining(given(sigma, measured(width, std))).is_sure == is_sure


def test_a_kernel_that_is_too_wide_leaves_nothing():
    left = remaining(given(3, measured(2, 0.05)))

    assert (left.sigma, left.low, left.high) == (0, 0, 0)


@pytest.mark.parametrize(
    "known",
    [
        measured(2, 0.05),  # it was measured, not given
        given(1.4, None),
        given(1.4, BlurField(gaussian_kernel(2))),  # no windows that vote
        given(1.4, measured(2, 0.8)),  # no texture
        given(1.4, measured(2, 0.05, structure=0.1)),
    ],
)
def test_nothing_is_said_where_nothing_is_known(known):
    assert remaining(known) is None


def test_a_batch_keeps_what_each_image_says():
    both = replace(given(1.4, measured(2, 0.05)), kernel=gaussian_kernel(1.4).repeat(2, 1, 1, 1))
    both = replace(both, measured=(measured(2, 0.05), measured(3, 0.05)))

    assert [remaining(both.of(number)).measured for number in (0, 1)] == pytest.approx([2, 3])


@pytest.fixture(scope="module")
def blurred():
    """A photograph 2 px out of focus, with noise."""
    green = astronaut()[:352, :352, 1].astype(np.float32)
    half = green.reshape(176, 2, 176, 2).mean(axis=(1, 3))  # without the softness that the photograph came with
    sharp = to_tensor(half.round().astype(np.uint8))
    seen = add_read_noise(Blur(gaussian_kernel(2), "valid")(sharp), 1 / 255, generator(0, 0))
    return to_array(seen, np.zeros((1, 1), np.uint8))


@pytest.fixture(scope="module")
def swift():
    return Restorer("swift", device="cpu", precision="float32")


@pytest.mark.parametrize("kernel, is_sure", [("gaussian:1.4", True), ("gaussian:2", False), ("gaussian:2.6", False)])
def test_a_result_of_a_narrow_kernel_says_how_far_it_is_out_of_focus(swift, blurred, kernel, is_sure):
    left = swift(blurred, kernel=kernel).remaining

    assert left.is_sure == is_sure
    assert left.measured == pytest.approx(2, rel=0.1)


def test_a_measured_kernel_has_nothing_to_be_compared_with(swift, blurred):
    assert swift(blurred).remaining is None


@pytest.mark.parametrize("kernel, words", [("gaussian:1.4", "still about 1."), ("gaussian:2", "")])
def test_one_line_says_so_and_json_holds_it(tmp_path, capsys, blurred, kernel, words):
    job = Job(tmp_path / "a.png", tmp_path / "out.png")
    write_image(job.input, blurred)
    figures = restore_job(job, restorer=Restorer("swift", device="cpu", precision="float32", kernel=kernel))

    tell([Outcome(job, "done", figures)], Teller(1, as_json=True), "swift")
    shown = capsys.readouterr()

    record = json.loads(shown.out)["remaining"]
    assert record["is_sure"] == bool(words)
    assert set(record) == {"sigma", "low", "high", "measured", "is_sure"}
    assert ("the given kernel is" in shown.err) == bool(words)
    assert f"{job.output}: {words}" in shown.err or not words
