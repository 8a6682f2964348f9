"""Which images are looked at: the newest first where they come too fast, none that was there before, unless asked."""

import os
import time
from itertools import islice
from pathlib import Path

import pytest

import pinsharp.batch.changes as changes_module
from pinsharp.batch.interrupts import Stop
from pinsharp.errors import ImageError
from pinsharp.monitor.intake import Intake

LONG_AGO_S = 3600


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(changes_module, "POLL_S", 0.01)
    monkeypatch.setattr(changes_module.importlib.util, "find_spec", lambda name: None)  # polling
    Path("in").mkdir()


def arrive(*names):
    """Let images appear one after the other; the clock of the file system is coarse."""
    for name in names:
        path = Path("in") / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (time.time() - LONG_AGO_S,) * 2)
        time.sleep(0.02)


def intake(source="in", since_ns=None, said=None):
    return Intake(source, 0.0, since_ns, (said if said is not None else []).append)


def test_what_was_there_before_is_left_out():
    arrive("old.png")
    found = intake()
    arrive("new.png")

    assert list(found.waiting()) == []
    assert next(found.arriving(Stop())).path == Path("in/new.png")


def test_from_the_start_all_are_looked_at_in_the_order_of_arrival():
    arrive("c.png", "a.png", "b.png", "notes.txt", ".hidden.png")

    found = list(intake(since_ns=0).waiting())

    assert [each.path.name for each in found] == ["c.png", "a.png", "b.png"]
    assert [each.skipped for each in found] == [0, 0, 0]


def test_since_a_time_only_later_ones_are():
    arrive("a.png")
    *_, last = intake(since_ns=0).waiting()
    arrive("b.png")

    assert [each.path.name for each in intake(since_ns=last.completed_ns).waiting()] == ["b.png"]


def test_the_newest_is_next_and_older_ones_are_skipped():
    """Three arrive during each measurement."""
    found, stop = intake(), Stop()
    arrive("00.png")
    seen = []
    for number, each in enumerate(islice(found.arriving(stop), 4)):
        seen.append((each.path.name, each.skipped))
        arrive(*(f"{number}{letter}.png" for letter in "abc"))

    assert seen == [("00.png", 0), ("0c.png", 2), ("1c.png", 2), ("2c.png", 2)]


def test_an_image_that_changes_is_looked_at_again():
    found = intake()
    arrive("a.png")
    stream = found.arriving(Stop())
    next(stream)
    Path("in/a.png").write_bytes(b"other")

    assert next(stream).path.name == "a.png"


def test_a_pattern_names_images_in_folders_that_come_later():
    found = intake("in/**/cam1_*.png")
    arrive("lot7/cam2_1.png", "lot7/cam1_1.png")

    assert [each.path for each in islice(found.arriving(Stop()), 1)] == [Path("in/lot7/cam1_1.png")]


@pytest.mark.parametrize("source", ["nowhere", "nowhere/*.png"])
def test_a_folder_that_is_missing_is_refused(source):
    with pytest.raises(ImageError, match="make it first"):
        intake(source)


def test_a_folder_that_goes_and_comes_back_is_told_once():
    said = []
    found = intake(said=said)
    stream = found.arriving(stop := Stop())
    Path("in").rename("away")
    for _ in range(3):
        found._look()
    Path("away").rename("in")
    arrive("a.png")

    assert next(stream).path.name == "a.png"
    assert len(said) == 1
    assert "looking again every 10 s" in said[0]
    stop.ask()
    assert list(stream) == []
