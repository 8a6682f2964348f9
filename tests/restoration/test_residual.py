"""Residuals: the noise where the kernel is right, more where it is too wide, and what is doubtful."""

import numpy as np
import pytest
import torch

from pinsharp.blur.camera import generator
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.images.arrays import to_array
from pinsharp.restoration import residual as room
from pinsharp.restoration.residual import Residual, is_doubtful
from pinsharp.restoration.restorer import Restorer
from scenes import photograph

KERNEL = gaussian_kernel(1.5)


def residual(blurred, restored, kernel):
    """What is left where the result came in bands of unequal height."""
    left = Residual(tuple(blurred.shape[1:]), kernel)
    for band in torch.split(restored, 37, dim=-2):
        left.add(band)
    return left.value(lambda *place: blurred[..., *place])


def noisy(sharp, level, kernel=KERNEL):
    noise = torch.randn(sharp.shape, generator=generator(0, 0))
    return Blur(kernel, "reflect")(sharp) + level * noise


@pytest.mark.parametrize("shape", [(60, 70), (500, 900), (1000, 1100)])
@pytest.mark.parametrize("level", [0.003, 0.02])
def test_what_is_left_of_a_perfect_restoration_is_the_noise(shape, level):
    sharp = torch.rand(1, 3, *shape, generator=generator(1, 0))

    assert residual(noisy(sharp, level), sharp, KERNEL) == pytest.approx(level, rel=0.03)


def test_a_kernel_that_is_not_symmetric_is_convolved_not_correlated():
    kernel = torch.zeros(1, 1, 5, 5)
    kernel[0, 0, 2, 4] = 1
    sharp = torch.rand(1, 1, 60, 70, generator=generator(1, 0))

    assert residual(Blur(kernel, "reflect")(sharp), sharp, kernel) < 1e-6


def test_a_wider_kernel_leaves_more():
    sharp = torch.rand(1, 1, 80, 90, generator=generator(1, 0))
    blurred = noisy(sharp, 0.003)

    left = [residual(blurred, sharp, gaussian_kernel(sigma)) for sigma in (1.5, 1.7, 2.0)]

    assert left == sorted(left)


def test_of_a_large_image_parts_are_compared_from_all_quarters(monkeypatch):
    monkeypatch.setattr(room, "SIDE", 30)
    sharp = torch.zeros(1, 1, 200, 240)
    for row, column in ((50, 60), (150, 60), (50, 180), (150, 180)):
        wrong = sharp.clone()
        wrong[..., row, column] = 1
        assert residual(sharp, wrong, KERNEL) > 1e-4
    wrong = sharp.clone()
    wrong[..., 100, 120] = 1  # between them
    assert residual(sharp, wrong, KERNEL) == 0


def test_an_image_no_larger_than_its_kernel_has_no_residual():
    side = KERNEL.shape[-1]
    image = torch.rand(1, 1, side + 1, side - 1)

    assert residual(image, image, KERNEL) is None


@pytest.mark.parametrize(
    "left, noise, doubt",
    [
        (0.05, 0.02, True),
        (0.03, 0.02, False),
        (0.003, 0.0005, False),  # below a grey level of 256
        (0.005, 0.0005, True),
        (None, 0.001, False),
        (0.5, None, False),
    ],
)
def test_more_than_twice_the_noise_is_doubtful(left, noise, doubt):
    assert is_doubtful(left, noise) is doubt


@pytest.fixture(scope="module")
def swift():
    return Restorer(device="cpu", precision="float32")


def blurred_photograph():
    sharp = photograph(256, 256)
    return to_array(Blur(gaussian_kernel(1.6), "reflect")(sharp), like=np.zeros((256, 256, 3), np.uint8))


@pytest.mark.parametrize("kernel, doubt", [("auto", False), ("gaussian:1.6", False), ("gaussian:2.6", True)])
def test_the_shipped_model_is_doubted_with_a_kernel_that_is_too_wide(swift, kernel, doubt):
    result = swift(blurred_photograph(), kernel=kernel)

    assert result.is_doubtful is doubt


def test_several_iterations_have_no_residual(swift):
    image = blurred_photograph()

    assert swift(image, iterations=1).residual is not None
    several = swift(image, iterations=3)
    assert several.iterations == 1 or several.residual is None


def test_a_label_changes_the_typical_residual_hardly_and_another_blur_does():
    sharp = torch.rand(1, 1, 256, 256, generator=torch.Generator().manual_seed(3))
    kernel = gaussian_kernel(1.5)
    blurred = Blur(kernel, "reflect")(sharp)
    labelled = blurred.clone()
    labelled[..., 150:160, 100:180] = 1

    found = {}
    for name, image, taken in (
        ("right", blurred, kernel),
        ("label", labelled, kernel),
        ("other", blurred, disk_kernel(6)),
    ):
        left = Residual((1, 256, 256), taken)
        left.add(sharp)
        found[name] = (left.value(lambda *place, image=image: image[..., *place]), left.typical)

    assert found["label"][0] > 20 * found["right"][0]
    assert found["label"][1] == pytest.approx(found["right"][1], abs=1e-4)
    assert found["other"][1] > 100 * found["right"][1] + 0.01
