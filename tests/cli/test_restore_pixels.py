"""`pinsharp restore` with --window, --white-level, --channels and --light: what becomes of the pixels."""

import json

import numpy as np
import pytest
from PIL import Image

from pinsharp.images.files import read_image, write_image
from pinsharp.restoration.restorer import Restorer


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_windows_give_the_file_that_the_whole_image_gives(cli, model, photo):
    photo("a.tif", shape=(150, 97, 3), dtype="uint16")

    for window in ("0", "40"):
        assert cli("restore", "a.tif", "-o", f"{window}.tif", "--model", model, "--window", window).code == 0

    whole, parts = (read_image(f"{name}.tif").pixels.astype(int) for name in ("0", "40"))
    assert np.abs(whole - parts).max() <= 65  # 1e-3 of full scale


def test_seams_are_told_where_windows_are_blended(cli, model, photo):
    photo("a.png", shape=(300, 40))
    call = ("restore", "a.png", "--kernel", "gaussian:1.5", "--overwrite")

    words = cli(*call, "-o", "b.png", "--model", "wiener", "--window", "64")
    figures = json.loads(cli(*call, "-o", "b.png", "--model", "wiener", "--window", "64", "--json").out)
    exact = json.loads(cli(*call, "-o", "b.png", "--model", model, "--window", "64", "--json").out)

    assert ", seams " in words.out
    assert "% rms" in words.out
    assert figures["window"] == 64
    assert 0 < figures["seam"]["rms"] <= figures["seam"]["maximum"] < 0.5
    assert exact["seam"] is None


@pytest.mark.parametrize(
    "arguments, options",
    [
        (("--white-level", "4095"), {"white_level": 4095}),
        (("--channels", "luma"), {"channels": "luma"}),
        (("--channels", "each"), {"channels": "each"}),
        (("--light", "srgb"), {"light": "srgb"}),
        (("--light", "1.8"), {"light": 1.8}),
    ],
)
def test_the_file_holds_what_the_restorer_returns_with_these_options(cli, model, photo, arguments, options):
    source = photo("a.tif", shape=(48, 40, 3), dtype="uint16")
    write_image(source, read_image(source).pixels // 16, overwrite=True)

    assert cli("restore", "a.tif", "-o", "b.tif", "--model", model, *arguments).code == 0

    pixels = read_image(source).pixels
    expected = Restorer(model, **options)(pixels).image
    assert np.array_equal(read_image("b.tif").pixels, expected)
    assert not np.array_equal(expected, Restorer(model)(pixels).image)


def test_each_channel_has_its_width_in_the_line_and_in_json(cli, model, photo):
    photo("a.png")
    call = ("restore", "a.png", "-o", "b.png", "--model", model, "--channels", "each", "--overwrite")

    assert "sigma 2.00 px ± 2 %, gaussian (red 2.00, green 2.00, blue 2.00)" in cli(*call).out
    assert json.loads(cli(*call, "--json").out)["channel_sigmas"] == pytest.approx([2, 2, 2], rel=1e-3)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("--window", "5"), "window must be 0 for the whole image, or at least 32 pixels, got 5; try 1024"),
        (("--white-level", "0"), "--white-level must be in 1 to 4294967295, got 0"),
        (("--white-level", "100"), "a.png: expected values up to the white level 100, got"),
        (
            ("--light", "log"),
            "light must be auto, linear, srgb, bt709 or the exponent of a power law from 1 to 4, got 'log'",
        ),
        (
            ("--light", "linear", "--gamma"),
            "--gamma is an old name for --light, and means srgb here, got --light linear",
        ),
        (("--channels", "lab"), "channels must be one of joint, luma, each, got 'lab'"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(cli, model, photo, place, arguments, sentence):
    photo("a.png")

    shown = cli("restore", "a.png", "-o", "b.png", "--model", model, *arguments)

    assert shown.code == 2
    assert sentence in shown.err
    assert len(shown.err.splitlines()) == 1
    assert not (place / "b.png").exists()


def test_auto_goes_by_the_file_and_says_so(cli, model, photo):
    """A JPEG is a photograph; the same pixels without a statement are light."""
    Image.fromarray(read_image(photo("a.png")).pixels).save("a.jpg")
    write_image("b.png", read_image("a.jpg").pixels)
    call = ("restore", "-o", "out.png", "--model", model, "--overwrite")

    found = {}
    for name, options in (("a.jpg", ()), ("b.png", ()), ("b.png", ("--light", "srgb"))):
        words = cli(*call, name, *options).out
        figures = json.loads(cli(*call, name, *options, "--json").out)
        found[figures["light"], figures["light_from"]] = read_image("out.png").pixels, words

    assert list(found) == [("srgb", "JPEG"), ("linear", "no statement"), ("srgb", "asked for")]
    (jpeg, shown), (plain, quiet), (asked, _) = found.values()
    assert ", light srgb (JPEG), " in shown
    assert "light" not in quiet
    assert np.array_equal(jpeg, asked)
    assert not np.array_equal(jpeg, plain)


def test_gamma_is_told_its_new_name_once(cli, model, photo):
    photo("a.tif", dtype="uint16")

    old = cli("restore", "a.tif", "-o", "old.tif", "--model", model, "--gamma")
    new = cli("restore", "a.tif", "-o", "new.tif", "--model", model, "--light", "srgb")

    assert (old.code, old.err, new.err) == (0, "pinsharp: --gamma is an old name; say --light srgb\n", "")
    assert np.array_equal(read_image("old.tif").pixels, read_image("new.tif").pixels)
