"""`pinsharp restore --evidence`: where maps go, and what is refused before any work."""

import numpy as np
import pytest

from pinsharp.images.files import read_image, write_image
from pinsharp.restoration import sources
from pinsharp.restoration.restorer import Restorer


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def restore(cli, model):
    return lambda *more: cli("restore", *more, "--model", model)


def test_the_map_is_what_python_gives(restore, model, photo):
    photo("a.png", dtype="uint16")

    shown = restore("a.png", "-o", "b.png", "--evidence", "new/map.tif")

    expected = np.rint(Restorer(model)("a.png").unsupported * 65535)
    assert shown.code == 0
    assert np.array_equal(read_image("new/map.tif").pixels, expected)


@pytest.mark.parametrize("more", [[], ["--jobs", "2"]])
def test_maps_of_several_images_lie_in_a_folder(restore, photo, place, more):
    photo("in/a.png")
    photo("in/b.tif", shape=(40, 48), dtype="uint16")

    assert restore("in", "-o", "out", "--evidence", "maps", "--side-by-side", "--report", "r.html", *more).code == 0
    again = restore("in", "-o", "out", "--evidence", "maps", "--side-by-side", "--resume", *more)

    assert sorted(path.name for path in (place / "maps").iterdir()) == ["a.evidence.png", "b.evidence.png"]
    assert again.code == 0
    assert "2 skipped" in again.err


def test_a_lost_map_is_made_again(restore, photo, place):
    photo("in/a.png")
    photo("in/b.png")
    restore("in", "-o", "out", "--evidence", "maps")
    (place / "maps" / "a.evidence.png").unlink()

    shown = restore("in", "-o", "out", "--evidence", "maps", "--resume")

    assert (shown.code, "1 done" in shown.err) == (0, True)
    assert (place / "maps" / "a.evidence.png").is_file()


def test_an_image_that_is_left_as_it_is_has_a_line_instead(cli, photo, place):
    for name in ("in/a.png", "in/b.png"):
        write_image(photo(name), np.full((160, 160), 120, np.uint8), overwrite=True)

    shown = cli("restore", "in", "-o", "out", "--evidence", "maps")
    again = cli("restore", "in", "-o", "out", "--evidence", "maps", "--resume")

    assert shown.code == 0
    assert shown.err.count("left as it is, so there is no evidence map") == 2
    assert not (place / "maps").exists()
    assert "2 skipped" in again.err


@pytest.mark.parametrize(
    "inputs, evidence, words",
    [
        (["a.png"], "map.jpg", "expected a name that ends in .png"),
        (["a.png"], "a.png", "expected a result beside its input"),
        (["a.png"], "b.png", "expected one result of this name, got two"),
        (["a.png"], "older.png", "--overwrite replaces it"),
        (["a.png"], "x" * 300 + ".png", "expected a name of at most 255 bytes"),
        (["a.png"], "older.png/map.png", "expected a folder for the results, got a file"),
        (["a.png", "c.png"], "map.png", "expected a folder for 2 images, got the name of one"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(restore, photo, place, inputs, evidence, words):
    for name in ("a.png", "c.png", "older.png"):
        photo(name)
    before = sorted(place.iterdir())

    shown = restore(*inputs, "-o", "b.png" if len(inputs) == 1 else "out", "--evidence", evidence)

    assert shown.code == 2
    assert words in shown.err
    assert len(shown.err.strip().splitlines()) == 1
    assert sorted(place.iterdir()) == before


def test_of_an_image_larger_than_memory_only_a_tiff_is_written(restore, photo, place, monkeypatch):
    photo("a.tif", shape=(90, 70), dtype="uint16")
    monkeypatch.setattr(sources, "LARGE_VALUES", 1000)

    refused = restore("a.tif", "-o", "b.tif", "--evidence", "map.png")
    assert (refused.code, "--evidence F.tif" in refused.err) == (2, True)
    assert not (place / "b.tif").exists()

    assert restore("a.tif", "-o", "b.tif", "--evidence", "map.tif", "--side-by-side").code == 0
    assert read_image("map.tif").pixels.shape == (90, 70)
