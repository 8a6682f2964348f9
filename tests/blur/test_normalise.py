"""Normalising: the same image in another brightness is the same to a network, and comes back in its own."""

import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pinsharp.blur.camera import generator, quantise
from pinsharp.blur.normalise import CONTRAST, Normalisation, normalisation

PHOTOGRAPH = torch.from_numpy(skimage.data.astronaut()[:128, 160:300].copy()).permute(2, 0, 1)[None].double() / 255
SQUEEZES = {
    "a quarter": lambda image: image / 4,
    "a sixty-fourth": lambda image: image / 64,
    "1/256": lambda image: image / 256,
    "a sixteenth around mid grey": lambda image: 0.5 + (image - 0.5) / 16,
}


@pytest.mark.parametrize("squeeze", SQUEEZES.values(), ids=SQUEEZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_dimmer_or_flatter_image_is_the_same_image(squeeze, channels):
    image = PHOTOGRAPH[:, :channels]

    normalised = normalisation(squeeze(image)).apply(squeeze(image))

    torch.testing.assert_close(normalised, normalisation(image).apply(image))


@pytest.mark.parametrize("squeeze", SQUEEZES.values(), ids=SQUEEZES)
@pytest.mark.parametrize("dtype, bits", [(torch.float32, 16), (torch.float32, None)])
def test_up_to_what_rounding_took_away(squeeze, dtype, bits):
    image = squeeze(PHOTOGRAPH)
    image = (quantise(image, bits) if bits else image).to(dtype)
    expected = normalisation(PHOTOGRAPH).apply(PHOTOGRAPH)

    found = normalisation(image)

    steps = (1 / 65535 if bits else 1e-7) / float(found.scale)
    assert float((found.apply(image).double() - expected).abs().max()) < 0.6 * steps + 1e-5


@given(gain=st.floats(1e-4, 1e4), offset=st.floats(-5, 5), seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=30)
def test_any_gain_and_offset_drop_out(gain, offset, seed):
    image = torch.rand(1, 1, 20, 21, generator=generator(seed, 0), dtype=torch.float64) ** 3
    changed = gain * (image + offset)

    torch.testing.assert_close(
        normalisation(changed).apply(changed), normalisation(image).apply(image), rtol=1e-6, atol=1e-6
    )


def test_what_is_put_back_is_what_was_taken():
    found = normalisation(PHOTOGRAPH)

    torch.testing.assert_close(found.undo(found.apply(PHOTOGRAPH)), PHOTOGRAPH)


def test_normalised_images_have_no_brightness_and_unit_contrast():
    normalised = normalisation(PHOTOGRAPH).apply(PHOTOGRAPH).mean(dim=1)

    assert float(normalised.mean()) == pytest.approx(0, abs=0.05)
    assert float(normalised.std()) == pytest.approx(1, abs=0.05)


def test_colours_keep_their_relations():
    normalised = normalisation(PHOTOGRAPH).apply(PHOTOGRAPH)

    difference = PHOTOGRAPH[:, 0] - PHOTOGRAPH[:, 1]
    ratio = (normalised[:, 0] - normalised[:, 1])[difference != 0] / difference[difference != 0]
    torch.testing.assert_close(ratio, ratio[0].expand_as(ratio))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_hot_and_dead_pixels_and_a_dead_column_hardly_matter(value):
    image = 0.3 + 0.3 * PHOTOGRAPH[:, :1]
    spoilt = image.clone()
    spoilt[..., 17] = value
    spoilt[..., ::40, ::31] = value

    clean, found = normalisation(image), normalisation(spoilt)

    torch.testing.assert_close(found.scale, clean.scale, rtol=0.06, atol=0)
    torch.testing.assert_close(found.offset, clean.offset, rtol=0, atol=0.06 * float(clean.scale))


def test_pixels_that_do_not_count_do_not_matter():
    mask = torch.ones(1, 1, 128, 140, dtype=torch.bool)
    mask[..., :50] = False
    spoilt = PHOTOGRAPH.clone()
    spoilt[..., :50] = 0

    found, expected = normalisation(spoilt, mask), normalisation(PHOTOGRAPH[..., 50:])

    torch.testing.assert_close(found.scale, expected.scale)
    torch.testing.assert_close(found.offset, expected.offset)


def test_an_image_without_pixels_that_count_is_taken_whole():
    nothing = torch.zeros(1, 1, 128, 140, dtype=torch.bool)

    torch.testing.assert_close(normalisation(PHOTOGRAPH, nothing).scale, normalisation(PHOTOGRAPH).scale)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_flat_images_come_back_as_they_are(level, dtype):
    image = torch.full((2, 3, 9, 1), level, dtype=dtype)

    found = normalisation(image)

    assert float(found.apply(image).abs().max()) < 1e-6
    torch.testing.assert_close(found.undo(found.apply(image)), image)


def test_few_bright_spots_on_black_do_not_explode():
    image = torch.zeros(1, 1, 64, 64)
    image[..., 10:13, 20:22] = 1

    normalised = normalisation(image).apply(image)

    assert 10 < float(normalised.max()) < 200


def test_each_image_of_a_batch_is_normalised_alone():
    batch = torch.cat([PHOTOGRAPH, PHOTOGRAPH / 64])

    together = normalisation(batch)

    torch.testing.assert_close(together.scale[1:], normalisation(batch[1:]).scale)
    torch.testing.assert_close(together.scale[0] / 64, together.scale[1])


def test_large_images_are_sampled():
    image = PHOTOGRAPH.repeat(1, 1, 10, 10)

    torch.testing.assert_close(normalisation(image).scale, normalisation(PHOTOGRAPH).scale, rtol=0.02, atol=0)


def test_noise_is_in_the_units_of_the_normalised_image():
    found = Normalisation(torch.zeros(2, 1, 1, 1), torch.tensor([0.5, 0.1]).reshape(2, 1, 1, 1))

    level, rings = torch.tensor([0.01, 0.01]), torch.full((2, 3), 0.01)
    expected = CONTRAST * torch.tensor([0.02, 0.1])
    torch.testing.assert_close(found.enter_noise(level), expected)
    torch.testing.assert_close(found.enter_noise(rings), expected[:, None].expand(2, 3))
    torch.testing.assert_close(found.leave_noise(found.enter_noise(rings)), rings)
