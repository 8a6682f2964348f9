"""Runs over many images as a user meets them: killed, stopped, resumed, side by side, on a full disk."""

import json
import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

import pinsharp
from pinsharp import atomic
from pinsharp.batch.fingerprint import look
from pinsharp.batch.manifest import MANIFEST, Manifest
from pinsharp.images.files import read_image
from pinsharp.restoration.restorer import Restorer

TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fakes():
    """Write images that only the fake work can restore."""

    def write(count, size=2000):
        Path("in").mkdir(exist_ok=True)
        for number in range(count):
            Path(f"in/{number:03}.png").write_bytes(random.Random(number).randbytes(size))

    return write


@pytest.fixture
def begin():
    """Begin the command line with fake work in a process of its own, which does not survive the test."""
    processes = []

    def start(*arguments, seconds=0.0, **options):
        processes.append(
            subprocess.Popen(
                [sys.executable, str(TESTS / "fake_cli.py"), *map(str, arguments)],
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join([str(Path(pinsharp.__file__).parents[1]), str(TESTS)]),
                    "FAKE_SECONDS": str(seconds),
                },
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                **options,
            )
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def states():
    """How many rows of the manifest are in which state."""
    database = sqlite3.connect(Path("out") / MANIFEST)
    try:
        return dict(database.execute("SELECT state, count(*) FROM images GROUP BY state"))
    finally:
        database.close()


def visible():
    return {path.name: look(path).identity for path in Path("out").glob("[!.]*")}


def check_whole(names):
    for name in names:
        assert Path("out", name).read_bytes() == Path("in", name).read_bytes()[::-1], f"{name} is torn"


def leftovers():
    return list(Path("out").glob(atomic.HIDDEN))


@pytest.mark.slow
def test_killed_at_eight_moments_every_image_is_done_exactly_once(fakes, begin):
    """Each result is whole whenever it is seen, and never made again: file and time stay the same to the end."""
    count = 150
    fakes(count)
    moments = random.Random(0)
    first_seen, told = {}, []
    for kill in range(8):
        jobs = 2 if kill % 4 == 3 else 1
        process = begin("restore", "in", "-o", "out", "--resume", "--json", "--jobs", jobs, seconds=0.02)
        if kill % 5:
            told.append(process.stdout.readline())
            time.sleep(moments.uniform(0, 0.25))
        else:  # before or while it begins
            time.sleep(moments.uniform(0, 0.8))
        process.send_signal(signal.SIGKILL)
        told += process.communicate()[0].splitlines()
        for name, now in visible().items():
            assert first_seen.setdefault(name, now) == now, f"{name} was made twice"
        check_whole(visible())

    last = begin("restore", "in", "-o", "out", "--resume", "--json", "--jobs", 2)
    told += last.communicate()[0].splitlines()

    assert 6 <= len(first_seen) < count
    assert last.returncode == 0
    assert states() == {"done": count}
    assert first_seen.items() <= visible().items()
    assert len(visible()) == count
    check_whole(visible())
    assert leftovers() == []
    names = [json.loads(line)["input"] for line in told if line.endswith("}")]
    assert len(names) == len(set(names))


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_one_interrupt_finishes_the_current_images_and_stops(fakes, begin, jobs):
    fakes(60)
    process = begin("restore", "in", "-o", "out", "--jobs", jobs, seconds=0.1)
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()

    done = len([first, *out.splitlines()])
    assert process.returncode == 130
    assert "pinsharp: stopping after what is being restored; Ctrl-C again stops at once" in err
    assert f"{done} done, 0 failed, 0 skipped" in err
    assert "Traceback" not in err
    assert states() == {"done": done, "waiting": 60 - done}
    assert done < 10
    check_whole(visible())
    assert leftovers() == []


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_second_interrupt_stops_at_once_and_leaves_nothing_torn(fakes, begin, jobs):
    fakes(4, size=64_000)
    process = begin("restore", "in", "-o", "out", "--jobs", jobs, seconds=60)
    wait_for(lambda: list(Path("out").glob(f"{atomic.HIDDEN}/result/{atomic.HIDDEN}")))  # amid writing
    process.send_signal(signal.SIGINT)
    assert "stopping" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "interrupted; what was finished is complete" in err
    assert "Traceback" not in err
    assert (visible(), leftovers()) == ({}, [])
    assert begin("restore", "in", "-o", "out", "--resume").wait() == 0


