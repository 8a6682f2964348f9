"""TIFFs as cameras, GDAL and microscopes write them: thumbnails, RGB called MinIsBlack, grey palettes, wrong counts."""

import io
import struct
from dataclasses import replace

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from pinsharp.errors import ImageError
from pinsharp.images import tiff
from pinsharp.images.bigtiff import open_large
from pinsharp.images.codec import Tags
from pinsharp.images.tiff_layout import TiffLayout
from strategies import random_image
from tiffs import first_page, recoded, written

FULL = random_image((64, 80), "uint16", 0)
THUMB = (FULL[::4, ::4], {"subfiletype": 1})
MASK = (FULL > 9, {"subfiletype": 4, "photometric": "minisblack"})


def paged(*pages):
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for pixels, options in pages:
            writer.write(pixels, metadata=None, **options)
    return buffer.getvalue()


def read(data):
    return tiff.decode(io.BytesIO(data))[0]


def overwritten(data, code, value):
    buffer = io.BytesIO(data)
    with tifffile.TiffFile(buffer) as file:
        file.pages[0].tags[code].overwrite(value)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "pages",
    [
        [(FULL, {}), THUMB],
        [THUMB, (FULL, {})],
        [(FULL, {}), THUMB, (FULL[::8, ::8], {"subfiletype": 1})],
        [(FULL, {}), MASK],
        [(FULL, {}), THUMB, MASK, (FULL[::4, ::4] > 9, {"subfiletype": 5, "photometric": "minisblack"})],
        [(FULL, {"subifds": 1}), THUMB],
        [(*THUMB[:1], {"subifds": 1, "subfiletype": 1}), (FULL, {})],
        [(FULL, {"subfiletype": 2}), THUMB],
    ],
)
def test_the_one_page_of_full_resolution_is_the_image_and_is_written_alone(pages):
    data = paged(*pages)
    pixels, tags = tiff.decode(io.BytesIO(data))

    np.testing.assert_array_equal(pixels, FULL)
    assert f"{len(pages) - 1} further page" in tags.dropped
    with tifffile.TiffFile(io.BytesIO(tiff.encode(pixels, tags))) as after:
        assert len(after.pages) == 1
        assert not after.pages[0].pages
        np.testing.assert_array_equal(after.asarray(), FULL)


@pytest.mark.parametrize("pages", [[(FULL, {}), (FULL, {})], [THUMB, THUMB], [(FULL, {}), THUMB, (FULL, {})]])
def test_pages_of_which_none_or_several_are_the_image_are_refused_with_their_number(pages):
    with pytest.raises(ImageError, match="expected a single still image, got a TIFF of 2"):
        read(paged(*pages))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("samples, extras", [(3, (0, 0)), (4, (0, 0, 2)), (4, (0, 0, 0))])
def test_rgb_called_minisblack_is_read_as_colour_and_called_so_again(dtype, samples, extras):
    pixels = random_image((33, 21, samples), dtype, 0)
    data = written(pixels, photometric="minisblack", planarconfig="contig", extrasamples=extras, metadata=None)

    page = first_page(recoded(data))

    np.testing.assert_array_equal(read(data), pixels)
    assert (page.photometric, tuple(page.extrasamples)) == (tifffile.PHOTOMETRIC.MINISBLACK, extras)
    np.testing.assert_array_equal(page.asarray(), pixels)


def test_planes_called_minisblack_are_put_together_as_colour():
    planes = random_image((3, 33, 21), "uint16", 0)

    pixels = read(written(planes, photometric="minisblack", planarconfig="separate", metadata=None))

    np.testing.assert_array_equal(pixels, np.moveaxis(planes, 0, -1))


def test_other_numbers_of_channels_are_refused_with_the_photometric_tag_and_their_depth():
    data = written(random_image((9, 8, 5), "uint16", 0), photometric="minisblack", planarconfig="contig")

    with pytest.raises(ImageError, match="got 5 channels a pixel with the photometric tag MINISBLACK") as caught:
        read(data)

    assert "-depth 8" not in str(caught.value)


