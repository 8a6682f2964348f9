"""HDF5 and OME-Zarr through the command line: one image or many, runs that go on, and wrong use in one line."""

import json
import shutil

import numpy as np
import pytest

from containers import chunk_files, level, write_ome
from pinsharp.images.files import read_image

h5py = pytest.importorskip("h5py")
pytest.importorskip("zarr", minversion="3")

OPTIONS = ("--faults", "off", "--force")


def pixels(seed, shape=(48, 40)):
    return np.random.default_rng(seed).integers(9000, 50000, shape).astype(np.uint16)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with three images: two Zarrs, and a PNG's neighbour that is no image by itself."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        write_ome(tmp_path / f"in/{name}.zarr", pixels(ord(name)), chunks=(20, 20))
    with h5py.File(tmp_path / "in/c.h5", "w") as file:
        file["scan/image"], file["scan/other"] = pixels(3), pixels(4)
    return tmp_path


def test_a_zarr_is_one_image_of_a_folder_and_a_run_goes_on(cli, model, place):
    first = cli("restore", "in", "-o", "out", "--model", model, "--json", *OPTIONS)
    again = cli("restore", "in", "-o", "out", "--model", model, "--resume", *OPTIONS)
    made = level(place / "out/a.zarr")
    chunk = chunk_files(place / "in/a.zarr")[0]
    chunk.write_bytes(chunk_files(place / "in/b.zarr")[0].read_bytes())
    changed = cli("restore", "in", "-o", "out", "--model", model, "--resume", *OPTIONS)

    assert [json.loads(line)["input"] for line in first.out.splitlines()] == ["in/a.zarr", "in/b.zarr"]
    assert "2 of 2 images are done, 0 to do" in again.err
    assert again.out == ""
    assert "1 of 2 images are done, 1 to do" in changed.err
    assert "in/a.zarr -> out/a.zarr" in changed.out
    assert (level(place / "out/a.zarr") != made).any()
    assert sorted(path.name for path in (place / "out").glob("[!.]*")) == ["a.zarr", "b.zarr"]
    assert not list((place / "out").glob(".pinsharp-*"))


def test_a_zarr_is_one_image_of_a_tree_and_a_dataset_keeps_its_place(cli, model, place):
    shutil.move(place / "in/b.zarr", place / "in/deep/b.zarr")
    shutil.copy(place / "in/c.h5", place / "in/deep/c.h5")
    asked = ("restore", "in", "in/deep/*.h5::/scan/image", "in/deep/b.zarr", "-r", "-o", "out", "--model", model)

    shown = cli(*asked, "--json", "--report", "page.html", *OPTIONS)
    again = cli(*asked, "--resume", *OPTIONS)

    names = ["a.zarr", "deep/b.zarr", "deep/c.h5::/scan/image"]
    assert sorted(json.loads(line)["input"] for line in shown.out.splitlines()) == [f"in/{name}" for name in names]
    assert (level(place / "out/deep/b.zarr") != level(place / "in/deep/b.zarr")).any()
    assert (place / "out/deep/c.h5").is_file()
    page = (place / "page.html").read_text()
    assert all(f"<figcaption>{name}," in page for name in names)
    assert (again.code, again.out) == (0, "")


def test_a_zarr_alone_is_one_image_with_recursive_too(cli, model, place):
    shown = cli("restore", "in/a.zarr", "-r", "-o", "out", "--model", model, *OPTIONS)

    assert shown.code == 0
    assert [path.name for path in (place / "out").glob("[!.]*")] == ["a.zarr"]


def test_a_result_that_is_gone_is_made_again_and_an_older_one_is_replaced_with_leave(cli, model, place):
    cli("restore", "in", "-o", "out", "--model", model, *OPTIONS)
    shutil.rmtree(place / "out/b.zarr")
    before = level(place / "out/a.zarr")

    resumed = cli("restore", "in", "-o", "out", "--model", model, "--resume", *OPTIONS)
    refused = cli("restore", "in", "-o", "out", "--model", model, *OPTIONS)
    replaced = cli("restore", "in", "-o", "out", "--model", model, "--overwrite", "--kernel", "gaussian:3", *OPTIONS)

    assert "in/b.zarr -> out/b.zarr" in resumed.out
    assert (refused.code, replaced.code) == (2, 0)
    assert "expected a new name, got an existing folder" in refused.err
    assert (level(place / "out/a.zarr") != before).any()