@pytest.mark.slow
def test_a_second_run_into_the_same_folder_is_refused(fakes, begin):
    fakes(4, size=64_000)
    begin("restore", "in", "-o", "out", seconds=3600)  # far longer than the others take, however slow the machine is
    wait_for(lambda: list(Path("out").glob(f"{atomic.HIDDEN}/result/{atomic.HIDDEN}")))  # amid writing

    for options in ([], ["--resume"], ["--overwrite"]):
        second = begin("restore", "in", "-o", "out", *options)
        out, err = second.communicate()
        assert (second.returncode, out) == (2, "")
        assert len(err.splitlines()) == 1
        assert "expected a folder for this run alone, got one into which another run is writing" in err


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(fakes, begin):
    """A limit on the size of files stands for the disk: small results fit, large ones do not."""
    fakes(3)
    Path("in/large.png").write_bytes(b"x" * 400_000)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    full = begin("restore", "in", "-o", "out", preexec_fn=limit)
    out, err = full.communicate()

    assert full.returncode == 1
    assert len(out.splitlines()) == 3
    assert "in/large.png: out/large.png: expected 400,000 bytes of free space, got a limit on the size of files" in err
    assert leftovers() == []
    assert begin("restore", "in", "-o", "out", "--resume").wait() == 0
    check_whole(visible())


@pytest.mark.slow
def test_a_disk_too_full_for_the_manifest_is_one_line(fakes, begin):
    fakes(3)

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_500, 2_500))

    full = begin("restore", "in", "-o", "out", preexec_fn=limit)
    _, err = full.communicate()

    assert full.returncode == 2
    assert len(err.splitlines()) == 1
    assert "expected a manifest that can be written" in err
    assert begin("restore", "in", "-o", "out", "--resume").wait() == 0


@pytest.mark.slow
def test_several_processes_restore_what_one_restores(cli, photo):
    for number in range(3):
        photo(f"in/{number}.png", shape=(40, 44 + number), dtype="uint16")

    shown = cli("restore", "in", "-o", "out", "--model", "wiener", "--kernel", "gaussian:1.5", "--jobs", 2)

    assert shown.code == 0
    restorer = Restorer("wiener")
    for number in range(3):
        expected = restorer(read_image(f"in/{number}.png").pixels, kernel="gaussian:1.5").image
        assert abs(read_image(f"out/{number}.png").pixels.astype(int) - expected).max() <= 1


def test_a_first_run_may_be_asked_to_resume_and_is_called_new(cli, model, photo):
    photo("in/a.png")

    shown = cli("restore", "in", "-o", "out", "--model", model, "--resume")
    again = cli("restore", "in", "-o", "out", "--model", model, "--resume")

    assert (shown.code, again.code, again.out) == (0, 0, "")
    assert shown.err.splitlines()[0] == "pinsharp: out: a new run, 1 to do"
    assert again.err.splitlines() == [
        "pinsharp: out: 1 of 1 images are done, 0 to do",
        "pinsharp: 0 done, 0 failed, 1 skipped",
    ]


def test_a_single_image_leaves_no_manifest(cli, model, photo):
    photo("a.png")

    assert cli("restore", "a.png", "-o", "out", "--model", model).code == 0

    assert [path.name for path in Path("out").iterdir()] == ["a.png"]


def test_older_results_are_refused_with_both_ways_out(cli, model, photo):
    for name in "ab":
        photo(f"in/{name}.png")
    assert cli("restore", "in", "-o", "out", "--model", model).code == 0

    shown = cli("restore", "in", "-o", "out", "--model", model)

    assert shown.code == 2
    assert "out/a.png (and 1 more): expected a new name, got an existing file" in shown.err
    assert shown.err.strip().endswith("--overwrite replaces it, --resume leaves out what is done")


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--jobs", "0"], "--jobs must be at least 1 process, got 0"),
        (["--resume", "-o", "b.png"], "--resume needs a folder for the results, got the file b.png"),
        (["--report", "page.txt"], "page.txt: expected a name that ends in .html, got '.txt'"),
        (["--report", "in"], "in: expected a name that ends in .html, got ''"),
    ],
)
def test_wrong_options_are_one_line_and_leave_nothing(cli, photo, options, sentence):
    photo("in/a.png")
    out = [] if "-o" in options else ["-o", "out"]

    shown = cli("restore", "in", *out, *options)

    assert (shown.code, shown.out, len(shown.err.splitlines())) == (2, "", 1)
    assert sentence in shown.err
    assert not Path("out").exists()