def test_signed_16_bits_without_negatives_are_read_and_signed_again_and_cut_at_their_largest():
    stored = (FULL >> 1).astype(np.int16)
    pixels, tags = tiff.decode(io.BytesIO(written(stored, metadata=None)))

    same, brighter = (first_page(tiff.encode(array, tags)).asarray() for array in (pixels, pixels + 40_000))

    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, stored)
    assert same.dtype == np.int16
    np.testing.assert_array_equal(same, stored)
    assert (brighter >= 0).all()


def test_negative_pixels_are_refused_with_what_keeps_every_level():
    with pytest.raises(ImageError, match=r"down to -7; add 7 and store them as uint16") as caught:
        read(written(np.full((8, 8), -7, np.int16)))

    assert "TrueColor" not in str(caught.value)


def test_a_palette_of_greys_is_mono():
    levels = np.random.default_rng(0).permutation(256).astype(np.uint16)
    stored = random_image((9, 8), "uint8", 0)

    eight, sixteen = (
        written(stored, photometric="palette", colormap=np.stack([map_] * 3))
        for map_ in (levels * 257, levels * 251 + 3)
    )

    np.testing.assert_array_equal(read(eight), levels[stored])
    np.testing.assert_array_equal(read(sixteen), (levels * 251 + 3)[stored])
    assert read(eight).dtype == np.uint8
    page = first_page(recoded(eight))
    assert page.photometric == tifffile.PHOTOMETRIC.MINISBLACK
    np.testing.assert_array_equal(page.asarray(), levels[stored])


def test_a_palette_of_greys_of_four_bits_is_mono():
    buffer = io.BytesIO()
    image = Image.fromarray(random_image((9, 8), "uint8", 0) % 16, "P")
    image.putpalette([level * 17 for level in range(16) for _ in range(3)])
    image.save(buffer, "TIFF")

    np.testing.assert_array_equal(read(buffer.getvalue()), np.array(image.convert("L")))


@pytest.mark.parametrize("planes", [1, 3])
@pytest.mark.parametrize("change", [lambda count: 0, lambda count: count - 9, lambda count: count + 9_999])
def test_uncompressed_strips_are_read_whatever_their_counts_say(change, planes):
    pixels = random_image((planes, 40, 30)[planes == 1 :], "uint16", 0)
    options = {"photometric": "rgb", "planarconfig": "separate"} if planes == 3 else {}
    data = written(pixels, rowsperstrip=7, metadata=None, **options)
    counts = first_page(data).tags[279].value

    found = read(overwritten(data, 279, tuple(map(change, counts))))

    np.testing.assert_array_equal(found, pixels if planes == 1 else np.moveaxis(pixels, 0, -1))


@pytest.mark.parametrize("compression", ["zlib", "zstd"])
@pytest.mark.parametrize("change", [lambda count: 0, lambda count: count - 9, lambda count: count + 5])
def test_strips_that_know_their_end_are_read_whatever_their_counts_say(change, compression):
    pixels = random_image((40, 30), "uint16", 0)
    data = written(pixels, rowsperstrip=7, compression=compression, metadata=None)
    counts = first_page(data).tags[279].value

    found = read(overwritten(data, 279, tuple(map(change, counts[:-1])) + counts[-1:]))

    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_counts_do_not_hide_that_pixels_are_missing(compression):
    data = written(random_image((40, 30), "uint16", 0), rowsperstrip=40, compression=compression, metadata=None)
    cut = overwritten(data, 279, 0)[:-200]

    with pytest.raises(ImageError, match="got a truncated or damaged one"):
        read(cut)


@pytest.mark.parametrize("layout", [{}, {"tile": (16, 16)}, {"rowsperstrip": 5}, {"photometric": "miniswhite"}])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_bits_are_the_counts_of_the_camera_and_are_packed_again(bits, layout):
    stored = random_image((21, 37), "uint16", 0) >> (16 - bits)
    data = written(stored, bitspersample=bits, metadata=None, **layout)
    is_negative = layout.get("photometric") == "miniswhite"

    pixels, tags = tiff.decode(io.BytesIO(data))
    again = tiff.encode(pixels, tags)

    np.testing.assert_array_equal(pixels, 2**bits - 1 - stored if is_negative else stored)
    assert tags.white_level == 2**bits - 1
    before, after = first_page(data), first_page(again)
    assert after.bitspersample == bits
    assert (after.tile, after.photometric) == (before.tile, before.photometric)
    assert after.databytecounts == before.databytecounts
    np.testing.assert_array_equal(opencv(again) >> (16 - bits), stored)  # it stretches to 16 bits


