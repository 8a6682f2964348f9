"""Defocus alone by a sharp image of the camera: with the shipped estimator, on scenes and cameras that are known."""

import math

import numpy as np
import pytest
import torch

import pinsharp
from pinsharp.blur import operators
from pinsharp.blur.kernels import disk_kernel, gaussian_kernel
from pinsharp.blur.measured import Blur
from pinsharp.blur.profile import Box, Profile
from pinsharp.blur.profile_json import write_profile
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.files import write_image
from pinsharp.nets.weights import save_weights
from pinsharp.restoration.restorer import Restorer
from tiny_models import tiny_peer

OWN = 0.9  # pixels that every image here is soft by


def scene(seed, side=320):
    """Overlapping rectangles with texture, (side, side) in [0, 1]: what is there to be photographed."""
    rng = np.random.default_rng(seed)
    image = np.full((side, side), 0.5)
    for _ in range(90):
        top, left = rng.integers(-20, side, 2)
        down, across = rng.integers(6, 90, 2)
        part = image[max(top, 0) : top + down, max(left, 0) : left + across]
        part[:] = rng.uniform(0.1, 0.9) + 0.04 * rng.standard_normal(part.shape)
    return image.clip(0, 1)


def taken(seed, *kernels, noise=0.0, gain=1.0):
    """A scene through a camera of some softness, and through further kernels, uint8."""
    light = torch.from_numpy(scene(seed)).float()[None, None]
    for kernel in (gaussian_kernel(OWN), *kernels):
        light = operators.Blur(kernel)(light)
    values = 255 * gain * light[0, 0].numpy() + np.random.default_rng(1).normal(0, noise, light.shape[2:])
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


@pytest.fixture
def sharp(tmp_path):
    """Write a sharp image of the camera and return its path."""

    def write(name="sharp.png", pixels=None, seed=0, **how):
        path = tmp_path / name
        write_image(path, taken(seed, **how) if pixels is None else pixels)
        return str(path)

    return write


@pytest.fixture(scope="module")
def swift():
    return Restorer("swift", device="cpu", precision="float32", faults="off")


def measured(swift, pixels, **options):
    return Restorer(swift.method, recipe=swift.recipe, keep_memory=False, **options).measure(pixels)


def test_a_reference_that_is_the_image_means_no_defocus(swift, sharp):
    found = measured(swift, taken(0), reference=sharp())

    assert (found.verdict, found.finding.reason) == (
        "sharp",
        "the image is as sharp as its camera; there is nothing to gain",
    )
    assert found.sigma < 0.2


@pytest.mark.parametrize("kernel, width", [(gaussian_kernel(1.2), 1.2), (gaussian_kernel(2.5), 2.5)])
def test_the_defocus_is_found_and_held_by_its_interval(swift, sharp, kernel, width):
    found = measured(swift, taken(5, kernel), reference=sharp())

    assert found.sigma == pytest.approx(width, rel=0.05)
    assert found.interval[0] < width < found.interval[1]
    assert found.family == "gaussian"


def test_a_disc_is_found_as_one(swift, sharp):
    found = measured(swift, taken(5, disk_kernel(4.0)), reference=sharp())

    assert found.disk_radius == pytest.approx(4, rel=0.05)
    assert found.family == "disk"


def test_the_brightness_of_the_reference_does_not_matter(swift, sharp):
    image = taken(5, gaussian_kernel(1.5))

    bright, dark = (measured(swift, image, reference=sharp(f"{gain}.png", gain=gain)) for gain in (1.0, 0.5))

    assert bright.sigma == pytest.approx(dark.sigma, rel=0.03)


def test_the_noise_of_the_image_is_not_taken_for_sharpness(swift, sharp):
    image = taken(5, gaussian_kernel(1.5), noise=2.0)

    assert measured(swift, image, reference=sharp()).sigma == pytest.approx(1.5, rel=0.08)


