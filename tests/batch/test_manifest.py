"""The manifest: rows that survive, names that are no text, a lock that death releases, and files that are none."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import pinsharp
from pinsharp.batch.fingerprint import Fingerprint
from pinsharp.batch.job import Job
from pinsharp.batch.manifest import LOCK, MANIFEST, Manifest, check_free
from pinsharp.errors import ConfigError, OutputError

FOUND = Fingerprint(3, 4, "ab" * 32)


def job(name="a.png"):
    return Job(Path("in") / name, Path("out") / name)


def test_every_step_is_there_for_the_next_run(tmp_path):
    with Manifest(tmp_path) as manifest:
        assert manifest.is_new
        manifest.add([job("a.png"), job("b.png"), job("c.png")], {"model": "swift"})
        manifest.begin(job("a.png"))
        manifest.stage(job("a.png"), FOUND, {"sigma": 2.5}, "1:2:3")
        manifest.finish(job("a.png"))
        manifest.begin(job("b.png"))
        manifest.fail(job("b.png"), "too small")

    with Manifest(tmp_path) as manifest:
        done, failed, waiting = manifest.entries().values()
        assert not manifest.is_new
    assert (done.state, done.fingerprint, done.figures, done.is_written) == ("done", FOUND, {"sigma": 2.5}, True)
    assert (failed.state, failed.reason, failed.attempts, failed.is_written) == ("failed", "too small", 1, False)
    assert (waiting.state, waiting.path, waiting.settings, waiting.ended) == (
        "waiting",
        "in/c.png",
        {"model": "swift"},
        None,
    )


def test_a_job_that_waits_again_is_still_ours(tmp_path):
    with Manifest(tmp_path) as manifest:
        manifest.add([job()], {})
        manifest.stage(job(), FOUND, {}, "1:2:3")
        manifest.finish(job())
        manifest.add([job()], {"model": "wiener"})

        entry = manifest.entry(job())

    assert (entry.state, entry.is_written, entry.settings) == ("waiting", True, {"model": "wiener"})


@pytest.mark.parametrize("name", ["caf\udce9.png", "näher.png", "a'b\".png", "a\nb.png"])
def test_any_name_is_kept(tmp_path, name):
    with Manifest(tmp_path) as manifest:
        manifest.add([job(name)], {})
        manifest.fail(job(name), f"{name} is bad")

        entry = manifest.entries()[name]

    assert (entry.output, entry.path, entry.reason) == (name, f"in/{name}", f"{name} is bad")


def test_it_is_a_write_ahead_log_that_anybody_may_read(tmp_path):
    with Manifest(tmp_path) as manifest:
        manifest.add([job()], {})
        reader = sqlite3.connect(tmp_path / MANIFEST)
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert reader.execute("SELECT path, state FROM images").fetchall() == [("in/a.png", "waiting")]
        reader.close()

    assert sorted(path.name for path in tmp_path.iterdir()) == [LOCK, MANIFEST]


def test_a_second_run_is_refused_in_one_sentence(tmp_path):
    with Manifest(tmp_path):
        for take in (Manifest, check_free):
            with pytest.raises(OutputError, match="expected a folder for this run alone, got one into which another"):
                take(tmp_path)

    check_free(tmp_path)
    Manifest(tmp_path).__exit__(None, None, None)


def test_asking_whether_a_folder_is_free_makes_nothing(tmp_path):
    check_free(tmp_path / "nowhere")
    check_free(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_death_releases_the_lock(tmp_path):
    code = (
        "import sys, pathlib, pinsharp.batch.manifest as m\n"
        "manifest = m.Manifest(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    source = str(Path(pinsharp.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": source},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(OutputError, match="another run"):
            Manifest(tmp_path)
        process.send_signal(signal.SIGKILL)

    check_free(tmp_path)


@pytest.mark.parametrize("content", [b"Dear Sir or Madam, " * 40, b"SQLite format 3\0" + b"\xff" * 200])
def test_what_is_no_manifest_is_one_sentence(tmp_path, content):
    (tmp_path / MANIFEST).write_bytes(content)

    with pytest.raises(ConfigError, match=r"expected a manifest of pinsharp, got .*; move it away"):
        Manifest(tmp_path)
    assert (tmp_path / MANIFEST).read_bytes() == content
    check_free(tmp_path)


def test_another_version_is_refused(tmp_path):
    Manifest(tmp_path).__exit__(None, None, None)
    database = sqlite3.connect(tmp_path / MANIFEST)
    database.execute("PRAGMA user_version = 99")
    database.close()

    with pytest.raises(ConfigError, match="expected a manifest of version 1, got 99"):
        Manifest(tmp_path)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(OutputError, match="expected a folder that can be made and written, got "):
        Manifest(tmp_path / "file" / "out")
