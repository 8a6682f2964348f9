"""A command at an alarm: what it is told, how it is bounded, and that its failure harms nothing."""

import shlex
import sys
import time
from pathlib import Path

import pytest

from pinsharp.errors import ConfigError
from pinsharp.monitor.alarms import Alarm
from pinsharp.monitor.hook import Hook

ALARM = Alarm("drift", "it drifts; $(touch hacked)", "in/a b.png", 17, 1.5, 2.25, None)


def python(code):
    return shlex.join([sys.executable, "-c", code])


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(command, **options):
        said = []
        hook = Hook(command, said.append, **options)
        hook.run(ALARM)
        hook.wait()
        return said

    return call


def test_it_is_told_the_alarm_in_its_environment_without_a_shell(run):
    names = "[n for n in sorted(os.environ) if n[:9] == 'PINSHARP_' and n != 'PINSHARP_CACHE']"
    code = f"import os; open('told', 'w').write('|'.join(os.environ[n] for n in {names}))"

    assert run(python(code)) == []

    assert Path("told").read_text() == "drift|in/a b.png||17|1.500|2.25|it drifts; $(touch hacked)"
    assert not Path("hacked").exists()


def test_a_command_that_fails_is_told(run):
    assert run(python("raise SystemExit(3)"))[0].endswith("ended with status 3; the monitor continues")


def test_a_command_that_hangs_is_killed_with_what_it_has_started(run):
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    before = time.monotonic()

    said = run(python(code), timeout_s=0.5)

    assert "took more than 0.5 s and was killed" in said[0]
    assert time.monotonic() - before < 30


def test_only_some_run_at_once(tmp_path):
    said = []
    hook = Hook(python("import time; time.sleep(1)"), said.append)
    for _ in range(6):
        hook.run(ALARM)
    hook.wait()

    assert len(said) == 2
    assert "4 commands are running already" in said[0]


@pytest.mark.parametrize("command, message", [("", "can be run"), ("no-such-program", "can be run"), ("'a", "quotes")])
def test_what_is_no_command_is_refused(command, message):
    with pytest.raises(ConfigError, match=message):
        Hook(command, print)
