"""Depth and colour: every level survives, linear light there and back, and what `luma` and `each` promise."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pinsharp.blur.camera import generator
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.errors import ConfigError, ImageError
from pinsharp.images.arrays import luma, to_tensor
from pinsharp.images.light import BT709, SRGB, Light
from pinsharp.methods.method import Deblurred, MethodTraits, WindowedMethod
from pinsharp.restoration.colour import decode, encode, join, linear_to_srgb, split, srgb_to_linear, with_luma
from pinsharp.restoration.recipe import Recipe
from pinsharp.restoration.restorer import Restorer
from strategies import SEEDS, random_image
from tiny_models import save_tiny_swift

LEVELS = np.arange(65_536, dtype=np.uint16).reshape(256, 256)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors")


class Unchanging:
    """A method that gives back what it sees, and says as sigma ten times the mean of what it measures."""

    name, kind, kernel_from, traits = "unchanging", "network", "itself", MethodTraits(halo=0)

    def estimate(self, image, kernel=None, hidden=None):
        return BlurField(gaussian_kernel(10 * float(image.mean())) if kernel is None else kernel)

    def deconvolve(self, image, estimate):
        return Deblurred(image.clone(), estimate.kernel, estimate)

    layers, finished = WindowedMethod.layers, WindowedMethod.finished

    def window_restorer(self, read, shape, estimate, *, largest, levels=None):
        return lambda rows, columns: self.deconvolve(read(rows, columns), estimate).image

    def __call__(self, image, kernel=None):
        return self.deconvolve(image, self.estimate(image, kernel))


def colours(height=40, width=37, seed=0):
    return torch.rand(1, 3, height, width, generator=generator(seed, 0))


@pytest.mark.parametrize("light", ["linear", "srgb", "bt709", 1.8, 4])
@pytest.mark.parametrize("shape", [(256, 256), (256, 256, 3), (256, 256, 4)])
def test_every_one_of_65536_levels_survives(shape, light):
    """Nothing on the way has 8 bits, with and without windows."""
    ramp = LEVELS if len(shape) == 2 else np.stack([LEVELS] * shape[2], axis=-1)

    for window in (0, 100):
        restored = Restorer(Unchanging(), window=window, light=light)(ramp).image

        assert restored.dtype == np.uint16
        assert np.array_equal(restored, ramp)


@pytest.mark.parametrize("channels", ["luma", "each"])
@pytest.mark.parametrize("light", ["linear", "srgb", "bt709", 2.2])
def test_every_level_survives_luma_and_each(channels, light):
    ramp = np.stack([LEVELS, LEVELS[::-1], LEVELS.T], axis=-1)

    assert np.array_equal(Restorer(Unchanging(), channels=channels, light=light)(ramp).image, ramp)


@given(st.sampled_from([255, 1023, 4095, 65535]), st.floats(1, 4), SEEDS)
@settings(max_examples=30, deadline=None)
def test_levels_of_any_depth_survive_any_power_law(white, exponent, seed):
    dtype = np.uint8 if white == 255 else np.uint16
    image = np.random.default_rng(seed).integers(0, white, (33, 34), dtype, endpoint=True)
    image[0, :2] = 0, white

    assert np.array_equal(Restorer(Unchanging(), white_level=white, light=exponent)(image).image, image)


def test_a_kernel_next_to_a_point_keeps_all_levels_of_a_ramp():
    """With real filtering: the Wiener filter of a very narrow Gaussian changes a ramp by less than 8-bit rounding."""
    ramp = np.sort(LEVELS.ravel()).reshape(256, 256)

    restored = Restorer("wiener:1e-6")(ramp, kernel="gaussian:0.3").image

    assert len(np.unique(restored)) > 40_000
    assert np.abs(restored[8:-8, 8:-8].astype(int) - ramp[8:-8, 8:-8]).max() < 257


@pytest.mark.parametrize("white", [1023, 4095, 65535])
@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_a_white_level_is_a_scale(model, white, seed):
    """12 bits in 16 are restored as the same image in float32, and come back in their own units."""
    levels = np.random.default_rng(seed).integers(0, white, (40, 36), np.uint16, endpoint=True)
    restored = Restorer(model, precision="float32", white_level=white)(levels).image
    expected = Restorer(model, precision="float32")((levels / np.float32(white)).astype(np.float32)).image

    assert restored.max() <= white
    np.testing.assert_allclose(restored, np.rint(expected * np.float32(white)), atol=1)


def test_results_do_not_exceed_the_white_level(model):
    """A method that overshoots is clipped to the camera's white, not to that of the type."""
    checkers = ((np.indices((48, 48)) // 6).sum(axis=0) % 2 * 4095).astype(np.uint16)

    assert Restorer(model, white_level=4095)(checkers, kernel="gaussian:2").image.max() == 4095


def test_pixels_above_the_white_level_are_one_sentence():
    image = np.full((40, 40, 4), 4095, np.uint16)
    image[3, :17, 1] = 5000
    image[3, 4, 0] = 6001
    image[..., 3] = 65535  # alpha has its own scale

    with pytest.raises(ImageError, match="white level 4095, got 17 brighter pixels, the largest value 6001; give"):
        Restorer(Unchanging(), white_level=4095)(image)


def test_a_white_level_is_for_integers():
    with pytest.raises(ImageError, match="expected integer pixels for a white level, got float32, whose white is 1"):
        Restorer(Unchanging(), white_level=4095)(np.zeros((40, 40), np.float32))


@pytest.mark.parametrize(
    "options, reason",
    [
        ({"white_level": 0}, "--white-level must be in 1 to 4294967295, got 0; 12-bit cameras have 4095"),
        ({"white_level": 2**32}, "got 4294967296"),
        ({"channels": "lab"}, "channels must be one of joint, luma, each, got 'lab'"),
    ],
)
def test_options_out_of_range_are_refused(options, reason):
    with pytest.raises(ConfigError, match=reason):
        Recipe(**options)


def test_alpha_stays_as_it_is_whatever_the_options():
    image = random_image((40, 36, 4), "uint16", seed=5) >> 4
    image[..., 3] *= 16

    for channels in ("joint", "luma", "each"):
        restorer = Restorer(Unchanging(), white_level=4095, channels=channels, light="srgb")
        assert np.array_equal(restorer(image).image, image)


def test_linear_light_there_and_back_changes_nothing_that_sixteen_bits_could_show():
    values = torch.linspace(0, 1, 1_000_001)

    returned = linear_to_srgb(srgb_to_linear(values))

    assert returned.dtype == torch.float32
    torch.testing.assert_close(returned, values, atol=2e-7, rtol=0)
    assert bool((srgb_to_linear(values).diff() >= 0).all())


@pytest.mark.parametrize("code, light", [(0, 0), (1, 1), (0.04045, 0.0031308), (0.5, 0.2140411), (0.735357, 0.5)])
def test_srgb_has_the_values_of_its_standard(code, light):
    assert float(srgb_to_linear(torch.tensor(code))) == pytest.approx(light, abs=1e-6)


@pytest.mark.parametrize("code, light", [(0, 0), (1, 1), (0.081, 0.018), (0.045, 0.01), (0.4090077, 0.18)])
def test_bt709_has_the_values_of_its_standard(code, light):
    """ITU-R BT.709-6, 1.2: V = 1.099 L ** 0.45 - 0.099 from L = 0.018 on, below it 4.5 L."""
    assert float(decode(torch.tensor(code), BT709)) == pytest.approx(light, abs=3e-4)
    assert float(encode(torch.tensor(light), BT709)) == pytest.approx(code, abs=3e-4)


@pytest.mark.parametrize("exponent", [1.0, 1.8, 2.2, 4.0])
def test_a_power_law_is_one_from_black_to_white_and_back(exponent):
    values, light = torch.linspace(0, 1, 100_001), Light("power", exponent)

    decoded = decode(values, light)

    np.testing.assert_allclose(decoded, values.double() ** exponent, atol=1e-6)
    assert bool((decoded.diff() >= 0).all())
    torch.testing.assert_close(encode(decoded, light), values, atol=4e-7, rtol=0)


@pytest.mark.parametrize("light", [Light(), SRGB, BT709, Light("power", 2.2)])
def test_what_a_method_drives_below_black_stays_there(light):
    driven = encode(torch.tensor([-0.1, -1e-9, 0.0]), light)

    assert bool((driven <= 0).all())


@pytest.mark.parametrize(
    "light, decoded, encoded",
    [
        (2.2, lambda values: values**2.2, lambda light: light ** (1 / 2.2)),
        (
            "srgb",
            lambda values: np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4),
            lambda light: np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055),
        ),
    ],
)
def test_an_image_is_restored_as_its_light_would_be(light, decoded, encoded):
    """Decoded beforehand, by the formula, and encoded again after."""
    values = random_image((40, 36), "float32", seed=2)

    result = Restorer("wiener", light=light)(values, kernel="gaussian:1")

    alone = Restorer("wiener", light="linear")(decoded(values).astype(np.float32), kernel="gaussian:1")
    np.testing.assert_allclose(result.image, encoded(alone.image), atol=2e-4)
    assert np.abs(result.image - Restorer("wiener")(values, kernel="gaussian:1").image).max() > 0.01


