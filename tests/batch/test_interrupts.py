"""Requests to stop: the first one is noted, the second one heard at once, and afterwards all is as before."""

import os
import signal
import threading

import pytest

from pinsharp.batch.interrupts import REQUESTS, stoppable


@pytest.mark.parametrize("number", REQUESTS)
def test_the_first_request_is_noted_and_the_second_interrupts(number):
    said, done = [], []
    with stoppable(lambda: said.append("stopping")) as stop:
        stop.then(lambda: done.append("cleared"))
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        assert stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)

    assert (said, done) == (["stopping"], ["cleared"])


def test_afterwards_all_is_as_before():
    before = [signal.getsignal(number) for number in REQUESTS]
    with pytest.raises(ZeroDivisionError), stoppable(lambda: None):
        raise ZeroDivisionError

    assert [signal.getsignal(number) for number in REQUESTS] == before


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable(lambda: None) as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert not stop.is_set()
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_can_use_it_and_hear_nothing():
    heard = []

    def work():
        with stoppable(lambda: None) as stop:
            heard.append(stop.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert heard == [False]


def test_who_gets_each_request_twice_hears_one():
    with stoppable(lambda: None, once=True) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

        assert stop.is_set()
