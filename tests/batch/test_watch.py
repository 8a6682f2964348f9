"""A watched folder: complete images only, in order, each once, and failures out of the way without any loss."""

import errno
import os
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

import fake_work
from pinsharp import atomic, workers
from pinsharp.batch import watch as watch_module
from pinsharp.batch.arrivals import Arrivals
from pinsharp.batch.aside import move_aside
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.manifest import Manifest
from pinsharp.batch.watch import Place, Watch
from pinsharp.errors import ImageError, OutputError

LONG_AGO_S = 3600


def arrive(name, content="abc", *, age_s=LONG_AGO_S, folder="in"):
    """Let an image appear that stands still for some time already."""
    path = Path(folder) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


@pytest.fixture
def once(place):
    """Watch once; returns states and names, in order, and what was said."""
    Path("in").mkdir()
    said = []

    def call(*, settle_s=2.0, overwrite=False, work=fake_work.reverse, load=None, processes=1):
        said.clear()
        with Manifest(Path("out")) as manifest:
            folders = Place(Path("in"), Path("in/failed"), settle_s, overwrite)
            watching = Watch(folders, manifest, load or (lambda: work), {}, Stop(), said.append, processes=processes)
            return [(outcome.state, outcome.job.input.name) for outcome in watching.once()]

    call.said = said
    return call


def test_what_is_there_is_done_in_order_of_arrival(once):
    for name in ("c.png", "a.png", "b.png"):
        arrive(name)
        time.sleep(0.02)  # the clock of the file system is coarse

    assert once() == [("done", "c.png"), ("done", "a.png"), ("done", "b.png")]
    assert Path("out/a.png").read_text() == "cba"
    assert Path("in/a.png").read_text() == "abc"


def test_what_is_done_is_not_done_again_even_if_the_result_is_taken_away(once):
    arrive("a.png")
    once()
    Path("out/a.png").unlink()
    arrive("b.png")

    assert once() == [("skipped", "a.png"), ("done", "b.png")]
    assert not Path("out/a.png").exists()


def test_an_image_that_changes_is_done_again(once):
    arrive("a.png")
    once()
    arrive("a.png", "xyz", age_s=LONG_AGO_S + 1)

    assert once() == [("done", "a.png")]
    assert Path("out/a.png").read_text() == "zyx"


def test_a_touched_image_is_not_done_again(once):
    arrive("a.png")
    once()
    arrive("a.png", age_s=7)

    assert once() == [("skipped", "a.png")]


def test_what_is_being_written_waits(once):
    path = arrive("a.png", "ab", age_s=0)
    seconds = 0.3
    writer = threading.Timer(0.15, lambda: path.write_text("abc"))
    writer.start()
    outcome = once(settle_s=seconds)
    writer.join()

    assert outcome == []
    time.sleep(seconds)
    assert once(settle_s=seconds) == [("done", "a.png")]
    assert Path("out/a.png").read_text() == "cba"


def test_other_files_hidden_ones_and_folders_are_left_alone(once):
    arrive("notes.txt")
    arrive(".hidden.png")
    arrive("b.png", folder="in/below")

    assert once() == []


def test_failures_are_moved_aside_with_their_reason(once):
    arrive("a.png", "bad")
    arrive("b.png")

    assert sorted(once()) == [("done", "b.png"), ("failed", "a.png")]
    assert not Path("in/a.png").exists()
    assert Path("in/failed/a.png").read_text() == "bad"
    assert Path("in/failed/a.png.reason.txt").read_text() == "in/a.png: expected an image, got a bad one\n"


def test_failures_of_one_name_are_all_kept(once):
    for content in ("bad 1", "bad 2", "bad 3"):
        arrive("a.png", content)
        once()

    kept = {path.name: path.read_text() for path in Path("in/failed").glob("*.png")}
    assert kept == {"a.png": "bad 1", "a.2.png": "bad 2", "a.3.png": "bad 3"}
    assert len(list(Path("in/failed").glob("*.reason.txt"))) == 3


def test_an_unreadable_image_that_is_young_may_still_be_written(once):
    arrive("a.png", "bad", age_s=3)

    assert once() == []
    assert once.said == [
        "in/a.png: expected an image, got a bad one; it may still be written and is left for the next time"
    ]
    assert Path("in/a.png").exists()


def test_a_full_disk_is_not_the_images_fault(once, monkeypatch):
    def no_space(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    arrive("a.png")
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", no_space)
        assert once() == [("failed", "a.png")]

    assert Path("in/a.png").exists()
    assert once() == [("done", "a.png")]


def test_a_foreign_result_is_not_replaced(once):
    arrive("a.png")
    Path("out").mkdir()
    Path("out/a.png").write_text("mine")

    assert once() == [("failed", "a.png")]
    assert (Path("out/a.png").read_text(), Path("in/a.png").exists()) == ("mine", True)
    assert once(overwrite=True) == [("done", "a.png")]


def test_an_image_that_vanishes_is_a_failure_and_nothing_else(once):
    path = arrive("a.png")

    def vanish(job):
        path.unlink()
        return fake_work.reverse(job)

    assert once(work=vanish) == [("failed", "a.png")]
    assert not Path("in/failed").exists()


def test_an_image_that_changes_while_it_is_restored_is_done_when_it_is_complete(once):
    path = arrive("a.png")

    def meddle(job):
        figures = fake_work.reverse(job)
        path.write_text("other")
        return figures

    assert once(work=meddle) == []
    assert path.exists()
    arrive("a.png", "other")
    assert once() == [("done", "a.png")]


@pytest.mark.parametrize("results, failed", [("in", "failed"), ("in/../in", "failed"), ("out", "in")])
def test_folders_that_feed_each_other_are_refused(place, results, failed):
    Path("in").mkdir()
    with pytest.raises(OutputError, match="beside the watched one, got the same"):
        watch_module.check_place(Place(Path("in"), Path(failed), 2.0), Path(results))


def test_nothing_to_watch_is_one_sentence(place):
    with pytest.raises(ImageError, match="nowhere: expected a folder to watch, got none"):
        watch_module.check_place(Place(Path("nowhere"), Path("failed"), 2.0), Path("out"))


def test_a_restart_goes_on_with_what_was_cut_off(once, monkeypatch):
    arrive("a.png")

    def die(self, job):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "finish", die)
        with pytest.raises(KeyboardInterrupt):
            once()

    assert once() == [("done", "a.png")]
    assert once() == [("skipped", "a.png")]


