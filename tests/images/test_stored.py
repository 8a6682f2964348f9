"""Values of other types: brought to what is restored, and back to the type and white level of the file."""

import numpy as np
import pytest
import tifffile

from pinsharp.errors import ImageError
from pinsharp.images.codec import Reading
from pinsharp.images.files import read_image, write_image
from pinsharp.images.stored import enter

RAMP = np.linspace(0, 1, 12 * 17).reshape(12, 17)
KINDS = {
    "half": (RAMP.astype(np.float16), None, "float32", 1),
    "double": (RAMP.astype(np.float32).astype(np.float64), None, "float32", 1),
    "counts in floats": (np.rint(RAMP * 4095).astype(np.float32), 4095, "float32", 4095),
    "counts in doubles": (np.rint(RAMP * 65535), 65535, "float32", 65535),
    "small whole numbers": (np.rint(RAMP * 65535).astype(np.uint32), None, "uint16", None),
    "small whole numbers with white": (np.rint(RAMP * 4095).astype(np.uint32), 4095, "uint16", None),
    "signed whole numbers": (np.rint(RAMP * 1000).astype(np.int32), None, "uint16", None),
    "sums of frames": (np.rint(RAMP * 1e6).astype(np.uint32), 2**20 - 1 + 2**19, "float32", 2**20 - 1 + 2**19),
}


@pytest.mark.parametrize(
    "layout", [{}, {"compression": "zlib", "predictor": True}, {"tile": (16, 16), "byteorder": ">"}]
)
@pytest.mark.parametrize("name", KINDS)
def test_a_tiff_of_any_type_comes_back_value_by_value(tmp_path, name, layout):
    values, white_level, dtype, white = KINDS[name]
    tifffile.imwrite(tmp_path / "a.tif", values, metadata=None, **layout)

    read = read_image(tmp_path / "a.tif", Reading(white_level=white_level))
    write_image(tmp_path / "b.tif", read.pixels, like=read)

    again = tifffile.imread(tmp_path / "b.tif")
    assert (read.pixels.dtype, read.tags.stored.white) == (dtype, white)
    np.testing.assert_allclose(read.pixels, values / (white or 1), rtol=1e-6)
    assert again.dtype == values.dtype
    np.testing.assert_allclose(again, values, rtol=1e-7)
    if values.dtype.kind in "ui":
        np.testing.assert_array_equal(again, values)


def test_a_float_file_becomes_a_float_file_elsewhere(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.rint(RAMP * 4095).astype(np.float32))

    read = read_image(tmp_path / "a.tif", Reading(white_level=4095))
    write_image(tmp_path / "b.pfm", read.pixels, like=read)

    assert read_image(tmp_path / "b.pfm").pixels.max() == 1


@pytest.mark.parametrize(
    "values, white_level, sentence",
    [
        (RAMP * 4095, None, r"float values in \[0, 1\], got 0 to 4095; say what is white with --white-level V"),
        (RAMP * 4095, 1023, "float values up to the white level 1023, got 0 to 4095"),
        (RAMP - 0.5, None, "got -0.5 to 0.5; .* bring values below 0 to 0"),
        ((RAMP * 70000).astype(np.uint32), None, "a known white level for uint32 values up to 70000, got none; say"),
        ((RAMP * 70000 - 9).astype(np.int32), None, "0 or more, got int32 down to -9; add 9"),
    ],
)
def test_what_is_unclear_is_refused_with_advice(values, white_level, sentence):
    with pytest.raises(ImageError, match=sentence):
        enter(values, white_level)


def test_pixels_without_a_value_stay_so():
    values = RAMP * 100
    values[3, 4] = np.nan

    pixels, stored = enter(values, 100)

    assert np.isnan(stored.leave(pixels)[3, 4])
    assert np.isnan(pixels).sum() == 1


def test_usual_pixels_are_the_same_object():
    for dtype in ("uint8", "uint16", "float32"):
        pixels = (RAMP * (1 if dtype == "float32" else 200)).astype(dtype)
        assert enter(pixels, None)[0] is pixels
    assert enter((RAMP * 200).astype(np.uint8), 255)[1] is None