def test_another_model_is_refused_on_resuming(cli, model, photo):
    photo("in/a.png")
    cli("restore", "in", "-o", "out", "--model", model, "--resume")

    shown = cli("restore", "in", "-o", "out", "--model", "wiener", "--kernel", "disk:2", "--resume")

    assert shown.code == 2
    assert "expected a run with the same settings, got kernel disk:2 instead of auto" in shown.err


@pytest.mark.parametrize("exact", [True, False])
def test_another_window_is_another_setting_where_windows_are_blended(cli, model, photo, exact):
    photo("in/a.png")
    options = ["--model", model] if exact else ["--model", "wiener", "--kernel", "gaussian:1"]
    cli("restore", "in", "-o", "out", *options, "--resume")

    shown = cli("restore", "in", "-o", "out", *options, "--resume", "--window", 32)

    assert (shown.code, shown.out) == ((0 if exact else 2), "")
    said = "1 of 1 images are done" if exact else "the same settings, got window 32 instead of None; choose another"
    assert said in shown.err


def test_the_report_shows_what_was_done_before_too(cli, model, photo):
    photo("in/a.png")
    cli("restore", "in", "-o", "out", "--model", model, "--resume")
    photo("in/b.png")
    Path("in/c.png").write_bytes(b"")

    shown = cli("restore", "in", "-o", "out", "--model", model, "--resume", "--report", "pages/report.html")

    page = Path("pages/report.html").read_text()
    assert shown.code == 1
    assert "pinsharp: report: pages/report.html" in shown.err
    assert page.count("<img ") == 4
    assert "got an empty file" in page


def test_a_single_image_may_have_a_report(cli, model, photo):
    photo("a.png")

    shown = cli("restore", "a.png", "-o", "b.png", "--model", model, "--report", "report.html", "--json")
    assert shown.code == 0
    record = json.loads(shown.out)
    pace = float(re.findall(r"<b>([\d.]+)</b>megapixels a second", Path("report.html").read_text())[0])
    assert pace <= record["megapixels"] / record["seconds"] + 0.01  # no faster than restoring alone

    assert Path("report.html").read_text().count("<img ") == 2


def test_names_that_are_no_text_are_resumed(cli, model, photo):
    try:
        for name in ("caf\udce9.png", "b.png"):
            photo(f"in/{name}")
    except OSError:
        pytest.skip("this file system allows text only")

    assert cli("restore", "in", "-o", "out", "--model", model).code == 0
    assert "2 of 2 images are done" in cli("restore", "in", "-o", "out", "--model", model, "--resume").err


def test_json_lines_are_those_of_what_was_done_now(cli, model, photo):
    for name in "ab":
        photo(f"in/{name}.png")
    cli("restore", "in", "-o", "out", "--model", model)
    Path("out/b.png").unlink()

    shown = cli("restore", "in", "-o", "out", "--model", model, "--resume", "--json")

    (record,) = (json.loads(line) for line in shown.out.splitlines())
    assert (record["input"], record["output"], record["model"]) == ("in/b.png", "out/b.png", str(model))


def test_an_interrupt_amid_an_image_is_one_line(cli, model, photo, monkeypatch):
    for name in "ab":
        photo(f"in/{name}.png")

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pinsharp.restoration.restorer.restore_source", interrupt)
        shown = cli("restore", "in", "-o", "out", "--model", model)

    assert shown.code == 130
    assert len(shown.err.strip().splitlines()) == 1
    assert leftovers() == []
    with Manifest(Path("out")) as manifest:
        assert [entry.state for entry in manifest.entries().values()] == ["running", "waiting"]
    assert cli("restore", "in", "-o", "out", "--model", model, "--resume").code == 0


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.005)
