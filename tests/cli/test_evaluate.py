"""`pinsharp evaluate`: the table, its JSON, the records, and what is refused."""

import json

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from pinsharp.blur.camera import generator
from pinsharp.blur.kernels import gaussian_kernel
from pinsharp.blur.operators import Blur
from pinsharp.cli.evaluate import evaluate
from pinsharp.errors import ConfigError, ImageError, KernelError, OutputError
from pinsharp.images.files import write_image

app = typer.Typer()
app.command()(evaluate)


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


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


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


def test_json_prints_the_protocol_and_a_line_a_row(folder):
    result = run(folder, "--methods", "blurred", "--kernels", "disk:2", "--noise", 2, "--seed", 3, "--json")

    about, row = (json.loads(line) for line in result.stdout.splitlines())
    assert about["record"] == "header"
    assert about["protocol"]["noise_of_255"] == 2
    assert about["protocol"]["seed"] == 3
    assert row["record"] == "row"
    assert row["name"] == "blurred"
    assert row["images"] == 3


def test_records_hold_every_figure_and_add_up_to_the_rows(folder, tmp_path):
    out = tmp_path / "records.jsonl"

    run(folder, "--methods", "blurred,wiener", "--kernels", "gaussian:2,disk:2", "-o", out)

    records = [json.loads(line) for line in out.read_text().splitlines()]
    measured = [record for record in records if record["record"] == "measurement"]
    assert [record["record"] for record in records] == ["header", *["measurement"] * 12, "row", "row"]
    for row in records[-2:]:
        own = [record["psnr"] for record in measured if record["row"] == row["name"]]
        assert row["mean_psnr"] == pytest.approx(np.mean(own))


def test_limit_takes_the_first_images(folder, tmp_path):
    out = tmp_path / "records.jsonl"

    run(folder, "--methods", "blurred", "--kernels", "disk:2", "--limit", 2, "-o", out)

    images = [json.loads(line).get("image") for line in out.read_text().splitlines()]
    assert images == [None, "0.png", "1.png", None]


def test_a_run_that_fails_on_the_way_keeps_what_it_measured(folder, tmp_path):
    (folder / "2.png").write_bytes(b"")
    out = tmp_path / "records.jsonl"

    result = run(folder, "--methods", "blurred", "--kernels", "disk:2", "-o", out)

    assert isinstance(result.exception, ImageError)
    assert [json.loads(line)["record"] for line in out.read_text().splitlines()] == ["header", *["measurement"] * 2]


@pytest.mark.parametrize(
    "options, error, sentence",
    [
        (["--methods", "blured"], ConfigError, "blured"),
        (["--boundary", "mirror"], ConfigError, "boundary must be one of"),
        (["--bits", "17"], ConfigError, "bits must be from 1 to 16"),
        (["--noise", "-1"], ConfigError, "noise must be at least 0"),
        (["--limit", "0"], ConfigError, "--limit must be at least 1 image, got 0"),
        (["--kernels", "disc:2"], KernelError, "neither gaussian:SIGMA nor disk:RADIUS"),
        (["--split", "test"], ConfigError, "no split 'test'"),
    ],
)
def test_a_wrong_option_is_one_clear_error(folder, options, error, sentence):
    result = run(folder, "--methods", "blurred", *options)

    assert isinstance(result.exception, error)
    assert sentence in str(result.exception)


def test_records_replace_an_older_file_only_when_asked_and_never_an_image(folder, tmp_path):
    out = tmp_path / "records.jsonl"
    out.write_text("mine")
    options = ["--methods", "blurred", "--kernels", "disk:2"]

    assert isinstance(run(folder, *options, "-o", out).exception, OutputError)
    assert out.read_text() == "mine"
    before = (folder / "0.png").read_bytes()
    assert isinstance(run(folder, *options, "-o", folder / "0.png", "--overwrite").exception, OutputError)
    assert (folder / "0.png").read_bytes() == before
    assert run(folder, *options, "-o", out, "--overwrite").exit_code == 0
    assert out.read_text() != "mine"
    assert isinstance(run(folder, *options, "-o", tmp_path / "no" / "folder.jsonl").exception, OutputError)


def test_the_true_kernel_adds_a_row_for_a_method_that_takes_one(folder):
    options = ["--methods", "blurred,wiener", "--kernels", "disk:2", "--true-kernel", "--json"]

    _, blurred, blind, informed = (json.loads(line) for line in run(folder, *options).stdout.splitlines())

    assert [row["name"] for row in (blurred, blind, informed)] == ["blurred", "wiener", "wiener, true kernel"]
    assert blind["blind_gap"] == pytest.approx(informed["mean_psnr"] - blind["mean_psnr"])
    assert blurred["mean_psnr"] < informed["mean_psnr"]
