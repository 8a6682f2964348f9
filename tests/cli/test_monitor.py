"""`pinsharp monitor`: what it prints, how it ends, what it keeps, and what it refuses."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pinsharp.cli.monitor_view import shown, sparkline
from pinsharp.monitor.monitor import start, take_all
from pinsharp.monitor.rules import Rules
from pinsharp.restoration import restorer
from watched import Restorer, widths


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(restorer, "Restorer", Restorer)
    return tmp_path


@pytest.fixture
def images(photo):
    """Six images in a folder that have stood still for long, and one that is none."""

    def arrive(*names):
        for name in names:
            path = photo(f"in/{name}.png")
            os.utime(path, (time.time() - 3600,) * 2)
            time.sleep(0.02)

    arrive(*"abcdef")
    Path("in/bad.png").write_bytes(b"no image")
    os.utime("in/bad.png", (time.time() - 3600,) * 2)
    return arrive


def test_once_names_what_may_not_be_complete(cli, images):
    shown = cli("monitor", "in", "--once", "--settle", 7200)

    assert (shown.code, shown.out) == (0, "")
    assert "changed a moment ago may not be complete and were left out" in shown.err


def test_once_measures_what_is_there(cli, images):
    shown = cli("monitor", "in", "--once", "--json")

    *records, bad, summary = [json.loads(line) for line in shown.out.splitlines()]
    assert shown.code == 0
    assert [record["image"] for record in records] == [f"in/{name}.png" for name in "abcdef"]
    assert all(record["width"] == pytest.approx(2, rel=1e-3) for record in records)
    assert all(record["low"] < 2 < record["high"] for record in records)
    assert (bad["verdict"], bad["width"]) == ("unreadable", None)
    assert (summary["event"], summary["arrived"], summary["share"]) == ("summary", 7, 1.0)


def test_lines_for_people(cli, images):
    shown = cli("monitor", "in/a.*", "--once")

    assert shown.out.startswith("in/a.png: width 2.00 px (1.84 to 2.17); restorable; learning")
    assert shown.out.endswith("learning 1 of 50\n")
    assert "1 images: 1 with a width, none without; 0 skipped, 100 % looked at" in shown.err


@pytest.mark.parametrize(
    "options, words",
    [
        ([], "the next 50 images with a width teach what is in control; until then only the limit of 5.50 px and"),
        (["--target", "2", "--limit", "3"], "teach how much the width scatters around the target; until then only the"),
    ],
)
def test_what_is_learnt_first_is_said_at_the_start(cli, images, options, words):
    assert words in cli("monitor", "in/a.*", "--once", *options).err.splitlines()[0]


def test_alarms_are_said_and_exit_1(cli, images):
    images(*(f"x{number:02}" for number in range(16)))

    shown = cli("monitor", "in", "--once", "--baseline", "20", "--limit", "1.5px")

    assert shown.code == 1
    assert shown.out.count("ALARM") == 1
    assert "ALARM limit at image" in shown.out


def test_a_restart_goes_on_with_what_is_new(cli, images):
    first = cli("monitor", "in", "--once", "--state", "s")
    again = cli("monitor", "in", "--once", "--state", "s")
    images("g")
    third = cli("monitor", "in", "--once", "--state", "s")

    assert "learning 6 of 50" in first.out
    assert again.out == ""
    assert third.out.count("\n") == 1
    assert "in/g.png" in third.out
    assert "learning 7 of 50" in third.out


def test_a_damaged_state_is_refused_and_kept(cli, images):
    Path("s").write_text("{")

    shown = cli("monitor", "in", "--once", "--state", "s")

    assert shown.code == 2
    assert "take it away to learn a new baseline" in shown.err
    assert Path("s").read_text() == "{"


def test_a_page_and_figures_are_written(cli, images):
    pytest.importorskip("prometheus_client")

    cli("monitor", "in", "--once", "--page", "p.html", "--prometheus", "f.prom")

    assert "<svg" in Path("p.html").read_text()
    assert "pinsharp_width_pixels 2.0" in Path("f.prom").read_text()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere"], "nowhere: expected a folder or a pattern such as 'in/*.png', got none"),
        (["in", "in"], "expected one folder or pattern, got 2; put a pattern in quotes"),
        (["in", "--limit", "1.5um"], "--limit: expected pixels (such as 2px), or a profile with a scale, got '1.5um'"),
        (["in", "--limit", "wide"], "--limit: expected a width such as 2px"),
        (["in", "--target", "3px", "--limit", "2px"], "the target must be below the limit"),
        (["in", "--baseline", "3"], "a baseline needs at least 20 images, got 3"),
        (["in", "--settle", "-1"], "--settle must be at least 0 seconds"),
        (["in", "--prometheus", "99999"], "--prometheus: expected a port, 1 to 65535, or a file that ends in .prom"),
        (["in", "--on-alarm", "no-such-program"], "--on-alarm: expected a program that can be run"),
        (["in", "--page", "none/p.html"], "expected the folder none to exist"),
        (["in", "--state", "none/s"], "expected the folder none to exist"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(cli, images, arguments, message):
    shown = cli("monitor", *arguments, "--once")

    assert shown.code == 2
    assert message in shown.err
    assert shown.err.count("\n") == 1


def test_a_missing_library_is_named(cli, images, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "prometheus_client" else real(name, *rest)
    )

    shown = cli("monitor", "in", "--once", "--prometheus", "9000")

    assert shown.code == 2
    assert "pip install 'pinsharp[monitor]'" in shown.err


@pytest.mark.slow
@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM])
def test_it_follows_a_folder_and_ends_with_a_summary(images, request_to_stop):
    command = [sys.executable, "-m", "pinsharp", "monitor", "in", "--settle", "0", "--state", "s"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert "monitoring in; Ctrl-C stops" in process.stderr.readline()
        images("new")
        line = process.stdout.readline()
        process.send_signal(request_to_stop)
        out, err = process.communicate(timeout=60)

    assert line.startswith("in/new.png: ")
    assert (out, process.returncode) == ("", 130)
    assert "1 images: " in err
    assert "error" not in err
    assert Path("s").exists()


def test_the_small_chart_goes_from_the_least_to_the_largest():
    monitor = start(Rules())
    take_all(monitor, widths(30, scatter=0.5))

    bars = sparkline(monitor, 20).split("  ")[0]

    assert len(bars) == 20
    assert {"\u2581", "\u2588"} <= set(bars)


def test_a_terminal_shows_a_view_that_stays(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monitor = start(Rules())
    with shown(monitor, "in", as_json=False) as show:
        for image in widths(3):
            show(monitor.take(image))

    printed = capsys.readouterr().out
    assert "learning 3 of 50" in printed
    assert "\x1b[" in printed
