"""Test sets: protocol, seed and place in the list decide every blurred image."""

import hashlib

import numpy as np
import pytest
import torch

from pinsharp.blur.camera import quantise
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import BOUNDARIES, Blur
from pinsharp.data.testset import (
    Degradation,
    blurred_pairs,
    file_sha256,
    kernels_sha256,
    protocol_hash,
)
from pinsharp.errors import ConfigError, ImageError, KernelError
from pinsharp.images.arrays import to_tensor
from pinsharp.images.files import read_image, write_image


def put_image(path, shape=(24, 31, 3), dtype=np.uint8, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    full = np.iinfo(dtype).max
    write_image(path, np.random.default_rng(seed).integers(0, full, shape, dtype, endpoint=True))
    return path


@pytest.fixture
def photos(tmp_path):
    """Three images: colour, mono, 16-bit."""
    return [
        put_image(tmp_path / "a.png"),
        put_image(tmp_path / "b.png", (21, 40), seed=1),
        put_image(tmp_path / "c.tif", (30, 22, 3), np.uint16, seed=2),
    ]


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("bits", [8, 12])
def test_a_pair_is_the_sharp_image_and_what_the_camera_makes_of_it(photos, boundary, bits):
    protocol = Degradation("gaussian:1.2:5,disk:2", boundary, bits)

    pairs = list(blurred_pairs(photos, protocol))

    assert [(pair.path, pair.kernel_name) for pair in pairs] == [
        (path, name) for path in photos for name in ("gaussian:1.2:5", "disk:2")
    ]
    assert [pair.index for pair in pairs] == list(range(6))
    for pair in pairs:
        assert pair.sharp.shape == pair.blurred.shape
        torch.testing.assert_close(pair.blurred, quantise(Blur(pair.kernel, boundary)(pair.whole), bits))


def test_with_valid_the_sharp_image_is_cut_where_the_blurred_one_is(photos):
    """A delta blurs nothing, so any shift between the two would show."""
    protocol = Degradation("gaussian:0.01:7", "valid", 16)

    pair = next(blurred_pairs(photos, protocol))

    assert pair.whole.shape[-2:] == (24, 31)
    assert pair.sharp.shape[-2:] == (18, 25)
    torch.testing.assert_close(pair.blurred, pair.sharp, atol=1e-5, rtol=0)


def test_seed_and_place_decide_the_noise(photos):
    def noisy(**settings):
        return [pair.blurred for pair in blurred_pairs(photos[:2], Degradation("gaussian:1,gaussian:2", **settings))]

    first = noisy(noise=2 / 255, seed=3)

    assert all(torch.equal(*both) for both in zip(first, noisy(noise=2 / 255, seed=3), strict=True))
    assert not any(torch.equal(*both) for both in zip(first, noisy(noise=2 / 255, seed=4), strict=True))
    assert not any(torch.equal(*both) for both in zip(first, noisy(seed=3), strict=True))


def test_the_first_images_of_a_list_are_blurred_as_in_the_whole_list(photos):
    protocol = Degradation("gaussian:1,gaussian:2", noise=1 / 255)

    few, all_of_them = list(blurred_pairs(photos[:1], protocol)), list(blurred_pairs(photos, protocol))

    assert all(torch.equal(one.blurred, other.blurred) for one, other in zip(few, all_of_them, strict=False))


def test_read_noise_has_the_asked_deviation_and_differs_from_pair_to_pair(tmp_path):
    flat = tmp_path / "flat.png"
    write_image(flat, np.full((200, 200), 128, np.uint8))

    first, second = blurred_pairs([flat], Degradation("gaussian:1,gaussian:2", bits=16, noise=2 / 255))

    assert float(first.blurred.std()) == pytest.approx(2 / 255, rel=0.03)
    correlation = torch.corrcoef(torch.stack([first.blurred.flatten(), second.blurred.flatten()]))[0, 1]
    assert abs(float(correlation)) < 0.02


def test_alpha_stays_behind(tmp_path):
    path = put_image(tmp_path / "alpha.png", (24, 24, 4))

    pair = next(blurred_pairs([path], Degradation("gaussian:1")))

    assert pair.sharp.shape == (1, 3, 24, 24)


def test_the_true_width_is_that_of_the_kernel_and_not_of_its_name(photos):
    pair = next(blurred_pairs(photos, Degradation("gaussian:3.2:21")))

    assert pair.sigma == pytest.approx(3.18, abs=5e-3)


def test_an_image_too_small_for_valid_is_named(tmp_path):
    path = put_image(tmp_path / "tiny.png", (5, 5))

    with pytest.raises(ImageError, match=r"tiny.png: boundary 'valid' needs an image of at least 21 x 21"):
        next(blurred_pairs([path], Degradation("gaussian8", "valid")))


def test_the_hash_tells_every_setting_and_image_but_not_their_names(photos):
    images = [file_sha256(path) for path in photos]
    base = protocol_hash(Degradation(), images)

    others = [
        protocol_hash(Degradation(**settings), images)
        for settings in (
            {"kernel_set": "disk6"},
            {"boundary": "valid"},
            {"bits": 12},
            {"noise": 1 / 255},
            {"seed": 1},
        )
    ] + [protocol_hash(Degradation(), images[:2]), protocol_hash(Degradation(), images[::-1])]

    assert len({base, *others}) == 8
    spelled_out = ",".join(f"gaussian:{sigma}:21" for sigma in (1.8, 2.0, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2))
    assert protocol_hash(Degradation(spelled_out), images) == base


def test_kernels_hash_by_value():
    one, other = gaussian_kernel(1.0, 5), gaussian_kernel(1.001, 5)

    assert kernels_sha256({"a": one}) == kernels_sha256({"b": one.clone()})
    assert kernels_sha256({"a": one}) != kernels_sha256({"a": other})


def test_a_file_hashes_as_everybody_hashes_it(photos):
    assert file_sha256(photos[0]) == hashlib.sha256(photos[0].read_bytes()).hexdigest()


def test_images_are_only_read(photos):
    before = [path.read_bytes() for path in photos]

    pairs = list(blurred_pairs(photos, Degradation("gaussian:1", noise=0.01)))

    assert [path.read_bytes() for path in photos] == before
    assert torch.equal(pairs[0].sharp, to_tensor(read_image(photos[0]).pixels))


@pytest.mark.parametrize(
    "settings, error, sentence",
    [
        ({"boundary": "mirror"}, ConfigError, "boundary must be one of reflect, .*, got 'mirror'"),
        ({"bits": 0}, ConfigError, "bits must be from 1 to 16, got 0"),
        ({"noise": -1 / 255}, ConfigError, "noise must be at least 0 and far below full scale, got -1 of 255"),
        ({"noise": 2.0}, ConfigError, "got 510 of 255"),
        ({"noise": float("nan")}, ConfigError, "got nan of 255"),
        ({"kernel_set": "gaussian9"}, KernelError, "expected a number|neither gaussian:SIGMA nor"),
    ],
)
def test_a_protocol_out_of_range_is_refused(settings, error, sentence):
    with pytest.raises(error, match=sentence):
        Degradation(**settings)
