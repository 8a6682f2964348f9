"""PGM and PPM: every value comes back, other libraries read the same, maxval is the white level."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pinsharp.errors import ImageError
from pinsharp.images import pnm
from pinsharp.images.codec import Tags
from pinsharp.images.files import read_image, write_image
from strategies import images, random_image

GREY = random_image((5, 7), "uint8", 0)
DEEP = random_image((5, 7), "uint16", 0) % 1001


def decoded(data):
    return pnm.decode(io.BytesIO(data))


def by_pillow(data):
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image)


def by_opencv(data):
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., ::-1]


def header(magic, shape, maxval):
    return b"%s\n# of a station\n%d %d\n%d\n" % (magic, shape[1], shape[0], maxval)


@given(images(dtypes=("uint8", "uint16"), channels=(None, 3)), st.booleans())
@settings(deadline=None, max_examples=40)
def test_every_value_comes_back_and_opencv_reads_the_same(pixels, is_plain):
    layout = pnm.PnmLayout(is_plain, int(np.iinfo(pixels.dtype).max), (b" a comment",))

    data = pnm.encode(pixels, Tags(native=layout))

    restored, tags = decoded(data)
    assert restored.dtype == pixels.dtype
    assert tags.native == layout
    assert tags.white_level is None
    np.testing.assert_array_equal(restored, pixels)
    np.testing.assert_array_equal(by_opencv(data), pixels)


@pytest.mark.parametrize("maxval", [1, 100, 1000, 1023, 4095, 65534])
@pytest.mark.parametrize("shape", [(5, 7), (4, 3, 3)])
def test_maxval_is_the_white_level_and_the_file_comes_back_to_the_byte(shape, maxval):
    pixels = np.random.default_rng(0).integers(0, maxval + 1, shape).astype("u1" if maxval < 256 else ">u2")
    data = header(b"P5" if len(shape) == 2 else b"P6", shape, maxval) + pixels.tobytes()

    restored, tags = decoded(data)

    assert tags.white_level == maxval
    np.testing.assert_array_equal(restored, pixels)
    assert pnm.encode(restored, tags) == data
    if len(shape) == 2:  # pillow stretches values to the whole range
        full_scale = 255 if maxval < 256 else 65535
        np.testing.assert_allclose(by_pillow(data), pixels.astype(float) * full_scale / maxval, atol=0.51)


def test_a_stated_white_level_becomes_the_maxval_of_what_came_from_elsewhere():
    data = pnm.encode(DEEP, Tags(white_level=1000))

    assert data.startswith(b"P5\n7 5\n1000\n")
    assert decoded(data)[1].white_level == 1000
    assert decoded(pnm.encode(GREY, Tags(white_level=4095)))[1].white_level is None


@pytest.mark.parametrize("text", [b"P2 2 1 9 3 4\n", b"P2#a\n2 #b\r1\n#c\n9\n\n3\t4 ", b"P2\r\n2 1\r\n9\r\n3\r\n4\r\n"])
def test_plain_text_may_be_spaced_and_commented_in_any_way(text):
    np.testing.assert_array_equal(decoded(text)[0], [[3, 4]])


@pytest.mark.parametrize(
    "data, sentence",
    [
        (b"P4\n8 8\n" + bytes(8), "got 1-bit pixels"),
        (b"P1\n2 2\n0 1 1 0\n", "got 1-bit pixels"),
        (b"P5\n", "ends within its header"),
        (b"P5\n7 5\n255", "ends within its header"),
        (b"P5\nseven 5\n255\n", "truncated or damaged"),
        (b"P5\n7 5\n0\n" + bytes(35), "a maxval of 0"),
        (b"P5\n7 5\n65536\n" + bytes(70), "a maxval of 65536"),
        (b"P5\n0 5\n255\n", "at least one pixel, got 0 x 5"),
        (b"P5\n60000 60000\n255\n", "at most 1,000,000,000 pixels"),
        (b"P5\n2 1\n100\n\x03\x65", "values from 3 to 101 under a maxval of 100"),
        (b"P2\n2 1\n100\n3 101\n", "values from 3 to 101 under a maxval of 100"),
        (b"P2\n2 1\n100\n3 -1\n", "values from -1 to 3"),
        (b"P2\n2 1\n100\n3 x\n", "truncated or damaged"),
        (b"P2\n2 1\n100\n3 10", "no end of the last line"),
        (b"P5\n2 1\n255\nabP5\n2 1\n255\nab", "a single still image, got a PNM file of 2"),
        (b"P2\n2 1\n100\n3 4 5 6\n", "a single still image, got a PNM file of 2"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, data, sentence):
    (tmp_path / "a.pgm").write_bytes(data)

    with pytest.raises(ImageError, match=sentence):
        read_image(tmp_path / "a.pgm")


@pytest.mark.parametrize("is_plain", [False, True])
def test_no_part_of_a_file_is_taken_for_the_whole(is_plain):
    data = pnm.encode(DEEP.astype(np.uint16), Tags(native=pnm.PnmLayout(is_plain, 1000, ())))

    for length in range(2, len(data)):
        with pytest.raises(ImageError):
            decoded(data[:length])


def test_colour_and_depth_travel_to_other_formats(tmp_path):
    pixels = random_image((5, 7, 3), "uint16", 3)
    write_image(tmp_path / "a.ppm", pixels)

    read = read_image(tmp_path / "a.ppm")
    write_image(tmp_path / "a.png", read.pixels, like=read)

    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, pixels)
