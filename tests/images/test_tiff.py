"""TIFF: pixels by the oracle of pillow and tifffile, and every tag that is not layout byte for byte."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from pinsharp.errors import ImageError
from pinsharp.images import tiff
from strategies import random_image
from tiffs import first_page, recoded, written


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("shape", [(33, 21), (33, 21, 3), (33, 21, 4)])
@pytest.mark.parametrize(
    "compression, predictor",
    [(None, False), ("packbits", False), *((name, on) for name in ("zlib", "lzw", "zstd") for on in (False, True))],
)
def test_compression_and_predictor_are_kept(dtype, shape, compression, predictor):
    pixels = random_image(shape, dtype, 0)
    data = written(
        pixels, compression=compression, predictor=predictor, photometric="rgb" if pixels.ndim == 3 else "minisblack"
    )

    after = recoded(data)

    assert first_page(after).compression == first_page(data).compression
    assert first_page(after).predictor == first_page(data).predictor
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(after)), pixels)


@pytest.mark.parametrize("compression", ["lzma", "jpeg"])
def test_a_rarer_compression_becomes_deflate(compression):
    data = written(random_image((32, 32), "uint8", 0), compression=compression)

    after = recoded(data)

    assert first_page(after).compression == tifffile.COMPRESSION.ADOBE_DEFLATE
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(after)), tifffile.imread(io.BytesIO(data)))


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("is_big", [False, True])
def test_byte_order_bigtiff_and_all_tags_are_kept(byteorder, is_big):
    extra = [
        (271, "s", 0, "Acme", True),
        (274, "H", 1, 6, True),
        (33550, "d", 3, (0.5, 0.5, 0.0), True),  # GeoTIFF: ModelPixelScale
        (33922, "d", 6, (0, 0, 0, 1e5, 2e5, 0), True),  # GeoTIFF: ModelTiepoint
        (65000, "I", 2, (7, 70000), True),
        (65001, 5, 1, (1, 3), True),  # a rational
        (65002, "H", 1, 513, True),
    ]
    data = written(
        random_image((9, 8), "uint16", 0),
        bigtiff=is_big,
        byteorder=byteorder,
        description="Wafer 12",
        software="Line scan 3",
        datetime="2024:02:03 04:05:06",
        metadata=None,
        resolution=((30003, 100), (2, 3)),
        resolutionunit="CENTIMETER",
        iccprofile=b"profile",
        extratags=extra,
    )

    before, after = first_page(data), first_page(recoded(data))

    assert after.parent.byteorder == byteorder
    assert after.parent.is_bigtiff == is_big
    places = {273, 278, 279, 33432}
    assert {t.code: (t.dtype, t.count, t.value) for t in after.tags if t.code not in places} == {
        t.code: (t.dtype, t.count, t.value) for t in before.tags if t.code not in places
    }


def test_centimetres_are_handed_on_as_inches():
    data = written(np.zeros((4, 4), np.uint8), resolution=(100, 50), resolutionunit="CENTIMETER")

    assert tiff.decode(io.BytesIO(data))[1].dpi == pytest.approx((254, 127))


@pytest.mark.parametrize("options", [{}, {"resolution": (2, 2), "resolutionunit": "NONE"}, {"resolution": (0, 0)}])
def test_a_resolution_without_unit_or_value_is_none(options):
    assert tiff.decode(io.BytesIO(written(np.zeros((4, 4), np.uint8), **options)))[1].dpi is None


@pytest.mark.parametrize("code, value", [(282, (1, 0)), (282, (1, 2, 3, 4)), (296, 257)])
def test_a_resolution_that_makes_no_sense_stops_nothing(code, value):
    buffer = io.BytesIO(written(random_image((4, 4), "uint8", 0), resolution=(300, 300)))
    with tifffile.TiffFile(buffer) as file:
        file.pages[0].tags[code].overwrite(value)

    assert tiff.decode(buffer)[1].dpi is None
    assert recoded(buffer.getvalue())


def test_what_imagej_wrote_is_kept():
    data = written(
        random_image((9, 8), "uint16", 0),
        imagej=True,
        resolution=(3.3, 3.3),
        metadata={"unit": "um", "Info": "line 4", "min": 3.0, "max": 999.0},
    )

    with tifffile.TiffFile(io.BytesIO(recoded(data))) as after, tifffile.TiffFile(io.BytesIO(data)) as before:
        assert after.imagej_metadata == before.imagej_metadata
        assert after.imagej_metadata["Info"] == "line 4"
        assert after.pages[0].tags[282].value == before.pages[0].tags[282].value


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_white_that_is_stored_as_zero_is_white_to_us_and_zero_again_in_the_file(dtype):
    stored = random_image((9, 8), dtype, 0)
    data = written(stored, photometric="miniswhite")

    pixels, tags = tiff.decode(io.BytesIO(data))
    after = tiff.encode(pixels, tags)

    np.testing.assert_array_equal(pixels, np.iinfo(dtype).max - stored)
    assert first_page(after).photometric == tifffile.PHOTOMETRIC.MINISWHITE
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(after)), stored)
    if dtype == "uint8":
        np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(data)).convert("L")), pixels)


def test_white_that_is_stored_as_zero_leaves_alpha_alone():
    stored = random_image((9, 8, 2), "uint8", 0)
    data = written(stored, photometric="miniswhite", planarconfig="contig", extrasamples=["unassalpha"])

    pixels, _ = tiff.decode(io.BytesIO(data))

    np.testing.assert_array_equal(pixels[..., 1], stored[..., 1])
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(recoded(data))), stored)


@pytest.mark.parametrize("alpha", ["unspecified", "assocalpha", "unassalpha"])
@pytest.mark.parametrize("samples", [2, 4])
def test_the_meaning_of_alpha_is_kept(alpha, samples):
    pixels = random_image((9, 8, samples), "uint16", 0)
    photometric = "rgb" if samples == 4 else "minisblack"
    data = written(pixels, photometric=photometric, planarconfig="contig", extrasamples=[alpha])

    after = recoded(data)

    assert first_page(after).extrasamples == first_page(data).extrasamples
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(after)), pixels)


def test_planes_stored_apart_are_put_together():
    planes = random_image((3, 9, 8), "uint16", 0)

    pixels, _ = tiff.decode(io.BytesIO(written(planes, photometric="rgb", planarconfig="separate")))

    np.testing.assert_array_equal(pixels, np.moveaxis(planes, 0, -1))


def test_tiles_are_kept():
    pixels = random_image((70, 50), "uint8", 0)
    data = written(pixels, tile=(32, 16))

    after = recoded(data)

    assert (first_page(after).tilelength, first_page(after).tilewidth) == (32, 16)
    np.testing.assert_array_equal(tifffile.imread(io.BytesIO(after)), pixels)


def test_a_tile_that_is_not_there_is_damage_not_black():
    buffer = io.BytesIO(written(random_image((32, 32), "uint8", 0), tile=(16, 16)))
    with tifffile.TiffFile(buffer) as file:
        counts = file.pages[0].tags[325]
        counts.overwrite((0, *counts.value[1:]))

    with pytest.raises(ImageError, match="its pixels go beyond"):
        tiff.decode(buffer)


def test_a_volume_is_refused():
    with pytest.raises(ImageError, match="expected a single still image, got a volume of 3"):
        tiff.decode(io.BytesIO(written(np.zeros((3, 16, 16), np.uint8), photometric="minisblack", volumetric=True)))


def test_the_default_is_deflate_with_predictor_that_pillow_reads():
    pixels = random_image((9, 8, 3), "uint8", 0)

    data = tiff.encode(pixels, tiff.Tags())

    assert first_page(data).compression == tifffile.COMPRESSION.ADOBE_DEFLATE
    assert first_page(data).predictor == 2
    np.testing.assert_array_equal(np.array(Image.open(io.BytesIO(data))), pixels)