def test_the_blur_is_measured_in_the_light_that_is_restored():
    image = np.full((40, 40), 128, np.uint8)

    coded, linear = (Restorer(Unchanging(), light=light) for light in ("linear", "srgb"))

    assert coded(image).sigma == pytest.approx(5.02, abs=0.01)
    assert linear(image).sigma == pytest.approx(2.16, abs=0.01)
    assert linear.measure(image).sigma == linear(image).sigma


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_luma_leaves_the_differences_between_channels_exactly(seed):
    """Also where the restored luma would drive a channel out of [0, 1]."""
    image, restored = colours(seed=seed), torch.rand(1, 1, 40, 37, generator=generator(seed, 1))

    result = with_luma(image, restored)

    torch.testing.assert_close(result - result[:, :1], image - image[:, :1], atol=3e-7, rtol=0)
    assert -1e-6 <= float(result.min()) <= float(result.max()) <= 1 + 1e-6
    free = ((image + restored - luma(image) > 0) & (image + restored - luma(image) < 1)).all(dim=1, keepdim=True)
    torch.testing.assert_close(luma(result)[free], restored[free], atol=1e-6, rtol=0)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_luma_keeps_colours_to_the_last_level(model, dtype):
    image = random_image((48, 40, 3), dtype, seed=3)

    restored = Restorer(model, channels="luma")(image).image

    change = restored.astype(int) - image
    assert np.abs(change - change[..., :1]).max() <= 1  # halves may be rounded either way
    assert (change == change[..., :1]).mean() > 0.99
    assert np.abs(change).max() > 0


