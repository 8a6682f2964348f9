"""Actors that die, with their processes or their nodes, cost no image; images that kill actors cost themselves."""

import os
import signal
import threading
import time
from collections import deque
from functools import partial

import pytest

from fake_errands import load_nothing, load_reverse
from pinsharp.batch.interrupts import Stop
from pinsharp.batch.job import Job
from pinsharp.cluster import pool
from pinsharp.cluster.actor import Errand
from pinsharp.cluster.pool import Made, Pool
from pinsharp.cluster.size import Size
from pinsharp.errors import ConfigError, ImageError, OutputError

pytestmark = pytest.mark.cluster


@pytest.fixture
def images(tmp_path):
    """Write fake images, return a job for each; results are made in `staging`, noted in `log`."""

    def write(*contents):
        for folder in ("in", "staging", "log"):
            (tmp_path / folder).mkdir()
        for number, content in enumerate(contents):
            (tmp_path / f"in/{number}.png").write_bytes(content)
        return [Job(path, tmp_path / "out" / path.name) for path in sorted((tmp_path / "in").glob("*.png"))]

    return write


def carry_out(jobs, tmp_path, size=None, load=None, seconds=0.0, stop=None, heard=lambda made: None):
    load = load or partial(load_reverse, seconds, tmp_path / "log")
    begun, ended = [], {}
    errand = Errand(load, tmp_path / "staging")
    with Pool(errand, size or Size(most=2), stop or Stop(), say=lambda words: None) as crew:
        for event in crew.events(deque(jobs), begun.append):
            if isinstance(event, Made):
                assert event.job.input.name not in ended
                ended[event.job.input.name] = event.brought
                heard(event)
    return ended, begun


def pid_at_work(log, seconds=20):
    """The process that has begun an image last, as soon as one has."""
    until = time.monotonic() + seconds
    while not (found := sorted(log.iterdir(), key=lambda path: path.name.partition("-")[2])):
        assert time.monotonic() < until
        time.sleep(0.02)
    return int(found[-1].name.partition("-")[0])


def test_every_image_is_made_once_and_what_fails_costs_itself(nodes, images, tmp_path):
    jobs = images(b"one", b"bad", b"three", b"four", b"five")

    ended, begun = carry_out(jobs, tmp_path)

    assert {name: brought.error is None for name, brought in ended.items()} == {
        "0.png": True, "1.png": False, "2.png": True, "3.png": True, "4.png": True
    }  # fmt: skip
    assert len(begun) == 5
    assert (tmp_path / "staging/result/2.png").read_bytes() == b"eerht"
    assert isinstance(ended["1.png"].error, ImageError)
    assert str(ended["1.png"].error) == f"{jobs[1].input}: expected an image, got a bad one"


def test_an_image_at_which_actors_die_fails_and_takes_no_other_with_it(nodes, images, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "MOST_DEATHS", 2)
    jobs = images(b"fatal", b"two", b"three", b"four")

    ended, _ = carry_out(jobs, tmp_path)

    assert [name for name, brought in ended.items() if brought.error] == ["0.png"]
    assert "2 actors that died at it" in str(ended["0.png"].error)
    assert len(ended) == 4


def test_a_killed_process_costs_no_image(nodes, images, tmp_path):
    jobs = images(*(b"%d" % number * 100 for number in range(6)))
    killed = []

    def kill():
        killed.append(pid_at_work(tmp_path / "log"))
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    ended, begun = carry_out(jobs, tmp_path, seconds=0.3)
    thread.join()

    assert killed
    assert len(ended) == 6
    assert not any(brought.error for brought in ended.values())
    assert len(begun) > 6  # what the dead one was at was begun again


def test_a_killed_node_costs_no_image(nodes, images, tmp_path):
    jobs = images(*(b"%d" % number * 100 for number in range(6)))
    replaced = []

    def replace(_):
        if not replaced:
            replaced.append(nodes.replace())

    ended, _ = carry_out(jobs, tmp_path, seconds=0.2, heard=replace)

    assert replaced
    assert len(ended) == 6
    assert not any(brought.error for brought in ended.values())


def test_what_cannot_begin_anywhere_is_said_in_its_own_words(nodes, images, tmp_path):
    with pytest.raises(ConfigError, match=r"^no such weights here$"):
        carry_out(images(b"one"), tmp_path, load=partial(load_nothing, "no such weights here"))


def test_a_folder_that_nodes_do_not_see_is_refused(nodes, images, tmp_path):
    jobs = images(b"one")
    (tmp_path / "staging").rmdir()
    with pytest.raises(OutputError, match="expected a folder that every node sees"):
        carry_out(jobs, tmp_path)


def test_another_version_on_a_node_is_refused(nodes, images, tmp_path):
    jobs = images(b"one")
    with (
        Pool(Errand(load_reverse, None, version="0.0.7"), Size(), Stop(), lambda words: None) as crew,
        pytest.raises(ConfigError, match=r"expected pinsharp 0\.0\.7 on every node"),
    ):
        list(crew.events(deque(jobs), lambda job: None))


def test_no_more_is_begun_once_somebody_asks_to_stop(nodes, images, tmp_path):
    jobs, stop = images(*[b"image"] * 8), Stop()
    waiting = deque(jobs)
    stop.then(waiting.clear)
    with Pool(Errand(load_reverse, tmp_path / "staging"), Size(most=1), stop, lambda words: None) as crew:
        made = []
        for event in crew.events(waiting, lambda job: None):
            if isinstance(event, Made):
                made.append(event.job)
                stop.ask()
    assert 1 <= len(made) <= 3


@pytest.mark.parametrize("size", [{"least": 3, "most": 2}, {"cpus": 0}, {"least": -1}, {"gpus": -0.5}])
def test_impossible_sizes_are_refused(size):
    with pytest.raises(ConfigError):
        Size(**size)
