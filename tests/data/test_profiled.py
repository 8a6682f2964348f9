"""Images of a profiled camera: its softness adds to the defocus, its noise, depth and faults are there."""

import math

import pytest
import torch

from pinsharp.blur.kernels import gaussian_kernel, kernel_sigma
from pinsharp.blur.measured import Blur, Noise
from pinsharp.blur.profile import Box, Profile
from pinsharp.data.profiled import convolved
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
