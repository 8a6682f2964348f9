"""Mosaics are restored plane by plane with one blur, and written as mosaics."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dngs import write_dng
from pinsharp.errors import ImageError
from pinsharp.images.bayer import planes_of
from pinsharp.images.codec import Reading
from pinsharp.images.files import read_image
from pinsharp.restoration.restorer import Restorer
from strategies import random_image

PLANES = {"demosaic": "planes", "faults": "off"}


@pytest.fixture
def raw(tmp_path):
    pytest.importorskip("rawpy")
    blurred = gaussian_filter(random_image((141, 152), "float32", 0).astype(float), 3)
    counts = 300 + 3500 * (blurred - blurred.min()) / np.ptp(blurred)
    return write_dng(tmp_path / "a.dng", np.rint(counts).astype(np.uint16), black=(256,) * 4)


def test_each_plane_is_restored_as_by_itself(raw, tmp_path):
    planes = planes_of(read_image(raw, Reading(demosaic="planes")).pixels)
    restorer = Restorer("wiener", kernel="gaussian:1.3", white_level=4095 - 256, faults="off")

    result = Restorer("wiener", kernel="gaussian:1.3", **PLANES).restore_file(raw, tmp_path / "b.tif")

    mosaic = read_image(tmp_path / "b.tif", Reading(demosaic="planes")).pixels
    np.testing.assert_array_equal(result.image, mosaic)
    for plane, restored in zip(planes, planes_of(mosaic), strict=True):
        inside = slice(0, 70), slice(0, 76)  # what was mirrored to make sides even is cut off again
        np.testing.assert_array_equal(restored[inside], restorer(plane).image[inside])


def test_one_blur_is_measured_of_all_planes(raw, tmp_path):
    restorer = Restorer(**PLANES)

    found = restorer.measure(raw)
    result = restorer.restore_file(raw, tmp_path / "b.tif")

    assert result.sigma == found.sigma
    assert 1 < found.sigma < 2.2  # 3 px of the image are 1.5 of a plane


def test_in_memory_a_mosaic_is_no_image(raw):
    with pytest.raises(ImageError, match="got a mosaic; restore it from file to file, or leave --demosaic out"):
        Restorer("wiener", kernel="gaussian:1.3", **PLANES)(raw)


def test_colours_are_restored_unless_planes_are_asked_for(raw, tmp_path):
    result = Restorer("wiener", kernel="gaussian:1.3").restore_file(raw, tmp_path / "b.png")

    assert read_image(tmp_path / "b.png").pixels.shape == (141, 152, 3)
    assert str(result.light) == "linear (camera raw)"
