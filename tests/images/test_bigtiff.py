"""Reading a TIFF by windows: pixels by the oracle of tifffile, few bytes read, one sentence for what is wrong."""

import tracemalloc

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from pinsharp.errors import ImageError
from pinsharp.images import bigtiff, segments
from pinsharp.images.bigtiff import open_large
from pinsharp.images.files import read_image
from strategies import random_image
from tiffs import LAYOUTS, write_tiff


@st.composite
def cases(draw):
    """A TIFF of any kind that is read by windows, and a window of it."""
    shape = draw(st.tuples(st.integers(1, 75), st.integers(1, 75)))
    samples = draw(st.sampled_from([(), (2,), (3,), (4,)]))
    pixels = random_image((*shape, *samples), draw(st.sampled_from(["uint8", "uint16", "float32"])), 0)
    rows, columns = (sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in shape)
    return pixels, draw(st.sampled_from(LAYOUTS)), draw(st.booleans()), slice(*rows), slice(*columns)


@settings(max_examples=150, deadline=None)
@given(cases())
def test_a_window_is_what_tifffile_reads_there(tmp_path_factory, case):
    pixels, layout, is_big_endian, rows, columns = case
    path = tmp_path_factory.getbasetemp() / "windowed.tif"
    write_tiff(path, pixels, byteorder=">" if is_big_endian else "<", **layout)

    with open_large(path, cache_bytes=2000) as large:
        window = large.read(rows, columns)

    assert (large.shape, large.dtype) == (pixels.shape, pixels.dtype)
    assert window.dtype == pixels.dtype
    np.testing.assert_array_equal(window, tifffile.imread(path)[rows, columns])


def test_bands_with_halo_decode_every_strip_once(tmp_path, monkeypatch):
    pixels = random_image((100, 30), "uint16", 0)
    write_tiff(tmp_path / "a.tif", pixels, compression="zlib", rowsperstrip=4)
    decoded = []
    monkeypatch.setattr(segments._Cache, "put", _spied(segments._Cache.put, decoded))

    with open_large(tmp_path / "a.tif", cache_bytes=16 * 30 * 2) as large:
        for top in range(0, 100, 20):
            large.read(slice(max(top - 5, 0), top + 25), slice(0, 20))
            large.read(slice(max(top - 5, 0), top + 25), slice(10, 30)) if top == 0 else None

    assert sorted(set(decoded)) == list(range(25))
    assert len(decoded) <= 25 + 8  # the cache holds half a band: only the first band's second half was decoded twice


def test_only_what_a_window_touches_is_decoded(tmp_path, monkeypatch):
    write_tiff(tmp_path / "a.tif", random_image((96, 96), "uint8", 0), compression="zstd", tile=(16, 16))
    decoded = []
    monkeypatch.setattr(segments._Cache, "put", _spied(segments._Cache.put, decoded))

    with open_large(tmp_path / "a.tif") as large:
        large.read(slice(15, 33), slice(64, 80))

    assert decoded == [4, 10, 16]


def test_the_cache_stays_within_its_bytes_and_keeps_what_was_used_last():
    cache = segments._Cache(30)
    for index in range(3):
        cache.put(index, np.zeros(10, np.uint8))
    cache.get(0)

    cache.put(3, np.zeros(10, np.uint8))

    assert [index for index in range(4) if cache.get(index) is not None] == [0, 2, 3]


def test_white_that_is_stored_as_zero_is_white_to_us(tmp_path):
    stored = random_image((20, 20), "uint16", 0)
    write_tiff(tmp_path / "a.tif", stored, photometric="miniswhite")

    with open_large(tmp_path / "a.tif") as large:
        window = large.read(slice(3, 9), slice(0, 20))

    np.testing.assert_array_equal(window, 65535 - stored[3:9])


def test_tags_are_those_that_reading_the_whole_image_gives(tmp_path):
    write_tiff(tmp_path / "a.tif", random_image((20, 20), "uint8", 0), description="Line 4", resolution=(300, 300))

    with open_large(tmp_path / "a.tif") as large:
        assert large.tags == read_image(tmp_path / "a.tif").tags
    assert large.tags.dpi == (300, 300)


