"""Rows of a large TIFF: what the file says, each decoded once, and memory that is given back."""

import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinsharp.images.bigtiff import LargeTiff, open_large
from pinsharp.restoration.disk import RowReader
from strategies import random_image
from tiffs import write_tiff

LAYOUTS = [{}, {"rowsperstrip": 7, "compression": "zlib"}, {"tile": (16, 32), "compression": "lzw"}]


@pytest.fixture(params=LAYOUTS, ids=["plain", "strips", "tiles"])
def path(request, tmp_path):
    """A file of 100 x 50 pixels with alpha."""
    write_tiff(tmp_path / "in.tif", random_image((100, 50, 4), "uint16", 0), **request.param)
    return tmp_path / "in.tif"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40), st.integers(0, 49)), min_size=1, max_size=6))
def test_going_down_it_reads_what_is_in_the_file(path, steps):
    pixels, top = tifffile.imread(path), 0

    with open_large(path) as image:
        reader = RowReader(image)
        for step, count, left in steps:
            top = min(top + step, 99)
            rows, columns = slice(top, min(top + count, 100)), slice(left, 50)
            reader.drop(above=top)

            assert (reader.read(rows, columns) == pixels[rows, columns]).all()


def test_every_strip_or_tile_is_decoded_once(path, monkeypatch):
    decoded = []
    get = LargeTiff._bytes
    monkeypatch.setattr(LargeTiff, "_bytes", lambda self, *place: decoded.append(place[0]) or get(self, *place))

    with open_large(path) as image:
        reader = RowReader(image)
        for top in range(0, 100, 10):
            reader.read(slice(top, min(top + 25, 100)), slice(0, 50))
            reader.read(slice(top, min(top + 5, 100)), slice(3, 20))
            reader.drop(above=top)

    assert len(decoded) == len(set(decoded)) > 1


def test_what_was_dropped_is_gone(path):
    with open_large(path) as image:
        reader = RowReader(image)
        reader.read(slice(0, 60), slice(0, 50))
        reader.drop(above=40)
        reader.drop(above=30)

        assert len(reader._pixels) == 20
        with pytest.raises(ValueError, match="expected rows from 40 on, got 39"):
            reader.read(slice(39, 45), slice(0, 50))
