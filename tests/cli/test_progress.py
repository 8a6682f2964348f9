"""The progress bar: on stderr, where somebody watches, and never in the way of results."""

import json
from contextlib import contextmanager

import pytest

from pinsharp.cli import progress as module
from pinsharp.cli.progress import in_words, percent_progress, progress


@pytest.fixture
def terminal(monkeypatch):
    """Let rich believe that stderr is a terminal; stdout stays a pipe."""
    monkeypatch.setattr("rich.console.Console.is_terminal", True)


def test_results_in_a_pipe_stay_out_of_the_bar(terminal, capsys):
    with progress(3, "images") as advance:
        for number in range(3):
            print(json.dumps({"number": number}))
            advance()

    shown = capsys.readouterr()
    assert [json.loads(line)["number"] for line in shown.out.splitlines()] == [0, 1, 2]
    assert "images" in shown.err


@pytest.mark.parametrize("total", [0, 1])
def test_a_single_thing_has_no_bar(terminal, capsys, total):
    with progress(total, "images") as advance:
        advance()

    assert "images" not in capsys.readouterr().err


def test_nobody_watching_means_no_bar(capsys):
    with progress(3, "images") as advance:
        advance()

    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_a_log_gets_a_line_a_minute_with_the_time_left(monkeypatch, capsys):
    clock = iter([0, 30, 60, 90, 120])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))

    with progress(10, "restoring", in_lines=True) as advance:
        for _ in range(3):
            advance()
        advance("restoring, 1 failed")

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "restoring: 2 of 10, 4 min left",
        "restoring, 1 failed: 4 of 10, 3 min left",
    ]


def test_what_goes_on_may_be_renamed(terminal, capsys):
    with progress(3, "restoring") as advance:
        advance("restoring, 1 failed")

    assert "restoring, 1 failed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "seconds, words",
    [(0, "0 s"), (59, "59 s"), (61, "1 min"), (3590, "1 h 00 min"), (3600, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_durations_in_words(seconds, words):
    assert in_words(seconds) == words


def test_percent_are_told_once_each_however_coarse_the_steps(monkeypatch):
    moves = []

    @contextmanager
    def count(total, what, *, in_lines):
        yield lambda what=None: moves.append(total)

    monkeypatch.setattr(module, "progress", count)
    with percent_progress("restoring") as report:
        for done in (1, 2, 500, 3000, 3000):
            report(done, 3000)

    assert moves == [100] * 100
