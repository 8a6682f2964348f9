"""JPEG XL: every value comes back, bits are read from the header, EXIF and XMP are kept."""

import io

import imagecodecs
import numpy as np
import pytest
from hypothesis import given, settings

from pinsharp.errors import ImageError
from pinsharp.images import jpegxl
from pinsharp.images.codec import Tags
from strategies import images, random_image


def decoded(data):
    return jpegxl.decode(io.BytesIO(data))


@given(images(dtypes=("uint8", "uint16"), channels=(None, 2, 3, 4)))
@settings(deadline=None, max_examples=25)
def test_every_value_comes_back(pixels):
    restored, tags = decoded(jpegxl.encode(pixels, Tags()))

    assert restored.dtype == pixels.dtype
    assert tags.white_level is None
    np.testing.assert_array_equal(restored, pixels)


@pytest.mark.parametrize("bits", [9, 10, 12, 14])
@pytest.mark.parametrize("shape", [(16, 32), (21, 37), (40, 30, 3), (300, 40), (40, 600, 4)])
def test_less_than_16_bits_are_counts_and_are_written_so_again(bits, shape):
    pixels = random_image(shape, "uint16", 0) >> (16 - bits)
    data = bytes(imagecodecs.jpegxl_encode(pixels, lossless=True, bitspersample=bits))

    restored, tags = decoded(data)

    np.testing.assert_array_equal(restored, pixels)
    assert tags.white_level == 2**bits - 1
    assert jpegxl.encode(restored, tags) == data


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_exif_and_xmp_are_kept(dtype):
    pixels, given = random_image((9, 7), dtype, 0), Tags(exif=b"MM\0*\0\0\0\x08\0\0\0\0\0\0", xmp=b"<x/>")

    data = jpegxl.encode(pixels, given)

    restored, tags = decoded(data)
    np.testing.assert_array_equal(restored, pixels)
    assert (tags.exif, tags.xmp) == (given.exif, given.xmp)
    assert jpegxl.encode(restored, tags) == data
    np.testing.assert_array_equal(imagecodecs.jpegxl_decode(data), pixels)


def test_floats_animations_and_huge_sizes_are_refused():
    floats = bytes(imagecodecs.jpegxl_encode(random_image((9, 7), "float32", 0), lossless=True))
    frames = bytes(imagecodecs.jpegxl_encode(random_image((3, 9, 7, 3), "uint8", 0), lossless=True))

    with pytest.raises(ImageError, match="got 32-bit float pixels"):
        decoded(floats)
    with pytest.raises(ImageError, match="a single still image"):
        decoded(frames)
    with pytest.raises(ImageError, match="at most 1,000,000,000 pixels"):
        decoded(b"\xff\x0a" + bytes([0b11111110]) + b"\xff" * 16)


def test_no_part_of_a_file_is_taken_for_the_whole():
    data = jpegxl.encode(random_image((9, 7, 3), "uint8", 0), Tags(xmp=b"<x/>"))

    for length in (12, 40, 60, len(data) // 2, len(data) - 20, len(data) - 1):
        with pytest.raises(ImageError):
            decoded(data[:length])
