"""JPEG 2000: every value comes back, Pillow and OpenCV read the same, 12 bits stay counts, boxes are kept."""

import io

import cv2
import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image, ImageCms

from pinsharp.errors import ImageError
from pinsharp.images import jpeg2000
from pinsharp.images.codec import Tags
from pinsharp.images.files import read_image, write_image
from strategies import images, random_image

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def decoded(data):
    return jpeg2000.decode(io.BytesIO(data))


def opencv(data):
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., ::-1]


@given(images(dtypes=("uint8", "uint16"), channels=(None, 2, 3, 4)))
@settings(deadline=None, max_examples=25)
def test_every_value_comes_back_and_opencv_reads_the_same(pixels):
    data = jpeg2000.encode(pixels, Tags())

    restored, tags = decoded(data)
    assert restored.dtype == pixels.dtype
    assert tags.white_level is None
    np.testing.assert_array_equal(restored, pixels)
    if pixels.shape[2:] in ((), (3,)):
        np.testing.assert_array_equal(opencv(data), pixels)


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
@pytest.mark.parametrize("shape", [(21, 37), (21, 37, 3)])
@pytest.mark.parametrize("container", ["jp2", "j2k"])
def test_less_than_16_bits_are_counts_and_are_written_so_again(bits, shape, container):
    pixels = random_image(shape, "uint16", 0) >> (16 - bits)
    data = bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat=container, bitspersample=bits))

    restored, tags = decoded(data)
    again = jpeg2000.encode(restored, tags)

    np.testing.assert_array_equal(restored, pixels)
    assert tags.white_level == 2**bits - 1
    assert again[:4] == data[:4]
    assert decoded(again)[1].native.bits == bits
    np.testing.assert_array_equal(opencv(again), pixels)  # it leaves the counts as they are
    if len(shape) == 2 and bits > 9:
        with Image.open(io.BytesIO(again)) as image:
            np.testing.assert_array_equal(np.asarray(image) >> (16 - bits), pixels)  # Pillow stretches them


def test_a_white_level_from_elsewhere_decides_the_bits():
    pixels = random_image((9, 7), "uint16", 0) >> 4

    assert decoded(jpeg2000.encode(pixels, Tags(white_level=4095)))[1].white_level == 4095
    assert decoded(jpeg2000.encode(pixels, Tags(white_level=4000)))[1].white_level is None
    assert decoded(jpeg2000.encode(pixels * 16, Tags(white_level=4095)))[1].white_level is None


def test_profile_resolution_and_xmp_travel_in_and_stay():
    pixels = random_image((9, 7, 3), "uint8", 0)
    given = Tags(dpi=(300, 150), icc=PROFILE, xmp=b"<x:xmpmeta/>")

    first = jpeg2000.encode(pixels, given)
    tags = decoded(first)[1]
    second = jpeg2000.encode(pixels, tags)

    assert tags.dpi == pytest.approx((300, 150), rel=1e-3)
    assert (tags.icc, tags.xmp) == (PROFILE, given.xmp)
    assert tags.light.name == "srgb"
    assert second == first
    with Image.open(io.BytesIO(second)) as image:
        assert image.info["dpi"] == pytest.approx((300, 150), rel=1e-3)
        np.testing.assert_array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("dpi", [(0.5, 3), (72, 96), (25400, 1e6), (1e-3, 9.9e6)])
def test_any_resolution_is_stored_closely(dpi):
    tags = decoded(jpeg2000.encode(random_image((3, 3), "uint8", 0), Tags(dpi=dpi)))[1]

    assert tags.dpi == pytest.approx(dpi, rel=1e-3)


def test_other_colours_are_refused(tmp_path):
    Image.fromarray(random_image((9, 7, 3), "uint8", 0)).convert("YCbCr").save(tmp_path / "a.jp2")

    with pytest.raises(ImageError, match="colour space 18"):
        read_image(tmp_path / "a.jp2")


def test_signed_values_and_huge_sizes_are_refused():
    data = bytearray(jpeg2000.encode(random_image((9, 7), "uint8", 0), Tags(native=jpeg2000.Jpeg2000Layout(8, True))))

    with pytest.raises(ImageError, match="8-bit signed integer"):
        decoded(bytes(data[:42]) + b"\x87" + bytes(data[43:]))
    with pytest.raises(ImageError, match="at most 1,000,000,000 pixels"):
        decoded(bytes(data[:8]) + b"\0\1\0\0" * 2 + bytes(data[16:]))


@pytest.mark.parametrize("is_bare", [True, False])
def test_no_part_of_a_file_is_taken_for_the_whole(is_bare):
    layout = jpeg2000.Jpeg2000Layout(8, is_bare)
    data = jpeg2000.encode(random_image((9, 7, 3), "uint8", 0), Tags(native=layout))

    for length in range(12, len(data)):
        with pytest.raises(ImageError):
            decoded(data[:length])


def test_a_file_keeps_its_format_and_depth_on_disk(tmp_path):
    pixels = random_image((9, 7), "uint16", 0) >> 4
    (tmp_path / "a.jp2").write_bytes(jpeg2000.encode(pixels, Tags(white_level=4095)))

    read = read_image(tmp_path / "a.jp2")
    write_image(tmp_path / "b.jp2", read.pixels, like=read)

    assert (tmp_path / "b.jp2").read_bytes() == (tmp_path / "a.jp2").read_bytes()
