"""`pinsharp bench run`: the table, one JSON document, going on after whatever has stopped it, and what is refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pinsharp
from pinsharp.bench.engine.record_file import RECORDS, RecordFile
from pinsharp.bench.quality.records import load_records
from pinsharp.blur.profile import Blur, Noise, Profile
from pinsharp.blur.profile_json import write_profile
from pinsharp.methods.classical import SolverMethod

PROTOCOL = ["--kernels", "gaussian:1.8:21,disk:2"]


@pytest.fixture
def data(photo):
    """A folder of three photos."""
    for number, side in enumerate((40, 44, 52)):
        path = photo(f"data/{number}.png", (48, side, 3))
    return path.parent


@pytest.fixture
def bench(cli, data, tmp_path):
    """Call `pinsharp bench run` on the photos."""

    def call(*options, out=tmp_path / "out", methods="blurred,wiener"):
        return cli("bench", "run", "--data", data, "--methods", methods, *PROTOCOL, "-o", out, *options)

    return call


def figures(folder):
    (records,) = load_records(folder)
    return {each.key: (each.mse, each.psnr, each.ssim) for each in records.figures}


def test_without_a_folder_the_table_is_the_same_and_nothing_is_kept(bench, cli, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = bench("--true-kernel")
    before = sorted(tmp_path.rglob("*"))

    shown = cli("bench", "run", "--data", data, "--methods", "blurred,wiener", *PROTOCOL, "--true-kernel")

    assert (shown.code, kept.code) == (0, 0)
    assert shown.out == kept.out
    assert shown.err == ""
    assert "wiener, true kernel" in shown.out
    assert "18 restorations to measure" in kept.err
    assert sorted(tmp_path.rglob("*")) == before


def test_json_is_one_document_and_nothing_else(bench):
    document = json.loads(bench("--json").out)

    assert document["protocol"]["kernels"] == PROTOCOL[1]
    assert document["images"] == 3
    assert [(row["name"], row["images"], row["failed"]) for row in document["rows"]] == [
        ("blurred", 6, 0),
        ("wiener", 6, 0),
    ]
    assert document["run"] == document["test_set_sha256"][:12]


def test_the_same_command_again_measures_nothing(bench):
    first = bench()

    again = bench()

    assert again.out == first.out
    assert "0 restorations to measure" in again.err
    assert "12 are there already" in again.err


def test_a_limit_makes_another_run_in_the_same_folder(bench, tmp_path):
    bench(methods="blurred")

    bench("--limit", 2, methods="blurred")

    assert [len(run.done) for run in load_records(tmp_path / "out")] == [6, 4]


def test_failures_are_told_recorded_and_tried_again(bench, tmp_path, monkeypatch):
    restore = SolverMethod.__call__

    def stumble(self, image, kernel=None):
        if image.shape[-1] == 44:
            raise MemoryError("cannot allocate\n9 GiB")
        return restore(self, image, kernel)

    monkeypatch.setattr(SolverMethod, "__call__", stumble)
    shown = bench()

    assert shown.code == 1
    assert shown.err.splitlines()[-1] == (
        "pinsharp: error: wiener: 2 of 6 failed, first 1.png, gaussian:1.8:21: MemoryError: cannot allocate 9 GiB"
    )
    assert sorted(
        line.split()[-1] for line in shown.out.splitlines() if line.split()[:1] in (["blurred"], ["wiener"])
    ) == [
        "4",
        "6",
    ]
    assert len([each for each in load_records(tmp_path / "out")[0].figures if not each.is_done]) == 2

    monkeypatch.setattr(SolverMethod, "__call__", restore)
    assert bench().code == 0
    assert all(each.is_done for each in load_records(tmp_path / "out")[0].figures)


def test_an_interrupt_keeps_what_was_measured(bench, tmp_path, monkeypatch):
    def interrupt(self, image, kernel=None):
        raise KeyboardInterrupt

    bench(out=tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(SolverMethod, "__call__", interrupt)
        shown = bench()

    assert shown.code == 130
    assert "stopped after 1 of 12; the same command continues from there" in shown.err
    assert "Traceback" not in shown.err
    assert bench().code == 0
    assert figures(tmp_path / "out") == figures(tmp_path / "whole")


def test_a_second_run_into_the_same_folder_is_refused(bench, tmp_path):
    with RecordFile(tmp_path / "out"):
        shown = bench()

    assert (shown.code, shown.out) == (2, "")
    assert len(shown.err.splitlines()) == 1
    assert "another run is writing" in shown.err


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--methods", "blured"], "got 'blured'"),
        (["--methods", "nothing.safetensors"], "nothing.safetensors"),
        (["--data", "nowhere"], "nowhere: expected an image file, a folder or a pattern, got no such file"),
        (["--data", "empty"], "empty: expected a folder with images"),
        (["-o", "file"], "file: expected a folder that can be made and written, got a file"),
        (["--jobs", "-1"], "--jobs must be at least 1 process, got -1"),
        (["--jobs", "0"], "--jobs must be at least 1 process, got 0"),
        (["--limit", "0"], "--limit must be at least 1 image, got 0"),
        (["--bits", "17"], "bits must be from 1 to 16"),
        (["--boundary", "mirror"], "boundary must be one of"),
        (["--kernels", "dics:2"], "neither gaussian:SIGMA nor disk:RADIUS"),
        (["--device", "tpu"], "expected --device auto, cpu or cuda"),
    ],
)
def test_wrong_input_is_one_line(cli, data, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")

    shown = cli("bench", "run", "--data", data, "--methods", "blurred,wiener", *PROTOCOL, "-o", "out", *options)

    assert (shown.code, shown.out) == (2, "")
    assert len(shown.err.splitlines()) == 1
    assert sentence in shown.err
    assert (tmp_path / "file").read_text() == "mine"
    assert not (tmp_path / "out").exists()


def test_records_that_somebody_has_damaged_are_one_line(bench, tmp_path):
    bench(methods="blurred")
    path = tmp_path / "out" / RECORDS
    path.write_bytes(b"{}\n" + path.read_bytes())

    shown = bench(methods="blurred")

    assert (shown.code, shown.out) == (2, "")
    assert len(shown.err.splitlines()) == 1
    assert "in line 1" in shown.err


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_as_one_that_was_not(bench, data, tmp_path):
    """SIGKILL to the process that writes: its workers end too, the lock is free, and no record is torn or lost."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    kernels = ["--kernels", "gaussian8,disk6"]
    methods = "linear-limit,blurred"
    assert bench(*kernels, out=whole, methods=methods).code == 0
    arguments = ["bench", "run", "--data", data, "--methods", methods, *kernels, "-o", parts, "--jobs", 2]
    source = str(Path(pinsharp.__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-m", "pinsharp", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": source},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(lambda: (parts / RECORDS).exists() and (parts / RECORDS).read_bytes().count(b"\n") > 3)
    children = [int(child) for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
    process.send_signal(signal.SIGKILL)
    process.wait()

    assert len(children) >= 2
    wait_for(lambda: not any(is_running(child) for child in children))
    before = len(load_records(parts)[0].done)
    assert bench(*kernels, out=parts, methods=methods).code == 0

    assert 3 <= before < 84
    assert figures(parts).keys() == figures(whole).keys()
    for key, figure in figures(whole).items():
        assert figures(parts)[key] == pytest.approx(figure, rel=1e-5)


def wait_for(condition, seconds=300):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.005)


def is_running(pid):
    """Whether a process is there, and no mere entry that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_profile_blurs_as_its_camera_does(cli, data, tmp_path):
    """Its softness widens the true kernel, its noise is in the blurred image, and the record names it."""
    path = tmp_path / "camera.json"
    write_profile(path, Profile(48, 40, own_softness=Blur(1.5, 1.4, 1.6), noise=Noise(0.05, gain=0.0)))
    command = ["bench", "run", "--data", data, "--methods", "blurred", "--kernels", "gaussian:2", "--json"]

    plain, soft = (json.loads(cli(*command, *more).out) for more in ([], ["--profile", path]))

    assert soft["rows"][0]["mean_psnr"] < plain["rows"][0]["mean_psnr"] - 1
    assert soft["protocol"] != plain["protocol"]


def test_noise_is_not_said_beside_a_profile(cli, data, tmp_path):
    done = cli("bench", "run", "--data", data, "--profile", tmp_path / "camera.json", "--noise", "1")

    assert done.code == 2
    assert done.err == "pinsharp: error: --noise is what the profile says; leave it out\n"
