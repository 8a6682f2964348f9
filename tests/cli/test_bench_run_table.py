"""`pinsharp bench run` without and with a folder: the table, its JSON, the records, and what is refused."""

import json

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from pinsharp.blur.camera import generator
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.cli.bench.run import run as bench_run
from pinsharp.errors import ConfigError, KernelError, OutputError
from pinsharp.images.files import write_image

app = typer.Typer()
app.command()(bench_run)


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for number in range(3):
        noise = torch.rand(1, 3, 48, 40, generator=generator(0, number))
        soft = Blur(gaussian_kernel(1.5), "reflect")(noise)
        pixels = ((soft - soft.mean()) * 4 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).numpy()
        write_image(data / f"{number}.png", np.rint(pixels * 255).astype(np.uint8))
    return data


def run(folder, *arguments):
    return CliRunner().invoke(app, ["--data", str(folder), *map(str, arguments)])


def records_in(out):
    return [json.loads(line) for line in (out / "records.jsonl").read_text().splitlines()]


def test_the_table_has_a_row_a_method_and_a_column_a_kernel(folder):
    result = run(folder, "--methods", "blurred,linear-limit,wiener", "--kernels", "gaussian:1.8:21,disk:2")

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert "3 images: gaussian:1.8:21,disk:2, reflect, 8 bits" in lines[0]
    rows = [line.split() for line in lines if line.split()[:1] in (["blurred"], ["linear-limit"], ["wiener"])]
    assert [row[0] for row in rows] == ["blurred", "linear-limit", "wiener"]
    for row in rows:
        one, two, mean = (float(figure) for figure in row[1:4])
        assert mean == pytest.approx((one + two) / 2, abs=0.011)
    assert all(float(rows[0][column]) < float(rows[1][column]) for column in range(1, 5))
    assert result.stderr == ""


def test_json_has_the_protocol_and_a_part_a_row(folder):
    result = run(folder, "--methods", "blurred", "--kernels", "disk:2", "--noise", 2, "--seed", 3, "--json")

    about = json.loads(result.stdout)
    assert about["protocol"]["noise_of_255"] == 2
    assert about["protocol"]["seed"] == 3
    assert [(row["name"], row["images"]) for row in about["rows"]] == [("blurred", 3)]


def test_records_hold_every_figure_and_add_up_to_the_rows(folder, tmp_path):
    options = ["--methods", "blurred,wiener", "--kernels", "gaussian:2,disk:2", "--json"]

    rows = json.loads(run(folder, *options, "-o", tmp_path / "out").stdout)["rows"]

    records = records_in(tmp_path / "out")
    assert [record["record"] for record in records] == ["run", *["measurement"] * 12]
    for row in rows:
        own = [record["psnr"] for record in records[1:] if record["row"] == row["name"]]
        assert row["mean_psnr"] == pytest.approx(np.mean(own))


def test_limit_takes_the_first_images(folder, tmp_path):
    run(folder, "--methods", "blurred", "--kernels", "disk:2", "--limit", 2, "-o", tmp_path / "out")

    assert [record.get("image") for record in records_in(tmp_path / "out")] == [None, "0.png", "1.png"]


@pytest.mark.parametrize("is_kept", [False, True])
def test_an_image_that_fails_is_told_and_costs_no_other(folder, tmp_path, is_kept):
    (folder / "2.png").write_bytes(b"")

    options = ["-o", tmp_path / "out"] if is_kept else []
    result = run(folder, "--methods", "blurred", "--kernels", "disk:2", *options)

    assert result.exit_code == 1
    assert "blurred: 1 of 3 failed, first 2.png, disk:2: " in result.stderr
    assert [line.split()[-1] for line in result.stdout.splitlines() if line.split()[:1] == ["blurred"]] == ["2"]


@pytest.mark.parametrize(
    "options, error, sentence",
    [
        (["--methods", "blured"], ConfigError, "blured"),
        (["--boundary", "mirror"], ConfigError, "boundary must be one of"),
        (["--bits", "17"], ConfigError, "bits must be from 1 to 16"),
        (["--noise", "-1"], ConfigError, "noise must be at least 0"),
        (["--limit", "0"], ConfigError, "--limit must be at least 1 image, got 0"),
        (["--kernels", "dics:2"], KernelError, "neither gaussian:SIGMA nor disk:RADIUS"),
        (["--split", "test"], ConfigError, "no split 'test'"),
    ],
)
def test_a_wrong_option_is_one_clear_error(folder, options, error, sentence):
    result = run(folder, "--methods", "blurred", *options)

    assert isinstance(result.exception, error)
    assert sentence in str(result.exception)


def test_a_file_in_place_of_the_folder_stays_as_it_is(folder):
    before = (folder / "0.png").read_bytes()

    result = run(folder, "--methods", "blurred", "--kernels", "disk:2", "-o", folder / "0.png")

    assert isinstance(result.exception, OutputError)
    assert (folder / "0.png").read_bytes() == before


def test_the_true_kernel_adds_a_row_for_a_method_that_takes_one(folder):
    options = ["--methods", "blurred,wiener", "--kernels", "disk:2", "--true-kernel", "--json"]

    blurred, blind, informed = json.loads(run(folder, *options).stdout)["rows"]

    assert [row["name"] for row in (blurred, blind, informed)] == ["blurred", "wiener", "wiener, true kernel"]
    assert blind["blind_gap"] == pytest.approx(informed["mean_psnr"] - blind["mean_psnr"])
    assert blurred["mean_psnr"] < informed["mean_psnr"]
