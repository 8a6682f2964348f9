"""Processes that wait for work: one that dies, or is stopped, costs only what it was at."""

import time

import pytest

import fake_service_work
from pinsharp.service.pool import Pool, StoppedError
from pinsharp.service.problems import Refused


@pytest.fixture
def pool():
    made = Pool(fake_service_work.load, 1, most_waiting=3)
    yield made
    made.close()


def test_a_process_that_dies_costs_only_what_it_was_at(pool):
    before, dying, after = (pool.hand_in(word) for word in ("one", "die", "two"))

    assert before.future.result(60)[0] == "one"
    with pytest.raises(StoppedError, match="a process that ended with status 7"):
        dying.future.result(60)
    assert after.future.result(60)[0] == "two"
    assert after.future.result()[1] != before.future.result()[1]


def test_what_is_stopped_ends_and_what_waits_goes_on(pool):
    asleep, waiting, forgotten = (pool.hand_in(word) for word in ("sleep", "one", "two"))
    until(lambda: pool.busy and asleep.future.running())

    pool.hand_in("three")
    with pytest.raises(Refused, match="at most 3 requests that wait"):
        pool.hand_in("four")
    pool.forget(asleep)
    pool.stop(forgotten, "nobody waits")
    assert not asleep.future.done()
    pool.stop(asleep, "late")

    for ticket, reason in ((asleep, "late"), (forgotten, "nobody waits")):
        with pytest.raises(StoppedError, match=reason):
            ticket.future.result(60)
    assert waiting.future.result(60)[0] == "one"


def test_closing_ends_all_that_is_begun_or_waits(pool):
    tickets = [pool.hand_in(word) for word in ("sleep", "one")]
    until(lambda: pool.busy)

    pool.close()

    for ticket in tickets:
        with pytest.raises(StoppedError, match="being stopped"):
            ticket.future.result(0)
    with pytest.raises(Refused, match="being stopped"):
        pool.hand_in("one")


def until(is_so, patience_s=60):
    end = time.monotonic() + patience_s
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)
