"""`pinsharp bench table1|table2|oracle|margins|fig5`: what is printed and written, and what is refused in one line."""

import csv
import io
import json

import pytest

from tiny_records import measured, write_records

KERNELS = ("gaussian:2:9", "gaussian:3:9")


@pytest.fixture
def out(tmp_path):
    """A folder with records of four rows."""
    errors = {"blurred": 1e-1, "linear-limit": 10**-2.5, "net": 1e-2, "net, true kernel": 1e-3}
    done = [measured(row, "a.png", kernel, mse) for row, mse in errors.items() for kernel in KERNELS]
    return write_records(tmp_path / "out", done, images=1)


def test_a_table_is_printed_as_markdown_and_written_three_ways(cli, out):
    result = cli("bench", "table1", out)

    assert result.code == 0
    assert result.out == (out / "table1.md").read_text()
    assert "| method | MSE, 1e-3 | aggregate PSNR, dB | mean PSNR, dB | SSIM |" in result.out
    assert "| net | 10.000 | 20.00 | 20.00 | 0.9000 |" in result.out
    rows = list(csv.DictReader(io.StringIO((out / "table1.csv").read_text())))
    assert [row["method"] for row in rows] == ["blurred", "linear-limit", "net", "net, true kernel"]
    assert r"\begin{tabular}" in (out / "table1.tex").read_text()
    assert "wrote" in result.err


@pytest.mark.parametrize(
    "command",
    [
        *(["table1"], ["oracle"], ["fig5"], ["table2", "--methods", "net,net, true kernel"]),
        ["margins", "--methods", "net", "--over", "linear-limit"],
    ],
    ids=lambda command: command[0],
)
def test_json_is_one_document_and_nothing_else(cli, out, command):
    result = cli("bench", command[0], out, *command[1:], "--json")

    document = json.loads(result.out)
    assert document["table"] == command[0]
    assert [group["run"] for group in document["groups"]] == ["one"]
    assert all((out / name).exists() for name in document["files"])
    assert result.err == ""


def test_the_oracle_prints_gap_and_limit(cli, out):
    assert (
        "| net | 20.00 | 30.00 | +10.00 | +5.00 | 20.00 | 30.00 | +10.00 | +5.00 |" in cli("bench", "oracle", out).out
    )


def test_margins_are_printed_and_written_three_ways(cli, out):
    result = cli("bench", "margins", out, "--methods", "net, true kernel", "--over", "net,linear-limit", "--aggregate")

    assert result.code == 0
    assert result.out == (out / "margins.md").read_text()
    assert "| net, true kernel | best other | its PSNR | net, true kernel ahead |" in result.out
    assert "| all | 10.00 | 25.00 | 30.00 | linear-limit | 25.00 | +5.00 |" in result.out
    assert "the paper's definition" in result.out
    rows = list(csv.DictReader(io.StringIO((out / "margins.csv").read_text())))
    assert [row["kernel"] for row in rows] == [*KERNELS, "all"]
    assert r"\begin{tabular}{lrrrlrr}" in (out / "margins.tex").read_text()


def test_margins_want_to_know_whose(cli, out):
    result = cli("bench", "margins", out)

    assert (result.code, result.out) == (2, "")
    assert "--methods" in result.err


def test_fig5_writes_the_picture_and_its_numbers(cli, out):
    result = cli("bench", "fig5", out, "--methods", "net, true kernel", "--psnr", "aggregate")

    assert result.code == 0
    assert (out / "fig5.png").read_bytes().startswith(b"\x89PNG")
    assert (out / "fig5.pdf").read_bytes().startswith(b"%PDF")
    rows = list(csv.DictReader(io.StringIO((out / "fig5.csv").read_text())))
    assert {row["row"] for row in rows} == {"blurred", "linear-limit", "net, true kernel"}
    assert json.loads((out / "fig5.json").read_text())["table"] == "fig5"


@pytest.mark.parametrize(
    "command",
    [["table1"], ["table2"], ["oracle"], ["margins", "--methods", "net"], ["fig5"], ["crops"]],
    ids=lambda c: c[0],
)
def test_a_folder_without_records_is_one_error(cli, tmp_path, command):
    for folder in (tmp_path / "none", tmp_path):
        result = cli("bench", command[0], folder, *command[1:])

        assert (result.code, result.out) == (2, "")
        assert result.err.count("\n") == 1
        assert "expected a folder with records.jsonl, got none" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command, sentence",
    [
        (["table2"], "at least two of udbd, udbd-flat, udbd-fwd, got net"),
        (["margins", "--methods", "mine"], "no run has a row 'mine'; there are blurred, linear-limit, net, net, true"),
        (["margins", "--methods", "net,net"], "every row once, in --methods or in --over, got 'net' 2 times"),
        (["margins", "--methods", "net", "--over", "net"], "every row once, in --methods or in --over, got 'net' 2"),
        (["margins", "--methods", "net", "--over", "wiener"], "no run has a row 'wiener'; there are"),
        (["margins", "--methods", ""], "at least one method whose lead to show, got none"),
        (["margins", "--methods", "net"], "one of net and other rows to compare with, got photos with blurred, linear"),
        (["fig5", "--psnr", "median"], "--psnr: expected mean or aggregate, got 'median'"),
        (["fig5", "--methods", "mine"], "no run has a row 'mine'"),
        (["crops", "--run", "two"], "--run: expected one of one (photos), got 'two'"),
        (["crops", "--detail", "1,2"], "expected four numbers TOP,LEFT,HEIGHT,WIDTH, got '1,2'"),
        (["crops", "--detail", "a,2,3,4"], "expected numbers joined by commas"),
    ],
)
def test_a_wrong_option_is_one_clear_error(cli, out, command, sentence):
    result = cli("bench", command[0], out, *command[1:])

    assert (result.code, result.out) == (2, "")
    assert result.err.count("\n") == 1
    assert sentence in result.err
