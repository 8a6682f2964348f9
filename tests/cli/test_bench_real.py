"""`pinsharp bench real`: a focus series measured, resumed, told in files and on stdout; what is none is explained."""

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from pinsharp.images.files import write_image


@pytest.fixture
def series(tmp_path):
    """Three levels of a texture, the last one on the other side."""
    texture = gaussian_filter(np.random.default_rng(0).random((120, 132)), 1)
    texture = np.clip((texture - 0.5) * 3 + 0.5, 0, 1)
    folder = tmp_path / "series"
    folder.mkdir()
    for level in (0, 1, -2):
        blurred = gaussian_filter(texture, abs(level)) if level else texture
        write_image(folder / f"{level}.png", np.rint(blurred * 255).astype(np.uint8))
    return folder


@pytest.mark.slow
def test_a_series_is_measured_once_and_told_in_files(cli, series, model, tmp_path):
    out, options = tmp_path / "out", ["--methods", f"net={model}", "--estimator", model, "--device", "cpu"]

    first = cli("bench", "real", series, "-o", out, *options, "--json")
    again = cli("bench", "real", series, "-o", out, *options, "--passes", 1)

    document = json.loads(first.out)
    assert [group["title"] for group in document["groups"]] == ["series: net, once", "series: net, 3 passes"]
    once = {row["level"]: row for row in document["groups"][0]["rows"]}
    assert list(once) == ["0", "1", "-2"]
    assert once["0"]["psnr"] is None
    assert once["-2"]["sigma"] == pytest.approx(2.0, rel=0.02)  # what the tiny network says of every image
    assert once["-2"]["matching_sigma"] == pytest.approx(2.0, abs=0.1)
    assert document["reference"] == "0"
    assert {path.name for path in out.iterdir() if path.is_file()} == {"real.jsonl"} | {
        f"real{name}"
        for name in (".md", ".csv", ".tex", *(f"-{p}.{k}" for p in ("curves", "details") for k in ("png", "pdf")))
    }
    assert (first.code, again.code) == (0, 0)
    assert "0 images to measure" in again.err
    assert "| -2 |" in again.out
    assert "3 passes" not in again.out
    assert again.out == (out / "real.md").read_text()


@pytest.mark.slow
def test_two_processes_say_what_one_says(cli, series, model, tmp_path):
    options = ["--methods", f"net={model}", "--estimator", model, "--device", "cpu", "--passes", 1]

    one = cli("bench", "real", series, "-o", tmp_path / "one", *options)
    two = cli("bench", "real", series, "-o", tmp_path / "two", *options, "--jobs", 2)

    assert (one.code, two.code) == (0, 0)
    assert one.out == two.out


def test_photographs_are_another_run_restored_in_linear_light(cli, series, tmp_path):
    options = ["--methods", "richardson-lucy:2", "--device", "cpu", "--passes", 1, "--json"]

    plain, photographs = (
        json.loads(cli("bench", "real", series, "-o", tmp_path / "out", *options, *extra).out)
        for extra in ([], ["--light", "srgb"])
    )

    assert plain["run"] != photographs["run"]
    assert (plain["light"], photographs["light"]) == ("linear", "srgb")
    assert "Light: srgb, decoded" in (tmp_path / "out" / "real.md").read_text()
    before, after = (document["groups"][0]["rows"] for document in (plain, photographs))
    assert [row["matching_sigma"] for row in before] == [row["matching_sigma"] for row in after]
    assert all(one["restored_psnr"] != two["restored_psnr"] for one, two in zip(before[1:], after[1:], strict=True))


@pytest.mark.slow
def test_without_level_0_another_is_the_sharp_one_and_a_level_that_fails_costs_no_other(cli, series, model, tmp_path):
    (series / "0.png").unlink()
    write_image(series / "3.png", np.full((120, 132), 9, np.uint8))
    options = ["--methods", f"net={model}", "--estimator", model, "--device", "cpu", "--passes", 1]

    result = cli("bench", "real", series, "-o", tmp_path / "out", *options)

    assert result.code == 1
    assert "level 1 stands for the sharp image" in result.err
    assert "3.png: expected images of at least 80 pixels a side, with structure" in result.err
    assert "| -2 |" in result.out


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--reference", "7"], "a reference among the levels 0, 1, -2, got 7"),
        (["--crop", "100"], "--crop must be at least 128 pixels, got 100"),
        (["--jobs", "0"], "--jobs must be at least 1"),
        (["--passes", "0"], "passes of at least 1, got 0"),
        (["--passes", "a"], "--passes: expected numbers"),
        (["--detail", "1,2,3"], "--detail: expected four numbers"),
        (["--methods", "magic"], "'magic'"),
        (["--estimator", "selfdeblur"], "finds the blur only while it restores"),
    ],
)
def test_wrong_options_are_one_error(cli, series, tmp_path, options, sentence):
    result = cli("bench", "real", series, "-o", tmp_path / "out", "--device", "cpu", *options)

    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert sentence in result.err


def test_a_folder_whose_names_are_no_numbers_is_explained(cli, photo, tmp_path):
    photo("holiday/sea.png")

    result = cli("bench", "real", tmp_path / "holiday", "-o", tmp_path / "out", "--device", "cpu")

    assert result.code == 2
    assert "named by their focus level, such as 0.png for the sharpest" in result.err
    assert not (tmp_path / "out").exists()
