"""Raw files of cameras are read as linear light of the sensor, with the levels and the pattern that they state."""

import struct
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from dngs import mosaic_of, write_dng
from pinsharp.errors import FormatError, ImageError, MissingExtra
from pinsharp.images import exif
from pinsharp.images.bayer import PATTERNS
from pinsharp.images.codec import Reading, Tags
from pinsharp.images.files import read_image, write_image
from pinsharp.images.raw import encode, layout_of
from strategies import random_image

AS_PLANES = Reading(demosaic="planes")


@pytest.fixture(autouse=True)
def _rawpy():
    pytest.importorskip("rawpy")


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("shape", [(40, 52), (41, 53)])
def test_a_flat_field_is_its_colour_above_black(tmp_path, pattern, shape):
    light = np.array([0.2, 0.5, 0.125])
    black = dict(zip("RGB", (256, 260, 270), strict=True))
    counts = mosaic_of(
        np.broadcast_to(np.rint([*black.values()] + light * 3000).astype(np.uint16), (*shape, 3)), pattern
    )
    path = write_dng(
        tmp_path / "a.dng", counts, pattern=pattern, black=tuple(black[each] for each in pattern), white=3270
    )

    read = read_image(path)

    white = 3270 - np.array([*black.values()])
    assert read.pixels.dtype == np.uint16
    assert read.pixels.shape == (*shape, 3)
    np.testing.assert_allclose(read.pixels / 65535, np.broadcast_to(light * 3000 / white, read.pixels.shape), atol=1e-4)