def test_the_image_is_restored_nearer_to_what_the_camera_sees_in_focus(swift, sharp):
    image, wanted = taken(5, gaussian_kernel(1.2)), taken(5).astype(float)

    blind, known = swift(image).image, swift_like(swift, reference=sharp())(image).image
    errors = [np.mean((each - wanted)[16:-16, 16:-16] ** 2) for each in (blind, known)]

    assert errors[1] < 0.6 * errors[0]


def swift_like(swift, **options):
    return Restorer(swift.method, recipe=swift.recipe, keep_memory=False, **options)


def test_beyond_the_camera_is_what_blind_restoring_does(swift, sharp):
    image = taken(5, gaussian_kernel(1.5))[:96, :96]

    beyond = swift_like(swift, reference=sharp(pixels=image), beyond_camera=True)(image)

    assert np.array_equal(beyond.image, swift(image).image)


@pytest.mark.parametrize(
    "pixels, reason",
    [
        (taken(0, gaussian_kernel(3)), r"sharp.png: expected a reference in focus, got one that is more blurred \(3"),
        (np.stack([taken(0), taken(1), taken(2)], -1), "expected a reference of the same colours as the image, mono"),
        (taken(0).astype(np.uint16) * 257, "same values as the image, uint8, got uint16"),
        (taken(0)[:100, :100], "about as large as the image, 320 x 320, got 100 x 100"),
        (np.full((320, 320), 100, np.uint8), "sharp.png: expected a reference to measure by, got one that cannot be"),
    ],
)
def test_a_reference_of_another_kind_is_refused(swift, sharp, pixels, reason):
    with pytest.raises(ImageError, match=reason):
        measured(swift, taken(5, gaussian_kernel(1)), reference=sharp(pixels=pixels))


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"reference": "nowhere.png"}, "nowhere.png: expected a sharp image, got no such file"),
        ({"profile": "nowhere.json"}, "nowhere.json: expected a profile, got"),
        ({"beyond_camera": True}, "--beyond-camera needs --reference or --profile of the camera, got none"),
        ({"reference": __file__, "kernel": "gaussian:2"}, "got a given kernel or field too"),
    ],
)
def test_what_contradicts_itself_is_refused(options, reason):
    with pytest.raises(ConfigError, match=reason):
        pinsharp.Recipe(**options)


def test_models_that_measure_nothing_first_take_no_reference(sharp, tmp_path):
    model = tmp_path / "nafnet.safetensors"
    save_weights(model, tiny_peer("nafnet"), {})

    with pytest.raises(ConfigError, match="measures no blur before it restores"):
        Restorer(model, reference=sharp())


def test_several_images_are_measured_together_beyond_the_reference(swift, sharp):
    images = [taken(seed, gaussian_kernel(2.0)) for seed in (5, 6)]

    found = measured(swift, images, reference=sharp())

    assert found.sigma == pytest.approx(2, rel=0.05)
    assert math.isclose(found.own.sigma, OWN, abs_tol=0.4)


def test_beside_a_profile_the_reference_tells_the_softness_and_the_profile_all_else(swift, sharp, tmp_path):
    seen = taken(3, gaussian_kernel(2.0))
    camera = Profile(*seen.shape, own_softness=Blur(0.2, 0.19, 0.21), faulty_pixels=(Box(5, 7, 2, 3),))
    write_profile(tmp_path / "camera.json", camera)
    both = {"reference": sharp(), "profile": str(tmp_path / "camera.json")}

    of_reference = measured(swift, seen, reference=both["reference"])
    of_both = measured(swift, seen, **both)

    assert of_both.own.sigma == pytest.approx(of_reference.own.sigma, rel=0.05)
    assert of_both.own.sigma > 3 * camera.own_softness.sigma
    restorer = Restorer(swift.method, recipe=swift.recipe, keep_memory=False, **both)
    assert np.array_equal(restorer.hidden(seen), camera.faulty_mask)
