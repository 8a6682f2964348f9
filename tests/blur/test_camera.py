"""The camera: statistics and levels of its noise, and that (seed, index) decides all of it."""

import math

import numpy as np
import pytest
import torch

from pinsharp.blur.camera import Camera, add_read_noise, add_shot_noise, generator, quantise
from pinsharp.errors import ConfigError


def test_read_noise_is_white_with_the_asked_deviation():
    image = torch.full((1, 1, 400, 400), 0.5, dtype=torch.float64)

    noise = add_read_noise(image, 2 / 255, generator(0, 0)) - image

    assert float(noise.std()) == pytest.approx(2 / 255, rel=0.01)
    assert abs(float(noise.mean())) < 4 * 2 / 255 / 400
    neighbours = (noise[..., 1:] * noise[..., :-1]).mean() / noise.var()
    assert abs(float(neighbours)) < 4 / 400


def test_each_image_of_a_batch_may_have_its_own_read_noise():
    sigma = torch.tensor([0.0, 0.1])[:, None, None, None]

    noisy = add_read_noise(torch.zeros(2, 1, 100, 100), sigma, generator(0, 0))

    assert float(noisy[0].abs().max()) == 0
    assert float(noisy[1].std()) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("level", [0.05, 0.5, 1.0])
@pytest.mark.parametrize("full_well", [100.0, 10000.0])
def test_shot_noise_has_the_variance_of_counted_electrons(level, full_well):
    image = torch.full((1, 1, 300, 300), level)

    noisy = add_shot_noise(image, full_well, generator(0, 0))

    assert float(noisy.mean()) == pytest.approx(level, rel=0.02)
    assert float(noisy.var()) == pytest.approx(level / full_well, rel=0.03)
    torch.testing.assert_close(noisy * full_well, (noisy * full_well).round(), atol=1e-2, rtol=0)


def test_what_is_darker_than_black_has_no_electrons():
    assert float(add_shot_noise(torch.full((1, 1, 4, 4), -0.1), 100.0, generator(0, 0)).abs().max()) == 0


@pytest.mark.parametrize("bits", [1, 8, 10, 12, 16])
def test_rounding_leaves_the_levels_of_the_camera_and_nothing_else(bits):
    image = torch.linspace(-0.2, 1.2, 100_001, dtype=torch.float64)[None, None, None]

    levels = quantise(image, bits) * (2**bits - 1)

    torch.testing.assert_close(levels, levels.round())
    assert (float(levels.min()), float(levels.max())) == (0, 2**bits - 1)
    error = (quantise(image, bits) - image.clamp(0, 1)).abs().max()
    assert float(error) <= 0.5 / (2**bits - 1) + 1e-12


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_rounding_twice_changes_nothing(bits):
    image = torch.rand(1, 1, 50, 50, generator=generator(0, 0))

    once = quantise(image, bits)

    assert torch.equal(quantise(once, bits), once)
    assert len(torch.unique(once)) > min(2**bits // 2, 1000)


@pytest.mark.parametrize("bits", [8, 12])
def test_rounding_adds_noise_of_the_twelfth_of_a_squared_level(bits):
    image = torch.rand(1, 1, 300, 300, generator=generator(0, 0), dtype=torch.float64)

    error = quantise(image, bits) - image

    assert float(error.std()) == pytest.approx(1 / math.sqrt(12) / (2**bits - 1), rel=0.02)


@pytest.mark.parametrize("bits", [0, 17, -8])
def test_a_camera_has_one_to_sixteen_bits(bits):
    with pytest.raises(ConfigError, match=f"bits must be from 1 to 16, got {bits}"):
        quantise(torch.zeros(1, 1, 2, 2), bits)


@pytest.mark.parametrize("add", [lambda x, g: add_read_noise(x, 0.1, g), lambda x, g: add_shot_noise(x, 50.0, g)])
def test_seed_and_index_decide_the_noise(add):
    image = torch.full((1, 3, 8, 8), 0.5)

    first = add(image, generator(7, 3))

    assert torch.equal(add(image, generator(7, 3)), first)
    assert not torch.equal(add(image, generator(7, 4)), first)
    assert not torch.equal(add(image, generator(8, 3)), first)


def test_neighbouring_seeds_and_indices_never_share_their_numbers():
    drawn = {
        tuple(torch.rand(4, generator=generator(seed, index)).tolist()) for seed in range(40) for index in range(40)
    }

    assert len(drawn) == 1600


def test_the_image_is_not_changed():
    image = torch.full((1, 1, 8, 8), 0.5)

    add_read_noise(image, 0.1, generator(0, 0))
    add_shot_noise(image, 50.0, generator(0, 0))
    quantise(image, 2)

    assert float((image - 0.5).abs().max()) == 0


def test_smooth_noise_keeps_its_coarse_level_and_loses_the_fine_one():
    flat = torch.full((2, 1, 256, 256), 0.5)

    white = add_read_noise(flat, 0.01, generator(0, 0)) - flat
    smooth = add_read_noise(flat, 0.01, generator(0, 0), smoothing=1.0) - flat
    coarse_white, coarse_smooth = (torch.nn.functional.avg_pool2d(noise, 16).std() for noise in (white, smooth))

    assert coarse_smooth == pytest.approx(float(coarse_white), rel=0.12)  # some of it leaves its block
    assert smooth.std() == pytest.approx(0.01 / (2 * math.sqrt(math.pi)), rel=0.05)  # of a Gaussian of sigma 1


@pytest.mark.parametrize(
    "camera",
    [
        Camera(bits=8),
        Camera(bits=12, read_noise=0.01),
        Camera(bits=10, full_well=3000.0),
        Camera(bits=8, read_noise=0.01, full_well=3000.0),
    ],
)
def test_a_camera_says_how_much_noise_it_adds(camera):
    light = 0.4 + 0.2 * torch.rand(1, 1, 400, 400, generator=generator(0, 1), dtype=torch.float64)

    noise = camera.expose(light, generator(0, 0)) - light

    assert camera.noise_variance(0.5) == pytest.approx(float(noise.var()), rel=0.03)


def test_a_camera_counts_then_reads_then_rounds():
    camera = Camera(bits=10, read_noise=0.01, full_well=500.0, smoothing=0.6)
    light, source = torch.rand(3, 20, 30, generator=generator(0, 1)), generator(0, 0)

    counted = add_shot_noise(light, 500.0, source)
    expected = quantise(add_read_noise(counted, 0.01, source, smoothing=0.6), 10)

    assert torch.equal(camera.expose(light, generator(0, 0)), expected)


def test_a_camera_without_noise_needs_no_generator_and_one_with_noise_does():
    light = torch.rand(1, 1, 8, 8, generator=generator(0, 0))

    assert torch.equal(Camera(bits=12).expose(light, None), quantise(light, 12))
    for camera in (Camera(read_noise=0.1), Camera(full_well=100.0)):
        with pytest.raises(ValueError, match="noise needs a generator to be drawn from, got None"):
            camera.expose(light, None)


def test_gains_of_a_line_vary_about_one_as_asked():
    normal = np.random.default_rng(0).standard_normal(100_000)

    gains = Camera(line_gain=0.02).gains(normal)

    assert (gains.mean(), gains.std()) == pytest.approx((1, 0.02), rel=0.01)
    assert torch.equal(Camera(line_gain=0.02).gains(torch.from_numpy(normal)), torch.from_numpy(gains))
    assert np.array_equal(Camera().gains(normal), np.ones(100_000))
