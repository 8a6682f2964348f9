"""Writing a TIFF by bands: pixels and layout by the oracle of tifffile, and nothing left of what did not end well."""

import errno
import os
import resource

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from pinsharp.errors import ImageError, OutputError
from pinsharp.images import bigtiff_writer, tiff
from pinsharp.images.bigtiff import open_large
from pinsharp.images.bigtiff_writer import write_large
from pinsharp.images.codec import Tags
from strategies import random_image
from tiffs import LAYOUTS, write_tiff


@st.composite
def cases(draw):
    """A TIFF of any kind that is written by bands, and the rows at which bands end."""
    height, width = draw(st.tuples(st.integers(1, 75), st.integers(1, 75)))
    samples = draw(st.sampled_from([(), (2,), (3,), (4,)]))
    pixels = random_image((height, width, *samples), draw(st.sampled_from(["uint8", "uint16", "float32"])), 0)
    ends = sorted(draw(st.sets(st.integers(1, height), max_size=5)) | {height})
    return pixels, draw(st.sampled_from(LAYOUTS)), draw(st.sampled_from("<>")), ends


@settings(max_examples=150, deadline=None)
@given(cases())
def test_a_copy_by_bands_has_the_pixels_and_the_layout_of_the_original(tmp_path_factory, case):
    pixels, layout, byteorder, ends = case
    folder = tmp_path_factory.getbasetemp()
    write_tiff(folder / "in.tif", pixels, byteorder=byteorder, **layout)

    copy(folder / "in.tif", folder / "out.tif", ends)

    np.testing.assert_array_equal(tifffile.imread(folder / "out.tif"), pixels)
    assert described(folder / "out.tif") == described(folder / "in.tif")


@pytest.mark.parametrize("compression", [None, "zlib", "lzw", "zstd"])
@pytest.mark.parametrize("dtype, shape", [("uint8", (50, 33, 3)), ("uint8", (50, 33)), ("uint16", (50, 33))])
@pytest.mark.parametrize("segments", [{"rowsperstrip": 7}, {"tile": (16, 32)}])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_what_was_written_is_read_by_another_library(tmp_path, dtype, shape, compression, segments, byteorder):
    if compression == "zstd" and not features.check("libtiff"):
        pytest.skip("pillow without libtiff")
    pixels = random_image(shape, dtype, 0)
    options = segments | {"compression": compression, "predictor": compression is not None, "byteorder": byteorder}
    write_tiff(tmp_path / "in.tif", pixels, **options)

    copy(tmp_path / "in.tif", tmp_path / "out.tif", [20, 50])

    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "out.tif")), pixels)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("is_big", [False, True])
def test_all_tags_with_exif_are_kept(tmp_path, byteorder, is_big):
    extra = [(271, "s", 0, "Acme", True), (274, "H", 1, 6, True), (33550, "d", 3, (0.5, 0.5, 0.0), True)]
    options = {"resolution": ((30003, 100), (2, 3)), "resolutionunit": "CENTIMETER", "iccprofile": b"profile"}
    write_tiff(
        *(tmp_path / "in.tif", random_image((20, 20), "uint16", 0)),
        **options | {"bigtiff": is_big, "byteorder": byteorder, "description": "Wafer 12", "extratags": extra},
    )

    copy(tmp_path / "in.tif", tmp_path / "out.tif", [20])

    assert described(tmp_path / "out.tif") == described(tmp_path / "in.tif")
    assert described(tmp_path / "out.tif")["tags"].keys() >= {270, 271, 274, 282, 283, 296, 33550, 34675}


@pytest.mark.parametrize("is_big", [False, True])
def test_the_exif_directory_is_kept(tmp_path, is_big):
    made = Image.Exif()
    made.get_ifd(34665)[33437] = 2.8
    layout = tiff.TiffLayout(is_big=is_big)
    tags = Tags(exif=made.tobytes().removeprefix(b"Exif\0\0"), native=layout)
    (tmp_path / "in.tif").write_bytes(tiff.encode(random_image((20, 20), "uint8", 0), tags))

    copy(tmp_path / "in.tif", tmp_path / "out.tif", [7, 20])

    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert file.pages[0].tags[34665].value["FNumber"] == 2.8


def test_white_that_is_stored_as_zero_is_stored_so_again(tmp_path):
    stored = random_image((20, 20), "uint16", 0)
    write_tiff(tmp_path / "in.tif", stored, photometric="miniswhite")

    copy(tmp_path / "in.tif", tmp_path / "out.tif", [7, 20])

    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), stored)
    assert described(tmp_path / "out.tif")["photometric"] == tifffile.PHOTOMETRIC.MINISWHITE


def test_one_huge_strip_becomes_many(tmp_path, monkeypatch):
    monkeypatch.setattr(bigtiff_writer, "MAX_SEGMENT_BYTES", 999)
    monkeypatch.setattr(bigtiff_writer, "STRIP_BYTES", 100)
    pixels = random_image((40, 25), "uint8", 0)
    write_tiff(tmp_path / "in.tif", pixels)

    copy(tmp_path / "in.tif", tmp_path / "out.tif", [13, 40])

    assert described(tmp_path / "out.tif")["rows"] == 4
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "out.tif"), pixels)


