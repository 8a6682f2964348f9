"""Packed TIFFs and frames larger than memory: windows are those of the file, bands are packed as it was."""

import itertools

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinsharp.errors import ImageError, OutputError
from pinsharp.images import raw
from pinsharp.images.codec import Reading
from pinsharp.images.files import read_image, write_image
from pinsharp.images.large import open_large, write_large
from strategies import random_image

PACKED = [name for name in raw.FORMATS if name.startswith("Mono")]
LAYOUTS = [
    {},
    {"rowsperstrip": 7},
    {"tile": (16, 32)},
    {"byteorder": ">", "rowsperstrip": 5},
    {"photometric": "miniswhite", "rowsperstrip": 9},
]


def packed_tiff(path, pixels, bits=12, **options):
    """A packed TIFF, made as files in memory are: `tifffile` alone packs big-endian ones wrongly."""
    tifffile.imwrite(path, np.zeros_like(pixels), bitspersample=bits, metadata=None, **options)
    write_image(path, pixels, like=read_image(path), overwrite=True)
    return path


@pytest.mark.parametrize("options", LAYOUTS)
@pytest.mark.parametrize("bits, channels", [(12, ()), (10, ()), (12, (3,)), (9, (3,))])
def test_windows_of_packed_tiffs_are_those_of_the_whole(tmp_path, options, bits, channels):
    if channels == (3,):
        options = options | {"photometric": "rgb"}
    pixels = random_image((61, 45, *channels), "uint16", 0) >> (16 - bits)
    path = packed_tiff(tmp_path / "a.tif", pixels, bits, **options)
    expected = read_image(path).pixels

    with open_large(path) as image:
        assert (image.shape, image.dtype, image.tags.white_level) == (expected.shape, np.uint16, 2**bits - 1)
        for rows in (slice(0, 61), slice(3, 4), slice(6, 29), slice(60, 61)):
            for columns in (slice(0, 45), slice(11, 38)):
                np.testing.assert_array_equal(image.read(rows, columns), expected[rows, columns])
        write_large(tmp_path / "b.tif", [expected[:20], expected[20:21], expected[21:]], like=image, overwrite=False)

    np.testing.assert_array_equal(expected, pixels)
    assert (tmp_path / "b.tif").read_bytes() == path.read_bytes()


def test_one_huge_strip_is_read_row_by_row_and_becomes_many(tmp_path, monkeypatch):
    from pinsharp.images import bigtiff, bigtiff_writer

    for module in (bigtiff, bigtiff_writer):
        monkeypatch.setattr(module, "MAX_SEGMENT_BYTES", 1000)
    monkeypatch.setattr(bigtiff_writer, "STRIP_BYTES", 900)
    pixels = random_image((61, 45), "uint16", 0) >> 4
    path = packed_tiff(tmp_path / "a.tif", pixels, rowsperstrip=61)

    with open_large(path) as image:
        write_large(tmp_path / "b.tif", [image.read(slice(0, 61), slice(0, 45))], like=image, overwrite=False)

    np.testing.assert_array_equal(read_image(tmp_path / "b.tif").pixels, pixels)
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert (file.pages[0].rowsperstrip, file.pages[0].bitspersample) == (10, 12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(PACKED),
    shape=st.tuples(st.integers(1, 23), st.integers(1, 19)),
    cuts=st.lists(st.integers(0, 23), max_size=4),
    seed=st.integers(0, 99),
)
def test_frames_of_any_size_are_read_and_written_in_any_pieces(tmp_path, name, shape, cuts, seed):
    height, width = shape
    words = f"{width}x{height}:{name}"
    layout = raw.layout_of(words)
    pixels = random_image(shape, "uint8" if layout.bits == 8 else "uint16", seed) >> (
        0 if layout.bits == 8 else 16 - layout.bits
    )
    data = raw.encode(pixels, raw.tags_of(layout))
    (tmp_path / "a.raw").write_bytes(data)
    ends = [0, *sorted({min(cut, height) for cut in cuts}), height]

    with open_large(tmp_path / "a.raw", Reading(raw=words)) as image:
        bands = [image.read(slice(top, end), slice(0, width)) for top, end in itertools.pairwise(ends)]
        window = image.read(slice(height // 2, height), slice(width // 3, width))
        write_large(tmp_path / "b.raw", bands, like=image, overwrite=True)

    np.testing.assert_array_equal(np.concatenate(bands), pixels)
    np.testing.assert_array_equal(window, pixels[height // 2 :, width // 3 :])
    assert image.tags.white_level == raw.tags_of(layout).white_level
    assert (tmp_path / "b.raw").read_bytes() == data


@pytest.mark.parametrize(
    "words, size, sentence",
    [
        ("6x4:Mono12p", 35, r"a\.raw: expected 36 bytes .* got 35"),
        (None, 36, "say --raw WxH:FORMAT"),
        ("6x4:BayerRG8", 24, "expected a mono frame"),
    ],
)
def test_what_is_no_frame_of_that_size_is_refused(tmp_path, words, size, sentence):
    (tmp_path / "a.raw").write_bytes(bytes(size))

    with pytest.raises(ImageError, match=sentence), open_large(tmp_path / "a.raw", Reading(raw=words)):
        pass


def test_values_with_more_bits_than_their_format_are_named_by_their_rows(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(20) + b"\xff\xff" + bytes(2))

    with open_large(tmp_path / "a.raw", Reading(raw="3x4:Mono12")) as image:
        image.read(slice(0, 3), slice(0, 3))
        with pytest.raises(ImageError, match=r"a\.raw: rows 2 to 4: expected values below 4096 in Mono12, got 65535"):
            image.read(slice(2, 4), slice(0, 3))


def test_a_large_frame_is_written_as_one(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(36))

    with open_large(tmp_path / "a.raw", Reading(raw="6x4:Mono12p")) as image:
        with pytest.raises(OutputError, match=r"ends in \.raw for a frame of this size, got '\.tif'"):
            write_large(tmp_path / "b.tif", [], like=image, overwrite=False)
        with pytest.raises(ValueError, match="bands of 4 rows in all, got 1"):
            write_large(tmp_path / "b.raw", [np.zeros((1, 6), np.uint16)], like=image, overwrite=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.raw"]
