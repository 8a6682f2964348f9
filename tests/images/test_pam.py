"""PAM: every value comes back, OpenCV reads the same, maxval is the white level."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings

from pinsharp.errors import ImageError
from pinsharp.images import pam
from pinsharp.images.codec import Tags
from pinsharp.images.files import read_image
from strategies import images, random_image


def decoded(data):
    return pam.decode(io.BytesIO(data))


def file(depth=1, kind=b"GRAYSCALE", maxval=255, size=(2, 1), raster=b"ab"):
    lines = (b"P7", b"# a comment", b"WIDTH %d" % size[0], b"HEIGHT %d" % size[1], b"DEPTH %d" % depth)
    return b"\n".join((*lines, b"MAXVAL %d" % maxval, b"TUPLTYPE " + kind, b"ENDHDR", raster))


@given(images(dtypes=("uint8", "uint16"), channels=(None, 2, 3, 4)))
@settings(deadline=None, max_examples=40)
def test_every_value_comes_back_and_opencv_reads_the_same(pixels):
    data = pam.encode(pixels, Tags())

    restored, tags = decoded(data)
    assert restored.dtype == pixels.dtype
    assert tags.white_level is None
    np.testing.assert_array_equal(restored, pixels)
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(seen, pixels)  # of this format alone it does not make BGR


@pytest.mark.parametrize("maxval", [100, 1023, 4095])
def test_maxval_is_the_white_level_and_the_file_comes_back_to_the_byte(maxval):
    pixels = random_image((4, 5, 4), "uint16", 0) % (maxval + 1)
    data = file(4, b"RGB_ALPHA", maxval, (5, 4), pixels.astype("u1" if maxval < 256 else ">u2").tobytes())

    restored, tags = decoded(data)

    assert tags.white_level == maxval
    np.testing.assert_array_equal(restored, pixels)
    assert pam.encode(restored, tags) == data


@pytest.mark.parametrize(
    "data, sentence",
    [
        (b"P7\nWIDTH 2\n", "its header has no end"),
        (file().replace(b"WIDTH", b"BREADTH"), "no WIDTH"),
        (file(size=(3, 1)), "has .* bytes of"),
        (file() + b"P7\nWIDTH", "a single still image, got a PAM file of 2"),
        (file(kind=b"BLACKANDWHITE", maxval=1), "got 1-bit pixels"),
        (file(kind=b"DEPTHMAP"), "1 channels of the type DEPTHMAP"),
        (file(depth=5, kind=b"SPECTRAL", raster=bytes(10)), "5 channels of the type SPECTRAL"),
        (file(maxval=70000), "a maxval of 70000"),
        (file(maxval=90), "values from 97 to 98 under a maxval of 90"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, data, sentence):
    (tmp_path / "a.pam").write_bytes(data)

    with pytest.raises(ImageError, match=sentence):
        read_image(tmp_path / "a.pam")


def test_no_part_of_a_file_is_taken_for_the_whole():
    data = pam.encode(random_image((3, 4, 3), "uint16", 0), Tags())

    for length in range(3, len(data)):
        with pytest.raises(ImageError):
            decoded(data[:length])