@pytest.mark.parametrize(
    "gibibytes, compression, is_big", [(3.9, "none", False), (4, "none", True), (1.9, "lzw", False), (2.1, "lzw", True)]
)
def test_bigtiff_is_written_where_four_gigabytes_might_not_do(gibibytes, compression, is_big):
    layout = tiff.TiffLayout(compression=compression)

    assert bigtiff_writer._needs_bigtiff(layout, int(gibibytes * 2**30)) == is_big


@pytest.mark.parametrize("ends", [[7], [7, 19]])
def test_bands_that_do_not_make_up_the_image_leave_no_file(tmp_path, ends):
    write_tiff(tmp_path / "in.tif", random_image((20, 20), "uint8", 0), tile=(16, 16))

    with pytest.raises(ValueError, match=f"expected bands of 20 rows in all, got {ends[-1]}"):
        copy(tmp_path / "in.tif", tmp_path / "out.tif", ends)

    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_bands_beyond_the_image_leave_no_file(tmp_path):
    pixels = random_image((32, 20), "uint8", 0)
    write_tiff(tmp_path / "in.tif", pixels, tile=(16, 16))

    with (
        pytest.raises(ValueError, match="expected bands of 32 rows in all, got 64"),
        open_large(tmp_path / "in.tif") as large,
    ):
        write_large(tmp_path / "out.tif", iter([pixels, pixels]), like=large)

    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


@pytest.mark.parametrize("wrong", [np.zeros((20, 19), np.uint8), np.zeros((20, 20), np.uint16)])
def test_bands_of_another_kind_are_refused(tmp_path, wrong):
    write_tiff(tmp_path / "in.tif", random_image((20, 20), "uint8", 0))

    with (
        pytest.raises(ValueError, match=r"expected bands uint8 \(rows, 20\)"),
        open_large(tmp_path / "in.tif") as large,
    ):
        write_large(tmp_path / "out.tif", [wrong], like=large)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ImageError("rows 7 to 9 are damaged"), MemoryError()])
def test_whatever_stops_the_bands_passes_and_the_older_file_stays(tmp_path, error):
    pixels = random_image((20, 20), "uint8", 0)
    write_tiff(tmp_path / "in.tif", pixels, tile=(16, 16))
    (tmp_path / "out.tif").write_bytes(b"old")

    def bands():
        yield pixels[:17]
        raise error

    with pytest.raises(type(error)), open_large(tmp_path / "in.tif") as large:
        write_large(tmp_path / "out.tif", bands(), like=large, overwrite=True)

    assert (tmp_path / "out.tif").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.tif", "out.tif"]


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_disk_that_gets_full_is_one_sentence_and_leaves_nothing(tmp_path, compression):
    """A limit on the size of files stands for the disk."""
    write_tiff(tmp_path / "in.tif", random_image((400, 400), "uint16", 0), rowsperstrip=10, compression=compression)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"out\.tif: expected 320,000 bytes of free space, got a limit"):
            copy(tmp_path / "in.tif", tmp_path / "out.tif", [100, 200, 400])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_a_disk_that_fails_at_the_end_leaves_nothing(tmp_path, monkeypatch):
    write_tiff(tmp_path / "in.tif", random_image((20, 20), "uint16", 0))

    def fail(_descriptor):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match="got Input/output error"):
        copy(tmp_path / "in.tif", tmp_path / "out.tif", [20])

    assert [path.name for path in tmp_path.iterdir()] == ["in.tif"]


def test_another_format_and_an_existing_file_are_refused_before_any_band_is_pulled(tmp_path):
    write_tiff(tmp_path / "in.tif", random_image((20, 20), "uint8", 0))
    (tmp_path / "old.tif").write_bytes(b"old")

    with open_large(tmp_path / "in.tif") as large:
        with pytest.raises(OutputError, match=r"ends in \.tif or \.tiff for an image of this size, got '\.png'"):
            write_large(tmp_path / "out.png", _untouched(), like=large)
        with pytest.raises(OutputError, match="expected a new name, got an existing file"):
            write_large(tmp_path / "old.tif", _untouched(), like=large)


def copy(source, target, ends):
    """Copy a TIFF by bands that end at the given rows."""
    with open_large(source) as large:
        everything = slice(0, large.width)
        bands = (large.read(slice(*ends), everything) for ends in zip([0, *ends], ends, strict=False))
        write_large(target, bands, like=large, overwrite=True)


def described(path):
    """How a TIFF is laid out, and all its tags that say nothing of places in the file."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        places = {273, 278, 279, 324, 325}
        return {
            "byteorder": tiff.byteorder,
            "is_big": tiff.is_bigtiff,
            "photometric": page.photometric,
            "rows": page.rowsperstrip if not page.is_tiled else None,
            "tags": {tag.code: (tag.dtype, tag.count, tag.value) for tag in page.tags if tag.code not in places},
        }


def _untouched():
    raise AssertionError("a band was pulled")
    yield
