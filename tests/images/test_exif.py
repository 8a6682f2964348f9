"""EXIF goes between its block and the directories of a TIFF, in all byte orders; damage never stops an image."""

import io

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pinsharp.images import exif, tiff
from pinsharp.images.codec import Tags
from pinsharp.images.tiff import TiffLayout

DETAILS, PLACE = 0x8769, 0x8825


@pytest.fixture
def block():
    """Description, maker, orientation 8, f/2.8, a maker note and a latitude."""
    made = Image.Exif()
    made[270], made[271], made[274] = "Wafer 12", "Acme", 8
    made.get_ifd(DETAILS).update({33437: 2.8, 37500: b"\x01\x02\x03\x04\x05", 36867: "2024:02:03 04:05:06"})
    made.get_ifd(PLACE).update({1: "N", 2: (48.0, 8.0, 15.5)})
    return made.tobytes().removeprefix(b"Exif\0\0")


def parsed(block):
    found = Image.Exif()
    found.load(block)
    return dict(found.get_ifd(DETAILS)), dict(found.get_ifd(PLACE)), {code: found[code] for code in (270, 271, 274)}


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("is_big", [False, True])
def test_a_block_survives_a_tiff(block, byteorder, is_big):
    plain = io.BytesIO(tiff.encode(np.zeros((5, 3), np.uint8), Tags(exif=block)))
    first = tiff.decode(plain)[1]
    assert isinstance(first.native, TiffLayout)
    raw = () if byteorder == ">" else first.native.raw  # they are little-endian
    layout = TiffLayout(byteorder=byteorder, is_big=is_big, raw=raw)

    data = tiff.encode(np.zeros((5, 3), np.uint8), Tags(exif=first.exif, native=layout))

    details, place, main = parsed(first.exif)
    assert (details, place, main) == parsed(block)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages[0].tags
        assert tags[34665].value["FNumber"] == 2.8
        assert tags[34665].value["MakerNote"] == b"\x01\x02\x03\x04\x05"
        assert tags[34853].value["GPSLatitude"] == (48, 1, 8, 1, 31, 2)
    if not is_big:  # pillow reads no big-endian BigTIFF
        with Image.open(io.BytesIO(data)) as image:
            assert image.getexif().get_ifd(DETAILS)[36867] == "2024:02:03 04:05:06"


def test_a_block_becomes_main_tags(block):
    with Image.open(io.BytesIO(tiff.encode(np.zeros((5, 3), np.uint8), Tags(exif=block)))) as image:
        assert image.tag_v2[270] == "Wafer 12"
        assert image.tag_v2[274] == 8


def test_a_tiff_with_nothing_to_say_has_no_block():
    assert tiff.decode(io.BytesIO(tiff.encode(np.zeros((5, 3), np.uint8), Tags())))[1].exif is None


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 20, 40, 60])
def test_a_damaged_block_stops_nothing(block, length):
    cut = block[:length]

    assert isinstance(exif.main_tags(cut), list)
    assert isinstance(exif.directories(cut, "<", is_big=False), dict)
    assert tiff.encode(np.zeros((5, 3), np.uint8), Tags(exif=cut))


def test_a_directory_that_is_none_has_no_block():
    assert exif.read_from_tiff(io.BytesIO(b"no directory, but some text"), 8, "<", is_big=False) is None


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_byte_in_a_block_stops_nothing(block, place, value):
    damaged = bytearray(block)
    damaged[place % len(block)] = value

    assert tiff.encode(np.zeros((5, 3), np.uint8), Tags(exif=bytes(damaged)))
