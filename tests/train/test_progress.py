"""What is printed while a net trains where no terminal shows it: lines for logs, not too many."""

import time

import pytest

from pinsharp.train.progress import LINE_EVERY_S, Progress


@pytest.fixture
def clock(monkeypatch):
    """Set the time: `clock(90)`."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, seconds)


def test_without_a_terminal_there_is_a_line_after_the_first_step_and_one_a_minute(stages, clock, capsys):
    with Progress(1, stages("deconv", steps=1_000, batch=4)) as shown:
        for step in range(1, 14):
            clock(10 * step)
            shown.advance(step, 0.0125, 0.4)

    assert capsys.readouterr().err.splitlines() == [
        "stage 2 deconv, step 1 of 1000: loss 0.0125, 0.4 crops/s, 2:46:30 left",
        "stage 2 deconv, step 7 of 1000: loss 0.0125, 0.4 crops/s, 2:45:30 left",
        "stage 2 deconv, step 13 of 1000: loss 0.0125, 0.4 crops/s, 2:44:30 left",
    ]
    assert LINE_EVERY_S == 60


def test_a_validation_is_a_line_of_its_own(stages, clock, capsys):
    figures = {"psnr": 30.125, "blurred_psnr": 25.0, "width_error": 0.021}

    with Progress(0, stages("deconv", steps=10)) as shown:
        shown.advance(1, 0.5, 2.0)
        shown.validated(1, figures)
        clock(59)
        shown.advance(2, 0.5, 2.0)

    assert capsys.readouterr().err.splitlines() == [
        "stage 1 deconv, step 1 of 10: loss 0.5000, 2.0 crops/s, 0:00:09 left",
        "stage 1 deconv, step 1 of 10: loss 0.5000, PSNR 30.12 dB with the true kernel (blurred 25.00), width error "
        "2.1%, 2.0 crops/s, 0:00:09 left",
    ]


def test_quiet_is_quiet(stages, capsys):
    with Progress(0, stages("deconv"), quiet=True) as shown:
        shown.advance(1, 0.5, 2.0)
        shown.validated(1, {"psnr": 30.0, "blurred_psnr": 25.0})

    assert capsys.readouterr().err == ""
