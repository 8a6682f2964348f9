"""Processes that work side by side: every task is answered or its death told, and nobody is left behind."""

from collections import deque
from contextlib import closing
from multiprocessing import active_children

import pytest

from fake_numbers import make, make_nothing
from pinsharp.errors import ConfigError
from pinsharp.workers import Answer, Began, Death, Free, how_it_ended, in_processes


@pytest.mark.slow
def test_every_task_is_answered_or_its_death_is_told():
    with closing(in_processes(deque([1, 0, 2, 0, 3]), make, 2)) as events:
        heard = list(events)

    assert sorted(event.task for event in heard if isinstance(event, Began)) == [0, 0, 1, 2, 3]
    assert sorted(event.value for event in heard if isinstance(event, Answer)) == [1, 2, 2, 3, 4, 6]
    assert [event for event in heard if isinstance(event, Death)] == [
        Death(0, "a process that was ended by SIGKILL")
    ] * 2
    assert active_children() == []


@pytest.mark.slow
def test_tasks_may_be_added_and_taken_away_meanwhile():
    waiting = deque([1, 2, 3])
    answers = []
    with closing(in_processes(waiting, make, 1)) as events:
        for event in events:
            if isinstance(event, Answer):
                answers.append(event.value)
                if answers == [1, 2]:
                    waiting.clear()
                    waiting.append(7)

    assert answers == [1, 2, 7, 14]


@pytest.mark.slow
def test_whoever_may_have_more_tasks_is_asked_until_he_ends_it():
    """Processes begin when there are tasks for them, and stay while there are none."""
    waiting, coming, answers, asked = deque(), deque([[1, 2], [], [0], [3]]), [], []
    with closing(in_processes(waiting, make, 2, ask_s=0.05)) as events:
        for event in events:
            if isinstance(event, Answer):
                answers.append(event.value)
            elif isinstance(event, Free) and not event.busy:
                asked.append((event.count, len(active_children())))
                if not coming:
                    break
                waiting.extend(coming.popleft())

    assert sorted(answers) == [1, 2, 2, 3, 4, 6]
    assert asked[:3] == [(2, 0), (2, 2), (2, 2)]
    assert active_children() == []


@pytest.mark.slow
def test_an_idle_process_that_has_died_costs_no_task():
    waiting, answers = deque([1]), []
    with closing(in_processes(waiting, make, 1, ask_s=0.05)) as events:
        for event in events:
            assert not isinstance(event, Death)
            if isinstance(event, Answer):
                answers.append(event.value)
            elif isinstance(event, Free) and answers == [1, 2]:
                (process,) = active_children()
                process.kill()
                process.join()
                waiting.append(5)
            elif isinstance(event, Free) and len(answers) == 4:
                break

    assert answers == [1, 2, 5, 10]


@pytest.mark.slow
@pytest.mark.parametrize("ask_s", [None, 0.05])
def test_processes_that_cannot_begin_are_one_sentence(ask_s):
    with (
        pytest.raises(ConfigError, match="got a process that ended with status 3 before that"),
        closing(in_processes(deque([1, 2, 3]), make_nothing, 2, ask_s=ask_s)) as events,
    ):
        list(events)

    assert active_children() == []


@pytest.mark.slow
def test_an_abandoned_stream_leaves_nobody_behind():
    with closing(in_processes(deque(range(1, 9)), make, 2)) as events:
        next(events)

    assert active_children() == []


@pytest.mark.parametrize(
    "code, words", [(-9, "a process that was ended by SIGKILL"), (1, "a process that ended with status 1")]
)
def test_how_it_ended_is_said_in_words(code, words):
    assert how_it_ended(code) == words
