"""Runs over many images: each is done once, what is done stays, and one failure stops nobody else."""

import errno
import os
import threading
from pathlib import Path

import pytest

import fake_work
from pinsharp import atomic
from pinsharp.batch.fingerprint import fingerprint, look
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.making import make
from pinsharp.batch.manifest import Manifest
from pinsharp.batch.run import plan_batch, run_batch
from pinsharp.errors import ConfigError, ImageError, OutputError

NOTHING = {"done": [], "failed": [], "skipped": []}


def results():
    """Every visible result by its stem."""
    return {path.stem: path.read_text() for path in Path("out").glob("[!.]*")}


def leftovers():
    return list(Path("out").glob(atomic.HIDDEN))


def test_results_have_their_places_and_nothing_else_is_left(images, run, rows):
    assert run(images(a="abc", b="def")) == NOTHING | {"done": ["a", "b"]}

    assert results() == {"a": "cba", "b": "fed"}
    assert leftovers() == []
    assert [(row.state, row.attempts, row.figures["sigma"]) for row in rows().values()] == [("done", 1, 2.0)] * 2


def test_one_failure_stops_nobody_and_is_tried_again(images, run, rows):
    assert run(images(a="abc", b="bad", c="ghi")) == NOTHING | {"done": ["a", "c"], "failed": ["b"]}
    assert rows()["b"].reason == "in/b.png: expected an image, got a bad one"

    assert run(images(b="def"), resume=True) == NOTHING | {"done": ["b"], "skipped": ["a", "c"]}
    assert (rows()["b"].state, rows()["b"].reason, rows()["b"].attempts) == ("done", None, 2)


def test_a_mistake_of_ours_costs_one_image(images, run, rows):
    def stumble(job):
        raise ZeroDivisionError("by nothing")

    assert run(images(a="abc"), load=lambda: stumble)["failed"] == ["a"]

    assert rows()["a"].reason == "in/a.png: ZeroDivisionError: by nothing"


def test_what_is_done_is_not_done_again(images, run):
    jobs = images(a="abc", b="def")
    run(jobs)
    before = [look(job.output).identity for job in jobs]

    assert run(jobs, resume=True) == NOTHING | {"skipped": ["a", "b"]}

    assert [look(job.output).identity for job in jobs] == before


def test_new_images_join_a_finished_run(images, run):
    run(images(a="abc"))

    assert run(images(b="def"), resume=True) == NOTHING | {"done": ["b"], "skipped": ["a"]}


