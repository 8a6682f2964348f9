"""`pinsharp watch`: what is said, how it stops, and what it refuses."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pinsharp
from pinsharp.images import atomic

TESTS = Path(__file__).parents[1]
HOUR_S = 3600


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def age(path, seconds=HOUR_S):
    os.utime(path, (time.time() - seconds, time.time() - seconds))
    return path


def test_once_restores_what_is_there_and_stops(cli, model, photo):
    age(photo("in/a.png"))
    age(photo("in/b.tif", dtype="uint16"))

    shown = cli("watch", "in", "-o", "out", "--once", "--model", model, "--json")
    again = cli("watch", "in", "-o", "out", "--once", "--model", model)

    records = [json.loads(line) for line in shown.out.splitlines()]
    assert (shown.code, again.code, again.out) == (0, 0, "")
    assert sorted(record["output"] for record in records) == ["out/a.png", "out/b.tif"]
    assert all(record["sigma"] == pytest.approx(2, rel=1e-3) for record in records)
    assert again.err == "pinsharp: 0 done, 0 failed, 2 skipped\n"


def test_a_failure_is_told_moved_aside_and_exit_1(cli, model, photo):
    age(photo("in/a.png"))
    Path("in/b.png").write_bytes(b"no image")
    age("in/b.png")

    shown = cli("watch", "in", "-o", "out", "--once", "--model", model, "--failed-dir", "aside")

    assert shown.code == 1
    assert "pinsharp: error: in/b.png: expected a PNG" in shown.err
    assert "moved to aside/b.png" in shown.err
    assert Path("aside/b.png").read_bytes() == b"no image"
    assert Path("aside/b.png.reason.txt").read_text().startswith("in/b.png: expected a PNG, JPEG")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["nowhere", "-o", "out"], "nowhere: expected a folder to watch, got none; make it first"),
        (["in", "-o", "in"], "in: expected a folder for results beside the watched one, got the same"),
        (["in", "-o", "out", "--failed-dir", "in"], "in: expected a folder for failures beside the watched one"),
        (["in", "-o", "out", "--settle", "-1"], "--settle must be at least 0 seconds, got -1"),
        (["in", "-o", "out", "--kernel", "disc:3"], "neither gaussian:SIGMA nor disk:RADIUS"),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(cli, model, photo, arguments, sentence):
    photo("in/a.png")

    shown = cli("watch", *arguments, "--once", "--model", model)

    assert (shown.code, shown.out, len(shown.err.splitlines())) == (2, "", 1)
    assert sentence in shown.err
    assert not Path("out").exists()


def test_without_its_library_it_says_what_to_install(cli, photo, monkeypatch):
    photo("in/a.png")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    shown = cli("watch", "in", "-o", "out")

    assert shown.code == 2
    assert "pip install 'pinsharp[watch]'" in shown.err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_restores_arrivals_until_it_is_stopped(number):
    pytest.importorskip("watchfiles")
    Path("in").mkdir()
    Path("in/0.png").write_bytes(b"first")
    process = subprocess.Popen(
        [sys.executable, str(TESTS / "fake_cli.py"), "watch", "in", "-o", "out", "--settle", "0.1"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(pinsharp.__file__).parents[1]), str(TESTS)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [process.stdout.readline()]
        Path("in/1.png").write_bytes(b"second")
        lines.append(process.stdout.readline())
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()

    assert [line.split(" -> ")[0] for line in lines] == ["in/0.png", "in/1.png"]
    assert (out, process.returncode) == ("", 130)
    assert err.startswith("pinsharp: watching in; Ctrl-C stops\n")
    assert "2 done, 0 failed, 0 skipped" in err
    assert "Traceback" not in err
    assert Path("out/1.png").read_bytes() == b"dnoces"
    assert list(Path("out").glob(atomic.HIDDEN)) == []