def test_moving_to_another_file_system_loses_nothing(place, monkeypatch):
    def refuse(*_arguments):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)
    path = arrive("a.png", "bad")

    assert move_aside(path, Path("aside"), "why") == Path("aside/a.png")
    assert (Path("aside/a.png").read_text(), path.exists()) == ("bad", False)
    assert list(Path("aside").glob(atomic.HIDDEN)) == []


def test_what_was_moved_in_counts_at_once_and_what_is_written_does_not(place):
    arrive("old.png", age_s=5)
    arrive("new.png", age_s=0)
    arrivals = Arrivals(Path("in"), 2.0)

    arrivals.look()

    assert [path.name for path in arrivals.ready()] == ["old.png"]
    assert arrivals.is_waiting()


def test_what_changes_after_it_was_taken_is_another_image(place):
    """Others may be restored meanwhile, and the change seen before the first version is done."""
    path = arrive("a.png")
    arrivals = Arrivals(Path("in"), 2.0)
    arrivals.look()
    arrivals.take(path)
    assert (arrivals.ready(), arrivals.has_changed(path)) == ([], False)

    arrive("a.png", "xyz", age_s=7)

    assert arrivals.has_changed(path)
    arrivals.look()
    assert (arrivals.ready(), arrivals.has_changed(path)) == ([path], True)


def test_what_is_put_off_is_shown_again_later(place):
    path = arrive("a.png")
    arrivals = Arrivals(Path("in"), 2.0)
    arrivals.look()
    arrivals.take(path)

    arrivals.put_off(path, 0.05)

    assert (arrivals.ready(), arrivals.is_waiting()) == ([], True)
    time.sleep(0.06)
    assert arrivals.ready() == [path]


@pytest.mark.slow
@pytest.mark.parametrize("processes", [1, 2])
def test_images_are_restored_as_they_arrive(place, processes):
    pytest.importorskip("watchfiles")
    arrive("before.png")
    stop = Stop()
    seen = []
    with Manifest(Path("out")) as manifest:
        watching = Watch(
            Place(Path("in"), Path("failed"), 0.2),
            manifest,
            fake_work.load_work,
            {},
            stop,
            lambda _: None,
            processes=processes,
        )
        with closing(watching.forever()) as outcomes:
            for outcome in outcomes:
                seen.append(outcome.job.input.name)
                if seen == ["before.png"]:
                    threading.Timer(0.3, lambda: arrive("written.png", age_s=0)).start()
                elif len(seen) == 2:
                    arrive("elsewhere.png", folder="aside").rename("in/moved.png")
                else:
                    stop.ask()

    assert seen == ["before.png", "written.png", "moved.png"]
    assert list(Path("out").glob(atomic.HIDDEN)) == []


@pytest.mark.slow
def test_several_processes_do_what_one_does_and_begin_in_order(once, monkeypatch):
    monkeypatch.setenv("FAKE_SECONDS", "0.2")
    names = [f"{name}.png" for name in "fbdaec"]
    for name in names:
        arrive(name, "bad" if name == "d.png" else f"content of {name}")
        time.sleep(0.02)

    outcomes = once(load=fake_work.load_work, processes=2)

    with Manifest(Path("out")) as manifest:
        rows = manifest.entries()
    assert sorted(outcomes) == sorted([("failed" if name == "d.png" else "done", name) for name in names])
    assert list(rows) == names  # the order in which they came to the manifest
    assert all(row.attempts == 1 for row in rows.values())
    assert Path("out/a.png").read_text() == "gnp.a fo tnetnoc"
    assert Path("in/failed/d.png.reason.txt").exists()
    assert list(Path("out").glob(atomic.HIDDEN)) == []
    assert {state for state, _ in once(load=fake_work.load_work, processes=2)} == {"skipped"}


@pytest.mark.slow
def test_a_process_that_dies_costs_the_image_that_it_was_at(once):
    for name, content in (("a", "abc"), ("b", "fatal"), ("c", "def"), ("d", "ghi")):
        arrive(f"{name}.png", content)

    outcomes = once(load=fake_work.load_work, processes=2)

    assert sorted(outcomes) == [("done", f"{name}.png") for name in "acd"] + [("failed", "b.png")]
    assert Path("in/failed/b.png.reason.txt").read_text() == (
        "in/b.png: expected a restored image, got a process that was ended by SIGKILL; is memory short?\n"
    )


def test_without_anything_to_do_no_process_is_started(once, monkeypatch):
    arrive("a.png")
    once()
    monkeypatch.setattr(workers, "Worker", None)

    assert once(load=fake_work.load_work, processes=2) == [("skipped", "a.png")]
