"""JPEG-LS: every value comes back, files of another encoder are read, 12 bits are counts."""

import io

import numpy as np
import pytest
from hypothesis import given, settings

from pinsharp.errors import FormatError, ImageError
from pinsharp.images import jpegls
from pinsharp.images.codec import Tags
from pinsharp.images.files import read_image, write_image
from strategies import images, random_image

# Written by pillow-jpls: `DEEP` with 12 bits, and `RGB` plane by plane.
DEEP = np.arange(24, dtype=np.uint16).reshape(4, 6) * 170
RGB = np.stack([DEEP // 17, DEEP[::-1] // 17, DEEP // 34], axis=2)
TWELVE = bytes.fromhex(
    "ffd8fff7000b0c0004000601011100ffda0008010100000000814c14c14cd153c000000078054349505381500000000785314a5214634"
    "9fd944509404f9500ffd9"
)
PLANES = bytes.fromhex(
    "ffd8fff70011080004000603011100021100031100ffda0008010100000000838724392000002ee08510e04000001776291c50dbbb3080"
    "ffda0008010200000000000001950e4bdab00000176958000002edf0d7e0ffda00080103000000008a52fe800086472180004db643ad25"
    "c0ffd9"
)


def decoded(data):
    return jpegls.decode(io.BytesIO(data))


@given(images(dtypes=("uint8", "uint16"), channels=(None, 3)))
@settings(deadline=None, max_examples=25)
def test_every_value_comes_back(pixels):
    data = jpegls.encode(pixels, Tags())

    restored, tags = decoded(data)
    assert jpegls.is_jpegls(data)
    assert restored.dtype == pixels.dtype
    assert tags.white_level is None
    np.testing.assert_array_equal(restored, pixels)


def test_files_of_another_encoder_are_read(tmp_path):
    (tmp_path / "a.jls").write_bytes(TWELVE)

    read = read_image(tmp_path / "a.jls")

    assert (read.format, read.tags.white_level) == ("jpegls", 4095)
    np.testing.assert_array_equal(read.pixels, DEEP)
    np.testing.assert_array_equal(decoded(PLANES)[0], RGB)


def test_12_bits_are_not_written_as_16_but_by_formats_that_can_say_it(tmp_path):
    (tmp_path / "a.jls").write_bytes(TWELVE)
    read = read_image(tmp_path / "a.jls")

    with pytest.raises(FormatError, match=r"got white at 4095, which it could not say; use .jp2 or .jxl"):
        write_image(tmp_path / "b.jls", read.pixels, like=read)
    for suffix in (".jp2", ".jxl", ".pgm"):
        write_image(tmp_path / f"b{suffix}", read.pixels, like=read)
        assert read_image(tmp_path / f"b{suffix}").tags.white_level == 4095


def test_no_part_of_a_file_is_taken_for_the_whole():
    for length in range(3, len(PLANES)):
        with pytest.raises(ImageError):
            decoded(PLANES[:length])


def test_a_plain_jpeg_is_none(tmp_path):
    write_image(tmp_path / "a.jpg", random_image((8, 8, 3), "uint8", 0))

    assert not jpegls.is_jpegls((tmp_path / "a.jpg").read_bytes())
