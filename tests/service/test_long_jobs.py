"""Long jobs: what was accepted ends, and ends once, whatever happens to the service meanwhile."""

import json
import sqlite3
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinsharp.errors import ConfigError
from pinsharp.service.asked import Asked
from pinsharp.service.store import ENDS, MOST_ATTEMPTS, Store


def ended(service, name, patience_s=30):
    """A job when it has ended: the last event of its stream."""
    events = service.get(f"/v1/jobs/{name}/events", timeout=patience_s).text.split("\r\n\r\n")
    told = [event for event in events if event.startswith("event:")]
    job = json.loads(told[-1].partition("data: ")[2])
    assert told[-1].startswith(f"event: {job['state']}")
    assert job["state"] in ENDS
    return job


def test_a_job_gives_what_a_request_gives(start, photo, tmp_path):
    data, service = photo("image.tif", dtype="uint16").read_bytes(), start()
    at_once = service.post("/v1/restore", data)

    accepted = service.post("/v1/jobs", data)
    job = ended(service, accepted.json()["id"])
    result = service.get(job["result"])

    assert accepted.status_code == 202
    assert service.get(accepted.headers["location"]).json() == job
    assert (job["state"], job["attempts"]) == ("done", 1)
    assert result.content == at_once.content
    assert result.headers["content-type"] == "image/tiff"
    assert json.loads(result.headers["pinsharp-report"]) == job["report"]
    assert [path.name for path in (tmp_path / "state" / "jobs" / job["id"]).iterdir()] == ["result.tif"]


def test_a_job_may_measure_and_change_the_format(start, photo):
    data, service = photo("image.tif").read_bytes(), start()

    measured = ended(service, service.post("/v1/jobs?kind=measure", data).json()["id"])
    png = ended(service, service.post("/v1/jobs?format=png", data).json()["id"])

    assert measured["report"]["sigma"] == pytest.approx(2.0, rel=0.01)
    assert service.get(f"/v1/jobs/{measured['id']}/result").status_code == 409
    assert service.get(png["result"]).headers["content-type"] == "image/png"
    assert service.post("/v1/jobs?format=exe", data).status_code == 400
    assert service.post("/v1/jobs?kind=delete", data).status_code == 400


def test_a_job_that_cannot_be_done_fails_with_the_sentence(start, photo):
    service = start()

    job = ended(service, service.post("/v1/jobs", photo("image.png").read_bytes()[:700]).json()["id"])

    assert job["state"] == "failed"
    assert job["error"].startswith("image.png: expected a whole PNG file, got a truncated")
    assert job["reason"] == "ImageError"
    assert service.get(f"/v1/jobs/{job['id']}/result").status_code == 409


def test_what_is_no_image_is_refused_before_it_is_a_job(start, tmp_path):
    service = start()

    assert service.post("/v1/jobs", b"a text").status_code == 422
    assert list((tmp_path / "state" / "jobs").iterdir()) == []


def test_jobs_are_cancelled_while_they_wait_and_while_they_run(start, photo, gate, tmp_path):
    data, service = photo("image.png").read_bytes(), start()
    gate.clear()
    running, waiting = (service.post("/v1/jobs", data).json()["id"] for _ in range(2))
    until(lambda: service.get(f"/v1/jobs/{running}").json()["state"] == "running")

    states = [service.post(f"/v1/jobs/{name}/cancel").json()["state"] for name in (waiting, running)]
    gate.set()
    third = ended(service, service.post("/v1/jobs", data).json()["id"])

    assert states == ["cancelled", "cancelled"]
    assert third["state"] == "done"
    assert [service.get(f"/v1/jobs/{name}").json()["state"] for name in (running, waiting)] == ["cancelled"] * 2
    until(lambda: not any((tmp_path / "state" / "jobs" / running).iterdir()))
    assert not any((tmp_path / "state" / "jobs" / waiting).iterdir())


def test_a_job_that_has_ended_stays_as_it_is_when_it_is_cancelled(start, photo):
    service = start()
    job = ended(service, service.post("/v1/jobs", photo("image.png").read_bytes()).json()["id"])

    assert service.post(f"/v1/jobs/{job['id']}/cancel").json() == job
    assert service.get(job["result"]).status_code == 200


