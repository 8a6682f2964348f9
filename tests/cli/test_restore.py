"""`pinsharp restore`: what is written where, what is said about it, and with which exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage
import tifffile
from PIL import Image

import pinsharp
from pinsharp.images.files import read_image, write_image
from pinsharp.nets import weights
from pinsharp.nets.weights import save_weights
from pinsharp.restoration.restorer import Restorer
from tiny_models import tiny_peer


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_holds_what_the_restorer_returns(cli, model, photo):
    source = photo("a.png", dtype="uint16")

    shown = cli("restore", source, "-o", "b.png", "--model", model)

    expected = Restorer(model)(read_image(source).pixels).image
    assert shown.code == 0
    assert np.array_equal(read_image("b.png").pixels, expected)


@pytest.mark.parametrize(
    "name, shape, dtype",
    [
        ("a.png", (40, 48), "uint8"),
        ("a.png", (40, 48, 4), "uint16"),
        ("a.tif", (40, 48), "uint16"),
        ("a.tif", (40, 48, 3), "float32"),
        ("a.jpg", (40, 48, 3), "uint8"),
        ("a.bmp", (40, 48), "uint8"),
        ("a.webp", (40, 48, 4), "uint8"),
    ],
)
def test_results_are_of_the_kind_of_their_inputs(cli, model, photo, name, shape, dtype):
    source = read_image(photo(name, shape=shape, dtype=dtype))

    assert cli("restore", name, "-o", "out", "--model", model).code == 0

    result = read_image(f"out/{name}")
    assert (result.format, result.pixels.shape, result.pixels.dtype) == (source.format, shape, np.dtype(dtype))


def test_resolution_profile_and_description_are_kept(cli, model, place):
    pixels = np.random.default_rng(0).integers(0, 65535, (40, 48), np.uint16)
    tifffile.imwrite("a.tif", pixels, resolution=(3000, 3000), description="panel 7, camera 2")
    Image.fromarray((pixels >> 8).astype(np.uint8)).save("a.png", dpi=(300, 300), icc_profile=b"a profile")

    assert cli("restore", "a.tif", "a.png", "-o", "out", "--model", model).code == 0

    with tifffile.TiffFile("out/a.tif") as file:
        tags = file.pages[0].tags
        assert tags["ImageDescription"].value == "panel 7, camera 2"
        assert tags["XResolution"].value == (3000, 1)
    with Image.open("out/a.png") as image:
        assert image.info["icc_profile"] == b"a profile"
        assert image.info["dpi"] == pytest.approx((300, 300), rel=1e-3)


def test_files_folders_and_patterns_are_restored_and_inputs_left(cli, model, photo, place, contents):
    for name in ("a.png", "folder/b.png", "folder/c.tif", "others/d.png", "others/e.png"):
        photo(name)
    before = contents(place)

    shown = cli("restore", "a.png", "folder", "others/[d]*", "-o", "deep/out", "--model", model)

    assert shown.code == 0
    assert sorted(path.name for path in (place / "deep/out").glob("[!.]*")) == ["a.png", "b.png", "c.tif", "d.png"]
    assert before.items() <= contents(place).items()
    assert len(shown.out.splitlines()) == 4


def test_json_is_one_object_a_line(cli, model, photo):
    photo("in/a.png")
    photo("in/b.tif", shape=(40, 50), dtype="uint16")

    shown = cli("restore", "in", "-o", "out", "--model", model, "--json")

    first, second = (json.loads(line) for line in shown.out.splitlines())
    assert (first["input"], first["output"]) == ("in/a.png", "out/a.png")
    assert second["megapixels"] == 0.002
    assert first["sigma"] == pytest.approx(2, rel=1e-3)
    assert first["sigma_relative_std"] == pytest.approx(0.02, rel=1e-3)
    assert (first["family"], first["iterations"], first["model"]) == ("gaussian", 1, str(model))
    assert first["seconds"] > 0
    assert "error" not in first


def test_people_get_a_line_with_the_width_and_its_uncertainty(cli, model, photo):
    photo("a.png")

    shown = cli("restore", "a.png", "-o", "out", "--model", model)

    assert shown.out.startswith("a.png -> out/a.png: sigma 2.00 px ± 2 %, gaussian, 0.00 megapixels in ")
    assert shown.err == ""


def test_a_given_kernel_is_used_and_said(cli, model, photo):
    photo("a.png")

    shown = cli("restore", "a.png", "-o", "out", "--model", model, "--kernel", "disk:3", "--json")

    record = json.loads(shown.out)
    expected = Restorer(model)(read_image("a.png").pixels, kernel="disk:3")
    assert (record["family"], record["sigma_relative_std"]) == ("given", None)
    assert record["sigma"] == pytest.approx(expected.sigma)
    assert np.array_equal(read_image("out/a.png").pixels, expected.image)


def test_a_saved_kernel_can_be_given(cli, model, photo):
    photo("a.png")
    assert cli("kernel", "a.png", "--model", model, "--save", "k.json").code == 0

    shown = cli("restore", "a.png", "-o", "out", "--model", model, "--kernel", "k.json", "--json")

    assert json.loads(shown.out)["sigma"] == pytest.approx(2, rel=0.01)


def test_iterations_are_counted(cli, model, photo):
    photo("a.png")

    record = json.loads(cli("restore", "a.png", "-o", "x.png", "--model", model, "--iterations", 3, "--json").out)
    words = cli("restore", "a.png", "-o", "y.png", "--model", model, "--iterations", 3).out

    assert record["iterations"] == len(record["sigmas"]) == 3
    assert "3 iterations (then 2.00, then 2.00 px)" in words


@pytest.mark.parametrize("kernel, doubt", [("gaussian:0.5", False), ("gaussian:3", True)])
def test_a_result_that_the_image_contradicts_is_said_to_be_doubtful(cli, kernel, doubt):
    """A sharp photograph, restored as if it had been blurred."""
    write_image("a.png", skimage.data.astronaut()[:128, 160:288])

    shown = cli("restore", "a.png", "-o", "b.png", "--kernel", kernel, "--json")

    (line,) = map(json.loads, shown.out.splitlines())
    assert (line["residual"] > 2 * line["noise"]) is doubt
    assert line["doubtful"] is doubt
    assert ("check this result" in shown.err) is doubt


def test_tta_is_the_mean_over_eight_positions(cli, model, photo):
    photo("a.png")

    assert cli("restore", "a.png", "-o", "b.png", "--model", model, "--tta").code == 0

    expected = Restorer(f"ensemble:{model}")(read_image("a.png").pixels).image
    assert np.array_equal(read_image("b.png").pixels, expected)
    assert not np.array_equal(expected, Restorer(model)(read_image("a.png").pixels).image)


def test_wiener_restores_blind_with_the_kernel_that_swift_measures(cli, photo):
    sharp = read_image(photo("sharp.png")).pixels
    write_image("a.png", cv2.GaussianBlur(sharp, (0, 0), 2.0))

    record = json.loads(cli("restore", "a.png", "-o", "b.png", "--model", "wiener", "--json").out)

    measured = json.loads(cli("kernel", "a.png", "--json").out)
    assert (record["sigma"], record["family"]) == (measured["sigma"], measured["family"])
    assert not np.array_equal(read_image("b.png").pixels, read_image("a.png").pixels)


def test_an_end_to_end_model_tells_the_width_and_refuses_a_kernel(cli, photo, place):
    photo("a.png")
    save_weights(place / "nafnet.safetensors", tiny_peer("nafnet"), {})
    use = ("restore", "a.png", "-o", "out", "--model", "nafnet.safetensors")

    refused = cli(*use, "--kernel", "disk:3")
    restored = cli(*use)

    assert (refused.code, restored.code) == (2, 0)
    assert refused.err.startswith("pinsharp: error: nafnet restores end to end and has no use for a given kernel")
    assert len(refused.err.splitlines()) == 1
    assert "sigma" in restored.out


def test_wiener_needs_no_weights_with_a_kernel(cli, photo, monkeypatch, place):
    monkeypatch.setattr(weights, "ZOO", place)
    photo("a.png")

    shown = cli("restore", "a.png", "-o", "out", "--model", "wiener:0.01", "--kernel", "gaussian:1.5", "--json")

    assert shown.code == 0
    assert json.loads(shown.out)["model"] == "wiener:0.01"


def test_overwrite_replaces_older_results(cli, model, photo):
    photo("a.png")
    photo("out/a.png", shape=(8, 8))

    assert cli("restore", "a.png", "-o", "out", "--model", model, "--overwrite").code == 0

    assert read_image("out/a.png").pixels.shape == (48, 40, 3)


def test_some_failed_is_exit_1_and_the_others_are_done(cli, model, photo, place):
    photo("in/a.png")
    (place / "in/b.png").write_bytes(b"")
    photo("in/c.png")

    shown = cli("restore", "in", "-o", "out", "--model", model)

    assert shown.code == 1
    assert [line.split(" ->")[0] for line in shown.out.splitlines()] == ["in/a.png", "in/c.png"]
    reason, counts, last = shown.err.splitlines()
    assert reason.startswith("pinsharp: error: in/b.png: expected an image, got an empty file")
    assert counts.startswith("pinsharp: 2 done, 1 failed, 0 skipped; 0.00 megapixels in ")
    assert last == "pinsharp: error: 1 of 3 images failed, 2 are done"


def test_a_failed_file_has_its_json_line_too(cli, model, place):
    (place / "b.png").write_bytes(b"")

    shown = cli("restore", "b.png", "-o", "out", "--model", model, "--json")

    record = json.loads(shown.out)
    assert shown.code == 2
    assert (record["input"], record["output"]) == ("b.png", "out/b.png")
    assert "empty file" in record["error"]


def test_side_by_side_writes_a_picture_next_to_each_result(cli, model, photo, place):
    photo("in/a.png")
    photo("in/b.tif", shape=(40, 50), dtype="uint16")

    shown = cli("restore", "in", "-o", "out", "--model", model, "--side-by-side")

    names = ["a.png", "a.side-by-side.png", "b.side-by-side.png", "b.tif"]
    assert shown.code == 0
    assert sorted(path.name for path in (place / "out").glob("[!.]*")) == names
    assert read_image("out/b.side-by-side.png").pixels.dtype == np.uint8


def test_a_name_that_is_no_text_is_restored_and_drawn(cli, model, photo):
    """File systems allow any bytes; Python shows those that are no UTF-8 as lone surrogates."""
    try:
        photo("caf\udce9.png")
    except OSError:
        pytest.skip("this file system allows text only")

    words = cli("restore", "caf\udce9.png", "-o", "x", "--model", model, "--side-by-side")
    record = cli("restore", "caf\udce9.png", "-o", "y", "--model", model, "--json")
    plot = cli("kernel", "caf\udce9.png", "--model", model, "--plot", "k.png")

    assert (words.code, record.code, plot.code) == (0, 0, 0)
    assert json.loads(record.out)["input"] == "caf\udce9.png"


def test_a_terminal_of_few_signs_stops_nothing(model, photo):
    """The sign ± is not in ASCII."""
    photo("a.png")
    source = str(Path(pinsharp.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pinsharp", "restore", "a.png", "-o", "out", "--model", str(model)],
        env={**os.environ, "PYTHONPATH": source, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "sigma 2.00 px" in done.stdout


def test_pages_that_are_not_in_the_result_are_remarked(cli, model, photo):
    pixels = read_image(photo("a.png", dtype="uint16")).pixels
    with tifffile.TiffWriter("a.tif") as writer:
        writer.write(pixels, photometric="rgb", metadata=None)
        writer.write(pixels[::4, ::4], photometric="rgb", subfiletype=1, metadata=None)

    shown = cli("restore", "a.tif", "-o", "out", "--model", model)

    assert shown.code == 0
    assert shown.err == "pinsharp: a.tif: 1 further page (thumbnails, overviews, masks) not written to the result\n"
    assert np.array_equal(read_image("out/a.tif").pixels, Restorer(model)(pixels).image)


def test_a_name_too_long_for_its_picture_is_refused_before_the_work(cli, model, photo, place):
    name = "x" * 240 + ".png"
    photo(name)
    (place / "out").mkdir()

    shown = cli("restore", name, "-o", "out", "--model", model, "--side-by-side")

    assert shown.code == 2
    assert shown.err.count("\n") == 1
    assert "expected a name of at most 255 bytes, got 257; shorten it" in shown.err
    assert list((place / "out").iterdir()) == []


def test_of_a_folder_only_the_image_whose_name_is_too_long_for_its_picture_fails(cli, model, photo, place):
    for name in ("x" * 240, "[1]", "-dash"):
        photo(f"in/{name}.png")
    (place / "out").mkdir()

    shown = cli("restore", "in", "-o", "out", "--model", model, "--side-by-side")

    names = ["-dash.png", "-dash.side-by-side.png", "[1].png", "[1].side-by-side.png"]
    assert shown.code == 1
    assert "expected a name of at most 255 bytes" in shown.err
    assert sorted(path.name for path in (place / "out").glob("[!.]*")) == names


def test_what_is_odd_about_a_measured_kernel_is_remarked(cli, model, photo):
    photo("a.png")
    rows, columns = np.indices((21, 21)) - 10
    np.save("k.npy", 0.2 + np.exp(-((rows - 2) ** 2 + columns**2) / 8))

    shown = cli("restore", "a.png", "-o", "out", "--model", model, "--kernel", "k.npy")

    rim, centre = shown.err.splitlines()[:2]
    assert shown.code == 0
    assert rim.startswith("pinsharp: k.npy: expected a kernel that is dark at its rim, got a rim of 17 % of its peak")
    assert "a centre of mass +2.0 rows" in centre
