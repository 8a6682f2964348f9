"""The sample of an image that is larger than memory: bounded, spread over all of it, the same every time."""

import numpy as np
import pytest

from pinsharp.images.bigtiff import open_large
from pinsharp.restoration import sample as sample_module
from pinsharp.restoration.colour import ColourOptions
from pinsharp.restoration.sample import SAMPLE_PIXELS, places, sample
from strategies import random_image
from tiffs import write_tiff

SHAPES = [(250_000, 8192), (12_207, 8192), (4_100, 4_100), (3_000, 700_000), (2_000_000, 40), (5, 10_000_000)]


@pytest.mark.parametrize("shape", SHAPES)
def test_blocks_are_of_one_size_bounded_and_inside(shape):
    blocks = places(shape)

    sizes = {(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in blocks}
    ((height, width),) = sizes
    assert len(blocks) * height * width <= SAMPLE_PIXELS
    assert len(blocks) * height * width > 0.5 * SAMPLE_PIXELS
    for rows, columns in blocks:
        assert 0 <= rows.start < rows.stop <= shape[0]
        assert 0 <= columns.start < columns.stop <= shape[1]


@pytest.mark.parametrize("shape", SHAPES[:3])
def test_every_eighth_of_an_image_has_its_share_of_blocks(shape):
    blocks = places(shape)

    for axis in (0, 1):
        middles = [(place[axis].start + place[axis].stop) / 2 for place in blocks]
        counts = np.histogram(middles, bins=8, range=(0, shape[axis]))[0]
        assert counts.min() > 0.5 * len(blocks) / 8


def test_blocks_are_the_same_every_time_and_not_at_equal_distances():
    first, second = places((250_000, 8192)), places((250_000, 8192))

    assert first == second
    assert len({rows.start % 100 for rows, _ in first}) > 50


def test_a_small_image_is_its_own_sample():
    assert places((4096, 4096)) == [(slice(0, 4096), slice(0, 4096))]


@pytest.mark.parametrize("channels", [(), (2,), (3,), (4,)])
def test_blocks_hold_the_pixels_of_their_places_without_alpha(tmp_path, monkeypatch, channels):
    monkeypatch.setattr(sample_module, "SAMPLE_PIXELS", 1000)
    monkeypatch.setattr(sample_module, "BLOCK", 16)
    pixels = random_image((90, 70, *channels), "uint16", 0)
    write_tiff(tmp_path / "a.tif", pixels, tile=(32, 32))

    with open_large(tmp_path / "a.tif") as image:
        blocks = sample(image, ColourOptions())

    colours = 3 if channels and channels[0] > 2 else 1
    pixels = pixels.reshape(90, 70, -1)[..., :colours]
    expected = [np.moveaxis(pixels[place], -1, 0) / np.float32(65535) for place in places((90, 70))]
    assert len(blocks) > 1
    np.testing.assert_array_equal(blocks.numpy(), expected)