def test_jobs_are_removed_whatever_they_are_at(start, photo, gate, tmp_path):
    data, service = photo("image.png").read_bytes(), start()
    done = ended(service, service.post("/v1/jobs", data).json()["id"])["id"]
    gate.clear()
    running, waiting = (service.post("/v1/jobs", data).json()["id"] for _ in range(2))
    until(lambda: service.get(f"/v1/jobs/{running}").json()["state"] == "running")

    answers = [service.delete(f"/v1/jobs/{name}") for name in (done, running, waiting)]

    assert [answer.status_code for answer in answers] == [204] * 3
    assert [service.get(f"/v1/jobs/{name}").status_code for name in (done, running, waiting)] == [404] * 3
    until(lambda: not any((tmp_path / "state" / "jobs").iterdir()))


def test_jobs_expire(start, photo, tmp_path):
    service = start(keep_seconds=0.2)
    name = service.post("/v1/jobs", photo("image.png").read_bytes()).json()["id"]

    until(lambda: service.get(f"/v1/jobs/{name}").status_code == 404)

    until(lambda: not any((tmp_path / "state" / "jobs").iterdir()))


def test_so_many_jobs_are_open_and_no_more(start, photo, gate):
    data, service = photo("image.png").read_bytes(), start(jobs=2)
    gate.clear()
    answers = [service.post("/v1/jobs", data) for _ in range(3)]
    gate.set()

    assert [answer.status_code for answer in answers] == [202, 202, 503]
    assert "retry-after" in answers[2].headers
    assert [ended(service, answer.json()["id"])["state"] for answer in answers[:2]] == ["done"] * 2


def test_jobs_go_on_in_the_next_service(start, photo, gate, tmp_path):
    """One had been begun, one waited, one upload was not accepted yet."""
    data, first = photo("image.png").read_bytes(), start()
    gate.clear()
    names = [first.post("/v1/jobs", data).json()["id"] for _ in range(2)]
    until(lambda: first.get(f"/v1/jobs/{names[0]}").json()["state"] == "running")
    first.close()
    first.close = lambda: None
    (tmp_path / "state" / "jobs" / "torn").mkdir()
    gate.set()

    second = start()
    jobs = [ended(second, name) for name in names]

    assert [(job["state"], job["attempts"]) for job in jobs] == [("done", 2), ("done", 1)]
    assert not (tmp_path / "state" / "jobs" / "torn").exists()
    database = sqlite3.connect(tmp_path / "state" / "jobs.sqlite")
    assert database.execute("SELECT ends FROM jobs").fetchall() == [(1,), (1,)]
    database.close()


def test_a_job_that_ends_the_service_again_and_again_fails(start, photo, gate, tmp_path):
    store = Store(tmp_path / "state")
    (tmp_path / "state" / "jobs" / "x").mkdir(parents=True)
    store.add("x", Asked("restore"), {"image": ["image.png"]}, "result.png")
    for _ in range(MOST_ATTEMPTS):
        store.begin()
        store._do("UPDATE jobs SET state = 'waiting'")
    store.close()

    job = ended(start(), "x")

    assert job["state"] == "failed"
    assert "is memory short?" in job["error"]


def test_only_one_service_has_a_folder(tmp_path):
    store = Store(tmp_path)

    with pytest.raises(ConfigError, match="got one that another has; give --state FOLDER"):
        Store(tmp_path)
    store.close()
    Store(tmp_path).close()


@settings(max_examples=20, deadline=None)
@given(steps=st.lists(st.sampled_from(["add", "begin", "restart", *ENDS]), max_size=12))
def test_whatever_happens_each_job_ends_at_most_once(tmp_path_factory, steps):
    """A model beside the database: which jobs have ended, and how."""
    folder = tmp_path_factory.mktemp("store")
    store, count, open_, over = Store(folder), 0, [], {}
    for step in steps:
        if step == "add":
            store.add(str(count), Asked("measure", {"light": "srgb"}), {"image": ["image.png"]}, "")
            open_.append(str(count))
            count += 1
        elif step == "begin":
            store.begin()
        elif step == "restart":
            store.close()
            store = Store(folder)
        else:
            for name in map(str, range(count)):
                assert store.end(name, step) == (name in open_)
            over |= dict.fromkeys(open_, step)
            open_ = []
    found = {str(number): store.get(str(number)).state for number in range(count)}
    assert store.count() == len(open_)
    store.close()

    assert {name: state for name, state in found.items() if state in ENDS} == over


def until(is_so, patience_s=30):
    """Wait until something is so."""
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