def test_a_changed_input_is_done_again(images, run):
    """Of the same size and with the old time: only the hash tells."""
    (job,) = images(a="abc")
    run([job])
    before = job.input.stat()
    images(a="xyz")
    os.utime(job.input, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert run([job], resume=True)["done"] == ["a"]
    assert results() == {"a": "zyx"}


def test_a_touched_input_is_not_done_again(images, run):
    (job,) = images(a="abc")
    run([job])
    os.utime(job.input, ns=(1, 1))

    assert run([job], resume=True)["skipped"] == ["a"]


def test_a_result_that_is_gone_is_made_again(images, run):
    (job,) = images(a="abc")
    run([job])
    job.output.unlink()

    assert run([job], resume=True)["done"] == ["a"]


def test_an_input_that_changes_while_it_is_restored_is_a_failure(images, run):
    (job,) = images(a="abc")

    def meddle(job):
        figures = fake_work.reverse(job)
        job.input.write_bytes(b"other")
        return figures

    assert run([job], load=lambda: meddle)["failed"] == ["a"]
    assert results() == {}


def test_an_input_that_vanishes_is_a_failure(images, run, rows):
    jobs = images(a="abc", b="def")
    jobs[0].input.unlink()

    assert run(jobs) == NOTHING | {"done": ["b"], "failed": ["a"]}
    assert rows()["a"].reason == "in/a.png: expected a readable file, got No such file or directory"


def test_a_foreign_file_is_not_replaced_without_leave(images, run):
    jobs = images(a="abc", b="def")
    Path("out").mkdir()
    Path("out/b.png").write_text("mine")

    for resume in (False, True):
        with pytest.raises(OutputError, match=r"out/b\.png: expected a new name, got an existing file"):
            run(jobs, resume=resume)
    assert results() == {"b": "mine"}
    assert run(jobs, overwrite=True)["done"] == ["a", "b"]
    assert results() == {"a": "cba", "b": "fed"}


def test_a_file_that_appears_meanwhile_is_not_replaced(images, run, rows):
    (job,) = images(a="abc")

    def be_late(staged):
        figures = fake_work.reverse(staged)
        job.output.write_text("mine")
        return figures

    assert run([job], load=lambda: be_late)["failed"] == ["a"]
    assert results() == {"a": "mine"}
    assert "got a file that has appeared" in rows()["a"].reason


def test_other_settings_are_refused_unless_everything_may_be_replaced(images, run):
    jobs = images(a="abc")
    run(jobs)

    with pytest.raises(ConfigError, match="expected a run with the same settings, got model other instead of fake"):
        run(jobs, resume=True, settings={"model": "other"})
    assert run(jobs, resume=True, overwrite=True, settings={"model": "other"})["done"] == ["a"]


def test_a_setting_that_an_older_manifest_does_not_know_was_not_given(images, run):
    jobs = images(a="abc")
    run(jobs)

    assert run(jobs, resume=True, settings={"model": "fake", "window": None})["skipped"] == ["a"]
    with pytest.raises(ConfigError, match="expected a run with the same settings, got window 64 instead of None"):
        run(jobs, resume=True, settings={"model": "fake", "window": 64})


def test_a_run_that_was_cut_off_before_the_end_was_recorded_is_not_repeated(images, run, rows, monkeypatch):
    (job,) = images(a="abc")

    def die(self, job):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            run([job])
    before = look(job.output).identity

    assert run([job], resume=True)["done"] == ["a"]
    assert look(job.output).identity == before
    assert (rows()["a"].state, rows()["a"].attempts) == ("done", 1)


def test_a_run_that_was_cut_off_before_the_result_had_its_name_is_repeated(images, run, monkeypatch):
    (job,) = images(a="abc")

    def die(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "stage", die)
        with pytest.raises(KeyboardInterrupt):
            run([job])

    assert (results(), leftovers()) == ({}, [])
    assert run([job], resume=True)["done"] == ["a"]


def test_what_dead_runs_have_left_is_swept(images, run):
    jobs = images(a="abc")
    Path("out/.pinsharp-0123.tmp").mkdir(parents=True)
    Path("out/.pinsharp-0123.tmp/a.png").write_bytes(b"torn")
    Path("out/.pinsharp-4567.tmp").write_bytes(b"torn")

    run(jobs, resume=True)

    assert leftovers() == []


def test_a_full_disk_is_a_reason_that_names_the_place(images, run, rows, monkeypatch):
    def no_space(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    jobs = images(a="abc")
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", no_space)
        assert run(jobs)["failed"] == ["a"]

    assert rows()["a"].reason.startswith("in/a.png: out/a.png: expected 3 bytes of free space, got a full disk")
    assert (results(), leftovers()) == ({}, [])
    assert run(jobs, resume=True)["done"] == ["a"]


def test_a_request_to_stop_finishes_the_image_and_begins_no_other(images, run, rows):
    stop = Stop()

    def ask(job):
        stop.ask()
        return fake_work.reverse(job)

    jobs = images(a="abc", b="def")

    assert run(jobs, stop=stop, load=lambda: ask) == NOTHING | {"done": ["a"]}
    assert rows()["b"].state == "waiting"
    assert run(jobs, resume=True) == NOTHING | {"done": ["b"], "skipped": ["a"]}


def test_pictures_come_with_their_results(images, place):
    (job,) = images(a="abc")
    with_picture = type(job)(job.input, job.output, Path("out/a.side-by-side.png"))

    def draw(job):
        job.picture.write_text("picture")
        return fake_work.reverse(job)

    with Manifest(Path("out")) as manifest:
        plan = plan_batch([with_picture], manifest, {}, resume=False, overwrite=False)
        list(run_batch(plan, manifest, lambda: draw, Stop()))

    assert results() == {"a": "cba", "a.side-by-side": "picture"}


def test_an_error_says_the_place_and_not_where_it_is_made(images, place):
    (job,) = images(a="abc")

    def fail(staged):
        raise OutputError(f"{staged.output}: expected more")

    assert str(make(job, Path("out/.pinsharp-1.tmp"), fail).error) == "in/a.png: out/a.png: expected more"


@pytest.mark.slow
def test_several_processes_do_what_one_does(images, run, rows):
    jobs = images(**{f"i{number}": f"content {number}" for number in range(6)})
    images(i3="bad")

    outcome = run(jobs, processes=2)

    assert (sorted(outcome["done"]), outcome["failed"]) == (["i0", "i1", "i2", "i4", "i5"], ["i3"])
    assert results() == {f"i{number}": f"content {number}"[::-1] for number in (0, 1, 2, 4, 5)}
    assert (leftovers(), {row.attempts for row in rows().values()}) == ([], {1})


@pytest.mark.slow
def test_a_process_that_dies_costs_the_image_that_it_was_at(images, run, rows):
    jobs = images(a="abc", b="fatal", c="def", d="fatal", e="ghi")

    outcome = run(jobs, processes=2)

    assert (sorted(outcome["done"]), sorted(outcome["failed"])) == (["a", "c", "e"], ["b", "d"])
    assert rows()["b"].reason == (
        "in/b.png: expected a restored image, got a process that was ended by SIGKILL; is memory short?"
    )
    assert leftovers() == []


@pytest.mark.slow
def test_a_request_to_stop_reaches_all_processes(images, run, monkeypatch):
    monkeypatch.setenv("FAKE_SECONDS", "0.05")
    jobs = images(**{f"i{number:03}": "content" for number in range(400)})
    stop = Stop()
    threading.Timer(3, stop.ask).start()

    outcome = run(jobs, processes=2, stop=stop)

    assert 0 <= len(outcome["done"]) < 400
    assert outcome["failed"] == []
    assert len(results()) == len(outcome["done"])


def test_an_absent_file_has_no_fingerprint():
    with pytest.raises(ImageError, match=r"nowhere.png: expected an image file, got no such file"):
        fingerprint(Path("nowhere.png"))
