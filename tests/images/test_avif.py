"""AVIF is read, 8 to 12 bits, as counts."""

import io

import imagecodecs
import numpy as np
import pytest

from pinsharp.errors import FormatError, ImageError
from pinsharp.images import avif
from pinsharp.images.files import write_image
from strategies import random_image


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("shape", [(16, 24), (16, 24, 3), (16, 24, 4)])
def test_values_are_the_counts_of_the_file(bits, shape):
    pixels = random_image(shape, "uint16", 0) >> (16 - bits)
    pixels = pixels.astype(np.uint8) if bits == 8 else pixels
    data = bytes(imagecodecs.avif_encode(pixels, level=100, bitspersample=bits))

    restored, tags = avif.decode(io.BytesIO(data))

    np.testing.assert_array_equal(restored, pixels)
    assert restored.dtype == pixels.dtype
    assert tags.white_level == (None if bits == 8 else 2**bits - 1)


def test_it_is_not_written(tmp_path):
    with pytest.raises(FormatError, match=r"got AVIF, which is only read; name a .png or .tif"):
        write_image(tmp_path / "a.avif", random_image((9, 7), "uint8", 0))


def test_no_part_of_a_file_is_taken_for_the_whole():
    data = bytes(imagecodecs.avif_encode(random_image((16, 24), "uint8", 0), level=100))

    for length in (12, 30, 100, len(data) // 2, len(data) - 1):
        with pytest.raises(ImageError):
            avif.decode(io.BytesIO(data[:length]))