def test_a_dataset_is_named_and_a_pattern_names_that_of_each_file(cli, model, place):
    shutil.copy(place / "in/c.h5", place / "in/d.h5")

    shown = cli("restore", "in/*.h5::/scan/image", "-o", "out", "--model", model, "--side-by-side", *OPTIONS)

    assert shown.code == 0
    assert shown.out.startswith("in/c.h5::/scan/image -> out/c.h5: ")
    assert "in/c.h5::/scan/image: 1 other dataset not written to the result" in shown.err
    assert (place / "out/d.side-by-side.png").is_file()
    with h5py.File("out/d.h5") as file:
        assert file["scan/image"].shape == (48, 40)
        assert list(file["scan"]) == ["image"]


def test_a_single_result_has_its_own_place_its_mask_and_its_map(cli, model, place):
    options = ("--model", model, "--save-mask", "m.png", "--evidence", "e.png", "--side-by-side", "--force")

    shown = cli("restore", "in/c.h5::/scan/image", "-o", "new.h5::/deep/place", *options)
    zarr = cli("restore", "in/a.zarr/", "-o", "new.zarr", *options, "--overwrite")

    assert (shown.code, zarr.code) == (0, 0), shown.err + zarr.err
    assert read_image("new.h5::/deep/place").pixels.shape == (48, 40)
    assert level(place / "new.zarr").shape == (48, 40)
    assert {"m.png", "e.png", "new.side-by-side.png"} <= {path.name for path in place.iterdir()}


def test_a_page_shows_them(cli, model, place):
    options = ("--report", "r.html", "--model", model, *OPTIONS)

    shown = cli("restore", "in/c.h5::/scan/image", "in/a.zarr", "-o", "out", *options)

    assert shown.code == 0
    page = (place / "r.html").read_text()
    assert "c.h5::/scan/image" in page
    assert "no thumbnail" not in page


def test_their_blur_is_measured(cli, model, place):
    shown = cli("kernel", "in/a.zarr", "in/c.h5::/scan/image", "--model", model, "--json")

    assert [json.loads(line)["sigma"] for line in shown.out.splitlines()] == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("in/c.h5", "-o", "out"), "name one of in/c.h5::/scan/image (48 x 40 uint16), in/c.h5::/scan/other"),
        (("in/c.h5::/no", "-o", "out"), "got no /no; name one of"),
        (("in/none.zarr", "-o", "out"), "expected an image file, a folder or a pattern, got no such file"),
        (("in/a.zarr", "-o", "in/a.zarr"), "got the input itself"),
        (("in/a.zarr", "-o", "in/a.zarr/x.zarr"), "got the input itself"),
        (("in/a.zarr", "-o", "in/b.zarr"), "expected a new name, got an existing folder; --overwrite replaces it"),
        (("in/a.zarr", "-o", "out.h5"), "expected a name that ends in .zarr for OME-Zarr"),
        (("in/c.h5::/scan/image", "-o", "out.zarr"), "expected a name that ends in .h5 for HDF5"),
        (("in/c.h5::/scan/image", "-o", "in/c.h5::/scan/new"), "got the input itself"),
        (("in/c.h5::/scan/image", "in/c.h5::/scan/other", "-o", "out"), "expected one result of this name, got two"),
        (("in/a.zarr", "in/b.zarr", "-o", "out.zarr"), "expected a folder for 2 images, got the name of one"),
        (("in/c.png", "-o", "out.zarr"), "expected pixels that came from such a file, got others"),
        (("plain", "-o", "out"), "got a Zarr; rename it so that its name ends in .zarr"),
    ],
)
def test_wrong_use_is_one_line(cli, model, place, photo, arguments, sentence):
    photo("in/c.png")
    shutil.copytree(place / "in/a.zarr", place / "plain")

    shown = cli("restore", *arguments, "--model", model, *OPTIONS)

    assert (shown.code, shown.out) == (2, "")
    assert sentence in shown.err
    assert shown.err.count("\n") == 1
    assert not list(place.rglob(".pinsharp*"))


def test_the_only_image_that_is_damaged_fails_and_the_others_of_several_are_done(cli, model, place):
    chunk = chunk_files(place / "in/a.zarr")[0]
    chunk.write_bytes(chunk.read_bytes()[:50])

    alone = cli("restore", "in/a.zarr", "-o", "alone", "--model", model, *OPTIONS)
    several = cli("restore", "in", "-o", "out", "--model", model, *OPTIONS)

    assert (alone.code, several.code) == (2, 1)
    assert alone.err.count("\n") == 1
    assert "in/a.zarr: expected a whole OME-Zarr file" in alone.err
    assert not (place / "out/a.zarr").exists()
    assert (place / "out/b.zarr").is_dir()
