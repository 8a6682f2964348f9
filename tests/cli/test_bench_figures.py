"""`pinsharp bench crops|fig4|speed`: pictures and numbers that are made by restoring, and what is refused."""

import json

import pytest


@pytest.fixture
def folder(photo, tmp_path):
    """A folder of two sharp images."""
    for name, width in (("a.png", 48), ("b.png", 56)):
        photo(f"data/{name}", (48, width, 3))
    return tmp_path / "data"


@pytest.fixture
def out(cli, folder, model, tmp_path):
    """Records of a small network."""
    options = ["--methods", f"blurred,net={model}", "--kernels", "gaussian:1.5:9,gaussian:2:9", "--device", "cpu"]
    assert cli("bench", "run", "--data", folder, "-o", tmp_path / "out", *options).code == 0
    return tmp_path / "out"


def test_crops_restores_again_what_the_records_hold(cli, out):
    result = cli("bench", "crops", out, "--image", "b", "--kernel", "1.5", "--device", "cpu", "--json")

    document = json.loads(result.out)
    (row,) = document["groups"][0]["rows"]
    assert row["method"] == "net"
    assert row["psnr"] == pytest.approx(row["recorded_psnr"], abs=1e-4)
    assert {path.name for path in out.iterdir() if path.name != "records.jsonl"} == {
        f"crops-b-gaussian-1.5-9.{kind}" for kind in ("png", "pdf", "csv", "json")
    }


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--image", "c.png"], "has no image 'c.png'; it has a.png, b.png"),
        (["--kernel", "9"], "expected one of the run's kernels"),
        (["--methods", "swift"], "has no row 'swift'"),
        (["--detail", "40,40,20,20"], "expected a detail inside the image of 48 x 48 pixels"),
        (["--data", "nowhere"], "no such file"),
    ],
)
def test_crops_of_what_is_not_there_are_one_error(cli, out, options, sentence):
    result = cli("bench", "crops", out, *options, "--device", "cpu")

    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert sentence in result.err


def test_fig4_writes_both_pictures_and_the_numbers(cli, folder, model, tmp_path):
    out = tmp_path / "results"
    options = ["--methods", "wiener", "--estimator", model, "--limit", 1, "--device", "cpu"]

    result = cli("bench", "fig4", out, "--data", folder, *options, "--json")

    document = json.loads(result.out)
    rows = document["fig4"]["groups"][0]["rows"]
    assert [row["kernel"] for row in rows] == ["none", "true, sigma 3.5", "sigma 3.7", "estimated by tiny"]
    assert rows[3]["effective_sigma"] == pytest.approx(2.0, rel=0.02)  # what the tiny network says of every image
    assumed = [row["assumed"] for row in document["curve"]["groups"][0]["rows"]]
    assert assumed == pytest.approx([3 + step / 10 for step in range(11)])
    assert document["protocol"]["kernels"] == "gaussian:3.5:21"
    kinds = ("png", "pdf", "csv", "json")
    assert {path.name for path in out.iterdir()} == {
        f"{name}.{kind}" for name in ("fig4", "fig4-curve") for kind in kinds
    }

    again = cli("bench", "fig4", out, "--data", folder, *options)
    assert again.code == 2
    assert "--overwrite replaces it" in again.err


def test_speed_without_records_times_and_with_them_adds_the_quality(cli, out, model, tmp_path):
    options = ["--methods", f"blurred,net={model}", "--megapixels", "0.01,0.02", "--repeats", 1, "--device", "cpu"]

    alone = json.loads(cli("bench", "speed", tmp_path / "new", *options, "--json").out)
    result = cli("bench", "speed", out, *options)

    assert "speed-quality" not in alone
    assert len(alone["speed"]["groups"][0]["rows"]) == 4
    assert alone["threads"] >= 1
    assert result.code == 0
    saved = json.loads((out / "speed.json").read_text())
    assert [row["method"] for row in saved["speed-quality"]["groups"][0]["rows"]] == ["blurred", "net"]
    assert {"speed.png", "speed.pdf", "speed.csv", "speed.md", "speed-quality.png", "speed-quality.csv"} <= {
        path.name for path in out.iterdir()
    }


@pytest.mark.parametrize(
    "command, sentence",
    [
        (["fig4", "--data", "DATA", "--limit", "0"], "--limit must be at least 1 image, got 0"),
        (["fig4", "--data", "nowhere"], "no such file"),
        (["fig4", "--data", "DATA", "--methods", "nothing"], "expected a model"),
        (["fig4", "--data", "DATA", "--boundary", "mirror"], "boundary must be one of"),
        (
            ["speed", "--megapixels", "big"],
            "--megapixels: expected numbers joined by commas, such as 0.25,1, got 'big'",
        ),
        (["speed", "--threads", "1.5"], "--threads: expected whole numbers, got '1.5'"),
        (["speed", "--repeats", "0"], "at least 1 repeat"),
        (["speed", "--methods", "blured"], "expected a model"),
    ],
)
def test_a_wrong_option_is_one_error_and_makes_no_folder(cli, folder, tmp_path, command, sentence):
    arguments = [folder if part == "DATA" else part for part in command[1:]]

    result = cli("bench", command[0], tmp_path / "new", *arguments, "--device", "cpu")

    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert sentence in result.err
    assert not (tmp_path / "new").exists()