def test_its_light_is_linear_by_definition(tmp_path):
    read = read_image(write_dng(tmp_path / "a.dng", random_image((40, 52), "uint16", 0) // 16))

    assert str(read.tags.light) == "linear (camera raw)"


@pytest.mark.parametrize("peak", [2000, 3400, 4000])
def test_the_brightest_pixel_changes_no_other(tmp_path, peak):
    """LibRaw's own conversion stretches by it."""
    counts = np.full((40, 52), 1000, np.uint16)
    counts[20:24, 20:24] = peak

    read = read_image(write_dng(tmp_path / "a.dng", counts))

    assert (read.pixels[:10] == round(1000 / 4095 * 65535)).all()


def test_planes_are_counts_above_black_and_come_back_in_a_mosaic_tiff(tmp_path):
    counts = random_image((41, 52), "uint16", 0) // 32 + 300
    path = write_dng(tmp_path / "a.dng", counts, pattern="GBRG", black=(300,) * 4, white=2500)

    read = read_image(path, AS_PLANES)
    write_image(tmp_path / "b.tif", read.pixels, like=read)
    again = read_image(tmp_path / "b.tif", AS_PLANES)

    np.testing.assert_array_equal(read.pixels, np.minimum(counts - 300, 2200))
    np.testing.assert_array_equal(again.pixels, read.pixels)
    assert (again.tags.mosaic, again.tags.white_level) == ("GBRG", 2200)
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.pages[0].photometric == tifffile.PHOTOMETRIC.CFA
    write_image(tmp_path / "c.tif", again.pixels, like=again)
    assert (tmp_path / "c.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_a_mosaic_tiff_gives_the_colours_of_its_raw_file(tmp_path):
    counts = random_image((40, 52), "uint16", 0) // 16
    raw = write_dng(tmp_path / "a.dng", counts)
    read = read_image(raw, AS_PLANES)
    write_image(tmp_path / "b.tif", read.pixels, like=read)

    colours = read_image(tmp_path / "b.tif")

    assert colours.tags.white_level == 4095
    np.testing.assert_allclose(colours.pixels / 4095, read_image(raw).pixels / 65535, atol=1.5 / 4095)


def test_results_keep_make_and_orientation_and_are_not_taken_for_srgb(tmp_path):
    read = read_image(write_dng(tmp_path / "a.dng", random_image((40, 52), "uint16", 0) // 16))

    write_image(tmp_path / "b.tif", read.pixels, like=read)
    write_image(tmp_path / "b.png", read.pixels, like=read)

    for name in ("b.tif", "b.png"):
        with Image.open(tmp_path / name) as image:
            assert (image.getexif()[271], image.getexif()[274]) == ("Pin", 6)
        assert read_image(tmp_path / name).tags.light.words == "linear"


def test_colour_space_of_the_cameras_jpeg_is_left_out(tmp_path):
    """A raw file's EXIF often says sRGB, which its counts are not."""
    block = Image.Exif()
    block[271] = "Pin"
    block.get_ifd(34665)[40961] = 1

    kept = exif.without_srgb(block.tobytes().removeprefix(b"Exif\0\0"))

    assert not exif.says_srgb(kept)
    assert exif.main_tags(kept)[0][0] == 271


def test_writing_one_is_refused(tmp_path):
    pixels = random_image((40, 52, 3), "uint16", 0)

    with pytest.raises(FormatError, match=r"got camera raw, which is only read; name a \.png or \.tif"):
        write_image(tmp_path / "a.dng", pixels)


def test_a_mosaic_is_not_written_as_a_picture(tmp_path):
    read = read_image(write_dng(tmp_path / "a.dng", random_image((40, 52), "uint16", 0) // 16), AS_PLANES)

    with pytest.raises(FormatError, match=r"can hold a mosaic, got PNG; name a \.tif, or leave --demosaic out"):
        write_image(tmp_path / "a.png", read.pixels, like=read)


@pytest.mark.parametrize(
    "data, why",
    [
        (b"II*\0\x08\0\0\0", "truncated or damaged"),
        (b"FUJIFILMCCD-RAW 0201", "truncated or damaged"),
        (b"", "empty file"),
    ],
)
def test_what_is_none_is_refused_in_one_sentence(tmp_path, data, why):
    (tmp_path / "a.nef").write_bytes(data)

    with pytest.raises(ImageError, match=why) as caught:
        read_image(tmp_path / "a.nef")
    assert "\n" not in str(caught.value)


def test_floats_are_refused(tmp_path):
    """LibRaw would make whole numbers of them, by a factor that depends on the picture."""
    path = write_dng(tmp_path / "a.dng", random_image((40, 52), "float32", 0), white=1)

    with pytest.raises(ImageError, match="32-bit float pixels"):
        read_image(path)


def test_a_linear_dng_has_its_colours_already(tmp_path):
    colours = random_image((40, 52, 3), "uint16", 0) // 16
    path = write_dng(tmp_path / "a.dng", colours, photometric=34892, planarconfig="contig")
    with tifffile.TiffFile(path, mode="r+") as file:  # a filter pattern would contradict it
        for code in (33421, 33422):
            offset = file.pages[0].tags[code].offset
            file.filehandle.seek(offset)
            file.filehandle.write(struct.pack("<H", 65000))

    read = read_image(path)

    np.testing.assert_allclose(read.pixels / 65535, colours / 4095, atol=1e-5)
    with pytest.raises(ImageError, match="Bayer mosaic to restore by planes, got no mosaic; leave --demosaic out"):
        read_image(path, AS_PLANES)


def test_without_rawpy_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rawpy", None)
    path = write_dng(tmp_path / "a.dng", np.zeros((40, 52), np.uint16))

    with pytest.raises(MissingExtra, match=r"pip install 'pinsharp\[raw\]'"):
        read_image(path)


@pytest.mark.parametrize("words", ["12x8:BayerRG8", "12x8:BayerGB12p", "12x8:BayerBG12Packed", "12x8:BayerGR16"])
def test_frames_without_a_header_are_mosaics_too(tmp_path, words):
    layout = layout_of(words)
    counts = random_image((8, 12), "uint8" if layout.bits == 8 else "uint16", 0) >> (0 if layout.bits in (8, 16) else 4)
    (tmp_path / "a.raw").write_bytes(encode(counts, Tags(native=layout)))

    planes = read_image(tmp_path / "a.raw", Reading(raw=words, demosaic="planes"))
    colours = read_image(tmp_path / "a.raw", Reading(raw=words))
    write_image(tmp_path / "b.raw", planes.pixels, like=planes)

    np.testing.assert_array_equal(planes.pixels, counts)
    assert planes.tags.mosaic == {"RG": "RGGB", "GB": "GBRG", "BG": "BGGR", "GR": "GRBG"}[layout.format[5:7]]
    assert colours.pixels.shape == (8, 12, 3)
    assert (tmp_path / "b.raw").read_bytes() == (tmp_path / "a.raw").read_bytes()
    with pytest.raises(FormatError, match=r"mosaics with --demosaic planes"):
        write_image(tmp_path / "c.raw", colours.pixels, like=colours)
