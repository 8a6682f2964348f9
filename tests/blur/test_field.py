"""The blur of images as one value: in tensors for a batch, in a user's terms for one image."""

import pickle

import numpy as np
import pytest
import torch

from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel, kernel_sigma


def three_images():
    return BlurField(
        torch.cat([gaussian_kernel(sigma, 15) for sigma in (1.0, 2.0, 1.5)]),
        noise=torch.tensor([0.01, 0.02, 0.03]),
        log_width=torch.tensor([1.0, 2.0, 1.5]).log(),
        log_width_std=torch.tensor([0.1, 0.2, 0.3]),
        disk_share=torch.tensor([0.1, 0.5, 0.9]),
        continuations=("reflect", None, "circular"),
    )


def test_one_image_of_a_batch_says_in_numbers_what_the_tensors_hold():
    found = three_images().of(2)

    assert torch.equal(found.kernel, gaussian_kernel(1.5, 15))
    assert found.sigma == pytest.approx(1.5)
    assert found.disk_radius == pytest.approx(3.0)
    assert found.sigma_relative_std == pytest.approx(0.3)
    assert found.noise_level == pytest.approx(0.03)
    assert found.disk_fraction == pytest.approx(0.9)
    assert found.continuation == "circular"


def test_a_kernel_alone_says_its_width_and_nothing_else():
    found = BlurField(disk_kernel(3.0))

    assert found.sigma == float(kernel_sigma(disk_kernel(3.0)))
    assert found.family == "free"
    assert found.sigma_relative_std is found.noise_level is found.disk_fraction is found.continuation is None


@pytest.mark.parametrize(
    "share, family",
    [(0.0, "gaussian"), (0.24, "gaussian"), (0.26, "mixture"), (0.74, "mixture"), (0.76, "disk"), (1.0, "disk")],
)
def test_the_share_of_the_disc_decides_the_family(share, family):
    assert BlurField(gaussian_kernel(1.0), disk_share=torch.tensor([share])).family == family


def test_the_kernel_of_a_user_is_given_whatever_it_looks_like():
    found = BlurField(gaussian_kernel(1.0), disk_share=torch.tensor([0.0]), is_given=True)

    assert found.family == "given"


def test_the_kernel_as_an_array_is_a_copy_in_float32():
    kernel = gaussian_kernel(1.0).double()
    array = BlurField(kernel).kernel_array
    array[:] = 0

    assert (array.dtype, array.shape) == (np.float32, (9, 9))
    assert float(kernel.sum()) == pytest.approx(1)


@pytest.mark.parametrize("name", ["sigma", "sigma_relative_std", "noise_level", "disk_fraction", "disk_radius"])
def test_numbers_of_a_batch_are_refused(name):
    with pytest.raises(ValueError, match=r"the blur of one image, got that of 3; take one out by of\(index\)"):
        getattr(three_images(), name)


def test_what_is_detached_lets_no_gradient_through_and_is_the_same_otherwise():
    kernel, noise = (value.requires_grad_() for value in (gaussian_kernel(1.0), torch.tensor([0.01])))
    field = BlurField(kernel, noise, continuations=("reflect",), is_given=True)

    held = field.detach()

    assert not held.kernel.requires_grad
    assert held.noise is not None
    assert not held.noise.requires_grad
    assert torch.equal(held.kernel, kernel)
    assert (held.continuations, held.is_given) == (("reflect",), True)


@pytest.mark.parametrize("std, is_uncertain", [(None, False), (0.02, False), (0.21, False), (0.212, True), (0.5, True)])
def test_a_width_is_uncertain_where_its_interval_leaves_a_factor_of_two(std, is_uncertain):
    field = BlurField(gaussian_kernel(1.0), log_width_std=None if std is None else torch.tensor([std]))

    assert field.is_uncertain is is_uncertain


def test_it_shows_itself_on_one_short_line():
    assert repr(three_images().of(1)) == "<BlurField: sigma 2.00 px ± 20 %, mixture, kernel of 15 x 15 pixels>"
    assert repr(BlurField(gaussian_kernel(1.0, 9))) == "<BlurField: sigma 1.00 px, free, kernel of 9 x 9 pixels>"
    assert repr(three_images()) == "<BlurField of 3 images, kernels of 15 x 15 pixels>"


def test_it_goes_from_process_to_process():
    found = pickle.loads(pickle.dumps(three_images().of(0)))

    assert (found.sigma, found.continuation) == (three_images().of(0).sigma, "reflect")
