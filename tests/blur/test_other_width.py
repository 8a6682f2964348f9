"""Restored with care: an uncertain width narrows the kernel, never what is stated; everything else stays as it is."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from pinsharp import Restorer
from pinsharp.blur.field import BlurField, stacked
from pinsharp.blur.kernels import gaussian_disk_kernel, gaussian_kernel, kernel_sigma
from pinsharp.blur.other_width import CARE, SURE, careful
from pinsharp.blur.softness import Softness
from pinsharp.methods.table import load_method


def field(width=2.0, std=0.3, share=0.0):
    """The blur of one image, as uncertain as said."""
    return BlurField(
        gaussian_kernel(width),
        log_width=torch.tensor([math.log(width)]),
        log_width_std=torch.tensor([std]),
        disk_share=torch.tensor([share]),
    )


def test_the_kernel_is_narrower_by_the_standard_deviation_times_care_and_the_stated_width_stays():
    used = careful(field(std=0.3))

    assert float(kernel_sigma(used.kernel)[0]) == pytest.approx(2 * math.exp(-0.3 * CARE), rel=2e-3)
    assert used.sigma == pytest.approx(2)
    assert used.sigma_relative_std == pytest.approx(0.3)


def test_the_shape_of_the_blur_stays():
    used = careful(field(std=0.2, share=0.5))

    width = 2 * math.exp(-0.2 * CARE)
    expected = gaussian_disk_kernel(width * math.sqrt(0.5), 2 * width * math.sqrt(0.5))
    size = min(expected.shape[-1], used.kernel.shape[-1])
    torch.testing.assert_close(middle(used.kernel, size), middle(expected, size), atol=1e-4, rtol=0)


def middle(kernel, size):
    """The middle of a kernel, of a side."""
    cut = (kernel.shape[-1] - size) // 2
    return kernel[..., cut : cut + size, cut : cut + size]


def test_the_more_uncertain_the_narrower_but_never_below_half():
    widths = [float(kernel_sigma(careful(field(std=std)).kernel)[0]) for std in (0.05, 0.15, 0.3, 0.6, 3.0)]

    assert widths == sorted(widths, reverse=True)
    assert widths[-1] > 1


@pytest.mark.parametrize(
    "found",
    [
        field(std=0.9 * SURE),
        replace(field(), is_given=True),
        replace(field(), own=Softness(0.25)),
        replace(field(), is_clean=(True,)),
        replace(field(), disk_share=None),
        replace(field(), log_width=None, log_width_std=None),
    ],
    ids=["sure", "given", "own softness known", "clean", "free form", "no interval"],
)
def test_what_needs_no_care_is_the_very_same(found):
    assert careful(found) is found


def test_each_image_of_a_batch_gets_its_own_care():
    one, other = field(2.0, std=0.3), field(3.0, std=0.05)

    both = careful(stacked([one, other]))

    widths = [float(kernel_sigma(careful(each).kernel)[0]) for each in (one, other)]
    assert kernel_sigma(both.kernel).tolist() == pytest.approx(widths, rel=1e-5)


def test_a_method_that_is_called_takes_care_as_well():
    image = torch.rand(1, 1, 96, 96, generator=torch.Generator().manual_seed(3))
    method = load_method("swift")

    deblurred = method(image)

    assert torch.equal(deblurred.kernel, careful(method.estimate(image)).kernel)
    assert not torch.equal(deblurred.kernel, method.estimate(image).kernel)


def test_restoring_uses_the_narrower_kernel_and_measuring_shows_the_measured_one():
    image = np.random.default_rng(3).integers(0, 255, (96, 96), np.uint8)
    restorer = Restorer("swift", force=True)

    measured, restored = restorer.measure(image), restorer(image)

    assert measured.sigma_relative_std > SURE
    assert restored.sigma == measured.sigma
    used = float(kernel_sigma(torch.from_numpy(restored.kernel)[None, None])[0])
    assert used == pytest.approx(float(kernel_sigma(careful(measured).kernel)[0]), rel=1e-5)
    assert used < float(kernel_sigma(measured.kernel)[0])
