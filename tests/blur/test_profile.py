"""Profiles come back from their files as they were, and whatever is no profile is one sentence."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch

from pinsharp.blur.astigmatism import Astigmatism
from pinsharp.blur.colours import ColourWidths
from pinsharp.blur.kernels import kernel_sigma
from pinsharp.blur.measured import Blur, DistanceScale, EdgeSpread, Focus, FocusStep, LocalKernel, Mtf, Noise
from pinsharp.blur.profile import Box, Photograph, Profile, boxes_of
from pinsharp.blur.profile_json import MOST_BYTES, read_profile, to_json, write_profile
from pinsharp.errors import ConfigError, OutputError

BLUR = Blur(1.5, 1.4, 1.6, 0.5)
FULL = Profile(
    60,
    80,
    light="srgb",
    light_from="PNG sRGB",
    bits=12,
    white_level=4095.0,
    own_softness=Blur(0.7, 0.6, 0.8),
    kernels=(
        LocalKernel(
            "edge",
            "é.png",
            3.0,
            4.5,
            BLUR,
            angle=-5.0,
            mtf=Mtf((0.0, 0.5), (1.0, 0.2), (1.0, 0.1), (1.0, 0.3), mtf50=0.3),
            edge_spread=EdgeSpread((-1.0, 1.0), (0.0, 1.0), 0.02),
        ),
        LocalKernel("stack", "b.png", 30.0, 40.0, BLUR, focus=-2.0),
    ),
    astigmatism=Astigmatism("radial", BLUR, Blur(1.2, 1.1, 1.3), distance=30.0),
    colour_widths=ColourWidths(BLUR, Blur(1.2, 1.1, 1.3), BLUR),
    focus=Focus("um", (FocusStep(-2.0, BLUR, 0.9), FocusStep(0.0, BLUR)), -0.5, -0.6, -0.4, 0.2, 0.01, -0.02),
    distance_scale=DistanceScale(5.0, 4.5, 5.5, "um"),
    noise=Noise(0.002, 1e-4, (0.1, 0.9), (0.004, 0.01), "photon transfer"),
    faulty_pixels=(Box(0, 7, 60, 1), Box(5, 5)),
    made_of=(Photograph("edge", "é.png", "00ff"),),
    made_by="pinsharp 0",
)


@pytest.mark.parametrize("profile", [FULL, Profile(1, 1)])
def test_a_profile_comes_back_from_its_file(tmp_path, profile):
    write_profile(tmp_path / "camera.json", profile)

    assert read_profile(tmp_path / "camera.json") == profile


@pytest.mark.parametrize(
    "path, value, words",
    [
        (("format",), "another", "got other JSON"),
        (("version",), 2, "expected a profile of version 1, got 2"),
        (("version",), True, "got True"),
        (("colour",), 1, "unknown setting colour"),
        (("kernels", 0, "blur", "width"), 1, "unknown setting kernels.0.blur.width"),
        (("height",), "60", "height must be a whole number, got '60'"),
        (("noise", "gain"), None, "noise.gain must be a number, got None"),
        (("noise", "gain"), -1, "must not be negative"),
        (("kernels", 0, "source"), "guess", "kernels.0.source must be one of edge"),
        (("kernels", 0, "blur", "low"), 1.55, "must lie within its interval"),
        (("kernels", 0, "blur", "disk_share"), 1.5, "disk_share must lie in 0 to 1"),
        (("kernels", 0, "mtf", "low"), [1.0], "as many values as places"),
        (("kernels", 0, "mtf", "frequency"), [0.5, 0.0], "rising places"),
        (("focus", "slope"), 0, "must be positive"),
        (("focus", "best"), 3, "must lie in its interval"),
        (("distance_scale", "low"), 0, "must be positive"),
        (("faulty_pixels", 0, "top"), 1, "must lie within 80 x 60 pixels"),
        (("faulty_pixels", 0, "top"), -1, "must lie in the image"),
        (("white_level",), 0, "a white level above 0"),
        (("height",), 10**30, "at most 18 digits"),
    ],
)
def test_what_no_profile_holds_is_one_sentence(tmp_path, path, value, words):
    document = json.loads(to_json(FULL))
    table = document
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    (tmp_path / "c.json").write_text(json.dumps(document))

    with pytest.raises(ConfigError, match=words) as caught:
        read_profile(tmp_path / "c.json")
    assert str(tmp_path / "c.json") in str(caught.value)


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "expected a profile as JSON"),
        (b"\xff\xfe", "expected a profile as JSON"),
        (b"[" * 100_000, "too deep a nesting"),
        (b"[]", "got other JSON"),
        (b'{"format": "x", "format": "y"}', "every key once"),
        (b'{"format": NaN}', "finite numbers"),
        (b'{"format": 1e999}', "finite numbers"),
        (b" " * (MOST_BYTES + 1), "a larger file"),
        (b'{"format": "pinsharp camera profile", "version": 1}', "setting height is missing"),
    ],
)
def test_other_files_are_one_sentence(tmp_path, data, words):
    (tmp_path / "c.json").write_bytes(data)

    with pytest.raises(ConfigError, match=words):
        read_profile(tmp_path / "c.json")


def test_no_file_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_profile(tmp_path / "none.json")


def test_a_profile_that_is_too_large_is_not_written(tmp_path):
    large = Profile(60, 80, made_of=FULL.made_of * 20_000)

    with pytest.raises(OutputError, match="fewer images"):
        write_profile(tmp_path / "c.json", large)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, None])
def test_a_kernel_is_as_wide_as_it_says(share):
    kernel = Blur(2.5, 2.0, 3.0, share).kernel

    assert float(kernel_sigma(kernel)[0]) == pytest.approx(2.5, rel=0.01)
    torch.testing.assert_close(kernel, kernel.flip(-1))


def test_boxes_cover_just_the_faulty_pixels():
    rng = np.random.default_rng(0)
    mask = rng.random((60, 80)) < 0.05
    mask[:, 7] = mask[12, 20:40] = True

    boxes = boxes_of(mask)

    np.testing.assert_array_equal(Profile(60, 80, faulty_pixels=boxes).faulty_mask, mask)
    assert sum(box.height * box.width for box in boxes) == mask.sum()


def test_a_dead_column_is_one_box():
    mask = np.zeros((60, 80), bool)
    mask[:, 7] = True

    assert boxes_of(mask) == (Box(0, 7, 60, 1),)


def test_noise_grows_with_light():
    noise = Noise(0.003, 1e-4)

    assert noise.std_at(0.0) == pytest.approx(0.003)
    assert noise.std_at(0.5) == pytest.approx((9e-6 + 5e-5) ** 0.5)
    assert noise.full_well == pytest.approx(10_000)


def test_every_key_is_written():
    assert set(json.loads(to_json(FULL))) == {"format", "version", *asdict(FULL)}
