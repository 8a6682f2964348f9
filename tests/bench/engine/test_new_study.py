"""A new study is one small module and one line: it gets records, resume, processes, failures and tables."""

import inspect
import json
import re
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import toy_study
from pinsharp import bench

APP = typer.Typer()
APP.command()(toy_study.toy)  # the one line


@pytest.fixture
def toy(photos, tmp_path):
    """Call the study's command on two photos, the second of 44 columns."""

    def call(*options):
        data, out = str(photos[0].parent), str(tmp_path / "out")
        return CliRunner().invoke(APP, [data, "-o", out, *options])

    return call


def lines(folder):
    return [json.loads(line) for line in (folder / "toy.jsonl").read_text().splitlines()]


def test_it_is_measured_once_kept_and_tabulated(toy, tmp_path):
    first, again = toy(), toy()

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "4 images to measure" in first.stderr
    assert "0 images to measure" in again.stderr
    assert first.stdout == again.stdout == (tmp_path / "out" / "toy.md").read_text()
    assert "| mean |" in first.stdout
    header, *guesses = lines(tmp_path / "out")
    assert (header["record"], header["jobs"], len(guesses)) == ("toy", 1, 4)
    assert header.keys() >= {"run", "methods", "commit", "machine", "command"}


def test_an_image_that_cannot_be_read_is_told_and_tried_again(toy, photos, tmp_path):
    whole = photos[0].read_bytes()
    photos[0].write_bytes(b"no image")

    assert toy().exit_code == 1
    assert [line["status"] for line in lines(tmp_path / "out")[1:]] == ["failed", "failed", "done", "done"]

    photos[0].write_bytes(whole)
    assert toy().exit_code == 0


@pytest.mark.slow
def test_two_processes_share_it_and_one_that_dies_costs_only_what_it_was_at(toy, tmp_path):
    result = toy("--names", "mean,deadly,median", "--jobs", "2")

    assert result.exit_code == 1
    failed = [line for line in lines(tmp_path / "out")[1:] if line["status"] == "failed"]
    assert [(each["row"], each["image"]) for each in failed] == [("deadly", "1.png")]
    assert "ended by SIGKILL" in failed[0]["reason"]
    assert len(lines(tmp_path / "out")) == 1 + 2 * 3


def test_it_is_small():
    assert len(inspect.getsource(sys.modules["toy_study"]).splitlines()) < 150


@pytest.mark.parametrize("room", ["engine", "show"])
def test_what_studies_share_knows_none_of_them(room):
    texts = [path.read_text() for path in (Path(bench.__file__).parent / room).glob("*.py")]

    assert set(re.findall(r"from pinsharp\.bench\.(\w+)", " ".join(texts))) <= {"engine", "show"}
