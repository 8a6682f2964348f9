"""What a notebook shows: true pictures of what came in and out, small, whatever the image and wherever it is."""

import base64
import io
import pickle
import re

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from clips import write_clip
from pinsharp.blur.field import BlurField
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.images.files import write_image
from pinsharp.restoration import sources
from pinsharp.restoration.restorer import Restorer
from strategies import random_image

MOST_BYTES = 300_000
STRIPES = np.repeat(np.tile(np.repeat(np.array([40, 200], np.uint8), 20), 4)[None], 120, axis=0)  # (120, 160)


@pytest.fixture(scope="module")
def restorer():
    return Restorer("wiener", kernel="gaussian:1.4")


@pytest.fixture(scope="module")
def measuring():
    """A restorer whose windows vote."""
    return Restorer("swift", device="cpu")


def pictures(html):
    """All embedded pictures, by what is said below them."""
    found = re.findall(r'<img alt="([^"]*)" src="data:image/jpeg;base64,([^"]*)">', html)
    return {name: np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))) for name, data in found}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(48, 60), (48, 60, 1), (48, 60, 3), (48, 60, 4)])
def test_before_and_after_are_the_pixels_that_came_and_went(restorer, shape, dtype):
    image = gaussian_filter(random_image(shape, dtype, 0).astype(float), (5, 5, 0)[: len(shape)])
    image = (image / image.max() * np.array(1 if dtype == "float32" else np.iinfo(dtype).max)).astype(dtype)
    given = image.copy()
    result = restorer(given)
    given[:] = 0  # as cameras do, which write the next frame into the same memory

    seen = pictures(result._repr_html_())

    for name, pixels in (("before", image), ("restored", result.image)):
        colours = pixels.reshape(48, 60, -1)[..., :3] * (255.0 if dtype == "float32" else 255 / np.iinfo(dtype).max)
        assert np.abs(seen[name].mean(axis=2) - colours.mean(axis=2)).mean() < 4


def test_a_dark_image_is_brightened_as_its_result_is(restorer):
    dark = STRIPES.astype(np.uint16) * 16  # 12 bits in 16

    html = restorer(dark)._repr_html_()

    brightest = [int(np.percentile(picture, 90)) for picture in pictures(html).values()]
    assert "20 times brighter" in html
    assert abs(brightest[0] - brightest[1]) < 12
    assert brightest[0] > 200


@pytest.mark.parametrize("shape", [(3000, 40), (700, 900, 3), (1, 700)])
def test_large_ones_are_reduced_and_noise_stays_small(shape):
    html = Restorer("wiener", kernel="gaussian:1.4")(random_image(shape, "uint8", 0))._repr_html_()

    assert len(html) < MOST_BYTES
    assert "% of its size" in html
    assert all(max(picture.shape) <= 480 for picture in pictures(html).values())


def test_windows_and_their_verdict_are_shown(measuring):
    result = measuring(random_image((140, 150), "uint8", 1))

    html = result._repr_html_()

    assert any(name.startswith("widths (") for name in pictures(html))
    assert f"{result.defocus.verdict}: " in html
    assert f"90 % interval {result.defocus.interval[0]:.2f} to" in html


def test_an_image_that_stays_says_why(measuring):
    html = measuring(np.full((64, 64), 90, np.uint8))._repr_html_()

    assert "left as it is" in pictures(html)
    assert "no-texture: " in html


def test_masks_are_no_error(restorer):
    masked = np.ma.masked_array(STRIPES, np.zeros(STRIPES.shape, bool))
    masked[5:9, 5:9] = np.ma.masked

    assert set(pictures(restorer(masked)._repr_html_())) == {"before", "restored"}


def test_a_file_larger_than_memory_shows_its_middle(restorer, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    write_image(tmp_path / "a.tif", STRIPES)

    result = restorer.restore_file(tmp_path / "a.tif", tmp_path / "b.tif")

    assert "the middle 160 x 120 pixels of 160 x 120" in result._repr_html_()
    assert set(pictures(result._repr_html_())) == {"before", "restored"}


def test_a_result_that_is_gone_says_so(restorer, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)
    write_image(tmp_path / "<a>.tif", STRIPES)
    result = restorer.restore_file(tmp_path / "<a>.tif", tmp_path / "<b>.tif")
    for name in ("<a>.tif", "<b>.tif"):
        (tmp_path / name).unlink()

    html = result._repr_html_()

    assert pictures(html) == {}
    assert "not shown: " in html
    assert "&lt;b&gt;.tif" in html


def test_planes_show_the_first_one(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([STRIPES, 255 - STRIPES]), photometric="minisblack")

    result = Restorer("wiener", kernel="gaussian:1.4", planes="one").restore_file(
        tmp_path / "a.tif", tmp_path / "b.tif"
    )

    before = pictures(result._repr_html_())["before"]
    assert np.abs(before.mean(axis=2) - STRIPES).mean() < 6


def test_a_video_shows_its_first_frame(restorer, tmp_path):
    pytest.importorskip("av")
    clip = write_clip(tmp_path / "a.mkv", [[STRIPES], [255 - STRIPES]])

    html = restorer.restore_file(clip, tmp_path / "b.mkv")._repr_html_()

    assert "2 frames" in html
    assert "the first frame" in html
    assert np.abs(pictures(html)["before"].mean(axis=2) - STRIPES).mean() < 6


def test_results_go_to_other_processes_with_their_pictures(restorer):
    result = restorer(STRIPES)

    assert pickle.loads(pickle.dumps(result))._repr_html_() == result._repr_html_()


def test_a_field_is_the_picture_of_its_kernel_and_votes(measuring):
    with_votes = measuring.measure(random_image((140, 150), "uint8", 1))
    given = BlurField(gaussian_kernel(2.0), is_given=True)

    drawn = [field._repr_png_() for field in (with_votes, given)]

    assert [Image.open(io.BytesIO(picture)).size for picture in drawn] == [(960, 640), (960, 320)]
    assert len(drawn[0]) < MOST_BYTES


def test_fields_of_several_images_have_no_picture():
    assert BlurField(torch.cat([gaussian_kernel(2.0)] * 2))._repr_png_() is None
