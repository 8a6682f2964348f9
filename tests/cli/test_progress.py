"""The progress bar: on stderr, where somebody watches, and never in the way of results."""

import json

import pytest

from pinsharp.cli.progress import progress


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
