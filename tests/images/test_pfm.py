"""PFM: every value comes back, the right way up, in both byte orders, as other libraries read it."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image

from pinsharp.errors import FormatError, ImageError
from pinsharp.images import pfm
from pinsharp.images.codec import Tags
from pinsharp.images.files import read_image, write_image
from strategies import images, random_image


def decoded(data):
    return pfm.decode(io.BytesIO(data))


@given(images(dtypes=("float32",), channels=(None, 3)))
@settings(deadline=None, max_examples=40)
def test_every_value_comes_back_and_opencv_reads_the_same(pixels):
    data = pfm.encode(pixels, Tags())

    np.testing.assert_array_equal(decoded(data)[0], pixels)
    seen = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(seen if seen.ndim == 2 else seen[..., ::-1], pixels)


@pytest.mark.parametrize("scale, order", [(b"-1.0", "<f4"), (b"1.0", ">f4"), (b"-2.5", "<f4"), (b"1e1", ">f4")])
def test_both_byte_orders_are_read_and_kept(scale, order):
    pixels = random_image((3, 5), "float32", 0)
    data = b"Pf\n5 3\n" + scale + b"\n" + pixels[::-1].astype(order).tobytes()

    restored, tags = decoded(data)

    np.testing.assert_array_equal(restored, pixels)
    assert restored.dtype == np.float32
    assert pfm.encode(restored, tags) == data
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize(
    "data, sentence",
    [
        (b"Pf\n5", "ends within its header"),
        (b"Pf\n5 3\n0\n" + bytes(60), "a scale of 0.0, which says no byte order"),
        (b"Pf\n5 3\n-x\n" + bytes(60), "truncated or damaged"),
        (b"Pf\n5 3\n-1\n" + bytes(59), "it has 69 bytes, not 70"),
        (b"Pf\n5 3\n-1\n" + bytes(61), "it has 71 bytes, not 70"),
        (b"Pf\n1 1\n-1\n" + np.float32(3).tobytes(), r"float values in \[0, 1\]"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path, data, sentence):
    (tmp_path / "a.pfm").write_bytes(data)

    with pytest.raises(ImageError, match=sentence):
        read_image(tmp_path / "a.pfm")


def test_integers_are_refused(tmp_path):
    with pytest.raises(FormatError, match="expected float32 pixels for PFM, got uint8"):
        write_image(tmp_path / "a.pfm", np.zeros((3, 3), np.uint8))