@pytest.mark.parametrize("rows_per_strip, is_big", [(16, True), (64, False), (2**18, True)])
def test_two_gigapixels_are_opened_without_reading_them(tmp_path, rows_per_strip, is_big):
    """A file with a hole instead of pixels: 4 GiB that take no room."""
    path, shape = tmp_path / "huge.tif", (250_000, 8192)
    tifffile.imwrite(
        path, shape=shape, dtype="uint8" if not is_big else "uint16", bigtiff=is_big, rowsperstrip=rows_per_strip
    )
    tracemalloc.start()

    with open_large(path) as large:
        corner = large.read(slice(249_990, 250_000), slice(8000, 8192))
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert large.shape == shape
    assert (corner.shape, corner.max()) == ((10, 192), 0)
    assert peak < 20e6


@pytest.mark.parametrize(
    "shape, options, sentence",
    [
        ((3, 40, 40), {"photometric": "rgb", "planarconfig": "separate"}, "channels stored together, got separate pl"),
        ((40, 40), {"compression": "lzma"}, "uncompressed, or in deflate, LZW or zstd, got LZMA; write it again"),
        ((2, 40, 40), {"photometric": "minisblack"}, "expected a single still image, got a TIFF of 2"),
        ((40, 40, 4), {"photometric": "separated"}, "got CMYK pixels"),
    ],
)
def test_what_is_not_read_by_windows_is_refused_in_a_sentence(tmp_path, shape, options, sentence):
    write_tiff(tmp_path / "a.tif", random_image(shape, "uint8", 0), **options)

    with pytest.raises(ImageError, match=rf"a\.tif: .*{sentence}"), open_large(tmp_path / "a.tif"):
        pass


def test_one_huge_compressed_strip_is_refused_and_uncompressed_read(tmp_path, monkeypatch):
    monkeypatch.setattr(bigtiff, "MAX_SEGMENT_BYTES", 2**10)
    pixels = random_image((40, 40), "uint8", 0)
    write_tiff(tmp_path / "packed.tif", pixels, compression="zlib", rowsperstrip=40)
    write_tiff(tmp_path / "plain.tif", pixels)

    with pytest.raises(ImageError, match="expected strips or tiles of at most"), open_large(tmp_path / "packed.tif"):
        pass
    with open_large(tmp_path / "plain.tif") as large:
        np.testing.assert_array_equal(large.read(slice(3, 5), slice(7, 9)), pixels[3:5, 7:9])


def test_a_truncated_file_is_refused_before_anything_is_read(tmp_path):
    write_tiff(tmp_path / "a.tif", random_image((90, 90), "uint8", 0), rowsperstrip=10, compression="zlib")
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[:-100])

    with pytest.raises(ImageError, match="its pixels go beyond"), open_large(tmp_path / "a.tif"):
        pass


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd"])
def test_a_file_that_becomes_shorter_while_it_is_read_is_named_with_the_rows(tmp_path, compression):
    path = tmp_path / "a.tif"
    write_tiff(path, random_image((900, 90), "uint16", 0), rowsperstrip=10, compression=compression)

    with open_large(path) as large:
        large.read(slice(0, 20), slice(0, 90))
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 5000)
        with pytest.raises(ImageError, match=r"a\.tif: .*rows 8[89]0 to .*the file has become shorter"):
            large.read(slice(880, 900), slice(0, 90))


@pytest.mark.parametrize("compression", ["zlib", "lzw", "zstd"])
def test_a_damaged_strip_is_named_with_its_rows_and_the_others_are_read(tmp_path, compression):
    path, pixels = tmp_path / "a.tif", random_image((60, 40), "uint16", 0)
    write_tiff(path, pixels, rowsperstrip=20, compression=compression)
    with tifffile.TiffFile(path) as tiff:
        start, count = tiff.pages[0].dataoffsets[1], tiff.pages[0].databytecounts[1]
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(count))

    with open_large(path) as large:
        np.testing.assert_array_equal(large.read(slice(40, 60), slice(0, 40)), pixels[40:])
        with pytest.raises(ImageError, match=r"a\.tif: expected a whole TIFF file, .*rows 20 to 40"):
            large.read(slice(0, 60), slice(0, 40))


@pytest.mark.parametrize(
    "content, sentence", [(b"", "damaged"), (b"\x89PNG\r\n", "damaged"), (None, "got No such file")]
)
def test_what_is_no_tiff_is_refused_in_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "a.tif"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ImageError, match=sentence), open_large(path):
        pass


def _spied(put, seen):
    def spy(cache, index, segment):
        seen.append(index)
        put(cache, index, segment)

    return spy