@pytest.mark.parametrize("shape", [(9, 11), (9, 11, 3), (9, 11, 2)])
def test_packed_bits_of_both_byte_orders_are_the_same_stream(shape):
    pixels = random_image(shape, "uint16", 0) >> 6
    layout = TiffLayout(bits=10)

    files = [tiff.encode(pixels, Tags(native=replace(layout, byteorder=order))) for order in "<>"]

    for data in files:
        np.testing.assert_array_equal(tiff.decode(io.BytesIO(data))[0], pixels)
    if shape[2:] != (2,):
        np.testing.assert_array_equal(opencv(files[1]) >> 6, pixels if len(shape) == 2 else pixels[..., ::-1])


def test_pixels_that_packed_bits_cannot_hold_take_whole_bytes():
    pixels = random_image((9, 11), "uint16", 0)

    again = tiff.encode(pixels, Tags(native=TiffLayout(bits=12)))

    np.testing.assert_array_equal(tiff.decode(io.BytesIO(again))[0], pixels)


def opencv(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def counted_wrongly(tag, change, **layout):
    """A file of two-byte pixels whose strips or tiles have other lengths than it says, and its pixels."""
    pixels = random_image((65, 83), "uint16", 0)
    data = bytearray(written(pixels, photometric="minisblack", **layout))
    page = first_page(bytes(data))
    stated = page.tags[tag]
    kind = {3: "<H", 4: "<I"}[int(stated.dtype)]
    for number, count in enumerate(page.databytecounts):
        struct.pack_into(kind, data, stated.valueoffset + number * struct.calcsize(kind), change(count))
    return bytes(data), pixels


@pytest.mark.parametrize(
    "change", [lambda count: 0, lambda count: count - 3, lambda count: count + 7], ids=["none", "less", "more"]
)
@pytest.mark.parametrize(
    "layout",
    [
        {"rowsperstrip": 16},
        {"tile": (32, 32)},
        {"rowsperstrip": 16, "compression": "zlib"},
        {"tile": (32, 48), "compression": "zlib"},
    ],
)
def test_lengths_that_are_wrong_are_put_right_where_the_pixels_are_all_there(layout, change, tmp_path):
    tag = "TileByteCounts" if "tile" in layout else "StripByteCounts"
    if "tile" in layout and change(100) == 0:
        pytest.skip("a tile without bytes is one that is not there")
    data, pixels = counted_wrongly(tag, change, **layout)
    (tmp_path / "a.tif").write_bytes(data)

    np.testing.assert_array_equal(read(data), pixels)
    with open_large(tmp_path / "a.tif") as image:
        np.testing.assert_array_equal(image.read(slice(0, 65), slice(0, 83)), pixels)


@pytest.mark.parametrize("compression", ["none", "zlib", "zstd", "lzw"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_file_that_is_cut_off_is_refused_all_the_same(compression, kept):
    data = written(
        random_image((65, 83), "uint16", 0),
        photometric="minisblack",
        rowsperstrip=16,
        compression=None if compression == "none" else compression,
    )

    with pytest.raises(ImageError, match="got a truncated or damaged one"):
        read(data[: int(kept * len(data))])


def test_jpeg_in_ycbcr_is_read_as_the_colours_that_it_shows():
    slopes = np.add.outer(np.arange(64), np.arange(48))[..., None] + np.array([0, 40, 80])
    data = written(slopes.astype(np.uint8), photometric="rgb", compression="jpeg")

    assert first_page(data).photometric == tifffile.PHOTOMETRIC.YCBCR

    np.testing.assert_array_equal(read(data), np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    assert np.abs(read(data).astype(int) - slopes).max() < 12