def test_luma_restores_brightness_as_a_mono_image(model):
    image = (random_image((48, 40, 3), "float32", seed=4) + 1) / 3  # far from black and white
    restorer = Restorer(model, precision="float32", channels="luma")

    restored = luma(to_tensor(restorer(image).image))

    alone = Restorer(model, precision="float32")(luma(to_tensor(image))[0, 0].numpy()).image
    torch.testing.assert_close(restored[0, 0], torch.from_numpy(alone), atol=1e-5, rtol=0)


@pytest.mark.parametrize("iterations", [1, 2])
@pytest.mark.parametrize("window", [0, 32])
def test_each_is_three_mono_restorations(model, iterations, window):
    image = random_image((70, 64, 3), "uint16", seed=6)

    result = Restorer(model, window=window, channels="each")(image, iterations=iterations)

    mono = Restorer(model, window=window)
    for index in range(3):
        alone = mono(np.ascontiguousarray(image[..., index]), iterations=iterations)
        assert np.array_equal(result.image[..., index], alone.image)
        assert result.channels[index].sigma == alone.sigma


def test_each_tells_the_blur_of_every_channel_and_speaks_for_green():
    image = np.zeros((40, 40, 3), np.float32) + np.array([0.2, 0.1, 0.15], np.float32)
    restorer = Restorer(Unchanging(), channels="each")

    result = restorer(image)

    assert [found.sigma for found in result.channels] == pytest.approx([2.0, 1.0, 1.5], rel=0.01)
    assert result.sigma == result.channels[1].sigma == restorer.measure(image).sigma
    assert Restorer(Unchanging())(image).channels == ()


@pytest.mark.parametrize("channels", ["joint", "luma", "each"])
def test_three_channels_that_are_alike_are_restored_as_the_mono_image_they_are(model, channels):
    """Files of mono cameras often hold the same image three times."""
    mono = random_image((64, 72), "uint16", seed=3)
    restorer = Restorer(model, device="cpu", channels=channels)
    expected = restorer(mono)

    result = restorer(np.stack([mono] * 3, axis=-1))

    assert result.image.shape == (64, 72, 3)
    assert result.sigma == expected.sigma
    assert restorer.measure(np.stack([mono] * 3, axis=-1)).sigma == expected.sigma
    for channel in range(3):
        np.testing.assert_array_equal(result.image[..., channel], expected.image)


def test_one_pixel_of_colour_makes_a_colour_image(model):
    image = np.stack([random_image((64, 72), "uint8", seed=3)] * 3, axis=-1)
    restorer = Restorer(model, device="cpu")
    grey = restorer(image).image
    image[40, 40, 2] ^= 8

    coloured = restorer(image).image

    assert not np.array_equal(coloured[..., 0], grey[..., 0])  # by the weights for colour


@pytest.mark.parametrize("channels", ["luma", "each"])
def test_mono_images_know_no_channels(model, channels):
    image = random_image((40, 44), "uint8", seed=7)

    result = Restorer(model, channels=channels)(image)

    assert np.array_equal(result.image, Restorer(model)(image).image)
    assert result.channels == ()


@given(st.sampled_from(["joint", "luma", "each"]), SEEDS)
@settings(max_examples=10, deadline=None)
def test_what_is_split_and_not_changed_is_joined_to_the_same(channels, seed):
    recipe, image = Recipe(channels=channels), colours(seed=seed)

    torch.testing.assert_close(join(image, split(image, recipe), recipe), image, atol=1e-7, rtol=0)
