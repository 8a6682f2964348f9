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

    first = cli("bench", "real", series, "-o", out, *options, "--passes", "1,3", "--json")
    again = cli("bench", "real", series, "-o", out, *options)

    document = json.loads(first.out)
    fixed = ["richardson-lucy:15, once", "richardson-lucy:15, fitted kernel"]
    assert [group["title"] for group in document["groups"]] == ["net, once", "net, 3 passes", *fixed]
    once = {row["level"]: row for row in document["groups"][0]["rows"]}
    assert set(once) == {"0", "1", "-2"}
    assert once["0"]["psnr"] is None
    assert once["-2"]["sigma"] == pytest.approx(2.0, rel=0.02)  # what the tiny network says of every image
    assert once["-2"]["matching_sigma"] == pytest.approx(2.0, abs=0.1)
    assert once["-2"]["fitted_gaussian"] == pytest.approx(2.0, rel=0.05)
    assert document["series"]["series"]["reference"] == "0"
    assert [row["method"] for row in document["summary"][0]["rows"]] == [group["title"] for group in document["groups"]]
    assert {path.name for path in out.iterdir() if path.is_file()} == {"real.jsonl"} | {
        *(f"real{table}.{kind}" for table in ("", "-width", "-summary", "-detail") for kind in ("md", "csv", "tex")),
        *(f"real-{picture}.{kind}" for picture in ("widths", "gains", "sheet") for kind in ("png", "pdf")),
    }
    assert (first.code, again.code) == (0, 0)
    assert "0 images to measure" in again.err
    assert "| -2 |" in again.out
    assert "3 passes" not in again.out
    assert again.out == "\n".join((out / f"real{name}.md").read_text() for name in ("", "-width", "-summary"))


def test_photographs_are_another_run_restored_in_linear_light_by_its_old_name_too(cli, series, tmp_path):
    options = ["--methods", "richardson-lucy:2", "--device", "cpu", "--json"]

    plain, photographs = (
        json.loads(cli("bench", "real", series, "-o", tmp_path / "out", *options, *extra).out)
        for extra in ([], ["--light", "srgb"])
    )
    old = cli("bench", "real", series, "-o", tmp_path / "out", *options, "--gamma")

    assert plain["run"] != photographs["run"]
    assert [each["series"]["series"]["light"] for each in (plain, photographs)] == ["linear", "srgb"]
    assert "Light: srgb, decoded" in (tmp_path / "out" / "real-summary.md").read_text()
    before, after = ({row["level"]: row for row in document["groups"][0]["rows"]} for document in (plain, photographs))
    for level in ("1", "-2"):
        assert before[level]["fitted_sigma"] == after[level]["fitted_sigma"]
        assert before[level]["restored_psnr"] != after[level]["restored_psnr"]
        assert (before[level]["light"], after[level]["light"]) == ("linear", "srgb")
    assert "--gamma is an old name; say --light srgb" in old.err
    assert "0 images to measure" in old.err


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
        (["--region", "1,2,3"], "--region: expected four numbers"),
        (["--region", "other:1,2,3,4"], "--region: expected SERIES:TOP,LEFT,HEIGHT,WIDTH with a series of series"),
        (["--region", "series:100,100,60,60"], "a region inside the sharp level of 120 x 132 pixels"),
        (["--methods", "magic"], "'magic'"),
        (["--light", "sRGB"], "light must be auto, linear, srgb, bt709 or the exponent"),
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


def test_several_series_are_one_table_and_what_is_none_is_said(cli, series, tmp_path):
    second = series.parent / "all" / "second"
    second.mkdir(parents=True)
    for path in series.iterdir():
        (second / path.name).write_bytes(path.read_bytes())
    (second.parent / "edges").mkdir()
    (second.parent / "edges" / "left.png").write_bytes((series / "0.png").read_bytes())
    options = ["--methods", "richardson-lucy:2", "--device", "cpu", "--region", "second:30,30,40,40", "--json"]

    result = cli("bench", "real", series, second.parent, "-o", tmp_path / "out", *options)

    document = json.loads(result.out)
    assert (result.code, "left out: " in result.err) == (0, True)
    rows = document["groups"][0]["rows"]
    assert {(row["series"], row["level"]) for row in rows} == {
        (name, n) for name in ("series", "second") for n in ["0", "1", "-2"]
    }
    gains = [row["gain"] for row in rows if row["gain"] is not None]
    assert gains == sorted(gains)
    assert document["summary"][0]["rows"][0]["levels"] == 4
    assert [row["series"] for row in document["width"][0]["rows"]] == ["series", "second"]
    bands = [row for row in document["detail"][0]["rows"] if row["level"] == "1"]
    assert len(bands) == 4 + 5  # the region of one of them beside the octaves of both
