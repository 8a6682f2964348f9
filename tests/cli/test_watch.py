"""`pinsharp watch`: what is said, how it stops, and what it refuses."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

import pinsharp
from pinsharp import atomic

TESTS = Path(__file__).parents[1]
HOUR_S = 3600


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def age(path, seconds=HOUR_S):
    os.utime(path, (time.time() - seconds, time.time() - seconds))
    return path


def write(name, size=200):
    """Write an image that only the fake work can restore."""
    path = Path(name)
    path.write_bytes(b"x" * size)
    return path


def wait_for(is_true, seconds=60):
    until = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.02)


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


def save_hopeless():
    """Write what no trying makes an image that can be restored, and kept under its name."""
    values = np.random.default_rng(0).random((48, 40))
    tifffile.imwrite("in/whole.tif", (255 * values).astype("uint8"))
    content = Path("in/whole.tif").read_bytes()
    Path("in/truncated.tif").write_bytes(content[: len(content) // 2])
    Path("in/text.png").write_text("no image")
    Path("in/empty.jpg").write_bytes(b"")
    tifffile.imwrite("in/integers.tif", (1e6 * values).astype("int32"))
    tifffile.imwrite("in/pages.tif", np.zeros((3, 48, 40), "uint8"), photometric="minisblack")
    tifffile.imwrite("in/not-finite.tif", np.full((48, 40), np.nan, "float32"))
    tifffile.imwrite("in/sixteen-bits.jpg", (65535 * values).astype("uint16"))
    tifffile.imwrite("in/floats.png", values.astype("float32"))


def test_what_can_never_succeed_is_moved_aside_and_not_tried_again(cli, model):
    """Truncated, no image, of a wrong type, or with pixels that the format of its name cannot hold."""
    Path("in").mkdir()
    save_hopeless()
    hopeless = sorted(path.name for path in Path("in").iterdir() if path.name != "whole.tif")
    for path in Path("in").iterdir():
        age(path)

    shown = cli("watch", "in", "-o", "out", "--once", "--model", model)
    again = cli("watch", "in", "-o", "out", "--once", "--model", model)

    assert shown.err.splitlines()[-1].startswith("pinsharp: 1 done, 8 failed, 0 skipped")
    assert (shown.code, again.code, again.err) == (1, 0, "pinsharp: 0 done, 0 failed, 1 skipped\n")
    assert sorted(path.name for path in Path("in").iterdir()) == ["failed", "whole.tif"]
    assert sorted(path.name for path in Path("in/failed").iterdir()) == sorted(
        name + suffix for name in hopeless for suffix in ("", ".reason.txt")
    )


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["nowhere", "-o", "out"], "nowhere: expected a folder to watch, got none; make it first"),
        (["in", "-o", "in"], "in: expected a folder for results beside the watched one, got the same"),
        (["in", "-o", "out", "--failed-dir", "in"], "in: expected a folder for failures beside the watched one"),
        (["in", "-o", "out", "--settle", "-1"], "--settle must be at least 0 seconds, got -1"),
        (["in", "-o", "out", "--jobs", "0"], "--jobs must be at least 1 process, got 0"),
        (["in", "-o", "out", "--kernel", "dics:3"], "neither gaussian:SIGMA nor disk:RADIUS"),
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


def begin(*arguments, seconds=0.0):
    """Begin to watch with fake work, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(TESTS / "fake_cli.py"), "watch", "in", "-o", "out", "--settle", "0.1", *arguments],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(Path(pinsharp.__file__).parents[1]), str(TESTS)]),
            "FAKE_SECONDS": str(seconds),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_an_interrupt_finishes_all_images_in_work_and_the_next_run_the_others():
    pytest.importorskip("watchfiles")
    Path("in").mkdir()
    for number in range(8):
        age(write(f"in/{number}.png"))
    process = begin("--jobs", "2", seconds=1.0)
    try:
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()

    done = [line.split(" -> ")[0] for line in [first, *out.splitlines()]]
    assert process.returncode == 130
    assert f"{len(done)} done, 0 failed, 0 skipped" in err
    assert 1 <= len(done) < 8
    assert sorted(done) == sorted(f"in/{path.name}" for path in Path("out").glob("*.png"))
    rest = begin("--jobs", "2", "--once")
    assert len(rest.communicate()[0].splitlines()) == 8 - len(done)
    assert len(list(Path("out").glob("*.png"))) == 8
    assert list(Path("out").glob(atomic.HIDDEN)) == []


@pytest.mark.slow
def test_killed_amid_several_images_the_next_run_makes_each_result_once():
    pytest.importorskip("watchfiles")
    Path("in").mkdir()
    for number in range(8):
        age(write(f"in/{number}.png"))
    process = begin("--jobs", "2", seconds=0.5)
    process.stdout.readline()
    process.kill()
    process.communicate()
    first = {path.name: path.stat().st_mtime_ns for path in Path("out").glob("*.png")}

    _, err = begin("--jobs", "2", "--once").communicate()

    results = {path.name: path.stat().st_mtime_ns for path in Path("out").glob("*.png")}
    assert 1 <= len(first) < 8
    assert "0 failed" in err
    assert first.items() <= results.items()
    assert sorted(results) == [f"{number}.png" for number in range(8)]
    assert all(Path("out", name).stat().st_size == 200 for name in results)
    assert list(Path("out").glob(atomic.HIDDEN)) == []


@pytest.mark.slow
def test_a_second_interrupt_stops_all_processes_at_once():
    pytest.importorskip("watchfiles")
    Path("in").mkdir()
    for number in range(3):
        age(write(f"in/{number}.png", size=64_000))
    process = begin("--jobs", "2", seconds=60)
    try:
        wait_for(lambda: len(list(Path("out").glob(f"{atomic.HIDDEN}/result/{atomic.HIDDEN}"))) == 2)  # amid writing
        process.send_signal(signal.SIGINT)
        while "stopping" not in process.stderr.readline():
            pass
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.communicate()

    assert process.returncode == 130
    assert "interrupted; what was finished is complete" in err
    assert "Traceback" not in err
    assert list(Path("out").glob("*.png")) == list(Path("out").glob(atomic.HIDDEN)) == []


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_restores_arrivals_until_it_is_stopped(number, jobs):
    pytest.importorskip("watchfiles")
    Path("in").mkdir()
    Path("in/0.png").write_bytes(b"first")
    process = begin("--jobs", str(jobs))
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
