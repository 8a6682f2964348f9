"""Where pixels come from: arrays, files of any size and images of Pillow, each restored as what it holds."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from pinsharp.errors import ImageError
from pinsharp.images.files import write_image
from pinsharp.restoration import sources, views
from pinsharp.restoration.restorer import Restorer
from pinsharp.restoration.views import read_view
from strategies import random_image
from tiffs import write_tiff
from tiny_models import save_tiny_swift


def test_only_a_tiff_of_many_values_that_can_be_read_by_bands_is_large(tmp_path, monkeypatch):
    source = tmp_path / "in.tif"
    write_tiff(source, random_image((210, 143, 3), "uint8", 0))
    monkeypatch.setattr(sources, "LARGE_VALUES", 210 * 143 * 3)

    assert not sources.is_large(source)
    monkeypatch.setattr(sources, "LARGE_VALUES", 210 * 143 * 3 - 1)
    assert sources.is_large(source)
    write_tiff(
        tmp_path / "planes.tif",
        tifffile.imread(source).transpose(2, 0, 1).copy(),
        planarconfig="separate",
        photometric="rgb",
    )
    assert not sources.is_large(tmp_path / "planes.tif")
    assert not sources.is_large(tmp_path / "absent.tif")


@pytest.fixture(scope="module")
def restorer(tmp_path_factory):
    return Restorer(save_tiny_swift(tmp_path_factory.mktemp("models") / "tiny.safetensors"))


@pytest.mark.parametrize("shape, dtype", [((40, 36), "uint8"), ((40, 36, 3), "uint8"), ((40, 36), "uint16")])
def test_an_array_a_file_and_an_image_of_pillow_are_one_image(restorer, tmp_path, shape, dtype):
    pixels = random_image(shape, dtype, seed=1)
    write_image(tmp_path / "a.png", pixels)
    expected = restorer(pixels)

    for image in (tmp_path / "a.png", str(tmp_path / "a.png"), Image.fromarray(pixels)):
        assert np.array_equal(restorer(image).image, expected.image)
        assert restorer.measure(image).sigma == expected.sigma


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "1", "I"])
def test_images_of_pillow_whose_numbers_are_no_colours_are_refused_with_advice_that_works(restorer, mode):
    image = Image.fromarray(random_image((40, 36, 3), "uint8", seed=1)).convert(mode)

    with pytest.raises(ImageError, match=f"got {mode}; convert it with image.convert\\('RGB'\\)"):
        restorer(image)

    assert restorer(image.convert("RGB")).image.shape == (40, 36, 3)


@pytest.mark.parametrize("scale", [1.0, 255.0, 4095.0])
def test_float64_is_refused_with_advice_that_works(restorer, scale):
    """As often as there is advice."""
    image = random_image((40, 36), "float32", seed=2).astype(np.float64) * scale

    with pytest.raises(ImageError, match=r"got float64; convert it with image.astype\(numpy.float32\)"):
        restorer(image)
    image = image.astype(np.float32)
    if scale > 1:
        with pytest.raises(ImageError, match=r"divide by the full scale of the camera \(255, 4095, 65535\)"):
            restorer(image)
        image = np.clip(image / scale, 0, 1)

    assert restorer(image).image.dtype == np.float32


def test_several_files_are_refused_with_advice_that_works(restorer, tmp_path):
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for seed, path in enumerate(paths):
        write_image(path, random_image((40, 36), "uint8", seed=seed))

    with pytest.raises(ImageError, match=r"expected one image, got 2 files; .*\[restorer\(path\) for path in paths\]"):
        restorer(paths)

    assert len([restorer(path) for path in paths]) == 2


def test_a_view_is_the_image_or_the_middle_of_one_on_disk(tmp_path, monkeypatch):
    pixels = random_image((90, 71, 3), "uint8", seed=3)
    write_tiff(tmp_path / "a.tif", pixels, tile=(16, 16))

    whole = read_view(tmp_path / "a.tif")
    middle = read_view(tmp_path / "a.tif", 30)
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    monkeypatch.setattr(views, "VIEW_SIDE", 40)
    shown, part = read_view(tmp_path / "a.tif"), read_view(tmp_path / "a.tif", 30)

    assert np.array_equal(whole.pixels, pixels)
    assert np.array_equal(middle.pixels, pixels[30:60, 20:50])
    assert np.array_equal(part.pixels, middle.pixels)
    assert np.array_equal(shown.pixels, pixels[25:65, 15:55])
    assert (whole.note, shown.note) == ("", "the middle 40 x 40 pixels of 71 x 90")
