"""Images of a profiled camera: its softness adds to the defocus, its noise, depth and faults are there."""

import math

import pytest
import torch

from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.blur.measured import Blur, Noise
from pinsharp.blur.profile import Box, Profile
from pinsharp.data.corpus import Corpus
from pinsharp.data.profiled import ProfiledCamera, convolved
from pinsharp.data.synthesis import SynthesisConfig, make_batch
from pinsharp.data.testset import Degradation, degrade
from pinsharp.errors import ConfigError

FLAT = torch.full((1, 1, 64, 48), 0.5)


def protocol(**said):
    said = {"height": 64, "width": 48, "bits": 12, "white_level": 4095.0} | said
    return Degradation("gaussian:2", profile=Profile(**said))


def taken(image, how):
    return degrade(image, how.kernels["gaussian:2"], how, 0)


def test_the_squares_of_both_widths_add():
    both = convolved(gaussian_kernel(2.0), gaussian_kernel(0.8))

    assert float(kernel_sigma(both)) == pytest.approx(math.hypot(2.0, 0.8), rel=1e-3)
    assert float(both.sum()) == pytest.approx(1)


def test_kernels_are_those_that_the_camera_shows():
    kernel = protocol(own_softness=Blur(0.8, 0.7, 0.9)).kernels["gaussian:2"]

    assert float(kernel_sigma(kernel)) == pytest.approx(math.hypot(2.0, 0.8), rel=1e-3)


def test_a_camera_without_anything_takes_what_its_depth_allows():
    plain, same = protocol(), Degradation("gaussian:2", bits=12)

    ramp = torch.linspace(0, 1, 64)[:, None].expand(1, 1, 64, 48).contiguous()
    assert torch.equal(taken(ramp, plain), taken(ramp, same))


def test_noise_is_what_the_profile_says_rounding_included():
    noisy = taken(FLAT, protocol(noise=Noise(0.01, gain=2e-4)))

    assert float(noisy.std()) == pytest.approx(math.sqrt(1e-4 + 1e-4), rel=0.06)


def test_faulty_pixels_are_dead_or_stuck_and_no_others_change():
    how, boxes = protocol(), (Box(3, 5), Box(0, 20, 64, 1))
    spoilt = taken(FLAT, protocol(faulty_pixels=boxes))

    is_faulty = torch.from_numpy(Profile(64, 48, faulty_pixels=boxes).faulty_mask)
    assert set(spoilt[0, 0][is_faulty].tolist()) == {0.0, 1.0}
    assert torch.equal(spoilt[0, 0][~is_faulty], taken(FLAT, how)[0, 0][~is_faulty])


def test_a_tone_curve_is_refused():
    with pytest.raises(ConfigError, match="expected a profile of values in linear light, got srgb"):
        protocol(light="srgb")


# Training pairs


GREY = Corpus((torch.full((3, 90, 90), 128, dtype=torch.uint8),), ("grey.png",))
CAMERA = {"height": 64, "width": 48, "bits": 12, "white_level": 4095.0}


def pairs(config, **said):
    return make_batch(GREY, ProfiledCamera(Profile(**CAMERA | said)).taking(config), size=32, indices=range(64), seed=3)


@pytest.mark.parametrize("distribution", ["paper", "wide"])
def test_the_camera_widens_every_blur_and_draws_nothing_anew(distribution):
    """In squares, over the same draws; truth and kernel say so alike."""
    config = SynthesisConfig(distribution=distribution, max_sigma=2.0, max_radius=3.0, mono=1.0)
    plain = make_batch(GREY, config, size=32, indices=range(64), seed=3)

    made = pairs(config, own_softness=Blur(0.8, 0.7, 0.9))

    torch.testing.assert_close(made.sigma**2, plain.sigma**2 + 0.64)
    assert torch.equal(made.radius, plain.radius)
    widths = kernel_sigma(made.kernel)[made.radius == 0], made.sigma[made.radius == 0]
    if distribution == "wide":  # the paper's side of 21 cuts the widest
        torch.testing.assert_close(*widths, rtol=2e-3, atol=0)


def test_noise_and_depth_of_training_pairs_are_those_of_the_camera():
    made = pairs(SynthesisConfig(mono=1.0), noise=Noise(0.01, gain=2e-4))

    expected = math.sqrt(1e-4 + 2e-4 * 128 / 255)
    assert float(made.blurred.std()) == pytest.approx(expected, rel=0.02)
    torch.testing.assert_close(made.noise, torch.full((64,), expected), rtol=1e-3, atol=0)
    levels = made.blurred * 4095
    torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"camera": "lab", "bits": 8}, "data.camera = 'lab' draws softness and noise of its own"),
        ({"read_noise": 0.01}, "data.read_noise and data.full_well are of a camera whose data.bits are known"),
        ({"bits": 17}, "data.bits must be from 1 to 16, or 0 for drawn ones, got 17"),
        ({"softness": -1.0}, "data.softness must be at least 0"),
    ],
)
def test_contradictions_are_refused(settings, sentence):
    with pytest.raises(ConfigError, match=sentence):
        SynthesisConfig(**settings)
