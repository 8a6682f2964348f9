"""The command itself: its help, and what becomes of errors on their way out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pinsharp
from pinsharp.cli import main
from pinsharp.errors import ConfigError

COMMANDS = ["restore", "watch", "kernel", "info", "synth", "export", "train", "adapt", "serve", "bench", "detect"]


@pytest.fixture
def failing_app(monkeypatch):
    """Let the app raise what is given when it is called."""

    def plant(error):
        def fail(**options):
            raise error

        monkeypatch.setattr(main, "app", fail)

    return plant


def test_help_names_every_command(cli):
    shown = cli("--help")

    assert shown.code == 0
    assert all(f" {command} " in shown.out for command in COMMANDS)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS), ["bench", "run"], ["detect", "report"]])
def test_every_command_has_help(cli, command, option):
    shown = cli(*command, option)

    assert shown.code == 0
    assert f"Usage: {' '.join(['pinsharp', *command])}" in shown.out


def test_version_is_that_of_the_package(cli):
    assert cli("--version").out == f"pinsharp {pinsharp.__version__}\n"


@pytest.mark.parametrize("arguments", [["sharpen"], ["restore", "a.png"], ["restore", "--itertions", "3"]])
def test_wrong_use_exits_2_without_a_traceback(cli, arguments):
    shown = cli(*arguments)

    assert shown.code == 2
    assert "Traceback" not in shown.err


def test_what_a_user_can_put_right_is_one_line(cli, failing_app):
    failing_app(ConfigError("expected this,\n  got that"))

    shown = cli()

    assert (shown.code, shown.out) == (2, "")
    assert shown.err == "pinsharp: error: expected this, got that\n"


def test_a_mistake_of_ours_keeps_its_traceback(cli, failing_app):
    failing_app(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        cli()


def test_an_interrupt_is_one_line_and_exits_130(cli, monkeypatch, photo, model, tmp_path):
    """Through the real app, because it is the option parser that catches the KeyboardInterrupt."""

    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("pinsharp.restoration.restorer.restore_source", interrupt)

    shown = cli("restore", photo("a.png"), "-o", tmp_path / "out", "--model", model)

    assert shown.code == 130
    assert shown.err.strip().startswith("pinsharp: error: interrupted")
    assert len(shown.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_package_runs_as_a_module():
    source = str(Path(pinsharp.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "pinsharp", "--version"],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith("pinsharp ")
